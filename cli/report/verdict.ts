import type { Fact } from "./fact";
import type { Change } from "./facts";

/** What a change does to the agent's power, in one word. */
export type Verdict = "widened" | "narrowed" | "both" | "unchanged";

const WIDENS: ReadonlySet<Change["kind"]> = new Set(["widened", "granted"]);
const NARROWS: ReadonlySet<Change["kind"]> = new Set(["narrowed", "withdrawn"]);

/** One word for all changes: every widening shows in it, whatever else narrows. */
export function verdictOf(changes: readonly Change[]): Verdict {
  const widened = changes.some(({ kind }) => WIDENS.has(kind));
  const narrowed = changes.some(({ kind }) => NARROWS.has(kind));
  return widened ? (narrowed ? "both" : "widened") : narrowed ? "narrowed" : "unchanged";
}

/** The verdict as a heading. */
export const VERDICTS: Readonly<Record<Verdict, string>> = {
  widened: "Access widened",
  narrowed: "Access narrowed",
  both: "Access widened and narrowed",
  unchanged: "Access unchanged",
};

/** GitHub's roles on a repository in the words of the environment file. */
const LEVELS: readonly (readonly [power: number, word: string])[] = [
  [5, "admin"],
  [4, "maintain"],
  [3, "write"],
  [2, "triage"],
  [1, "read"],
];
const WRITE = 3;
const level = (power: number): string => LEVELS.find(([least]) => power >= least)?.[1] ?? "none";

const ACCESS = "access/";
const accessBy = (facts: readonly Fact[]): Map<string, number> =>
  new Map(facts.filter(({ id }) => id.startsWith(ACCESS)).map(({ id, power }) => [id.slice(ACCESS.length), power]));

/** Who acts: the machine user, as the state names it. */
export const agentOf = (facts: readonly Fact[]): string =>
  facts.find(({ id }) => id.startsWith("membership/"))?.id.slice("membership/".length) ?? "the agent";

/** What the agent may do, a sentence for each repository. */
export function posture(facts: readonly Fact[]): string[] {
  const agent = agentOf(facts);
  const access = [...accessBy(facts)];
  if (access.length === 0) return [`${agent} reaches no repository.`];
  return access.map(([repository, power]) => `${agent}: ${repository} ${level(power)}.`);
}

/**
 * What changes, in sentences for somebody who reads nothing else: access to repositories first, then what else widens,
 * then what narrows.
 * @param branches what the agent's branches start with
 */
export function headline(
  before: readonly Fact[],
  after: readonly Fact[],
  changes: readonly Change[],
  branches = "claude/",
): string[] {
  if (changes.length === 0) return ["Nothing changes what the agent may do."];
  const agent = agentOf(after.length > 0 ? after : before);
  const [was, is] = [accessBy(before), accessBy(after)];
  const access = [...new Set([...was.keys(), ...is.keys()])].sort().flatMap((repository) => {
    const [from, to] = [was.get(repository) ?? 0, is.get(repository) ?? 0];
    if (from === to) return [];
    const push =
      from < WRITE && to >= WRITE
        ? `; may now push ${branches}** to ${repository}`
        : from >= WRITE && to < WRITE
          ? `; may no longer push to ${repository}`
          : "";
    return [`${agent}: ${repository} ${level(from)} → ${level(to)}${push}.`];
  });
  const said = ({ kind, before: old, after: now }: Change): string =>
    kind === "granted"
      ? `New: ${now ?? ""}.`
      : kind === "withdrawn"
        ? `Gone: ${old ?? ""}.`
        : now === undefined
          ? `No longer: ${old ?? ""}.`
          : old === undefined
            ? `Now: ${now}.`
            : `${now} (before: ${old}).`;
  // What the gate lets through for a repository follows its access; the sentence above says it.
  const others = changes.filter(({ id }) => !id.startsWith(ACCESS) && !id.startsWith("gate/repository/"));
  return [
    ...access,
    ...others.filter(({ kind }) => WIDENS.has(kind)).map(said),
    ...others.filter(({ kind }) => NARROWS.has(kind)).map(said),
  ];
}
