import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { packages as sandboxPackages } from "../providers";
import type { ProviderPackage } from "../providers/types";
import { hasSecureValues, resolveConfig, type Config } from "./config";
import { EngineError, UsageError } from "./errors";
import type { ChangeSummary, Diagnostic, EngineEvent, Operation, StepInfo } from "./events";
import { readDeployment, writeAtomically } from "./files";
import { acquireLock } from "./lock";
import { operate, type Failure } from "./operate";
import { readProject, readStackFile, type Project, type StackFile } from "./project";
import { findPassphrase, passphraseCrypter, type Crypter } from "./secrets";
import {
  decodeDeployment,
  encodeDeployment,
  saltOf,
  StateCodec,
  StateWriter,
  type Deployment,
  type Snapshot,
} from "./state";
import { stackReferences, type StackName } from "./stackReference";
import { blind, toPlain, toWire, type Values } from "./values";
import { parseUrn, STACK_TYPE } from "./urns";

export interface OpenStackOptions {
  /** Folder of Pulumi.yaml. */
  readonly projectDir: string;
  readonly stack: string;
  /** Where state and passphrase are kept; `<projectDir>/.gatehouse` unless told. */
  readonly stateDir?: string;
  /** Overrides, `key=value` with paths as in `pulumi config set --path`; they are not written to the stack's file. */
  readonly config?: readonly string[];
  /** Environment of the program and the providers; that of this process unless told. */
  readonly env?: NodeJS.ProcessEnv;
  /** The packages that resources may come from; those of the sandbox unless told. */
  readonly providers?: readonly ProviderPackage[];
}

export interface OperationOptions {
  readonly onEvent?: (event: EngineEvent) => void;
  /** Operations at once; 16 unless told. */
  readonly parallel?: number;
  /** Have the program's types checked as Pulumi's runner does. */
  readonly typeCheck?: boolean;
  /** For `preview` and `up`: folders of policy packs, as Pulumi's `--policy-pack`. */
  readonly policyPacks?: readonly string[];
  /**
   * After a killed run look what became of its pending operations and go on from there; true unless told.
   * False does as Pulumi: it warns, takes over nothing, and keeps pending creates in the state.
   */
  readonly recover?: boolean;
  /** Stops the run after the steps under way; what they did is in the state. */
  readonly signal?: AbortSignal;
  /** For `refresh`: tell what would change, and change nothing. */
  readonly previewOnly?: boolean;
}

export interface OperationResult {
  readonly steps: readonly StepInfo[];
  readonly changeSummary: ChangeSummary;
  /** The stack's outputs, secrets as "[secret]". */
  readonly outputs: Record<string, unknown>;
  readonly diagnostics: readonly Diagnostic[];
  /** Milliseconds. */
  readonly duration: number;
  readonly failed: boolean;
  /**
   * Why it failed: the configuration is wrong (nothing was touched), the program threw, a step went wrong, or it was
   * stopped.
   */
  readonly reason?: Failure;
}

/** One stack of a Pulumi project, deployed by the sandbox's engine. */
export interface Stack {
  readonly name: string;
  readonly project: string;
  preview(options?: OperationOptions): Promise<OperationResult>;
  up(options?: OperationOptions): Promise<OperationResult>;
  refresh(options?: OperationOptions): Promise<OperationResult>;
  destroy(options?: OperationOptions): Promise<OperationResult>;
  /** What `pulumi stack export` prints; `showSecrets` as its flag of that name. */
  export(options?: { showSecrets?: boolean }): Promise<Deployment>;
  /** Takes over a deployment that this engine or Pulumi exported. */
  import(deployment: Deployment): Promise<void>;
  /** The stack's outputs; secrets as "[secret]" unless asked for. */
  outputs(options?: { showSecrets?: boolean }): Promise<Record<string, unknown>>;
  /** The resolved configuration, secrets blinded. */
  config(): Promise<Record<string, string>>;
}

/**
 * Opens a stack. Reads Pulumi.yaml and Pulumi.<stack>.yaml now; the state at each operation.
 * @throws UsageError when the project or the stack's file cannot be used.
 */
export async function openStack(options: OpenStackOptions): Promise<Stack> {
  const project = readProject(options.projectDir);
  if (!/^[A-Za-z0-9_.-]{1,100}$/.test(options.stack))
    throw new UsageError(`"${options.stack}" is not a stack's name: letters, digits, "_", "-" and "." only`);
  const packages = options.providers ?? sandboxPackages;
  return new LocalStack(project, readStackFile(project, options.stack), options, packages);
}

interface Opened {
  readonly crypter: Crypter;
  readonly codec: StateCodec;
  readonly snapshot: Snapshot;
  readonly config: Config;
}

class LocalStack implements Stack {
  readonly name: string;
  readonly project: string;
  private readonly env: NodeJS.ProcessEnv;
  private readonly stateFile: string;
  private readonly passphraseFile: string;

  constructor(
    private readonly definition: Project,
    private readonly file: StackFile,
    private readonly options: OpenStackOptions,
    private readonly packages: readonly ProviderPackage[],
  ) {
    this.name = options.stack;
    this.project = definition.name;
    this.env = options.env ?? process.env;
    const stateDir = options.stateDir ?? join(definition.dir, ".gatehouse");
    this.stateFile = join(stateDir, "stacks", `${options.stack}.json`);
    this.passphraseFile = join(stateDir, "passphrase");
  }

  preview(options: OperationOptions = {}): Promise<OperationResult> {
    return this.operate("update", true, options);
  }
  up(options: OperationOptions = {}): Promise<OperationResult> {
    return this.operate("update", false, options);
  }
  refresh(options: OperationOptions = {}): Promise<OperationResult> {
    return this.operate("refresh", options.previewOnly ?? false, options);
  }
  destroy(options: OperationOptions = {}): Promise<OperationResult> {
    return this.operate("destroy", options.previewOnly ?? false, options);
  }

  async export({ showSecrets = false } = {}): Promise<Deployment> {
    const { snapshot, crypter, codec } = await this.open();
    const deployment = encodeDeployment(snapshot, crypter, codec);
    return showSecrets ? revealed(deployment, snapshot) : deployment;
  }

  async import(deployment: Deployment): Promise<void> {
    const lock = acquireLock(`${this.stateFile}.lock`, "stack import");
    try {
      const { crypter } = await this.open(deployment);
      const from = await this.crypterFor(saltOf(deployment));
      const source = new StateCodec(from);
      const snapshot = decodeDeployment(deployment, source);
      const [, name, project] = /^urn:pulumi:([^:]*)::([^:]*)::/.exec(snapshot.resources[0]?.urn ?? "") ?? [];
      if (name !== undefined && (name !== this.name || project !== this.project)) {
        throw new UsageError(
          `the deployment is of stack "${name}" of project "${project}", not of "${this.name}" of "${this.project}"`,
        );
      }
      writeAtomically(
        this.stateFile,
        new StateWriter(crypter, from.salt === crypter.salt ? source : new StateCodec(crypter)).text(snapshot),
      );
    } finally {
      lock.release();
    }
  }

  async outputs({ showSecrets = false } = {}): Promise<Record<string, unknown>> {
    const { snapshot } = await this.open();
    return shownOutputs(snapshot.resources.find((state) => state.type === STACK_TYPE)?.outputs ?? {}, showSecrets);
  }

  async config(): Promise<Record<string, string>> {
    const { config } = await this.open();
    return Object.fromEntries([...config].map(([key, { text, secret }]) => [key, secret ? "[secret]" : text]));
  }

  /**
   * The outputs of a stack whose state lies beside this one's; undefined when there is none of that name and project.
   */
  private async outputsOf({ project, stack }: StackName): Promise<Values | undefined> {
    const deployment = readDeployment(join(dirname(this.stateFile), `${stack}.json`));
    if (!deployment) return undefined;
    const { resources } = decodeDeployment(deployment, new StateCodec(await this.crypterFor(saltOf(deployment))));
    const root = resources.find((state) => state.type === STACK_TYPE);
    if (!root) return {};
    return parseUrn(root.urn).project === project ? (root.outputs ?? {}) : undefined;
  }

  private async crypterFor(salt: string | undefined): Promise<Crypter> {
    return passphraseCrypter(findPassphrase(this.env, this.passphraseFile).passphrase, salt);
  }

  /**
   * Reads state and configuration. The salt is the stack file's when there is one; a sandbox that knows no passphrase
   * for it keeps its own, unless something in the file can be read only with the real one.
   */
  private async open(given?: Deployment): Promise<Opened> {
    const deployment = given ?? readDeployment(this.stateFile);
    const stateSalt = saltOf(deployment);
    const fileSalt = this.file.encryptionSalt;
    const { own } = findPassphrase(this.env, this.passphraseFile);
    const needsFileSalt = hasSecureValues(this.file.config);
    let crypter: Crypter | undefined;
    if (fileSalt && (!own || needsFileSalt)) crypter = await this.crypterFor(fileSalt);
    if (needsFileSalt && !fileSalt)
      throw new UsageError(`${this.file.file}: config has encrypted values but there is no encryptionsalt`);
    crypter ??= await this.crypterFor(given ? undefined : stateSalt);
    const reader = new StateCodec(stateSalt && stateSalt !== crypter.salt ? await this.crypterFor(stateSalt) : crypter);
    const snapshot = deployment && !given ? decodeDeployment(deployment, reader) : { resources: [], pending: [] };
    const codec = stateSalt && stateSalt !== crypter.salt ? new StateCodec(crypter) : reader;
    const secretOf = (ciphertext: string): string => crypter.decrypt(ciphertext);
    return {
      crypter,
      codec,
      snapshot,
      config: resolveConfig(this.definition, this.name, this.file, this.options.config ?? [], secretOf),
    };
  }

  private async operate(operation: Operation, preview: boolean, options: OperationOptions): Promise<OperationResult> {
    const started = Date.now();
    const verb = operation === "update" ? "up" : operation;
    const lock = preview ? undefined : acquireLock(`${this.stateFile}.lock`, verb);
    try {
      if (operation !== "update" && !existsSync(this.stateFile))
        throw new EngineError(`stack ${this.name} has no state in ${this.stateFile}: nothing to ${operation}`);
      const opened = await this.open();
      const writer = new StateWriter(opened.crypter, opened.codec);
      const outcome = await operate({
        operation,
        preview,
        project: this.definition,
        stack: this.name,
        packages: [...this.packages, stackReferences(this.project, (name) => this.outputsOf(name))],
        env: this.env,
        config: opened.config,
        snapshot: opened.snapshot,
        write: (snapshot) => {
          writeAtomically(this.stateFile, writer.text(snapshot));
        },
        parallel: options.parallel ?? 16,
        typeCheck: options.typeCheck ?? false,
        policyPacks: options.policyPacks ?? [],
        recover: options.recover ?? true,
        signal: options.signal,
        onEvent: options.onEvent ?? (() => undefined),
      });
      return { ...outcome, outputs: shownOutputs(outcome.outputs, false), duration: Date.now() - started };
    } finally {
      lock?.release();
    }
  }
}

const shownOutputs = (outputs: Values, showSecrets: boolean): Record<string, unknown> =>
  (showSecrets ? toPlain(outputs) : toWire(blind(outputs))) as Record<string, unknown>;

/** `pulumi stack export --show-secrets`: each secret with its JSON text in place of the ciphertext. */
function revealed(deployment: Deployment, snapshot: Snapshot): Deployment {
  const plain: Crypter = { salt: "", encrypt: (text) => text, decrypt: (text) => text };
  const shown = encodeDeployment(snapshot, plain, new StateCodec(plain));
  const rename = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(rename);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key === "ciphertext" ? "plaintext" : key, rename(item)]),
    );
  };
  return {
    ...deployment,
    deployment: {
      ...deployment.deployment,
      resources: rename(shown.deployment.resources) as Record<string, unknown>[],
    },
  };
}
