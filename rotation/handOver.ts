import { base64url, sha256 } from "../edge/encoding";
import type { Effects } from "./effects";
import { Misuse, NeedsPerson, Unavailable, messageOf } from "./errors";
import type { GateControl, GateKeyState } from "./gateControl";
import type { NotifyAdapter } from "./notify";
import type { AgentRuntime } from "./runtime/types";
import { iso, randomId, short } from "./text";

/** How often the gate's records are read while the hand-over waits. */
const POLL_MS = 2_000;
/** So long nobody may have used the old key before it is ended. */
export const QUIET_MS = 30_000;

export interface HandOver {
  readonly effects: Effects;
  readonly gate: Pick<GateControl, "keys" | "auditHead" | "auditAfter" | "deny">;
  readonly runtime: AgentRuntime;
  /** Who is told at the end. */
  readonly adapters: readonly NotifyAdapter[];
  /** The new gate key (`ghk_…`). */
  readonly key: string;
  /** How long to wait for a request under the new key. */
  readonly waitMs: number;
}

export interface HandedOver {
  /** Base64url SHA-256 of the new key. */
  readonly newSha256: string;
  /** What has the key now. */
  readonly given: readonly string[];
  /** Sessions that were open, where the runtime can tell. */
  readonly sessions?: readonly string[];
  /** Id of the first request under the new key; absent where no session was open. */
  readonly provenBy?: string;
  /** Base64url SHA-256 of the keys that the gate refuses from now on. */
  readonly ended: readonly string[];
  readonly notes: readonly string[];
}

/** One use of a key, as a record shows it. */
interface Use {
  readonly requestId: string;
  readonly ts: string;
  readonly clientIp: string;
}

/** What the records have shown since the key was given. */
export interface Seen {
  /** The first request under the new key. */
  readonly fresh?: Use;
  /** The last request under an old one. */
  readonly stale?: Use;
}

/** Goes on reading: `before` and some more records, oldest first. A record under no gate key says nothing. */
export function seenIn(
  before: Seen,
  records: readonly Readonly<Record<string, unknown>>[],
  fresh: string,
  old: ReadonlySet<string>,
): Seen {
  return records.reduce<Seen>((seen, record) => {
    const { gateKeySha256: key } = record;
    if (typeof key !== "string") return seen;
    const use = {
      requestId: String(record.requestId),
      ts: String(record.ts),
      clientIp: String(record.clientIp),
    };
    if (key === fresh) return { ...seen, fresh: seen.fresh ?? use };
    return old.has(key) ? { ...seen, stale: use } : seen;
  }, before);
}

/**
 * Ends a rotation of the gate key: gives the new key to the agent's runtime, waits until a record of the gate shows a
 * request under it and none under the old one for half a minute, and only then has the gate refuse the old one. Running
 * it again does what is left.
 * @throws Misuse for a key that the gate does not take, or that is the old one
 * @throws NeedsPerson when the new key is not used in time, or the old one still is: the old one is not ended
 */
export async function handOver({ effects, gate, runtime, adapters, key, waitMs }: HandOver): Promise<HandedOver> {
  const newSha256 = base64url(await sha256(key));
  const old = oldKeys(await gate.keys(), newSha256, effects.now());
  let from = await gate.auditHead();
  if (from === undefined) throw new Unavailable("the gate", "show the head of its audit trail", "its answer has none");
  const given = await runtime.give(key);
  effects.report({ step: "given", says: `${runtime.name}: ${given.join(", ")}` });
  const sessions = await runtime.sessions();
  const isUsed = sessions === undefined || sessions.length > 0;
  effects.report({
    step: "waiting",
    says: isUsed
      ? `for a request under ${short(newSha256)}${sessions ? ` of ${sessions.join(", ")}` : ""}`
      : "no session is open; the next one takes the new key",
  });

  const started = effects.now();
  let seen: Seen = {};
  let quietSince = started;
  for (;;) {
    const records = await gate.auditAfter(from);
    if (records === undefined) throw new Unavailable("the gate", "show its audit records", "it refused");
    const last = Number(records.at(-1)?.seq ?? 0);
    if (last > from) from = last;
    const before = seen.stale;
    seen = seenIn(seen, records, newSha256, old);
    const now = effects.now();
    if (seen.stale !== before) quietSince = now;
    if ((seen.fresh || !isUsed) && (old.size === 0 || now - quietSince >= QUIET_MS)) break;
    if (now - started >= waitMs) throw notInTime(seen, runtime, sessions, waitMs);
    await effects.sleep(Math.min(POLL_MS, started + waitMs - now));
  }
  if (seen.fresh) effects.report({ step: "proven", says: `by request ${seen.fresh.requestId}` });

  for (const gateKeySha256 of old) await gate.deny({ gateKeySha256 });
  const alive = (await gate.keys()).filter(({ sha256: one, denied }) => old.has(one) && !denied);
  if (alive.length > 0)
    throw new Unavailable(
      "the gate",
      "end the old key",
      `it still takes ${alive.map((one) => short(one.sha256)).join(", ")}`,
    );
  const ended = [...old];
  effects.report({ step: "ended", says: ended.length === 0 ? "there was no old key" : ended.map(short).join(", ") });
  return {
    newSha256,
    given,
    ...(sessions ? { sessions } : {}),
    ...(seen.fresh ? { provenBy: seen.fresh.requestId } : {}),
    ended,
    notes: await tell(effects, adapters, { newSha256, endedSha256: ended, provenBy: seen.fresh?.requestId ?? null }),
  };
}

/** The other keys of the new key's agent that still open the gate. */
function oldKeys(keys: readonly GateKeyState[], fresh: string, now: number): ReadonlySet<string> {
  const own = keys.find(({ sha256: one }) => one === fresh);
  if (own === undefined)
    throw new Misuse(
      `the gate does not take the key ${short(fresh)}: run pulumi up first, then give the key that \`pulumi stack output gateKey --show-secrets\` prints`,
    );
  if (own.denied)
    throw new Misuse(`the key ${short(fresh)} was ended at the gate: begin a new one with gatehouse token gate-key`);
  if (own.notAfter !== undefined)
    throw new Misuse(
      `the key ${short(fresh)} is the old one, which ends at ${own.notAfter}: give the one that \`pulumi stack output gateKey --show-secrets\` prints`,
    );
  return new Set(
    keys
      .filter(
        ({ agent, sha256: one, notAfter, denied }) =>
          agent === own.agent && one !== fresh && !denied && (notAfter === undefined || now <= Date.parse(notAfter)),
      )
      .map(({ sha256: one }) => one),
  );
}

function notInTime(
  { fresh, stale }: Seen,
  { name, toTry }: AgentRuntime,
  sessions: readonly string[] | undefined,
  waitMs: number,
): NeedsPerson {
  const minutes = Math.round(waitMs / 60_000);
  const again =
    "run the same command again; until then both keys work, the old one at most until its end in the environment file";
  const open = sessions && sessions.length > 0 ? ` (${sessions.join(", ")})` : "";
  if (stale && fresh)
    return new NeedsPerson(
      `the new gate key is used (request ${fresh.requestId}), and so is the old one: last at ${stale.ts}, from ${stale.clientIp || "an unknown address"}, request ${stale.requestId}`,
      [`find who uses the old key${open}, and give the new one there too`, again],
    );
  return new NeedsPerson(
    `no request came under the new gate key within ${minutes} ${minutes === 1 ? "minute" : "minutes"}, so the old one was not ended${stale ? `; the old one was used last at ${stale.ts}, request ${stale.requestId}` : ""}`,
    [
      `let an open session${open} use the gate: ${toTry}`,
      `if it goes on with the old key, end the session and start a new one, which takes the key from ${name}`,
      again,
    ],
  );
}

/** Tells the receivers. One that does not answer is named, and changes nothing. */
async function tell(
  effects: Effects,
  adapters: readonly NotifyAdapter[],
  data: Readonly<Record<string, unknown>>,
): Promise<string[]> {
  const message = { id: randomId(), type: "gate-key.rotated", at: iso(effects.now()), data };
  const notes: string[] = [];
  for (const adapter of adapters)
    try {
      await adapter.deliver(message);
    } catch (error) {
      notes.push(`could not notify ${adapter.name}: ${messageOf(error)}`);
    }
  return notes;
}
