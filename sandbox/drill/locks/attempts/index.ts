import type { Pair } from "../pairs";
import { CODE } from "./code";
import type { Attempt } from "./kit";
import { REVIEW } from "./review";
import { SETTINGS } from "./settings";
import { SURROUNDINGS } from "./surroundings";
import { WORK } from "./work";

export type { Attempt } from "./kit";

const ALL = { ...WORK, ...CODE, ...REVIEW, ...SETTINGS, ...SURROUNDINGS };

/** How a pair is tried. Empty for a pair that nobody thought of, which is an error of whoever runs the pairs. */
export function attemptsFor({ action, lock }: Pick<Pair, "action" | "lock">): readonly Attempt[] {
  const known = ALL[action.id];
  return known?.[lock] ?? known?.any ?? [];
}
