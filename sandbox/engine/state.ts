import { createHash } from "node:crypto";
import { EngineError } from "./errors";
import type { Crypter } from "./secrets";
import { SECRET_SIG, SIG, Secret, isObject, sorted, type Value, type Values } from "./values";

/** The Pulumi release whose behaviour and formats this engine follows. */
const PULUMI_VERSION = "v3.248.0";

export interface StackFrame {
  sourcePosition?: string;
}

export interface CustomTimeouts {
  create?: number;
  update?: number;
  delete?: number;
  read?: number;
}

/** One resource as the engine holds it. Times are ISO strings in UTC. */
export interface ResourceState {
  urn: string;
  custom: boolean;
  /** Replaced by a newer one and still to be deleted. */
  delete?: boolean | undefined;
  id?: string | undefined;
  type: string;
  inputs: Values;
  /** Undefined before anything registered outputs. */
  outputs?: Values | undefined;
  parent?: string | undefined;
  protect?: boolean | undefined;
  /** Read, not managed. */
  external?: boolean | undefined;
  dependencies: string[];
  initErrors?: string[] | undefined;
  provider?: string | undefined;
  propertyDependencies?: Record<string, string[]> | undefined;
  /** Deleted for a replacement whose other half has not been made yet. */
  pendingReplacement?: boolean | undefined;
  additionalSecretOutputs?: string[] | undefined;
  aliases?: string[] | undefined;
  customTimeouts?: CustomTimeouts | undefined;
  importID?: string | undefined;
  retainOnDelete?: boolean | undefined;
  deletedWith?: string | undefined;
  replaceWith?: string[] | undefined;
  created?: string | undefined;
  modified?: string | undefined;
  sourcePosition?: string | undefined;
  stackTrace?: StackFrame[] | undefined;
  ignoreChanges?: string[] | undefined;
  hideDiff?: string[] | undefined;
  replaceOnChanges?: string[] | undefined;
  replacementTrigger?: Value | undefined;
}

export type OperationType = "creating" | "updating" | "deleting" | "reading" | "importing";

/** An operation that was begun and of which nobody knows yet how it ended. */
export interface PendingOperation {
  resource: ResourceState;
  type: OperationType;
}

export interface Snapshot {
  resources: ResourceState[];
  pending: PendingOperation[];
}

/** What `pulumi stack export` prints. */
export interface Deployment {
  version: 3;
  deployment: {
    manifest: { time: string; magic: string; version: string };
    secrets_providers?: { type: string; state?: unknown };
    resources?: Record<string, unknown>[];
    pending_operations?: { resource: Record<string, unknown>; type: OperationType }[];
    metadata: Record<string, unknown>;
  };
}

/** The fields of a resource in the order in which Pulumi writes them. */
const FIELDS = [
  "urn",
  "custom",
  "delete",
  "id",
  "type",
  "inputs",
  "outputs",
  "parent",
  "protect",
  "external",
  "dependencies",
  "initErrors",
  "provider",
  "propertyDependencies",
  "pendingReplacement",
  "additionalSecretOutputs",
  "aliases",
  "customTimeouts",
  "importID",
  "retainOnDelete",
  "deletedWith",
  "replaceWith",
  "created",
  "modified",
  "sourcePosition",
  "stackTrace",
  "ignoreChanges",
  "hideDiff",
  "replaceOnChanges",
  "replacementTrigger",
] as const satisfies readonly (keyof ResourceState)[];
const BAGS = new Set<string>(["inputs", "outputs", "propertyDependencies"]);

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === "" ||
  value === false ||
  (Array.isArray(value) && value.length === 0) ||
  (isObject(value) && Object.keys(value).length === 0);

/** One resource as JSON in Pulumi's order, empty fields left out; `encode` decides what becomes of property values. */
export function resourceToJson(state: ResourceState, encode: (value: Value) => unknown): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const field of FIELDS) {
    const value = state[field];
    if (field === "custom") json.custom = state.custom;
    else if (isEmpty(value)) continue;
    else if (field === "inputs" || field === "outputs" || field === "replacementTrigger")
      json[field] = sorted(encode(value as Value));
    else json[field] = BAGS.has(field) ? sorted(value) : value;
  }
  return json;
}

/** Property values as they stand in a state file: each secret as a ciphertext under Pulumi's mark. */
export class StateCodec {
  private readonly ciphertexts = new WeakMap<Secret, string>();

  constructor(private readonly crypter: Crypter) {}

  readonly encode = (value: Value): unknown => {
    if (value instanceof Secret) {
      const ciphertext =
        this.ciphertexts.get(value) ?? this.crypter.encrypt(JSON.stringify(this.encodeInside(value.value)));
      this.ciphertexts.set(value, ciphertext);
      return { [SIG]: SECRET_SIG, ciphertext };
    }
    if (Array.isArray(value)) return value.map(this.encode);
    if (isObject(value))
      return Object.fromEntries(Object.entries(value as Values).map(([key, item]) => [key, this.encode(item)]));
    return value;
  };

  /** A secret inside a secret needs no second encryption. */
  private encodeInside(value: Value): unknown {
    if (value instanceof Secret) return this.encodeInside(value.value);
    if (Array.isArray(value)) return value.map((item) => this.encodeInside(item));
    if (isObject(value))
      return Object.fromEntries(Object.entries(value as Values).map(([key, item]) => [key, this.encodeInside(item)]));
    return value;
  }

  decode(value: unknown): Value {
    if (Array.isArray(value)) return value.map((item) => this.decode(item));
    if (isObject(value)) {
      if (value[SIG] === SECRET_SIG) {
        const plain =
          typeof value.plaintext === "string" ? value.plaintext : this.crypter.decrypt(String(value.ciphertext));
        const secret = new Secret(bareInside(JSON.parse(plain)));
        if (typeof value.ciphertext === "string") this.ciphertexts.set(secret, value.ciphertext);
        return secret;
      }
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.decode(item)]));
    }
    return value as Value;
  }

  decodeResource(json: Record<string, unknown>): ResourceState {
    const state = { ...json } as unknown as ResourceState;
    state.inputs = json.inputs ? (this.decode(json.inputs) as Values) : {};
    if (json.outputs !== undefined) state.outputs = this.decode(json.outputs) as Values;
    if (json.replacementTrigger !== undefined) state.replacementTrigger = this.decode(json.replacementTrigger);
    state.dependencies = (json.dependencies as string[] | undefined) ?? [];
    return state;
  }
}

/**
 * Inside a secret the real engine keeps the marks of inner secrets, each with its JSON text where the ciphertext would
 * stand.
 */
function bareInside(value: unknown): Value {
  if (Array.isArray(value)) return value.map(bareInside);
  if (!isObject(value)) return value as Value;
  if (value[SIG] === SECRET_SIG) return bareInside(JSON.parse(String(value.plaintext ?? value.ciphertext)));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, bareInside(item)]));
}

/** The manifest's magic is the hash of the version that wrote it; Pulumi checks it on import. */
const magic = createHash("sha256").update(PULUMI_VERSION).digest("hex");

/** A snapshot in the format of `pulumi stack export`. */
export function encodeDeployment(
  snapshot: Snapshot,
  crypter: Crypter,
  codec: StateCodec,
  now = new Date(),
): Deployment {
  const pending = snapshot.pending.map(({ resource, type }) => ({
    resource: resourceToJson(resource, codec.encode),
    type,
  }));
  return {
    version: 3,
    deployment: {
      manifest: { time: now.toISOString(), magic, version: PULUMI_VERSION },
      secrets_providers: { type: "passphrase", state: { salt: crypter.salt } },
      ...(snapshot.resources.length > 0
        ? { resources: snapshot.resources.map((resource) => resourceToJson(resource, codec.encode)) }
        : {}),
      ...(pending.length > 0 ? { pending_operations: pending } : {}),
      metadata: {},
    },
  };
}

/** Reads what {@link encodeDeployment} or Pulumi itself wrote. */
export function decodeDeployment(deployment: Deployment, codec: StateCodec): Snapshot {
  if (deployment.version !== 3 || !isObject(deployment.deployment)) {
    throw new EngineError(`the state has format version ${String(deployment.version)}; this engine reads version 3`);
  }
  const { resources = [], pending_operations: pending = [] } = deployment.deployment;
  return {
    resources: resources.map((resource) => codec.decodeResource(resource)),
    pending: pending.map(({ resource, type }) => ({ resource: codec.decodeResource(resource), type })),
  };
}

/**
 * The salt with which a state's secrets are encrypted; undefined when it has none. Other secrets providers are refused
 * by name.
 */
export function saltOf(deployment: Deployment | undefined): string | undefined {
  const provider = deployment?.deployment.secrets_providers;
  if (!provider?.type) return undefined;
  if (provider.type !== "passphrase")
    throw new EngineError(
      `the state is encrypted by the secrets provider "${provider.type}"; this engine reads only "passphrase"`,
    );
  return (provider.state as { salt?: string } | undefined)?.salt;
}

/**
 * Turns snapshots into the text of a state file. A resource that has not changed since the last time keeps its text,
 * so that a checkpoint in a large stack costs what changed, not what is there.
 */
export class StateWriter {
  private readonly texts = new WeakMap<ResourceState, { key: unknown[]; text: string }>();

  constructor(
    private readonly crypter: Crypter,
    private readonly codec: StateCodec,
  ) {}

  text(snapshot: Snapshot): string {
    const { resources, pending } = snapshot;
    const shell = encodeDeployment({ resources: [], pending }, this.crypter, this.codec);
    const [before, after] = JSON.stringify({
      ...shell,
      deployment: { ...shell.deployment, resources: ["@resources@"] },
    }).split('"@resources@"') as [string, string];
    return `${before}${resources.map((state) => this.resource(state)).join(",\n")}${after}\n`;
  }

  /** States are changed only by giving a field another value, so the same values mean the same text. */
  private resource(state: ResourceState): string {
    const key = FIELDS.map((field) => state[field]);
    const known = this.texts.get(state);
    if (known && known.key.every((value, index) => value === key[index])) return known.text;
    const text = JSON.stringify(resourceToJson(state, this.codec.encode));
    this.texts.set(state, { key, text });
    return text;
  }
}
