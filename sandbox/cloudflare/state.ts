import { createHash, randomBytes, randomUUID } from "node:crypto";

/** One binding as the API takes and gives it: `name`, `type` and the fields of that type, in snake case. */
export interface Binding {
  readonly name: string;
  readonly type: string;
  readonly [field: string]: unknown;
}

export type ModuleType = "ESModule" | "CommonJS" | "CompiledWasm" | "Text" | "Data";

/** One part of an upload. */
export interface ScriptModule {
  readonly name: string;
  readonly type: ModuleType;
  readonly contentType: string;
  readonly content: Uint8Array;
}

/** A namespace of Durable Objects: what a class of a script becomes by a migration. */
export interface DurableNamespace {
  /** Also the key of its storage, so that a renamed class keeps its objects. */
  readonly id: string;
  readonly className: string;
  readonly sqlite: boolean;
}

/** One deployed version of a script, and what belongs to the script over all versions. */
export interface Script {
  readonly name: string;
  /** The main module first. */
  readonly modules: readonly ScriptModule[];
  /** `undefined` for the older service-worker syntax. */
  readonly mainModule: string | undefined;
  readonly bindings: readonly Binding[];
  /** The upload's metadata fields that are stored and given back: dates, flags, observability, limits, … */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly tag: string;
  readonly etag: string;
  readonly versionId: string;
  readonly versionNumber: number;
  readonly createdOn: string;
  readonly modifiedOn: string;
  readonly lastDeployedFrom: string;
  readonly handlers: readonly string[];
  /** Exported classes. */
  readonly classes: readonly string[];
  readonly startupTimeMs: number;
  readonly migrationTag: string | undefined;
  readonly namespaces: readonly DurableNamespace[];
  readonly schedules: readonly Schedule[];
  readonly subdomain: { readonly enabled: boolean; readonly previews_enabled: boolean };
}

interface Schedule {
  readonly cron: string;
  readonly created_on: string;
  readonly modified_on: string;
}

export interface LockRule {
  readonly id: string;
  readonly enabled: boolean;
  readonly prefix?: string | undefined;
  readonly condition:
    | { readonly type: "Age"; readonly maxAgeSeconds: number }
    | { readonly type: "Date"; readonly date: string }
    | { readonly type: "Indefinite" };
}

export interface Bucket {
  readonly name: string;
  readonly creationDate: string;
  readonly location: string | undefined;
  storageClass: string;
  readonly jurisdiction: string;
  lock: readonly LockRule[];
  lifecycle: readonly unknown[];
}

export interface Queue {
  readonly id: string;
  name: string;
  readonly createdOn: string;
  modifiedOn: string;
  settings: Record<string, unknown>;
  consumers: {
    consumer_id: string;
    type: string;
    script_name?: string;
    dead_letter_queue?: string;
    settings: Record<string, unknown>;
    created_on: string;
  }[];
}

/** A zone of the account. */
export interface Zone {
  readonly id: string;
  readonly name: string;
}

/** Objects that the service only stores and gives back: what was sent, with an id and what the server adds. */
export type Stored = Record<string, unknown> & { id: string | number };

/**
 * Everything of one account. Lives in memory; what Workers store (KV, R2, Durable Objects) lives in the runtime's
 * folder.
 */
export class Account {
  readonly scripts = new Map<string, Script>();
  /** Versions by script, oldest first; those that were uploaded and not deployed among them. */
  readonly versions = new Map<string, readonly Script[]>();
  readonly kv = new Map<string, { readonly id: string; title: string }>();
  readonly buckets = new Map<string, Bucket>();
  readonly queues = new Map<string, Queue>();
  readonly domains = new Map<string, Stored>();
  readonly routes = new Map<string, Stored>();
  readonly logpush = new Map<string, Stored>();
  readonly policies = new Map<string, Stored>();
  readonly webhooks = new Map<string, Stored>();
  readonly rulesets = new Map<string, Stored>();
  /** By zone id. */
  readonly urlNormalization = new Map<string, { type: string; scope: string }>();
  nextLogpushId = 1001;

  constructor(
    readonly id: string,
    readonly name: string,
    readonly zones: readonly Zone[],
    /** The account's name on workers.dev. */
    readonly subdomain = name.toLowerCase(),
  ) {}
}

/** 32 hexadecimal digits, the form of most of Cloudflare's ids. */
export const hexId = (): string => randomBytes(16).toString("hex");
export const uuid = (): string => randomUUID();
/** The same 32 digits for the same text. */
export const derivedId = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 32);
/** Times as the API writes them: microseconds and Z. */
export const timestamp = (): string => new Date().toISOString().replace("Z", "000Z");
