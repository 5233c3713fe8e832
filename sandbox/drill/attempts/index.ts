import type { Pair } from "../pairs";
import { CODE } from "./code";
import type { Attempt } from "./kit";
import { REVIEW } from "./review";
import { READING } from "./reading";
import { SETTINGS } from "./settings";
import { SURROUNDINGS } from "./surroundings";
import { WORK } from "./work";

export { canBeTried, type Attempt } from "./kit";

const ALL = { ...READING, ...WORK, ...CODE, ...REVIEW, ...SETTINGS, ...SURROUNDINGS };

/**
 * How an action is tried: against one of its locks, or, without a lock, where it is allowed. Tools try the gate's locks
 * alone. Empty for what nobody thought of, which is an error of whoever tries it.
 */
export function attemptsFor({ action, lock }: Pick<Pair, "action"> & Partial<Pick<Pair, "lock">>): readonly Attempt[] {
  const known = ALL[action.id];
  const attempts = (lock && known?.[lock]) ?? known?.any ?? [];
  return lock === undefined || lock.startsWith("gate-") ? attempts : attempts.filter(({ client }) => client !== "mcp");
}
