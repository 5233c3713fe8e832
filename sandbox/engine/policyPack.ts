import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import * as grpc from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import * as analyzerRpc from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import * as analyzerProto from "@pulumi/pulumi/proto/analyzer_pb";
import type { Config } from "./config";
import { messageOf, UnsupportedError, UsageError } from "./errors";
import type { Project } from "./project";
import { findRunner, startRunner } from "./runner";
import type { ResourceState } from "./state";
import { parseUrn } from "./urns";
import { MESSAGE_LIMITS, struct } from "./wire";

/** What a policy said of a resource or of the stack. */
export interface PolicyViolation {
  readonly policy: string;
  /** Name and version of the pack, such as `gatehouse@v0.1.0`. */
  readonly pack: string;
  /** `mandatory` stops the update. */
  readonly enforcement: "advisory" | "mandatory";
  readonly severity?: "low" | "medium" | "high" | "critical";
  /** Description of the policy, and what was found. */
  readonly message: string;
  /** The resource; absent when it is about the stack as a whole. */
  readonly urn?: string;
}

export interface PolicyPackOptions {
  /** Folder of PulumiPolicy.yaml. */
  readonly folder: string;
  readonly project: Project;
  readonly stack: string;
  readonly config: Config;
  readonly preview: boolean;
  readonly env: NodeJS.ProcessEnv;
  /** Check the pack's types as Pulumi's runner does. */
  readonly typeCheck: boolean;
}

const START_MS = 120_000;
const ENFORCEMENT: Readonly<Record<number, PolicyViolation["enforcement"] | undefined>> = {
  [analyzerProto.EnforcementLevel.ADVISORY]: "advisory",
  [analyzerProto.EnforcementLevel.MANDATORY]: "mandatory",
  [analyzerProto.EnforcementLevel.REMEDIATE]: "mandatory",
};
const SEVERITY: Readonly<Record<number, PolicyViolation["severity"]>> = {
  [analyzerProto.PolicySeverity.POLICY_SEVERITY_LOW]: "low",
  [analyzerProto.PolicySeverity.POLICY_SEVERITY_MEDIUM]: "medium",
  [analyzerProto.PolicySeverity.POLICY_SEVERITY_HIGH]: "high",
  [analyzerProto.PolicySeverity.POLICY_SEVERITY_CRITICAL]: "critical",
};

/**
 * A policy pack that runs: a process of its own, started as Pulumi's language host does it, which the engine asks over
 * gRPC. It is given every secret in clear, as Pulumi gives it.
 */
export class PolicyPack {
  private constructor(
    private readonly client: analyzerRpc.AnalyzerClient,
    private readonly child: ChildProcess,
    /** As it was named when the run began. */
    readonly folder: string,
  ) {}

  /** Name and version, such as `gatehouse@v0.1.0`. */
  name = "";

  /** @throws UsageError when the folder holds no pack or the pack does not start */
  static async start(options: PolicyPackOptions): Promise<PolicyPack> {
    const folder = resolve(options.folder);
    if (!existsSync(join(folder, "PulumiPolicy.yaml")))
      throw new UsageError(
        `${options.folder} is no policy pack: it has no PulumiPolicy.yaml; name the folder that has one`,
      );
    const { child, port } = await startPack(folder, options);
    const pack = new PolicyPack(
      new analyzerRpc.AnalyzerClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), MESSAGE_LIMITS),
      child,
      options.folder,
    );
    try {
      await pack.introduce();
    } catch (error) {
      pack.stop();
      throw error;
    }
    return pack;
  }

  /** What the policies about one resource say of its inputs, before anything is done. */
  async resource(state: ResourceState, provider: ResourceState | undefined): Promise<PolicyViolation[]> {
    const request = new analyzerProto.AnalyzeRequest()
      .setUrn(state.urn)
      .setType(state.type)
      .setName(parseUrn(state.urn).name)
      .setProperties(struct(state.inputs))
      .setOptions(optionsOf(state));
    if (provider) request.setProvider(providerOf(provider));
    const response = await this.ask<analyzerProto.AnalyzeResponse>((done) => this.client.analyze(request, done));
    // Whatever a policy about one resource names: Pulumi shows the resource that it was asked about.
    return response.getDiagnosticsList().map((one) => ({ ...violationOf(one), urn: state.urn }));
  }

  /** What the policies about the stack say of the outputs of all resources. */
  async stack(
    states: readonly ResourceState[],
    providerFor: (state: ResourceState) => ResourceState | undefined,
  ): Promise<PolicyViolation[]> {
    const request = new analyzerProto.AnalyzeStackRequest().setResourcesList(
      states.map((state) => {
        const resource = new analyzerProto.AnalyzerResource()
          .setUrn(state.urn)
          .setType(state.type)
          .setName(parseUrn(state.urn).name)
          .setProperties(struct(state.outputs ?? {}))
          .setOptions(optionsOf(state))
          .setParent(state.parent ?? "")
          .setDependenciesList([...state.dependencies]);
        const provider = providerFor(state);
        return provider ? resource.setProvider(providerOf(provider)) : resource;
      }),
    );
    const response = await this.ask<analyzerProto.AnalyzeResponse>((done) => this.client.analyzeStack(request, done));
    return response.getDiagnosticsList().map(violationOf);
  }

  stop(): void {
    this.client.close();
    this.child.kill("SIGKILL");
  }

  private async introduce(): Promise<void> {
    const info = await this.ask<analyzerProto.AnalyzerInfo>((done) => this.client.getAnalyzerInfo(new Empty(), done));
    this.name = `${info.getName()}@v${info.getVersion()}`;
    const changing = info
      .getPoliciesList()
      .find((policy) => policy.getEnforcementlevel() === analyzerProto.EnforcementLevel.REMEDIATE);
    if (changing) throw new UnsupportedError(`the policy ${changing.getName()}, which changes resources (remediate)`);
  }

  private ask<T>(call: (done: (error: grpc.ServiceError | null, response: T) => void) => unknown): Promise<T> {
    return new Promise((fulfil, reject) => {
      call((error, response) => {
        // The SDK sends the stack along.
        const why = (error?.details || messageOf(error)).split("\n    at ")[0];
        if (error) reject(new Error(`the policy pack ${this.folder} failed: ${why}`));
        else fulfil(response);
      });
    });
  }
}

function violationOf(one: analyzerProto.AnalyzeDiagnostic): PolicyViolation {
  const severity = SEVERITY[one.getSeverity()];
  return {
    policy: one.getPolicyname(),
    pack: `${one.getPolicypackname()}@v${one.getPolicypackversion()}`,
    enforcement: ENFORCEMENT[one.getEnforcementlevel()] ?? "advisory",
    ...(severity ? { severity } : {}),
    message: one.getMessage(),
    ...(one.getUrn() ? { urn: one.getUrn() } : {}),
  };
}

const optionsOf = (state: ResourceState): analyzerProto.AnalyzerResourceOptions =>
  new analyzerProto.AnalyzerResourceOptions()
    .setProtect(state.protect ?? false)
    .setIgnorechangesList([...(state.ignoreChanges ?? [])])
    .setAdditionalsecretoutputsList([...(state.additionalSecretOutputs ?? [])])
    .setParent(state.parent ?? "");

const providerOf = (state: ResourceState): analyzerProto.AnalyzerProviderResource =>
  new analyzerProto.AnalyzerProviderResource()
    .setUrn(state.urn)
    .setType(state.type)
    .setName(parseUrn(state.urn).name)
    .setProperties(struct(state.inputs));

/** Starts the pack's process and waits for the port that it prints first. */
async function startPack(
  folder: string,
  { project, stack, config, preview, env, typeCheck }: PolicyPackOptions,
): Promise<{ child: ChildProcess; port: number }> {
  // The runner of the pack's own SDK, or of the project's.
  const runner = findRunner("run-policy-pack", [folder, project.pwd]);
  if (runner === undefined)
    throw new UsageError(`@pulumi/pulumi is not installed for ${folder}: run npm install there`);
  const child = startRunner([runner, "127.0.0.1:0", folder], {
    cwd: folder,
    env,
    config,
    typeCheck,
    variables: {
      PULUMI_NODEJS_ORGANIZATION: "organization",
      PULUMI_NODEJS_PROJECT: project.name,
      PULUMI_NODEJS_STACK: stack,
      PULUMI_NODEJS_DRY_RUN: String(preview),
      PULUMI_NODEJS_TYPESCRIPT: "true",
    },
  });
  const said: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => said.push(line));
  return new Promise((fulfil, reject) => {
    const fail = (why: string): void => {
      child.kill("SIGKILL");
      reject(new UsageError(`the policy pack in ${folder} did not start: ${[why, ...said.slice(-5)].join("\n")}`));
    };
    const late = setTimeout(() => fail("it printed no port"), START_MS);
    child.once("error", (error) => fail(messageOf(error)));
    child.once("close", (code) => {
      clearTimeout(late);
      fail(`it ended with ${String(code)}`);
    });
    createInterface({ input: child.stdout }).once("line", (line) => {
      clearTimeout(late);
      if (/^\d+$/.test(line)) fulfil({ child, port: Number(line) });
      else fail(line);
    });
  });
}
