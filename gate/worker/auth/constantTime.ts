/**
 * Compares two texts in a time that does not depend on where they differ. Lengths are not secret here: all are hashes
 * or keys of fixed length.
 */
export function equalInConstantTime(a: string, b: string): boolean {
  let different = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) different |= a.charCodeAt(i) ^ b.charCodeAt(i % (b.length || 1));
  return different === 0;
}
