/** Smallest, middle and largest of some measurements. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** @param values At least one number. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number): number => sorted[Math.min(sorted.length - 1, Math.max(0, index))] ?? Number.NaN;
  const middle =
    sorted.length % 2 === 1 ? at(sorted.length >> 1) : (at((sorted.length >> 1) - 1) + at(sorted.length >> 1)) / 2;
  return { min: at(0), median: middle, max: at(sorted.length - 1) };
}

/** Ratios pair by pair: what is measured in the same round shares that round's weather. */
export function ratios(ours: readonly number[], base: readonly number[]): number[] {
  return ours.slice(0, base.length).map((value, i) => value / (base[i] ?? Number.NaN));
}
