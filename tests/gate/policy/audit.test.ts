import { chainLine, entryText, GENESIS, verifyChain, type AuditEntry } from "../../../gate/policy";

describe("the audit chain", () => {
  const entry: AuditEntry = {
    ts: "2026-01-01T00:00:00.000Z",
    agent: "agent",
    requestId: "r",
    clientIp: "192.0.2.1",
    method: "GET",
    path: '/x","prevHash":"',
    route: "repo.get",
    repository: "acme/api",
    decision: "allow",
    reason: "",
    status: 200,
    bytesIn: 0,
    bytesOut: 1,
    ms: 2,
    tokenSha256: "",
    findings: [],
  };
  async function trail(count: number): Promise<string[]> {
    const lines: string[] = [];
    let hash = GENESIS;
    for (let seq = 1; seq <= count; seq++) {
      const made = await chainLine(seq, entryText({ ...entry, requestId: `r${seq}` }), hash);
      lines.push(made.line);
      hash = made.hash;
    }
    return lines;
  }

  it("holds as written, from the start and from the middle", async () => {
    const lines = await trail(5);
    expect(await verifyChain(lines)).toMatchObject({ records: 5, problems: [], lastSeq: 5 });
    expect(Object.keys(JSON.parse(lines[0] ?? ""))).toEqual([
      "v",
      "seq",
      "ts",
      "agent",
      "requestId",
      "clientIp",
      "method",
      "path",
      "route",
      "repository",
      "decision",
      "reason",
      "status",
      "bytesIn",
      "bytesOut",
      "ms",
      "tokenSha256",
      "findings",
      "prevHash",
      "hash",
    ]);
    const { hash } = JSON.parse(lines[1] ?? "") as { hash: string };
    expect((await verifyChain(lines.slice(2), { seq: 2, hash })).problems).toEqual([]);
  });

  it("names the gate key behind the token, and is the same text as before where there is none", async () => {
    const key = "k".repeat(43);
    const text = entryText({ ...entry, gateKeySha256: key });
    expect(text).toBe(entryText(entry).replace('"findings"', `"gateKeySha256":"${key}","findings"`));
    expect(entryText({ ...entry, gateKeySha256: undefined, session: undefined })).toBe(entryText(entry));
    expect(entryText({ ...entry, gateKeySha256: key, session: "sesn_1" })).toBe(
      text.replace('"findings"', '"session":"sesn_1","findings"'),
    );
    expect((await verifyChain([(await chainLine(1, text, GENESIS)).line])).problems).toEqual([]);
  });

  it("shows a change, a loss, an exchange and a gap, each by its own words", async () => {
    const lines = await trail(5);
    const problems = async (changed: string[]): Promise<string> =>
      (await verifyChain(changed)).problems.map((p) => `${p.seq} ${p.problem}`).join("; ");
    expect(await problems(lines.map((l, i) => (i === 2 ? l.replace('"status":200', '"status":403') : l)))).toMatch(
      /^3 was changed/,
    );
    expect(await problems(lines.filter((_, i) => i !== 2))).toMatch(/^4 records 3 to 3 are missing/);
    expect(await problems([lines[0], lines[2], lines[1], lines[3], lines[4]] as string[])).toMatch(/out of order/);
    expect(await problems([...lines.slice(0, 4), "{}"])).toMatch(/not an audit record/);
    const gap = await chainLine(
      6,
      entryText({ ...entry, decision: "gap" }),
      (JSON.parse(lines[4] ?? "") as { hash: string }).hash,
    );
    expect(await problems([...lines, gap.line])).toMatch(/^6 an isolate's records are missing/);
  });
});
