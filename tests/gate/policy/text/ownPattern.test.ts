import * as fc from "fast-check";
import { endOfMatch, PatternError, readPattern, startsOf } from "../../../../gate/policy/text/ownPattern";
import { findSecrets } from "../../../../gate/policy/text/secrets";

const read = (expression: string): string => {
  try {
    readPattern("own", expression);
    return "";
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return error.message;
  }
};

it.each([
  ["(a)\\1aaaaaaa", "\\1: no back-references"],
  ["(a+)+bbbbbbbb", "a group that is not a choice of plain texts"],
  ["(?:abc){2,9}dddd", "a group that repeats"],
  ["(?=acme)acme_[a-z]{9}", "a look-around or a named group"],
  ["(?<!x)acme_[a-z]{9}", "a look-around or a named group"],
  ["acme_[a-z]+", "+ has no upper bound: a bound, such as {20,64}"],
  ["acme_[a-z]*", "* has no upper bound"],
  ["acme_[a-z]{8,}", "{8,} has no upper bound"],
  ["[a-z]{1,20}[a-z]{1,20}X12345678", "can also begin what follows it"],
  ["[a-z]{1,20}[0-9]?[a-z]{1,20}12345678", "can also begin what follows it"],
  ["acme_[a-z]{8}{9}", "a repetition of a repetition"],
  ["acme_[a-z]{8}?", "a repetition of a repetition"],
  ["acme_.{8}", ". at this place: name the characters"],
  ["^acme_[a-z]{8}", "^ at this place"],
  ["acme_[a-z]{8}$", "$ at this place"],
  ["acme_[a-z]{9,8}", "{9,8}: the smaller number first"],
  ["acme_[z-a]{8}", "the range z-a"],
  ["acme_[]{8}", "an empty class"],
  ["acme_[a-z", "a [ without its ]"],
  ["acme_(?:live|live2)_", "begins with live"],
  ["acme_\\s{8}", "\\s: \\d, \\w"],
  ["acme_ü12345678", "a character that is not ASCII"],
  ["acme", "it matches texts of 4 characters: at least 8"],
  ["[a-z]{513}", "it matches texts of 513 characters: at most 512"],
  ["-acme\\b\\b", "\\b"],
  ["\\b-acme-12345", "\\b beside something else"],
  ["a".repeat(257), "257 characters: at most 256"],
])("refuses %s and says what would be right", (expression, message) => {
  expect(read(expression)).toContain(message);
});

/** Expressions of the subset, put together from parts with separators that keep them unambiguous. */
const part = fc.constantFrom("[a-f]{3,9}", "[0-9]{4}", "\\d{2,5}", "(?:live|test)", "[^a-z0-9-]{2}", "A?", "key");
const expressions = fc
  .array(part, { minLength: 1, maxLength: 5 })
  .map((parts) => `acme-core${parts.map((one) => `-${one}`).join("")}`);

it("matches exactly what the same regular expression matches", () => {
  const near = fc.stringMatching(/^[a-f0-9A-]{0,40}$/);
  fc.assert(
    fc.property(expressions, near, fc.integer({ min: 0, max: 3 }), (expression, noise, cut) => {
      const pattern = readPattern("own", expression);
      const [match = ""] = fc.sample(fc.stringMatching(new RegExp(`^${expression}$`)), { numRuns: 1, seed: cut });
      for (const text of [match, `${noise}${match}${noise}`, match.slice(0, match.length - cut), noise]) {
        const wanted = [...text.matchAll(new RegExp(expression, "g"))].map(({ 0: { length }, index }) => [
          index,
          length,
        ]);
        const starts = new Set(startsOf(pattern));
        const found: number[][] = [];
        for (let at = 0; at < text.length; at++) {
          const end = starts.has(text.charCodeAt(at)) ? endOfMatch(pattern, text, at) : -1;
          if (end > at) found.push([at, end - at]);
          if (end > at) at = end - 1;
        }
        expect(found).toEqual(wanted);
      }
    }),
    { seed: 3, numRuns: 60 },
  );
});

it("looks at no more characters than the longest match has, however near the text comes", () => {
  const pattern = readPattern("own", "[a-z]{1,128}-[a-z]{1,128}-[0-9]{8}");
  for (const length of [500, 2_000]) {
    let looked = 0;
    const text = new Proxy(Object("a".repeat(length)) as object, {
      get: (target, key) => {
        if (key !== "charCodeAt") return Reflect.get(target, key) as unknown;
        return (at: number) => {
          looked++;
          return at < length ? 97 : NaN;
        };
      },
    }) as unknown as string;
    for (let at = 0; at < length; at++) endOfMatch(pattern, text, at);
    expect(looked).toBeLessThanOrEqual(length * 130);
  }
});

it("finds an own form by its name, a placeholder of it too, with and without borders of words", () => {
  const patterns = [
    readPattern("acme-key", "\\bacme_(?:live|test)_[a-z0-9]{12}\\b"),
    readPattern("case", "CASE#\\d{6}"),
  ];
  const find = (text: string): string[] =>
    findSecrets(text, 0, 20, { patterns }).map(({ rule, offset }) => `${rule}@${offset}`);
  expect(find("x acme_live_aaaaaaaaaaaa y")).toEqual(["acme-key@2"]);
  expect(find("xacme_live_a1b2c3d4e5f6")).toEqual([]);
  expect(find("acme_live_a1b2c3d4e5f6g")).toEqual([]);
  expect(find("xCASE#123456789 CASE#12345")).toEqual(["case@1"]);
});
