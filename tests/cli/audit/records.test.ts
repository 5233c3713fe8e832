import fc from "fast-check";
import { writeFileSync } from "node:fs";
import { glanceAt, parseRecord, recordsIn } from "../../../cli/audit/records";
import type { AuditRecord } from "../../../gate/policy/audit";
import { chained, entry, pulled } from "./support/trail";
import { recordSchema } from "./support/schema";

const ENTRIES = [
  entry(),
  entry({ decision: "deny", reason: "route-closed", status: 403, tokenSha256: "", repository: "", route: "" }),
  entry({ decision: "gap", agent: "", clientIp: "", method: "", path: "", status: 0 }),
  entry({ gateKeySha256: "k".repeat(43) }),
  entry({ gateKeySha256: "k".repeat(43), session: "sesn_1" }),
  entry({ findings: [{ rule: "allowed-secret", offset: 3, kind: "github-token", reason: "a test's" }] }),
];

it("is what its published schema says, and the schema refuses anything else", async () => {
  const valid = recordSchema();
  for (const line of await chained(ENTRIES)) {
    const record = JSON.parse(line) as Record<string, unknown>;
    expect([line, valid(record)]).toEqual([line, true]);
    expect(valid({ ...record, more: 1 })).toBe(false);
    expect(valid({ ...record, hash: "short" })).toBe(false);
    for (const key of ["gateKeySha256", "session"])
      expect([key, valid({ ...record, [key]: "" })]).toEqual([key, false]);
    for (const key of Object.keys(record).filter((one) => one !== "gateKeySha256" && one !== "session"))
      expect([key, valid({ ...record, [key]: undefined })]).toEqual([key, false]);
  }
});

it("is read one by one over any boundary, and a line that is none is left out", async () => {
  const lines = await chained(Array.from({ length: 3000 }, (_, i) => entry({ path: `/x/${"ä🦊".repeat(i % 90)}` })));
  const files = pulled(lines);
  writeFileSync(files.gate, [...lines.slice(0, 5), "junk", "{}", ...lines.slice(5)].join("\n"));
  const read = [...recordsIn(files.gate)];
  expect(read.map(({ seq }) => seq)).toEqual(lines.map((_, i) => i + 1));
  expect(read.at(-1)).toEqual(parseRecord(lines.at(-1) ?? ""));
  expect([...recordsIn("/nowhere")]).toEqual([]);
});

describe("a glance at the records", () => {
  /** What somebody sees who wants the records of even milliseconds whole. */
  const glanced = (file: string): { readonly notes: unknown[]; readonly kept: AuditRecord[] } => {
    const [notes, kept]: [unknown[], AuditRecord[]] = [[], []];
    glanceAt(file, {
      note: (ms, token) => notes.push([ms, token]),
      isWanted: (ms, until) => (ms + until) % 2 === 0,
      keep: (record) => kept.push(record),
    });
    return { notes, kept };
  };
  const files = pulled([]);
  /** Texts that look like a field of the line they stand in, or like its end. */
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(',"ms":7,"tokenSha256":"', '"', "\\", "\n", '"ts":"x"', "ä🦊"),
  );

  it("sees of each what reading all of it shows", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            path: text,
            agent: text,
            ms: fc.nat(1000),
            tokenSha256: fc.oneof(fc.base64String({ maxLength: 44 }), fc.constantFrom("", "a", "ab")),
            findings: fc.array(fc.record({ rule: text, offset: fc.nat(), kind: text, reason: text }), { maxLength: 2 }),
          }),
          { maxLength: 30 },
        ),
        fc.array(
          fc.constantFrom(
            "",
            "junk",
            "{}",
            '{"v":1,"seq":1}',
            '{"v":1,"seq":1,"ts":"x"}',
            '{ "v":1,"seq":9,"ts":"2026-11-30T12:00:00.000Z","ms":2,"tokenSha256":"b" }',
          ),
        ),
        (changes, others) => {
          const lines = changes.map((one, i) =>
            JSON.stringify({ v: 1, seq: i + 1, ...entry(one), prevHash: "0", hash: "0" }),
          );
          writeFileSync(files.gate, [...lines, ...others, ...lines.slice(0, 2)].join("\n"));
          const all = [...recordsIn(files.gate)];
          const seen = glanced(files.gate);
          expect(seen.notes).toEqual(all.map(({ ts, tokenSha256 }) => [Date.parse(ts), tokenSha256 ?? ""]));
          expect(seen.kept).toEqual(all.filter(({ ts, ms }) => (2 * Date.parse(ts) + (ms ?? 0)) % 2 === 0));
        },
      ),
    );
  });

  it("reads over any boundary, and lines of any length", async () => {
    const lines = await chained(
      Array.from({ length: 3000 }, (_, i) =>
        entry({ path: `/x/${"ä🦊".repeat(i === 1500 ? 200_000 : i % 90)}`, ms: 0 }),
      ),
    );
    writeFileSync(files.gate, lines.join("\n"));
    const { notes, kept } = glanced(files.gate);
    expect(notes).toHaveLength(3000);
    expect(kept).toEqual([...recordsIn(files.gate)]);
    expect(glanced("/nowhere").notes).toEqual([]);
  });
});
