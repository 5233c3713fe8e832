import type { DurableObject } from "cloudflare:workers";
import type { Ledger } from "../ledger";
import type { SettleRequest } from "./exchange";

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
 * JSON, in one line. What is JSON already, the entries and lines of the trail, follows that line as it is: quoted once
 * more and read again, it would cost more than all the rest.
 */
export const LEDGER_CALLS = Object.keys(CALLS) as readonly LedgerCall[];

/** The address of a call; the host says nothing, because a gate has one ledger. */
export const callAddress = (call: LedgerCall): string => `http://ledger/${call}`;

/** The call that a request makes. Undefined for every other request. */
export function callOf({ method, url }: Pick<Request, "method" | "url">): LedgerCall | undefined {
  return method === "POST" ? LEDGER_CALLS.find((call) => url === callAddress(call)) : undefined;
}

/** The body of a call. */
export function writeCall(call: LedgerCall, args: readonly unknown[]): string {
  if (call !== "settle") return JSON.stringify(args);
  const [{ entries, ...request }] = args as readonly [SettleRequest];
  // An entry has no line end: JSON writes it as an escape.
  return [JSON.stringify([request]), ...entries].join("\n");
}

/** Its arguments. */
export function readCall(call: LedgerCall, body: string): readonly unknown[] {
  if (call !== "settle") return JSON.parse(body) as unknown[];
  const [head = "", ...entries] = body.split("\n");
  const [request] = JSON.parse(head) as readonly [Omit<SettleRequest, "entries">];
  return [{ ...request, entries } satisfies SettleRequest];
}

/** The answer to a call; null for undefined. */
export function writeResult(result: unknown): string {
  if (!hasText(result)) return JSON.stringify(result ?? null);
  const { text, ...rest } = result;
  return `${JSON.stringify(rest)}\n${text}`;
}

/** Its result. */
export function readResult(body: string): unknown {
  const end = body.indexOf("\n");
  return end < 0
    ? JSON.parse(body)
    : { ...(JSON.parse(body.slice(0, end)) as Readonly<Record<string, unknown>>), text: body.slice(end + 1) };
}

const hasText = (result: unknown): result is { readonly text: string } =>
  typeof result === "object" && result !== null && "text" in result && typeof result.text === "string";
