import fc from "fast-check";
import { hiddenIsFound, WAY_NAMES } from "./oracles/secrets";
import { fuzz } from "./support/fuzz";

/** Words around a secret that could not be read as a part of its writing. */
const words = fc
  .array(fc.constantFrom("key:", "the", "token", "is", "(a)", "12", "x", "."), { maxLength: 6 })
  .map((all) => all.join(" "));
const digits = fc
  .array(fc.constantFrom(..."0123456789abcdef"), { minLength: 24, maxLength: 24 })
  .map((all) => all.join(""));
const nested = fc
  .array(fc.constantFrom(...WAY_NAMES), { minLength: 1, maxLength: 3 })
  // UTF-16 in UTF-16 and spaced lines inside an escape are nobody's writing.
  .filter((ways) => ways.filter((way) => way === "wide").length < 2);

describe("secrets in encodings", () => {
  fuzz("are found with their exact value, however they are written", {
    values: fc.record({ around: fc.array(fc.tuple(words, words), { maxLength: 3 }), ways: nested, digits }),
    holds: hiddenIsFound,
    accepted: 0.9,
    regression: { from: "secrets", call: (value) => `hiddenIsFound(${JSON.stringify(value)})` },
  });
});
