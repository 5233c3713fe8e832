import { writeFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { checkPart, cuts, joinParts, type ChainPart } from "../../../cli/audit/chain";
import { verifyChain } from "../../../gate/policy/audit";
import { at, chained, entry, headOf } from "./support/trail";

const file = join(mkdtempSync(join(tmpdir(), "gatehouse-chain-")), "gate.ndjson");
const check = (text: string, parts = 1): ChainPart => {
  writeFileSync(file, text);
  return joinParts(cuts(file, parts).map((part) => checkPart(file, part)));
};
const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");
const said = (part: ChainPart): string[] => part.problems.map(({ line, seq, problem }) => `${line} ${seq} ${problem}`);

let lines: string[];
beforeAll(async () => {
  lines = await chained(
    Array.from({ length: 9 }, (_, i) => entry({ ts: at(i), requestId: `r-${i}`, path: "/x/ä/🦊" })),
  );
});

it("accepts a trail as the ledger writes it, and says where it begins and ends", () => {
  expect(check(text(lines))).toMatchObject({
    records: 9,
    first: { seq: 1, line: 1, ts: at(0) },
    last: { ...headOf(lines[8]!), ts: at(8) },
    problems: [],
    count: 0,
  });
});

describe("names the place of", () => {
  const without = (i: number): string[] => lines.filter((_, j) => j !== i);
  const swapped = (): string[] => [...lines.slice(0, 3), lines[4]!, lines[3]!, ...lines.slice(5)];
  const CASES: [string, () => string[], string[]][] = [
    ["a record that was deleted", () => without(4), ["5 6 records 5 to 5 are missing"]],
    [
      "a record that was changed",
      () => lines.map((line, i) => (i === 4 ? line.replace('"allow"', '"deny"') : line)),
      ["5 5 was changed: its hash does not match"],
    ],
    ["records in another order", swapped, ["4 5 records 4 to 4 are missing", "5 4 out of order or repeated"]],
    [
      "a record that stands twice",
      () => [...lines.slice(0, 5), lines[4]!, ...lines.slice(5)],
      ["6 5 out of order or repeated"],
    ],
    ["a line that is no record", () => [...lines.slice(0, 2), "hello", ...lines.slice(2)], ["3 3 not an audit record"]],
  ];
  it.each(CASES)("%s, read in one part or in two", (_, make, expected) => {
    const changed = text(make());
    expect(said(check(changed))).toEqual(expected);
    // Where a part begins among records in disorder, one of them may be named twice.
    for (const parts of [2, 3]) expect(said(check(changed, parts))).toEqual(expect.arrayContaining(expected));
  });

  it("a record that was written anew with its own hash: the next does not continue it", async () => {
    const forged = await chained([entry({ decision: "deny", ts: at(4) })], headOf(lines[3]!));
    const changed = text([...lines.slice(0, 4), forged[0]!, ...lines.slice(5)]);
    for (const parts of [1, 2, 3])
      expect(said(check(changed, parts))).toEqual(["6 6 does not continue the record before it"]);
  });

  it("a last line that is cut off", () => {
    expect(said(check(text(lines).slice(0, -20)))).toEqual(["9 9 the last line is cut off"]);
  });

  it("requests that an isolate lost", async () => {
    const gap = await chained([entry(), entry({ decision: "gap", reason: "at most 3 requests" })]);
    expect(said(check(text(gap)))).toEqual(["2 2 requests of an isolate are not on record (gap record)"]);
  });

  it("a trail that was written anew, by what the gate signed", async () => {
    const anew = await chained(Array.from({ length: 9 }, (_, i) => entry({ ts: at(i), requestId: `other-${i}` })));
    writeFileSync(file, text(anew));
    const part = checkPart(file, {
      start: 0,
      end: Buffer.byteLength(text(anew)),
      checkpoints: [headOf(lines[2]!), headOf(lines[6]!)],
    });
    expect(said(part)).toEqual(
      [3, 7].map((n) => `${n} ${n} is not the record that the gate signed here: the trail was written anew`),
    );
    expect([part.signed, part.unsignedSince]).toEqual([0, at(7)]);
  });
});

it("takes a line of any length, and goes on behind one that is none of the gate's", () => {
  const long = text([...lines.slice(0, 2), "x".repeat(3 << 20), ...lines.slice(2)]);
  const part = check(long);
  expect(part.count).toBeGreaterThan(0);
  expect(part.last).toMatchObject(headOf(lines[8]!));
});

it("finds whatever the gate's own check finds, however a trail is mangled, in one part or several", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(8), fc.constantFrom("drop", "double", "swap", "flip", "junk")), { maxLength: 3 }),
      fc.integer({ min: 1, max: 4 }),
      async (edits, parts) => {
        const mangled = [...lines];
        for (const [i, how] of edits) {
          const j = i % Math.max(1, mangled.length);
          const line = mangled[j] ?? "";
          if (how === "drop") mangled.splice(j, 1);
          if (how === "double") mangled.splice(j, 0, line);
          if (how === "junk") mangled.splice(j, 0, "{}");
          if (how === "flip") mangled[j] = line.replace(/"ms":\d+/, '"ms":99');
          if (how === "swap") [mangled[j], mangled[0]] = [mangled[0] ?? "", line];
        }
        const whole = mangled.join("\n") === lines.join("\n");
        const found = check(text(mangled), parts);
        const theirs = await verifyChain(mangled);
        // What is missing at either end shows against the head, which neither of them knows.
        const inner = theirs.problems.filter(({ problem }) => !problem.startsWith("records 1 to"));
        expect(found.count > 0).toBe(inner.length > 0);
        if (whole) expect(found.count).toBe(0);
      },
    ),
    { numRuns: 100 },
  );
});
