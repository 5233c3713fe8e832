import { writeFileSync } from "node:fs";
import { parseRecord, recordsIn } from "../../../cli/audit/records";
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
