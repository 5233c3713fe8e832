import { AGENT_BRANCH_PREFIX } from "../../gate/contract";
import { sorted } from "../../infra/model/text";
import { accessBy, levelOf, WRITE_POWER, type Fact } from "./facts/fact";
import type { Change } from "./facts";
import { groupByRepository, someOf, type RepositoryRow } from "./group";

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

const ACCESS = "access/";
const CONTROL = "control/";
/** So many sentences about widenings, and about narrowings, are read. */
const SENTENCES = 12;

/** Who acts: the machine user, as the state names it. */
export const agentOf = (facts: readonly Fact[]): string =>
  facts.find(({ id }) => id.startsWith("membership/"))?.id.slice("membership/".length) ?? "the agent";

/** What the agent may do, a sentence for each repository. */
export function posture(facts: readonly Fact[]): string[] {
  const agent = agentOf(facts);
  const access = [...accessBy(facts)];
  if (access.length === 0) return [`${agent} reaches no repository.`];
  return groupByRepository(
    access.map(([repository, power]) => ({ repository, words: [`${agent}: ${repository} ${levelOf(power)}.`] })),
  ).flat();
}

/**
 * What changes, in sentences for somebody who reads nothing else: access to repositories first, then what else widens,
 * then what narrows.
 */
export function headline(before: readonly Fact[], after: readonly Fact[], changes: readonly Change[]): string[] {
  if (changes.length === 0) return ["Nothing changes what the agent may do."];
  const agent = agentOf(after.length > 0 ? after : before);
  const [was, is] = [accessBy(before), accessBy(after)];
  const access = sorted([...was.keys(), ...is.keys()]).flatMap((repository): RepositoryRow[] => {
    const [from, to] = [was.get(repository) ?? 0, is.get(repository) ?? 0];
    if (from === to) return [];
    const push =
      from < WRITE_POWER && to >= WRITE_POWER
        ? `; may now push ${AGENT_BRANCH_PREFIX}** to ${repository}`
        : from >= WRITE_POWER && to < WRITE_POWER
          ? `; may no longer push to ${repository}`
          : "";
    return [{ repository, words: [`${agent}: ${repository} ${levelOf(from)} → ${levelOf(to)}${push}.`] }];
  });
  const said = ({ kind, before: old, after: now, details }: Change): string =>
    kind === "granted"
      ? `New: ${now ?? ""}.`
      : kind === "withdrawn"
        ? `Gone: ${old ?? ""}.`
        : now === undefined
          ? `No longer: ${old ?? ""}.`
          : old === undefined
            ? `Now: ${now}.`
            : details === undefined
              ? `${now} (before: ${old}).`
              : `${now} (${someOf(details)}).`;
  // What the gate lets through for a repository follows its access; the sentence above says it. Controls follow from
  // the rest.
  const told = [ACCESS, "gate/repository/", CONTROL];
  const others = changes.filter(({ id }) => !told.some((start) => id.startsWith(start)));
  const widened = new Map(others.filter(({ kind }) => kind === "widened").map((change) => [change.id, change]));
  // What moves both ways is said once, among what widens.
  const once = others.flatMap((change): Change[] => {
    const { kind, id, details = [] } = change;
    if (!widened.has(id)) return [change];
    if (kind !== "widened") return [];
    const back = others.find((other) => other.id === id && other.kind === "narrowed")?.details ?? [];
    return [details.length + back.length === 0 ? change : { ...change, details: [...details, ...back] }];
  });
  const sentences = (kinds: ReadonlySet<Change["kind"]>, what: string): string[] => {
    const all = groupByRepository(
      once
        .filter(({ kind }) => kinds.has(kind))
        .map((change) => ({ repository: change.repository, words: [said(change)] })),
    ).flat();
    const more = all.length - SENTENCES;
    return more > 1 ? [...all.slice(0, SENTENCES), `And ${more} more that ${what}, in the table below.`] : all;
  };
  const controls = (kinds: ReadonlySet<Change["kind"]>, before: string): string[] => {
    const ids = changes.flatMap(({ id, kind }) =>
      id.startsWith(CONTROL) && kinds.has(kind) ? [id.slice(CONTROL.length)] : [],
    );
    return ids.length === 0 ? [] : [`${before}: ${ids.join(", ")}.`];
  };
  return [
    ...groupByRepository(access).flat(),
    ...sentences(WIDENS, "widen"),
    ...controls(WIDENS, "Controls no longer met"),
    ...sentences(NARROWS, "narrow"),
    ...controls(NARROWS, "Controls now met"),
  ];
}
