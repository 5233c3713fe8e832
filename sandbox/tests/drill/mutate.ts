/* Takes each declared lock of a posture away in turn, in a live sandbox, and demands that an attempt of the drill notices. `npm run mutate:posture`. */
import { pairsOf, type Pair } from "../../drill/pairs";
import { provePair } from "../../drill/prove";
import { type Harness, Fixture } from "../../drill/fixture";
import { bringUp } from "../../rehearsal/deploy";
import { RAISED } from "../../rehearsal/drillLocks";
import { openHarness } from "../../rehearsal/harness";
import { openSandbox } from "../../rehearsal/sandbox";
import { Cleanup } from "../../../cli/support/cleanup";
import { readProjectStack } from "../../../cli/support/project";
import { waits } from "./conditions";
import { excuse } from "./equivalent";
import { gateOf } from "./gatePolicy";
import { gateMutants } from "./mutants/gate";
import { githubMutants } from "./mutants/github";
import { otherMutants } from "./mutants/others";
import { tokenMutants } from "./mutants/token";
import type { Mutant } from "./mutants/types";

interface Verdict {
  readonly what: string;
  readonly noticedBy: string | undefined;
  readonly tried: number;
}

/** Which pair or condition notices a hole. @throws Error when an attempt could not be made: not tried is not noticed */
async function judge(harness: Harness, pairs: readonly Pair[], ground: Pair, mutant: Mutant): Promise<Verdict> {
  const what = mutant.what;
  let tried = 0;
  if (mutant.condition) {
    tried += 1;
    const seen = await waits(
      harness,
      ground,
      mutant.condition,
      what.startsWith("branch protection") ? "protection" : "rulesets",
      mutant.before,
    );
    if (!seen.waits) return { what, noticedBy: `a merge no longer waits for ${mutant.condition.name}`, tried };
  }
  for (const pair of pairs.filter(mutant.concerns)) {
    const proofs = await provePair(harness, pair, {
      ...(mutant.before ? { before: mutant.before } : {}),
      ...(mutant.attempts ? { attempts: mutant.attempts } : {}),
    });
    tried += proofs.length;
    const broken = proofs.find(({ alone }) => alone === "not tried");
    if (broken) throw new Error(`${what}: ${broken.why ?? "an attempt could not be made"}`);
    const seen = proofs.find(({ holds }) => !holds);
    if (seen) return { what, noticedBy: `${seen.action} at ${seen.place} by ${seen.lock}: ${seen.tried}`, tried };
  }
  return { what, noticedBy: undefined, tried };
}

async function main(): Promise<number> {
  const every = process.argv.includes("--sample") ? 9 : 1;
  const filter = process.argv.find((arg) => arg.startsWith("--only="))?.slice("--only=".length);
  const cleanup = new Cleanup();
  const say = (text: string): void => {
    process.stdout.write(`${text}\n`);
  };
  try {
    const sandbox = await openSandbox(readProjectStack("dev", RAISED), RAISED, cleanup, () => undefined);
    const deployment = await bringUp(sandbox, () => undefined);
    const { harness } = await openHarness(sandbox, deployment, cleanup);
    const pairs = pairsOf(sandbox.environment);
    const ground = pairs.find(({ place }) => place === "write");
    if (!ground) throw new Error("the environment has no repository with write access");
    const fixture = await Fixture.at(harness, ground);
    const gate = await gateOf(harness);
    const { id, node_id: nodeId } = await fixture.admin.ask<{ id: number; node_id: string }>(
      "GET",
      `/repos/${fixture.organization}/${Fixture.UNLISTED}`,
    );
    const all = [
      ...(await githubMutants(fixture)),
      ...tokenMutants(sandbox.environment),
      ...otherMutants(sandbox.environment),
      ...gateMutants(gate.policy, { name: Fixture.UNLISTED, id, nodeId }),
    ]
      .filter(({ what }) => filter === undefined || what.includes(filter))
      .filter((_, index) => index % every === 0);

    for (const condition of new Set(all.flatMap((mutant) => (mutant.condition ? [mutant.condition] : [])))) {
      for (const by of ["rulesets", "protection"] as const) {
        const seen = await waits(harness, ground, condition, by);
        if (!seen.waits) throw new Error(`a merge does not wait for ${condition.name}, asked by ${by}: ${seen.answer}`);
      }
    }
    const unnoticed: Verdict[] = [];
    for (const mutant of all) {
      if (mutant.policy) await gate.with(mutant.policy(gate.policy));
      let verdict: Verdict;
      try {
        verdict = await judge(harness, pairs, ground, mutant);
      } finally {
        if (mutant.policy) await gate.with(gate.policy);
      }
      const excused = verdict.noticedBy === undefined ? excuse(verdict.what) : undefined;
      say(
        `${verdict.noticedBy ? "noticed  " : excused ? "excused  " : "UNNOTICED"}  ${verdict.what}: ${verdict.noticedBy ?? excused ?? `${verdict.tried} attempts saw nothing`}`,
      );
      if (verdict.noticedBy === undefined && !excused) unnoticed.push(verdict);
    }
    say(`${all.length} locks taken away one at a time, ${unnoticed.length} unnoticed`);
    return unnoticed.length === 0 ? 0 : 1;
  } finally {
    await cleanup.run();
  }
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 2;
  },
);
