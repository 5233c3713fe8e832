/* Takes each guard of the gate out in turn, and demands that the corpus notices: that some case reaches GitHub, or is answered otherwise. `npm run mutate`. */
import { setPriority } from "node:os";
import { CORPUS } from "./cases";
import { EQUIVALENT } from "./equivalent";
import { bundleGate, freezeSources } from "./support/bundle";
import type { GateSources, Gates } from "./support/gates";
import { filters, sites, type Mutant } from "./support/mutants";
import { Rig } from "./support/rig";
import { Runner } from "./support/run";
import type { Attack, GateName } from "./support/types";

/** Gates that share one workerd. Miniflare copies its whole configuration whenever it grows, so few scripts at a time. */
const GATES_AT_ONCE = 36;
/** Mutants that share one workerd, at most. */
const BATCH = 12;

interface Verdict {
  readonly mutant: Mutant;
  /** The case that noticed; undefined when none did. */
  readonly killedBy: string | undefined;
  readonly tried: number;
}

const all = CORPUS.flatMap((file) => file.attacks);
/** Cases that wait for seconds; tried last. */
const slow = (attack: Attack): boolean =>
  attack.pauseMs !== undefined || /^14\.slow|ledger-silent|ledger-garbled/.test(attack.id);

function casesFor(mutant: Mutant, usable: Baseline): Attack[] {
  const of = (attack: Attack): boolean =>
    attack.guard === mutant.guard || attack.orElse?.includes(mutant.guard as never) === true;
  return all.filter((attack) => usable.has(attack.id) && of(attack)).sort((a, b) => Number(slow(a)) - Number(slow(b)));
}

/**
 * What each case that holds shows of the whole gate; cases whose view differs from run to run are left out of the
 * comparison, not out of the run.
 */
type Baseline = ReadonlyMap<string, string>;

async function baseline(rig: Rig, sources: GateSources): Promise<Baseline> {
  const names = [...new Set(all.map((attack) => attack.gate ?? "main"))];
  const gates = await rig.gates(new Map([["", sources]]), names);
  const usable = new Map<string, string>();
  try {
    const runner = new Runner(rig, gates);
    for (const attack of all) {
      const { problems, seen } = await runner.watch(attack);
      if (problems.length === 0) usable.set(attack.id, seen);
    }
  } finally {
    await gates.stop();
  }
  return usable;
}

/** Runs cases against a mutant until one notices. */
async function judge(
  rig: Rig,
  gates: Gates,
  variant: string,
  mutant: Mutant,
  cases: readonly Attack[],
  usable: Baseline,
): Promise<Verdict> {
  const runner = new Runner(rig, gates, variant);
  let tried = 0;
  for (const attack of cases) {
    tried++;
    const { problems, seen } = await runner.watch(attack);
    if (problems.length > 0 || (attack.asks === undefined && seen !== usable.get(attack.id)))
      return { mutant, killedBy: attack.id, tried };
  }
  return { mutant, killedBy: undefined, tried };
}

interface Job {
  readonly mutant: Mutant;
  readonly variant: string;
  readonly cases: Attack[];
}

function gatesOf(cases: readonly Attack[]): GateName[] {
  const names = [...new Set(cases.map((attack) => attack.gate ?? "main"))];
  return names.length === 0 ? ["main"] : names;
}

/** Mutants that are tried in one workerd: as many as GATES_AT_ONCE and BATCH allow, one at least. */
function batches(mutants: readonly Mutant[], casesOf: (mutant: Mutant) => Attack[]): Job[][] {
  const all: Job[][] = [];
  for (const [i, mutant] of mutants.entries()) {
    const job = { mutant, variant: `-m${i}`, cases: casesOf(mutant) };
    const last = all.at(-1);
    const together = [...(last ?? []), job];
    const gates = together.length * gatesOf(together.flatMap(({ cases }) => cases)).length;
    if (last && together.length <= BATCH && gates <= GATES_AT_ONCE) last.push(job);
    else all.push([job]);
  }
  return all;
}

async function judgeAll(
  rig: Rig,
  mutants: readonly Mutant[],
  usable: Baseline,
  casesOf: (mutant: Mutant) => Attack[],
  told: (verdict: Verdict) => void,
): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const batch of batches(mutants, casesOf)) {
    const built = await Promise.all(
      batch.map(
        async ({ mutant, variant }) =>
          [
            variant,
            await bundleGate(mutant.replacement).catch((error: unknown) => {
              throw new Error(`${mutant.name} does not build: ${String(error)}`);
            }),
          ] as const,
      ),
    );
    const gates = await rig.gates(new Map(built), gatesOf(batch.flatMap(({ cases }) => cases)));
    try {
      for (const { mutant, variant, cases } of batch) {
        const verdict = await judge(rig, gates, variant, mutant, cases, usable);
        verdicts.push(verdict);
        told(verdict);
      }
    } finally {
      await gates.stop();
    }
  }
  return verdicts;
}

async function main(): Promise<number> {
  setPriority(10);
  const only = process.argv.slice(2);
  const started = Date.now();
  const thaw = freezeSources();
  const mutants = [...sites(), ...filters()].filter(
    (mutant) => only.length === 0 || only.some((part) => mutant.name.includes(part) || mutant.guard === part),
  );
  const rig = await Rig.start();
  try {
    await rig.shield();
    const usable = await baseline(rig, await bundleGate());
    process.stdout.write(
      `${mutants.length} guards, ${usable.size} of ${all.length} cases hold while GitHub is shielded\n`,
    );
    const first = await judgeAll(
      rig,
      mutants,
      usable,
      (mutant) => casesFor(mutant, usable),
      (v) =>
        process.stdout.write(
          `${v.killedBy === undefined ? "…" : "✓"} ${v.mutant.name}  ${v.killedBy ?? `none of ${v.tried}`}\n`,
        ),
    );
    const left = first.filter((v) => v.killedBy === undefined && !isEquivalent(v.mutant));
    // What its own cases do not notice, another may: the whole corpus, without what waits.
    const rest = all.filter(
      (attack) =>
        usable.has(attack.id) &&
        !slow(attack) &&
        !["limited", "limited-writes", "throttled"].includes(attack.gate ?? "main"),
    );
    const second = await judgeAll(
      rig,
      left.map((v) => v.mutant),
      usable,
      () => rest,
      (v) =>
        process.stdout.write(
          `${v.killedBy === undefined ? "✗" : "✓"} ${v.mutant.name}  ${v.killedBy ?? "nothing"} (whole corpus)\n`,
        ),
    );
    const survived = second.filter((v) => v.killedBy === undefined);
    const noticed = first.filter((v) => v.killedBy !== undefined).length + second.length - survived.length;
    const excused = first.filter((v) => v.killedBy === undefined && isEquivalent(v.mutant));
    table([...first.filter((v) => v.killedBy !== undefined), ...second]);
    for (const { mutant } of excused) process.stdout.write(`= ${mutant.name}: ${reasonFor(mutant) ?? ""}\n`);
    for (const { mutant } of survived)
      process.stdout.write(`✗ ${mutant.name}: nothing in the corpus notices that it is gone\n`);
    process.stdout.write(
      `${mutants.length} guards taken out: ${noticed} noticed, ${excused.length} without a difference by design, ${survived.length} not noticed; ${Math.round((Date.now() - started) / 1000)} s\n`,
    );
    return survived.length === 0 ? 0 : 1;
  } finally {
    await rig.stop();
    thaw();
  }
}

const reasonFor = (mutant: Mutant): string | undefined =>
  EQUIVALENT.find(([file, line]) => mutant.file === file && mutant.line.includes(line))?.[2];
const isEquivalent = (mutant: Mutant): boolean => reasonFor(mutant) !== undefined;

/** Guard, places, and the first cases that noticed. */
function table(verdicts: readonly Verdict[]): void {
  const guards = [...new Set(verdicts.map((v) => v.mutant.guard))].sort();
  process.stdout.write(`\n${"guard".padEnd(32)}places  killed by\n`);
  for (const guard of guards) {
    const of = verdicts.filter((v) => v.mutant.guard === guard);
    const killers = [...new Set(of.map((v) => v.killedBy ?? "NOTHING"))];
    process.stdout.write(
      `${guard.padEnd(32)}${String(of.length).padStart(6)}  ${killers.slice(0, 4).join(", ")}${killers.length > 4 ? ` and ${killers.length - 4} more` : ""}\n`,
    );
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(2);
  },
);
