/**
 * One thing that a state of the stack says about the agent's power. `power` orders values of the same id:
 * a higher number lets the agent (or whoever has taken it over) do more, so a rise is a widening.
 */
export interface Fact {
  readonly id: string;
  readonly area: "access" | "review" | "token" | "gate" | "audit";
  readonly says: string;
  readonly power: number;
  /**
   * The same power, part by part; a part that is absent counts 0, and what holds the agent back counts below 0. Where
   * both states have parts these decide, so that a part that grows never hides behind another that shrinks. Lists are
   * sets here: an element is a part.
   */
  readonly parts?: Readonly<Record<string, number>>;
  /** The repository that it is about, when it is about one. */
  readonly repository?: string;
}

export const ADMIN_POWER = 5;
export const WRITE_POWER = 3;
/** GitHub's roles on a repository, by power, in the words of the environment file. */
const LEVELS: readonly (readonly [power: number, word: string])[] = [
  [ADMIN_POWER, "admin"],
  [4, "maintain"],
  [WRITE_POWER, "write"],
  [2, "triage"],
  [1, "read"],
];
/** The level of access that a power stands for; `none` for 0. */
export const levelOf = (power: number): string => LEVELS.find(([least]) => power >= least)?.[1] ?? "none";
/** The power of a level of access; 0 for `none`. */
export const powerOf = (level: string): number => LEVELS.find(([, word]) => word === level)?.[0] ?? 0;

const ACCESS = "access/";
/** What the agent's team may do in each repository, as a power. */
export const accessBy = (facts: readonly Fact[]): Map<string, number> =>
  new Map(facts.filter(({ id }) => id.startsWith(ACCESS)).map(({ id, power }) => [id.slice(ACCESS.length), power]));
