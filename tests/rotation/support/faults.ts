import type { Outcome, StartRequest } from "../../../rotation/machine";
import type { FaultKind, Kind, StoreKind } from "./world";
import { World } from "./world";

const isVault = (host: string): boolean => host === "vault";

/** What can go wrong with one call, or with every call to a system for a while. */
export const FAULTS: readonly FaultKind[] = [
  { name: "kill -9 before the call", reaches: false, kills: true, times: 1 },
  { name: "kill -9 before the answer", reaches: true, kills: true, times: 1 },
  { name: "timeout, not received", reaches: false, error: "TimeoutError", times: 1 },
  { name: "timeout, answer lost", reaches: true, error: "TimeoutError", times: 1 },
  { name: "500, nothing done", reaches: false, answer: { status: 500, body: {} }, times: 1 },
  { name: "502, done all the same", reaches: true, answer: { status: 502, body: {} }, times: 1 },
  {
    name: "403 once",
    reaches: false,
    answer: { status: 403, body: { message: "Forbidden", errors: ["permission denied"] } },
    times: 1,
  },
  {
    name: "429 with Retry-After",
    reaches: false,
    answer: { status: 429, body: {}, headers: { "retry-after": "1" } },
    times: 1,
  },
  {
    name: "429 for an hour",
    reaches: false,
    answer: { status: 429, body: {}, headers: { "retry-after": "3600" } },
    times: 3,
  },
  { name: "no network for a while", reaches: false, error: "TypeError", times: 12 },
  { name: "answers lost for a while", reaches: true, error: "TimeoutError", times: 12 },
  {
    name: "Vault sealed",
    on: isVault,
    reaches: false,
    answer: { status: 503, body: { errors: ["Vault is sealed"] } },
    times: 12,
  },
  {
    name: "Vault token expired",
    on: isVault,
    reaches: false,
    answer: { status: 403, body: { errors: ["permission denied"] } },
    times: 3,
  },
  {
    name: "Vault's disk full",
    on: (host, call) => isVault(host) && call.method !== "GET",
    reaches: false,
    answer: { status: 500, body: { errors: ["no space left on device"] } },
    times: 8,
  },
];

export interface Row {
  readonly kind: Kind;
  readonly store: StoreKind;
  readonly step: string;
  readonly fault: string;
  readonly outcome: string;
  /** Results of the runs, one after the other. */
  readonly results: readonly string[];
  readonly standbyLost: boolean;
  /** Requests of the agent meanwhile. */
  readonly sent: number;
  readonly failed: number;
  readonly broken: readonly string[];
}

/** The calls of an undisturbed rotation, and the phase in which each falls. */
export async function undisturbed(
  kind: Kind,
  store: StoreKind,
  impersonation: World["github"]["impersonation"] = "many",
): Promise<{ calls: string[]; world: World }> {
  const world = new World(kind, store);
  world.github.impersonation = impersonation;
  await world.bootstrap();
  world.said.length = 0;
  const calls: string[] = [];
  const rotator = world.rotator({
    onCall: (host, call) => {
      calls.push(
        `${world.said.at(-1)?.step ?? "begin"}: ${call.method} ${host}${call.path.replace(/github\/claude-bot/, "…").replace("/api/v3", "")}`,
      );
    },
  });
  await rotator.run(world.start());
  return { calls, world };
}

/** Runs one rotation with one fault, then as many more runs as it takes, and checks what must hold. */
export async function disturb(
  kind: Kind,
  store: StoreKind,
  at: number,
  step: string,
  fault: FaultKind,
  impersonation: World["github"]["impersonation"] = "many",
): Promise<Row> {
  const world = new World(kind, store);
  world.github.impersonation = impersonation;
  await world.bootstrap();
  const first = await world.currentToken();
  const start = world.start();
  const outcomes: Outcome[] = [await world.rotator({ fault, at }).run(start)];
  let wanted: StartRequest = start;
  for (let run = 0; run < 6 && !settled(outcomes); run += 1) {
    world.clock += 31_000; // past the lease of whoever died
    if (outcomes.at(-1)?.result === "rolled-back" && kind === "personal-access-token") wanted = start; // the same token again: it is alive
    outcomes.push(await world.rotator().run(wanted));
  }
  const wrong = await broken(world, first, outcomes);
  const standbyLost = Object.values(world.slots).some((slot) => slot?.state !== "ok");
  return {
    kind,
    store,
    step,
    fault: fault.name,
    outcome: describe(outcomes, world),
    results: outcomes.map((o) => o.result),
    standbyLost,
    sent: world.agent.sent,
    failed: world.agent.failed.length,
    broken: wrong,
  };
}

const settled = (outcomes: readonly Outcome[]): boolean => {
  const last = outcomes.at(-1);
  return last?.result === "finished"
    ? !last.notes.some((n) => n.startsWith("left for the next run"))
    : last?.result === "nothing" || last?.result === "needs-person";
};

function describe(outcomes: readonly Outcome[], world: World): string {
  const lost = Object.values(world.slots).find((slot) => slot?.state !== "ok");
  const path = outcomes.map((o) => o.result).join(" → ");
  return lost ? `${path} (standby lost, service uninterrupted: a person authorizes again)` : path;
}

/** The promises of a rotation, each as a sentence when it is broken. */
async function broken(world: World, first: string | undefined, outcomes: readonly Outcome[]): Promise<string[]> {
  const found: string[] = [];
  const { github, kind } = world;
  const journal = await world.journal();
  world.slots = journal.slots ?? {};
  if (world.agent.failed.length > 0)
    found.push(`${world.agent.failed.length} of ${world.agent.sent} requests failed: ${world.agent.failed[0]}`);
  const current = world.current(await world.currentToken());
  if (!current || !github.isAlive(current)) found.push("the stored token is dead: the identity is lost");
  const lostStandby = Object.values(world.slots).some((slot) => slot?.state !== "ok");
  if (current?.token === first && !(kind === "app-user-token" && lostStandby))
    found.push(`the token was never replaced (${outcomes.map((o) => `${o.result}: ${o.says}`).join(" | ")})`);
  if (journal.phase !== "idle" || !journal.tidy || journal.outbox.length > 0)
    found.push(`the journal is left at ${journal.phase}, tidy ${journal.tidy}`);
  const known = new Set([current?.sha256, ...Object.values(world.slots).map((slot) => slot?.accessSha256)]);
  for (const token of github.alive([kind])) {
    if (known.has(token.sha256)) continue;
    const short = token.expiresAt - token.createdAt <= 8 * 3_600_000;
    // A minted token whose answer never arrived is held by nobody and cannot be named to GitHub; it must end by itself
    // within hours.
    if (token.token === first || !short) found.push(`a ${kind} is alive that nobody holds, for more than hours`);
  }
  if (first !== undefined && current?.token !== first) {
    const old = world.current(first);
    if (old && github.isAlive(old)) found.push("the replaced token is alive");
  }
  const shown = JSON.stringify([
    world.said,
    world.delivered,
    [...world.vault.secrets.values()].map((s) => s.notes),
    journal.history,
    outcomes,
    [...world.gate.cells.values()],
    world.gate.audit,
  ]);
  for (const token of github.tokens)
    if (shown.includes(token.token)) found.push("a token stands in clear in what is shown, delivered or annotated");
  const stray = [...world.vault.secrets.values()]
    .flatMap((s) => s.versions.slice(0, -1))
    .filter((v) => v.data?.token !== undefined);
  if (stray.length > 0) found.push("an old version still holds a token");
  return found;
}
