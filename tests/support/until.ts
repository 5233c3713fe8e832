export interface Patience {
  /** How long to look, in milliseconds; 10 seconds unless told. */
  readonly ms?: number;
  /** How often to look, in milliseconds; every 25 unless told. */
  readonly every?: number;
}

/**
 * Looks until there is something, and gives it back; fails with `what` when it does not come. Nothing in a test waits
 * for a fixed time instead.
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  { ms = 10_000, every = 25 }: Patience = {},
): Promise<NonNullable<Exclude<T, false>>> {
  for (const end = Date.now() + ms; ;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found as NonNullable<Exclude<T, false>>;
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}
