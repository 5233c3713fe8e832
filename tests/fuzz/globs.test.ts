import fc from "fast-check";
import { forgetRepository, protectsWhatGitIgnores } from "./oracles/globs";
import { fuzz, literal } from "./support/fuzz";
import { removeFolders } from "./support/git";

afterAll(() => {
  forgetRepository();
  removeFolders();
});

const name = fc.constantFrom(
  "a",
  "A",
  "b",
  "ab",
  "deploy",
  "Deploy",
  "x.pem",
  "a.b",
  ".github",
  "workflows",
  "é",
  "CODEOWNERS",
);
const wild = fc.oneof(
  { weight: 3, arbitrary: name },
  fc.constantFrom("*", "**", "?", "*.pem", "a*", "*a*b", "?.b", "d*y", "**a"),
);
const globs = fc
  .tuple(
    fc.constantFrom("", "", "/"),
    fc.array(wild, { minLength: 1, maxLength: 4 }),
    fc.constantFrom("", "", "/", "/**"),
  )
  .map(([start, parts, end]) => start + parts.join("/") + end);
const paths = fc.array(name, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/"));

describe("protected paths", () => {
  fuzz("hold whatever git would match", {
    cost: 25,
    values: fc.record({
      globs: fc.array(globs, { minLength: 1, maxLength: 3 }),
      paths: fc.array(paths, { minLength: 1, maxLength: 25, size: "max" }),
    }),
    holds: protectsWhatGitIgnores,
    accepted: 0.3,
    regression: { from: "globs", call: (g) => `protectsWhatGitIgnores(${literal(g)})` },
  });
});
