import type { Effects } from "../effects";
import type { GateControl } from "../gateControl";
import type { Phase, Slot, SlotName } from "../journal";
import type { TokenMinter } from "../minters/types";
import type { NotifyAdapter } from "../notify/types";
import type { Permissions, RotationPlan } from "../plan";
import type { TokenStore } from "../stores/types";

/** Everything a rotation works with. */
export interface RotationDeps {
  readonly effects: Effects;
  readonly plan: RotationPlan;
  readonly minter: TokenMinter;
  readonly store: TokenStore;
  /** Without a gate nothing can be proven through it, and the outcome says so. */
  readonly gate?: GateControl;
  /** Unique for each process. */
  readonly rotatorId: string;
  readonly adapters?: readonly NotifyAdapter[];
  /** Reads the organization's grant of the new token, where a GitHub App may. */
  readonly grant?: (expiresAt: string) => Promise<Permissions | undefined>;
  readonly leaseMs?: number;
}

export interface StartRequest {
  /** In words, for the history: "schedule", "by hand" … */
  readonly reason: string;
  /** A token that a person brought. */
  readonly supplied?: string;
  /** The authorization that came with it (app-user-token). */
  readonly slot?: { readonly name: SlotName; readonly value: Slot };
  /** The old token is suspected stolen: no grace. */
  readonly urgent?: boolean;
}

export type Result = "finished" | "rolled-back" | "nothing" | "busy" | "lost" | "stopped" | "needs-person";

export interface Outcome {
  readonly result: Result;
  /** One sentence for a person. */
  readonly says: string;
  readonly phase: Phase;
  readonly rotationId?: string;
  readonly oldSha256?: string;
  readonly newSha256?: string;
  readonly expiresAt?: string;
  /** What a person has to do. */
  readonly todo: readonly string[];
  /** What could not be seen or done, and what else happened. */
  readonly notes: readonly string[];
  /** Milliseconds from the start to each phase. */
  readonly phases?: Partial<Record<Phase, number>>;
  /** When `busy`: until when another rotator holds it. */
  readonly busyUntil?: number;
}

/** How long others leave a rotation to the one that works on it. */
export const LEASE_MS = 30_000;
