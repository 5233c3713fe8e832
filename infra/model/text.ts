/**
 * Small helpers for derivations; everything Gatehouse derives is in a fixed order, so that a diff shows changes alone.
 */

/** Compares by code units, the same in every locale. */
export const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Sorted, without repetitions. */
export function sorted(words: Iterable<string>): string[] {
  return [...new Set(words)].sort(byCode);
}

/** A short fingerprint of a text, 8 hexadecimal digits (FNV-1a, 32 bits): tells texts apart, keeps no secret. */
export function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0");
}
