import { randomBytes } from "node:crypto";

/** What the API gives back: an object in snake case. */
export type Json = Record<string, unknown>;

/** One version of an agent, as the API shows it. */
export type AgentVersion = Json & { id: string; version: number; archived_at: string | null };

export interface Agent {
  readonly number: number;
  readonly id: string;
  /** Oldest first; never empty. */
  versions: AgentVersion[];
}

export interface Environment {
  readonly number: number;
  readonly id: string;
  shown: Json & { archived_at: string | null; config: Json; metadata: Record<string, string> };
}

export interface Credential {
  readonly number: number;
  readonly id: string;
  /** As the API shows it: without secrets. */
  shown: Json & { archived_at: string | null; auth: Json; metadata: Record<string, string> };
  /** What the API never shows: `secret_value`, `token`, `access_token`, `refresh_token`, `client_secret`. */
  secrets: Record<string, string>;
}

export interface Vault {
  readonly number: number;
  readonly id: string;
  shown: Json & { archived_at: string | null; metadata: Record<string, string> };
  readonly credentials: Map<string, Credential>;
}

/** An event with the thread in whose list it is. */
export interface StoredEvent {
  readonly number: number;
  readonly threadId: string;
  readonly shown: Json & { id: string; type: string; processed_at: string };
}

export interface Thread {
  readonly number: number;
  readonly id: string;
  shown: Json & { archived_at: string | null; status: string };
}

export interface Session {
  readonly number: number;
  readonly id: string;
  shown: Json & {
    archived_at: string | null;
    status: string;
    agent: Json;
    metadata: Record<string, string>;
    vault_ids: readonly string[];
    environment_id: string;
  };
  readonly primaryThread: string;
  readonly threads: Map<string, Thread>;
  readonly events: StoredEvent[];
  /** Tool calls that wait for a confirmation, by the id of their event. */
  readonly waiting: Set<string>;
  /** The placeholder of each environment variable in this session's sandbox, by credential. */
  readonly placeholders: Map<string, string>;
}

export interface Deployment {
  readonly number: number;
  readonly id: string;
  shown: Json & { archived_at: string | null; status: string; metadata: Record<string, string> };
}

export interface DeploymentRun {
  readonly number: number;
  readonly id: string;
  readonly shown: Json;
}

/** A receiver that somebody entered in the Console. */
export interface WebhookEndpoint {
  readonly id: string;
  readonly url: string;
  readonly key: string;
  disabled: boolean;
}

/** Whose tokens of another issuer are exchanged for one of the workspace, as somebody entered it in the Console. */
export interface FederationRule {
  readonly id: string;
  readonly subjectPrefix: string;
  readonly lifetimeSeconds: number;
}

/** Everything of one workspace, in memory. */
export class Workspace {
  readonly id = newId("wrkspc");
  readonly organizationId = crypto.randomUUID();
  readonly agents = new Map<string, Agent>();
  readonly environments = new Map<string, Environment>();
  readonly vaults = new Map<string, Vault>();
  readonly sessions = new Map<string, Session>();
  readonly deployments = new Map<string, Deployment>();
  readonly deploymentRuns = new Map<string, DeploymentRun>();
  readonly webhooks = new Map<string, WebhookEndpoint>();
  readonly federationRules = new Map<string, FederationRule>();
  /** Access tokens by federation, with the time at which each ends, in milliseconds. */
  readonly accessTokens = new Map<string, number>();
  #number = 0;
  #lastTime = 0;

  /** Grows with everything that is made. */
  nextNumber(): number {
    return (this.#number += 1);
  }
  /** Now, and never twice the same, so that what happened later also reads so. */
  now(): string {
    this.#lastTime = Math.max(Date.now(), this.#lastTime + 1);
    return new Date(this.#lastTime).toISOString();
  }
}

const LETTERS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** An id as the API makes them: a prefix, `01` and 22 letters and digits. */
export const newId = (prefix: string): string =>
  `${prefix}_01${[...randomBytes(22)].map((byte) => LETTERS[byte % LETTERS.length]).join("")}`;
