import type { DurableObject } from "cloudflare:workers";
import type { Ledger } from "../ledger";

/** Everything that the gate asks its ledger. */
export type LedgerCall = Exclude<keyof Ledger, keyof DurableObject | "alarm">;

/** A call that is missing here, or is none, does not compile. */
const CALLS = {
  settle: true,
  stop: true,
  deny: true,
  denyKey: true,
  deniedKeys: true,
  openSession: true,
  endSession: true,
  sessionKeys: true,
  wait: true,
  cell: true,
  writeCell: true,
  linesToArchive: true,
  archived: true,
  archiveFailed: true,
  linesAfter: true,
  takeSink: true,
  saveSink: true,
  bookDelivery: true,
} as const satisfies Readonly<Record<LedgerCall, true>>;

/**
 * What a ledger in a process of its own is asked. Each call is a POST to its name, with its arguments and its result in
 * JSON.
 */
export const LEDGER_CALLS = Object.keys(CALLS) as readonly LedgerCall[];

/** The address of a call; the host says nothing, because a gate has one ledger. */
export const callAddress = (call: LedgerCall): string => `http://ledger/${call}`;

/** The call that a request makes. Undefined for every other request. */
export function callOf({ method, url }: Pick<Request, "method" | "url">): LedgerCall | undefined {
  return method === "POST" ? LEDGER_CALLS.find((call) => url === callAddress(call)) : undefined;
}
