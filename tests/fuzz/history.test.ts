import fc from "fast-check";
import { forgetServer, gateProvesWhatGitProves, gateSeesWhatGitSees, type Edit, type Push } from "./oracles/history";
import { fuzz, literal } from "./support/fuzz";
import { removeFolders } from "./support/git";

afterAll(() => {
  forgetServer();
  removeFolders();
});

const names = fc.constantFrom(
  "a",
  "A",
  "b.ts",
  "src",
  "deep",
  ".github",
  ".GitHub",
  "workflows",
  "CODEOWNERS",
  "docs",
  "a b",
  "ä",
  "a\u0308",
  "x.pem",
  "-x",
  "é".repeat(40),
  "~",
  "[x]",
  "*",
);
const paths = fc.oneof(
  { weight: 4, arbitrary: fc.array(names, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/")) },
  fc.constantFrom(
    "README.md",
    "src/a.ts",
    "src/deep/b.ts",
    ".github/workflows/ci.yml",
    "CODEOWNERS",
    "docs/a b.md",
    "src",
    ".github",
    '"src/\\351.ts"',
    '"\\377/x"',
  ),
);
const content = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.nat({ max: 60 }).map((n) => "export const a = 1;\n".repeat(n)),
  fc.constant("export const a = 1;\n".repeat(39) + "changed\n"),
);
const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("file" as const),
      path: paths,
      mode: fc.constantFrom("100644", "100644", "100644", "100755", "120000", "160000"),
      content,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("remove" as const), path: paths }) },
);
const pushes: fc.Arbitrary<Push> = fc.record({
  commits: fc
    .array(fc.tuple(fc.array(fc.integer({ min: -2, max: 5 }), { maxLength: 3 }), fc.array(edit, { maxLength: 5 })), {
      minLength: 1,
      maxLength: 6,
    })
    .map((list) => list.map(([parents, edits], i) => ({ parents: [...new Set(parents.filter((p) => p < i))], edits }))),
  options: fc.subarray([
    "--delta-base-offset",
    "--no-reuse-delta",
    "--depth=3",
    "--compression=0",
    "--no-reuse-object",
  ]),
  pieces: fc.array(fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 30, max: 5000 })), {
    minLength: 1,
    maxLength: 4,
  }),
});

describe("pushes", () => {
  fuzz("change what git says they change", {
    cost: 60,
    values: pushes,
    holds: gateSeesWhatGitSees,
    accepted: 0.5,
    regression: { from: "history", call: (p) => `gateSeesWhatGitSees(${literal(p)})` },
  });
  fuzz("pass when git says that they replace, break into and exceed nothing", {
    cost: 100,
    values: fc.tuple(pushes, fc.integer({ min: -2, max: 5 })).map(([push, old]) => ({ ...push, old })),
    holds: gateProvesWhatGitProves,
    accepted: 0.1,
    regression: { from: "history", call: (p) => `gateProvesWhatGitProves(${literal(p)})` },
  });
});
