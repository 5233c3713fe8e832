import type { RuleId } from "../../../gate/policy/refusals";
import type { GitKit } from "./kit";

/**
 * The 21 classes of attack, and six of the gate's own: what travels in bodies, in git, as large files, to a person's
 * review, by MCP, and what the guide says.
 */
export const CLASSES = {
  1: "dot segments",
  2: "empty and encoded separators",
  3: "case and suffix",
  4: "alias routes",
  5: "header smuggling",
  6: "redirects",
  7: "GraphQL",
  8: "token reflection",
  9: "addresses in answers",
  10: "shared caches",
  11: "host confusion",
  12: "protocol switch",
  13: "compression",
  14: "size and time",
  15: "splitting and log injection",
  16: "limit evasion",
  17: "credential formats",
  18: "exfiltration routes",
  19: "agent token",
  20: "fail open",
  21: "audit loss",
  22: "bodies",
  23: "git",
  24: "large files",
  25: "proposals",
  26: "MCP",
  27: "guide",
} as const;

type ClassNumber = keyof typeof CLASSES;

/** The gates of the rig (see gates.ts); each has limits, stores and an upstream of its own. */
export type GateName =
  | "main"
  | "hostile"
  | "lfs"
  | "closed-routes"
  | "mcp"
  | "mcp-hostile"
  | "mcp-reads"
  | "limited-mcp"
  | "denied"
  | "allowing"
  | "stopped"
  | "ended-key"
  | "sessions"
  | "observing-now"
  | "throttled"
  | "limited"
  | "limited-writes"
  | "observing"
  | "expired-token"
  | "no-token"
  | "garbled-token"
  | "wrong-seal"
  | "no-seal"
  | "no-kv"
  | "vault-closed"
  | "vault-broken"
  | "vault-refusing"
  | "vault-empty"
  | "vault-garbled"
  | "vault-elsewhere"
  | "ledger-throwing"
  | "ledger-silent"
  | "ledger-garbled"
  | "ledger-losing"
  | "changing-token"
  | "no-ledger"
  | "no-archive"
  | "no-policy"
  | "other-policy"
  | "empty-policy"
  | "no-keys"
  | "garbled-keys";

/**
 * One request as bytes, or as parts that are put on the wire as they stand: no client is there to normalise anything.
 * Texts hold placeholders such as `{key}` (see placeholders.ts).
 */
export interface Ask {
  readonly method?: string;
  readonly target: string;
  /** Header lines in order; a name may come twice. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Whole Authorization value; `Bearer {key}` when absent, none when null. */
  readonly authorization?: string | null;
  readonly body?: string | Buffer | ((kit: GitKit) => Buffer);
  /** Sends the body in chunks without a length. */
  readonly chunked?: boolean;
  /** JSON that is sent as such with its content type. */
  readonly json?: unknown;
}

/** What a hostile GitHub answers, by the beginning of the path below its origin; the first that fits is taken. */
export interface HostileReply {
  readonly at?: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Bytes instead of a well-formed answer. */
  readonly raw?: string;
  /** Waits before it answers. */
  readonly delayMs?: number;
  /** Breaks the connection after the head and this part of the body. */
  readonly breaks?: boolean;
  readonly gzip?: boolean;
}

interface Case {
  /** Unique, such as `1.encoded-dots-upper`. */
  readonly id: string;
  readonly title: string;
  readonly gate?: GateName;
  /** One of `ask` and `raw`, or `asks`, which may have an `ask` behind it. */
  readonly ask?: Ask;
  /** Bytes of a whole connection, in latin1. */
  readonly raw?: string;
  /** Several requests, one after the other, or all at once. */
  readonly asks?: readonly Ask[];
  readonly atOnce?: boolean;
  /** What of the headers and bodies of the answers to `asks` fills `{carried}` in `ask`: the first group. */
  readonly carry?: RegExp;
  /** Milliseconds between `asks` and `ask`. */
  readonly pauseMs?: number;
  /** How long a raw connection is kept when nothing comes; eight seconds when absent. */
  readonly waitMs?: number;
  /** How many answers are awaited on a raw connection. */
  readonly answers?: number;
  readonly hostile?: readonly HostileReply[];
}

/** A request that must be stopped. */
export interface Attack extends Case {
  /** What holds instead where the HTTP server is workerd's newer one (see runtime.ts): something else, and as safe. */
  readonly newer?: Partial<Omit<Attack, "id" | "title" | "newer">>;
  /**
   * What must stop it: a rule, the runtime itself (`runtime`), or a filter of what is sent or answered (`filter:…`),
   * where the request passes and what is dangerous about it must not.
   */
  readonly guard: RuleId | "runtime" | `filter:${string}`;
  /** Other rules that may answer first on a runtime that repairs what this one refuses. */
  readonly orElse?: readonly (RuleId | "runtime")[];
  /** Look-ups that the gate itself makes before it refuses, as `METHOD url` patterns; nothing else may reach GitHub. */
  readonly lookups?: readonly RegExp[];
  /** For filters: what may reach GitHub, at most this often. */
  readonly reaches?: RegExp;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Of all that reached GitHub through this gate in the current minute, other cases included, at most so many. */
  readonly perMinute?: number;
  /** Of what reaches GitHub, so much may be pushes. */
  readonly atMostPushes?: number;
  /** For filters: status of the answer, or of one of the answers. */
  readonly status?: number;
  /** Texts that no answer may hold, beside those that none may ever hold. */
  readonly forbid?: readonly string[];
  /** Headers that no answer may have. */
  readonly forbidHeaders?: readonly string[];
  /** Texts that the request which reached GitHub must not hold. */
  readonly forbidSent?: readonly string[];
  /** A text the answer must hold. */
  readonly demand?: string;
  /** Header lines the answer must have. */
  readonly demandHeaders?: Readonly<Record<string, string>>;
}

/** The same thing as its attacks, but allowed: must pass, so that no gate that refuses everything holds the corpus. */
export interface Twin extends Case {
  readonly newer?: Partial<Omit<Twin, "id" | "title" | "newer">>;
  readonly status: number;
  /** `METHOD url` of what reaches GitHub last; null: nothing. */
  readonly sent: string | null;
}

export interface CaseFile {
  readonly class: ClassNumber;
  readonly attacks: readonly Attack[];
  readonly twins: readonly Twin[];
}
