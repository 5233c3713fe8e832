import type { Amounts, Grant, Granted } from "../../policy/limits";
import type { GateLimits } from "../../policy/policy";

/** One exchange between an isolate and the ledger: what happened, what is given back, what is asked for. */
export interface SettleRequest {
  readonly isolate: string;
  /** Counts up per isolate; an exchange that is sent again is not booked twice. */
  readonly batch: number;
  /** Audit entries without place and hash (see audit.ts), oldest first. */
  readonly entries: readonly string[];
  /** How many of the entries belong to requests admitted by which lease. */
  readonly reported: readonly { readonly lease: number; readonly requests: number }[];
  /** Leases that are over, with what they did not use. */
  readonly closed: readonly { readonly lease: number; readonly unused: Amounts }[];
  readonly ask?: { readonly need: Amounts; readonly want: Amounts; readonly limits: GateLimits };
}

export interface SettleAnswer {
  readonly lease?: { readonly id: number } & Grant;
  /** Where the lease is smaller than what was needed. */
  readonly short: Granted["short"];
  /** The kill switch: nothing passes. */
  readonly stopped: boolean;
  /** Base64 SHA-256 of tokens that must not be used any more. */
  readonly denied: readonly string[];
  /** Base64url SHA-256 of gate keys that open nothing any more; a ledger of an older version says nothing. */
  readonly deniedKeys?: readonly string[];
  /** Milliseconds until which GitHub asked to wait; 0 for none. */
  readonly waitUntil: number;
  /** Lines wait for the archive: someone should move them. */
  readonly archiveDue: boolean;
  /** The archive failed last time and has not been written since. */
  readonly archiveFailing: boolean;
}

/** Lines on their way from the ledger to the archive. */
export interface ArchiveBatch {
  readonly first: number;
  readonly last: number;
  readonly text: string;
  /** So many lines wait behind these that they make an object of their own. */
  readonly more: boolean;
}
