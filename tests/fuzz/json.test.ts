import fc from "fast-check";
import { jsonHasOneReading } from "./oracles/json";
import { fuzz, literal } from "./support/fuzz";

const KEYS = [
  "a",
  "b",
  "ref",
  "sha",
  "__proto__",
  "constructor",
  "toString",
  "",
  "é",
  "e\u0301",
  "😀",
  "\ud83d",
  "a\u0000",
];

/** A string as a writer may spell it: some characters escaped, in either case of hex, with or without need. */
const spelled = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(value, fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 12 })).map(([text, how]) => {
    const units = Array.from({ length: text.length }, (_, i) => text.charAt(i));
    const out = units.map((unit, i) => {
      const hex = unit.charCodeAt(0).toString(16).padStart(4, "0");
      const style = how[i % (how.length || 1)] ?? 0;
      if (style === 1) return `\\u${hex}`;
      if (style === 2) return `\\u${hex.toUpperCase()}`;
      if (style === 3 && unit === "/") return "\\/";
      return unit === '"' || unit === "\\" ? `\\${unit}` : unit.charCodeAt(0) < 32 ? `\\u${hex}` : unit;
    });
    return `"${out.join("")}"`;
  });

const numbers = fc.oneof(
  fc.integer().map(String),
  fc.constantFrom(
    "0",
    "-0",
    "1.0",
    "1e3",
    "1E+2",
    "0.1",
    "-1.5e-3",
    "9007199254740991",
    "9007199254740992",
    "9007199254740993",
    "-9007199254740992",
    "1e400",
    "1e15",
    "1e16",
    "123456789012345678901234567890",
    "0.1e17",
    "9007199254740991.4",
    "9007199254740991.5",
    "5e-324",
  ),
  fc.constantFrom("01", "+1", ".5", "1.", "0x10", "NaN", "Infinity", "1e", "-", "1_000"),
);
const space = fc.constantFrom("", "", "", " ", "\n", "\t", "\r\n", "\u00a0", "\ufeff", "/**/");

const { value } = fc.letrec<{ value: string; object: string; array: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.constantFrom("null", "true", "false", "1", '"x"'),
    numbers,
    spelled(fc.oneof(fc.constantFrom(...KEYS), fc.string({ unit: "binary", maxLength: 6 }))),
    tie("object"),
    tie("array"),
  ),
  object: fc
    .array(fc.tuple(space, spelled(fc.constantFrom(...KEYS)), space, tie("value")), { maxLength: 4 })
    .map((pairs) => `{${pairs.map(([a, key, b, v]) => `${a}${key}${b}:${v}`).join(",")}}`),
  array: fc
    .array(fc.tuple(space, tie("value")), { maxLength: 4 })
    .map((items) => `[${items.map(([a, v]) => a + v).join(",")}]`),
}));

/** Text with a piece replaced, so that it is almost right. */
const broken = fc
  .tuple(
    value,
    fc.nat({ max: 200 }),
    fc.constantFrom("", ",", ":", '"', "{", "}", "[", "]", "\\", "\u0000", "\ud800", "\n", "0", "a", "'"),
  )
  .map(([text, at, by]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + by + text.slice(place + (at & 1));
  });

const deep = fc
  .tuple(fc.integer({ min: 20, max: 30 }), fc.boolean())
  .map(([depth, array]) =>
    array ? "[".repeat(depth) + "]".repeat(depth) : `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`,
  );

describe("JSON bodies", () => {
  fuzz("are accepted when they have one reading, and only then", {
    values: fc.oneof({ weight: 6, arbitrary: value }, { weight: 3, arbitrary: broken }, { weight: 1, arbitrary: deep }),
    holds: jsonHasOneReading,
    accepted: 0.2,
    regression: { from: "json", call: (text) => `jsonHasOneReading(${literal(text)})` },
  });
});
