/** Small helpers for derivations; everything Gatehouse derives is in a fixed order, so that a diff shows changes alone. */

/** Compares by code units, the same in every locale. */
export const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Sorted, without repetitions. */
export function sorted(words: Iterable<string>): string[] {
  return [...new Set(words)].sort(byCode);
}
