/** A process that ran for so long is taken to be well: what ended it comes from outside, such as a kill. */
const WELL_AFTER_MS = 10_000;
const FIRST_MS = 100;
const LONGEST_MS = 5_000;

/**
 * When a process that ended is started again, and how many short runs there were in a row. Pure. A process that ends at
 * once again and again, for want of memory for instance, is tried less and less often: after 0.1 s, 0.2 s, and so on up
 * to 5 s. One that ran for ten seconds starts at once.
 * @param ranMs how long it ran
 * @param shortRuns how many short runs came directly before
 */
export function restart(ranMs: number, shortRuns: number): { readonly delayMs: number; readonly shortRuns: number } {
  if (ranMs >= WELL_AFTER_MS) return { delayMs: 0, shortRuns: 0 };
  return { delayMs: Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(shortRuns, 16)), shortRuns: shortRuns + 1 };
}
