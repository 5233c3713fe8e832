/**
 * One thing that a state of the stack says about the agent's power. `power` orders values of the same id:
 * a higher number lets the agent (or whoever has taken it over) do more, so a rise is a widening.
 */
export interface Fact {
  readonly id: string;
  readonly area: "access" | "review" | "token" | "gate" | "audit";
  readonly says: string;
  readonly power: number;
  /** The repository that it is about, when it is about one. */
  readonly repository?: string;
}
