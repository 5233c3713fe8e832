import fc from "fast-check";
import {
  gateReadsPacksAsGit,
  inflatesAsZlib,
  type Deflated,
  type Entry,
  type Instruction,
  type Pack,
} from "./oracles/packs";
import { fuzz, literal } from "./support/fuzz";
import { removeFolders } from "./support/git";

afterAll(removeFolders);

// Made of parts here, so that no scanner takes this file for a leak.
// It repeats nothing: what repeats itself is taken for a placeholder.
const SECRET = `ghp_${["a1B2c3D4e5F6", "g7H8i9J0k1L2", "m3N4o5P6q7R8"].join("")}`;
const piece = fc.oneof(
  fc.string({ unit: "binary-ascii", maxLength: 30 }),
  fc.constantFrom(SECRET, SECRET.slice(0, 20), SECRET.slice(20), "line\n".repeat(30)),
);
const content = fc.array(piece, { maxLength: 4 }).map((parts) => parts.join(""));
const instruction: fc.Arbitrary<Instruction> = fc.oneof(
  fc.record({ copy: fc.nat({ max: 400 }), length: fc.integer({ min: 1, max: 300 }) }),
  fc.record({ insert: piece }),
);
const tree = fc
  .uniqueArray(
    fc.constantFrom(
      "100644 a",
      "100644 b.txt",
      "40000 src",
      "120000 link",
      "160000 sub",
      "100755 x.sh",
      "100664 old",
      "100644 \xe9",
      "100644 \xff",
      "100644 CODEOWNERS",
      "40000 .github",
      "644 short",
      "100644 ..",
    ),
    { maxLength: 4 },
  )
  .map((names) => names.join("\n"));
const rarely = <T>(usual: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 30, arbitrary: fc.constant(usual) }, other);
const entry: fc.Arbitrary<Entry> = fc
  .constantFrom("commit", "tree", "tree", "blob", "blob")
  .chain((type) =>
    fc.record({
      type: rarely(type as Entry["type"], fc.constant("tag" as const)),
      content: type === "tree" ? tree : content,
      delta: fc.oneof(
        { weight: 2, arbitrary: fc.constant(undefined) },
        fc.record({
          base: fc.nat({ max: 7 }),
          by: fc.constantFrom("offset" as const, "id" as const),
          instructions: fc.array(instruction, { maxLength: 4 }),
        }),
      ),
      level: fc.integer({ min: 0, max: 9 }),
      strategy: fc.integer({ min: 0, max: 4 }),
      lie: rarely(0, fc.integer({ min: -2, max: 2 })),
      padding: rarely(0, fc.integer({ min: 1, max: 3 })),
    }),
  )
  .map(({ delta, ...rest }) => (delta === undefined ? rest : { ...rest, delta }));
const pieces = fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 20, max: 4000 })), {
  minLength: 1,
  maxLength: 4,
});
const packs: fc.Arbitrary<Pack> = fc.record({
  entries: fc.array(entry, { minLength: 1, maxLength: 8 }),
  countLie: rarely(0, fc.integer({ min: -1, max: 1 })),
  tail: rarely("", fc.constantFrom("x", "PACK")),
  flips: rarely<[number, number][]>(
    [],
    fc.array(fc.tuple(fc.nat({ max: 5000 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 2 }),
  ),
  pieces,
});
const streams: fc.Arbitrary<Deflated> = fc.record({
  parts: fc.array(
    fc.record({
      text: fc.string({ unit: "binary-ascii", maxLength: 60 }),
      times: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3000 })),
    }),
    { maxLength: 5 },
  ),
  level: fc.integer({ min: 0, max: 9 }),
  strategy: fc.integer({ min: 0, max: 4 }),
  windowBits: fc.integer({ min: 9, max: 15 }),
  memLevel: fc.integer({ min: 1, max: 9 }),
  flips: fc.oneof(
    { weight: 2, arbitrary: fc.constant<[number, number][]>([]) },
    fc.array(fc.tuple(fc.nat({ max: 200 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 2 }),
  ),
  pieces,
});

describe("packs", () => {
  fuzz("inflate as zlib inflates", {
    cost: 4,
    values: streams,
    holds: inflatesAsZlib,
    accepted: 0.4,
    regression: { from: "packs", call: (d) => `inflatesAsZlib(${literal(d)})` },
  });
  fuzz("hold what git reads in them", {
    cost: 40,
    values: packs,
    holds: gateReadsPacksAsGit,
    accepted: 0.1,
    regression: { from: "packs", call: (p) => `gateReadsPacksAsGit(${literal(p)})` },
  });
});
