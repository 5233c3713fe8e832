/**
 * Guards whose absence no request can show, each with the reason: another guard in front or behind gives the same answer, or only a failure of the
 * runtime leads there. Named by a part of the mutant's name; a name that no longer fits anything is harmless.
 */
export const EQUIVALENT: readonly (readonly [name: string, reason: string])[] = [];
