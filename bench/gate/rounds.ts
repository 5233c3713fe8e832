import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { verifyChain } from "../../gate/policy";
import { mustHold, run, type Contender, type ContenderKind } from "./contenders";
import { drive, type Sample } from "./load";
import { ironProxyKind, nginxKind, wardgateKind } from "./peers";
import { ask } from "./processes";
import { severalProcesses } from "./severalProcesses";
import { startStub, type Stub } from "./stub";
import { ASKS, KINDS, type Kind } from "./traffic";
import { bareRecipe, gateRecipe, madeSecrets, type GateSecrets } from "./workers";

export const CONNECTIONS = [1, 16, 64] as const;
export const BARE = "bare Worker";
export const GATE = "gate";
/** The gate of another checkout of this repository. */
export const OTHER_GATE = "gate, other build";
/** What that checkout makes its gate with. */
export const OTHER_BUILD = "bench/gate/workers.ts";

/** Samples of one contender at one load, in the order of the rounds. */
interface Series {
  readonly contender: string;
  readonly kind: Kind;
  readonly connections: number;
  readonly samples: readonly Sample[];
}

export interface Rounds {
  readonly stub: Stub["kind"];
  readonly contenders: readonly string[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  readonly series: readonly Series[];
  /**
   * Of the gate's audit trail after the load: how many records, for how many requests, and what does not hold in the
   * chain.
   */
  readonly audit: { readonly requests: number; readonly records: number; readonly problems: number };
}

/**
 * Loads all contenders in turn, in rounds; the order changes with each round, so that none always follows the same.
 * @param against another checkout of this repository, whose gate takes part
 * @param processes of a gate that takes part beside the one of a single process
 */
export async function rounds(
  count: number,
  seconds: number,
  say: (line: string) => void,
  against?: string,
  processes?: number,
): Promise<Rounds> {
  const stub = await startStub();
  const secrets = madeSecrets();
  const kinds: readonly ContenderKind[] = [
    { name: GATE, start: (at) => run(GATE, (directory, port) => gateRecipe(directory, port, at.url, secrets)) },
    ...(processes === undefined ? [] : [severalProcesses(processes, secrets)]),
    ...(against === undefined ? [] : [await otherGate(against, secrets)]),
    { name: BARE, start: (at) => run(BARE, (directory, port) => bareRecipe(directory, port, at.url, at.token)) },
    nginxKind,
    wardgateKind,
    ironProxyKind,
  ];
  const running: Contender[] = [];
  const skipped: { name: string; reason: string }[] = [];
  try {
    for (const kind of kinds) {
      if (kind.missing !== undefined) {
        skipped.push({ name: kind.name, reason: kind.missing });
        say(`SKIPPED ${kind.name}: ${kind.missing}`);
        continue;
      }
      try {
        const contender = await kind.start(stub);
        running.push(contender);
        await mustHold(contender, kind.name !== BARE);
      } catch (error) {
        // Of ours it is the end; a peer of another version may read its configuration in another way.
        if ([GATE, OTHER_GATE, BARE].includes(kind.name)) throw error;
        const failed = running.findIndex((contender) => contender.name === kind.name);
        if (failed >= 0) await running.splice(failed, 1)[0]?.stop();
        skipped.push({ name: kind.name, reason: error instanceof Error ? error.message : String(error) });
        say(`SKIPPED ${kind.name}: ${String(error)}`);
      }
    }
    const samples = new Map<string, Sample[]>();
    let requests = 0;
    for (const contender of running) await drive(contender, ASKS.reads, 16, 1); // compilers and pools warm up
    const gate = running.find((c) => c.name === GATE);
    const warmed = gate === undefined ? 0 : (await auditOf(gate, secrets, 0, 1)).head;
    for (let round = 0; round < count; round++) {
      for (const kind of KINDS) {
        for (const connections of CONNECTIONS) {
          const order = running.map((_, i) => running[(i + round) % running.length]).filter((c) => c !== undefined);
          for (const contender of order) {
            if (!contender.kinds.includes(kind)) continue;
            const sample = await drive(contender, ASKS[kind], connections, seconds);
            const key = JSON.stringify([contender.name, kind, connections]);
            samples.set(key, [...(samples.get(key) ?? []), sample]);
            if (contender.name === GATE) requests += sample.requests;
          }
        }
      }
      say(`round ${round + 1} of ${count}`);
    }
    const audit = gate === undefined ? { records: 0, problems: 0 } : await auditTrail(gate, secrets, warmed);
    const series = [...samples].map(([key, list]): Series => {
      const [contender, kind, connections] = JSON.parse(key) as [string, Kind, number];
      return { contender, kind, connections, samples: list };
    });
    return { stub: stub.kind, contenders: running.map((c) => c.name), skipped, series, audit: { requests, ...audit } };
  } finally {
    for (const contender of running) await contender.stop();
    await stub.stop();
  }
}

/**
 * The gate of another checkout, made by that checkout's own recipe, so that only the address of GitHub and the keys are
 * the same.
 */
async function otherGate(checkout: string, secrets: GateSecrets): Promise<ContenderKind> {
  const made = (await import(pathToFileURL(path.join(checkout, OTHER_BUILD)).href)) as {
    readonly gateRecipe: typeof gateRecipe;
  };
  return {
    name: OTHER_GATE,
    start: (at) => run(OTHER_GATE, (directory, port) => made.gateRecipe(directory, port, at.url, secrets)),
  };
}

/**
 * A page of the gate's trail, and where the trail ends now. Reading it writes records of its own, of agent `operator`.
 */
async function auditOf(
  gate: Contender,
  secrets: GateSecrets,
  after: number,
  limit: number,
): Promise<{ readonly lines: readonly string[]; readonly head: number }> {
  const { status, body, headers } = await ask(`${gate.url}/_gate/audit?after=${after}&limit=${limit}`, {
    authorization: `Bearer ${secrets.operatorKey}`,
  });
  if (status !== 200) throw new Error(`the gate's audit trail was answered ${status}: ${body.slice(0, 200)}`);
  return {
    lines: body.split("\n").filter((line) => line !== ""),
    head: Number(String(headers["x-gatehouse-audit-head"]).split(" ")[0]),
  };
}

const seqOf = (line: string): number => Number(/^\{"v":1,"seq":(\d+),/.exec(line)?.[1] ?? 0);

/** Reads the whole trail after `from` and verifies it: what was measured was really recorded. */
async function auditTrail(
  gate: Contender,
  secrets: GateSecrets,
  from: number,
): Promise<{ records: number; problems: number }> {
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const { head } = await auditOf(gate, secrets, from, 1);
  let before: { seq: number; hash: string } | undefined;
  let records = 0;
  let problems = 0;
  for (let after = from; after < head;) {
    const { lines } = await auditOf(gate, secrets, after, 10_000);
    const first = lines[0] ?? "";
    const check = await verifyChain(
      lines,
      before ?? { seq: seqOf(first) - 1, hash: /"prevHash":"([0-9a-f]{64})"/.exec(first)?.[1] ?? "" },
    );
    records += lines.filter((line) => !line.includes('"agent":"operator"') && seqOf(line) <= head).length;
    problems += check.problems.length;
    if (check.lastSeq <= after) throw new Error(`the gate's audit trail ends at ${after}, before its head ${head}`);
    before = { seq: check.lastSeq, hash: check.lastHash };
    after = check.lastSeq;
  }
  return { records, problems };
}
