import type { Permissions } from "./plan";
import type { TokenRecord } from "./record";

/**
 * The state of a rotation, kept beside the secret so that any rotator can go on where another stopped.
 * It is one string in one cell, written only by check-and-set; the phase names what is DONE.
 *
 *   idle → minting → minted → verified → stored → switched → proven → revoked → idle
 *              └────────┴─────────┴── rolling-back ──┴──────────┘ → idle
 *
 * From `proven` on there is no way back: the gate uses the new token.
 */
export type Phase =
  "idle" | "minting" | "minted" | "verified" | "stored" | "switched" | "proven" | "revoked" | "rolling-back";

const PHASES: readonly Phase[] = [
  "idle",
  "minting",
  "minted",
  "verified",
  "stored",
  "switched",
  "proven",
  "revoked",
  "rolling-back",
];

/** One of the two standing authorizations behind app-user tokens; see minters/app-user-token.ts. */
export interface Slot {
  readonly refreshToken: string;
  /** ISO time, or "" when GitHub did not say. */
  readonly refreshExpiresAt: string;
  /** Base64 SHA-256 of the access token that came with this refresh token. */
  readonly accessSha256: string;
  /**
   * `using`: written ahead of a refresh whose answer is not yet recorded. `lost`: that answer never came and GitHub no
   * longer knows the token.
   */
  readonly state: "ok" | "using" | "lost";
}

export type SlotName = "a" | "b";

export interface RotationState {
  readonly id: string;
  readonly reason: string;
  readonly startedAt: number;
  /** Version of the token's cell that this rotation replaces. */
  readonly base: number;
  readonly old?: TokenRecord;
  readonly next?: TokenRecord;
  /** Whether a person brought `next`; such a token is never revoked by a rollback. */
  readonly placedByPerson?: boolean;
  /** How often minting was begun: more than once means that an answer may be lost. */
  readonly mints: number;
  readonly slot?: SlotName;
  /** What GitHub said it granted when minting, so that a resumed verification sees it too. */
  readonly granted?: { readonly permissions?: Permissions; readonly repositories?: readonly string[] };
  /** The old token is suspected stolen: it is ended without waiting for the gate's caches. */
  readonly urgent?: boolean;
  readonly storedAt?: number;
  readonly storedVersion?: number;
  /** Until when an isolate of the gate may still hold the old token. */
  readonly drainUntil?: number;
  readonly rollback?: { readonly why: string; readonly restored: boolean };
  readonly notes: readonly string[];
  /** When each phase was reached, in milliseconds. */
  readonly times: Partial<Record<Phase, number>>;
}

export interface HistoryEntry {
  readonly id: string;
  readonly reason: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly outcome: "finished" | "rolled-back" | "revoked";
  readonly why?: string;
  readonly oldSha256?: string;
  readonly newSha256?: string;
  readonly expiresAt?: string;
  readonly notes: readonly string[];
  /** Milliseconds from the start to each phase. */
  readonly phases: Partial<Record<Phase, number>>;
}

/** A message still to be delivered; written with the end of the rotation so that no crash loses it. */
export interface OutboxEntry {
  readonly id: string;
  readonly type: string;
  readonly at: string;
  readonly data: Record<string, unknown>;
  /** Names of the adapters that have not confirmed it. */
  readonly to: readonly string[];
}

export interface Journal {
  readonly v: 1;
  readonly phase: Phase;
  /** Of the last write: lets a writer recognise its own write after a lost answer. */
  readonly writeId: string;
  readonly rotator: string;
  /** Until when others leave this rotation to `rotator`. Saves double work; safety rests on check-and-set alone. */
  readonly leaseUntil: number;
  readonly rotation?: RotationState;
  readonly slots?: Partial<Record<SlotName, Slot>>;
  readonly current?: SlotName;
  /** Whether old versions are destroyed and messages delivered. */
  readonly tidy: boolean;
  readonly history: readonly HistoryEntry[];
  readonly outbox: readonly OutboxEntry[];
  /** The stage of the last reminder, so that each stage is sent once. */
  readonly reminded?: number;
}

export const emptyJournal: Journal = {
  v: 1,
  phase: "idle",
  writeId: "",
  rotator: "",
  leaseUntil: 0,
  tidy: true,
  history: [],
  outbox: [],
};

const HISTORY = 50;

/** Throws when the cell holds something that this version cannot continue. */
export function readJournal(data: Record<string, string> | undefined): Journal {
  if (!data) return emptyJournal;
  const journal = JSON.parse(data.journal ?? "null") as Journal | null;
  if (journal?.v !== 1 || !PHASES.includes(journal.phase))
    throw new Error(
      "the rotation journal has a format that this version does not know; use the version that wrote it to finish",
    );
  return journal;
}

/** One string, because Vault's audit log keeps strings as hashes and everything else in clear. */
export const writeJournal = (journal: Journal): Record<string, string> => ({ journal: JSON.stringify(journal) });

/** The journal after the end of its rotation; neither the old nor the new token stays in it. */
export function closed(journal: Journal, outcome: HistoryEntry["outcome"], now: number, why?: string): Journal {
  const r = journal.rotation;
  if (!r) return { ...journal, phase: "idle" };
  const phases = Object.fromEntries(
    Object.entries(r.times).map(([phase, at]) => [phase, at - r.startedAt]),
  ) as HistoryEntry["phases"];
  const entry: HistoryEntry = {
    id: r.id,
    reason: r.reason,
    startedAt: new Date(r.startedAt).toISOString(),
    endedAt: new Date(now).toISOString(),
    outcome,
    notes: r.notes,
    phases,
    ...(why ? { why } : {}),
    ...(r.old ? { oldSha256: r.old.sha256 } : {}),
    ...(r.next ? { newSha256: r.next.sha256, expiresAt: r.next.expires_at } : {}),
  };
  const { rotation: _done, ...rest } = journal;
  return { ...rest, phase: "idle", tidy: false, leaseUntil: 0, history: [entry, ...journal.history].slice(0, HISTORY) };
}
