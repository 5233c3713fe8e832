/**
 * The order in which the real plugin sends the elements of a set: by checksum, compared as text. Programs may write
 * them in any order; the wire order is always the same, so recorded calls can be compared.
 */
import { crc32 } from "node:zlib";

/** Elements of a set of strings with the schema's own hash (webhook events, allowed patterns). */
export const hashedStrings = (values: readonly string[]): string[] => sorted(values, (value) => value);

/** Elements of a set of strings or numbers with the default hash (status check contexts, actors). */
export const hashedValues = <T extends string | number>(values: readonly T[]): T[] =>
  sorted(values, (value) => `${value};`);

/** Elements of a set of blocks; `serialize` gives the text that the plugin hashes. */
export const hashedBlocks = <T>(values: readonly T[], serialize: (value: T) => string): T[] =>
  sorted(values, serialize);

function sorted<T>(values: readonly T[], serialize: (value: T) => string): T[] {
  const code = (value: T): string => String(crc32(serialize(value)));
  const unique = new Map(values.map((value) => [code(value), value]));
  return [...unique].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, value]) => value);
}
