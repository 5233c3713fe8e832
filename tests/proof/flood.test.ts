import type { AuditEntry } from "../../gate/policy/audit";
import { verifyChain } from "../../gate/policy/audit";
import { ruleOf, startGate, type Gate } from "../gate/support/gate";

describe("a gate that is flooded without a key", () => {
  let gate: Gate;
  beforeAll(async () => {
    gate = await startGate({ disturbed: true });
  }, 60_000);
  afterAll(() => gate?.stop());

  const flood = async (count: number): Promise<Map<number, number>> => {
    const statuses = new Map<number, number>();
    let left = count;
    await Promise.all(
      Array.from({ length: 40 }, async () => {
        while (left-- > 0) {
          const { status } = await fetch(`${gate.url}/x/${"a".repeat(1_000)}`);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
      }),
    );
    return statuses;
  };
  const trail = async (): Promise<string[]> => {
    const lines: string[] = [];
    for (;;) {
      const page = await gate.operate("GET", `/_gate/audit?after=${lines.length}&limit=10000`);
      const more = (await page.text()).split("\n").filter(Boolean);
      lines.push(...more);
      const [head] = (page.headers.get("x-gatehouse-audit-head") ?? "0").split(" ");
      if (more.length === 0 || lines.length >= Number(head)) return lines;
    }
  };

  it("serves the agent as soon as the ledger is back, and has a record of every request", async () => {
    await gate.disturb({ broken: ["LEDGER"] });
    expect(await flood(4_000)).toEqual(new Map([[401, 4_000]]));
    expect(await ruleOf(await gate.ask("/repos/acme/api"))).toBe("ledger-unavailable");
    await gate.disturb({});
    const started = Date.now();
    expect((await gate.ask("/repos/acme/api")).status).toBe(200);
    expect(Date.now() - started).toBeLessThan(5_000);
    const lines = await trail();
    expect(lines.filter((line) => line.includes('"path":"/x/aaa'))).toHaveLength(4_000);
    expect((await verifyChain(lines)).problems).toEqual([]);
  }, 120_000);

  it("answers the flood 429 in the end, serves the agent all the while, and records the number", async () => {
    const before = (await trail()).length;
    const answers = await Promise.all([flood(6_500), gate.ask("/repos/acme/api")]);
    expect(answers[1].status).toBe(200);
    expect([...answers[0].keys()].sort()).toEqual([401, 429]);
    expect((await gate.ask("/repos/acme/api")).status).toBe(200);
    const limited = (await trail())
      .slice(before)
      .map((line) => JSON.parse(line) as AuditEntry)
      .filter((record) => record.reason === "limit-unauthenticated");
    const stood = limited.reduce((sum, r) => sum + 1 + (r.findings[0]?.offset ?? 0), 0);
    expect(stood).toBe(answers[0].get(429));
    expect(limited.length).toBeLessThan(stood);
  }, 120_000);
});
