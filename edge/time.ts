/** Spans of time, in the units that JavaScript and the APIs count in. */

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const DAY_SECONDS = 86_400;
