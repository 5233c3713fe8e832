import { appendFileSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { askTrail, NAMED } from "../../../cli/audit/query";
import type { TrailFiles } from "../../../cli/audit/trail";
import type { AuditEntry } from "../../../gate/policy/audit";
import { at, chained, entry, pulled } from "./support/trail";

const trail = async (...entries: Partial<AuditEntry>[]): Promise<TrailFiles> =>
  pulled(await chained(entries.map((one) => entry(one))));
const rows = async (files: TrailFiles, sql: string): Promise<Record<string, unknown>[]> => {
  const { columns, rows: found } = await askTrail(files, sql);
  return found.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]])));
};
const named = (files: TrailFiles, name: string): Promise<Record<string, unknown>[]> => rows(files, NAMED[name]!.sql);

it("answers SQL over records, GitHub's events and the OCSF stream, also where there are none", async () => {
  const files = await trail({}, { decision: "deny", reason: "route-closed" });
  expect(await rows(files, "SELECT decision, count(*) AS n FROM gate GROUP BY ALL ORDER BY 1")).toEqual([
    { decision: "allow", n: "1" },
    { decision: "deny", n: "1" },
  ]);
  rmSync(files.github);
  rmSync(files.gate);
  for (const table of ["gate", "github", "events"])
    expect(await rows(files, `SELECT count(*) AS n FROM ${table}`)).toEqual([{ n: "0" }]);
  for (const { sql } of Object.values(NAMED)) expect(await rows(files, sql)).toEqual([]);
});

it("counts no line that is no record", async () => {
  const files = await trail({}, {});
  appendFileSync(files.gate, "no record\n");
  appendFileSync(files.github, '{"source":\n');
  for (const [table, n] of [
    ["gate", "2"],
    ["github", "0"],
  ] as const)
    expect(await rows(files, `SELECT count(*) AS n FROM ${table}`)).toEqual([{ n }]);
});

it("says what is wrong with a statement, and what to install where the engine is missing", async () => {
  const files = await trail({});
  await expect(askTrail(files, "SELECT nothing FROM gate")).rejects.toThrow(/The query cannot be answered: .*nothing/);
  const source = readFileSync(join(__dirname, "../../../cli/audit/query.ts"), "utf8");
  const { peerDependencies } = JSON.parse(readFileSync(join(__dirname, "../../../package.json"), "utf8")) as {
    peerDependencies: Record<string, string>;
  };
  expect(source).toContain(`npm install @duckdb/node-api@${peerDependencies["@duckdb/node-api"]!}`);
});

it("has each named question in the documented engines too", () => {
  const page = readFileSync(join(__dirname, "../../../docs/audit-siem.md"), "utf8");
  for (const engine of page.split(/^## /m).slice(1))
    expect([...engine.matchAll(/^`([a-z-]+)`$/gm)].map(([, name]) => name).sort()).toEqual(Object.keys(NAMED).sort());
});

it("writes Parquet where it is told", async () => {
  const files = await trail({}, {});
  const target = join(files.dir, "gate.parquet");
  await rows(files, `COPY gate TO '${target}'`);
  expect(readFileSync(target).subarray(0, 4).toString()).toBe("PAR1");
});

describe("the question", () => {
  it("refusals-by-rule counts each rule, with its last example", async () => {
    const files = await trail(
      {},
      { ts: at(1), decision: "deny", reason: "route-closed", path: "/a" },
      { ts: at(2), decision: "deny", reason: "route-closed", path: "/b" },
      { ts: at(3), decision: "observe", reason: "protected-path" },
    );
    expect(await named(files, "refusals-by-rule")).toMatchObject([
      { rule: "route-closed", refusals: "2", example: "GET /b" },
      { rule: "protected-path", refusals: "1" },
    ]);
  });

  it("bulk-reads names the ten minutes in which an agent read far more than usual", async () => {
    const usual = Array.from({ length: 6 }, (_, i) => ({ ts: at(i * 600), path: `/usual/${i}` }));
    const burst = Array.from({ length: 150 }, (_, i) => ({ ts: at(7200 + i), path: `/repos/acme/api/contents/${i}` }));
    expect(await named(await trail(...usual, ...burst), "bulk-reads")).toMatchObject([
      { agent: "agent", repository: "acme/api", addresses: "150" },
    ]);
    expect(await named(await trail(...usual), "bulk-reads")).toEqual([]);
  });

  it("unusual-hours names the hours in which an agent hardly ever works", async () => {
    const day = Array.from({ length: 100 }, (_, i) => ({ ts: at(i) }));
    expect(await named(await trail(...day, { ts: at(3600 * 15) }), "unusual-hours")).toMatchObject([
      { agent: "agent", hour: "3", requests: "1" },
    ]);
  });

  it("new-addresses lists the newest first, without those who had no key", async () => {
    const files = await trail(
      { clientIp: "192.0.2.1" },
      { ts: at(9), clientIp: "192.0.2.9" },
      { ts: at(5), clientIp: "192.0.2.5", agent: "" },
    );
    expect((await named(files, "new-addresses")).map(({ clientIp }) => clientIp)).toEqual(["192.0.2.9", "192.0.2.1"]);
  });

  it("largest-diffs lists writes by their size", async () => {
    const push = { method: "POST", path: "/acme/api.git/git-receive-pack" };
    const files = await trail({ bytesIn: 9999 }, { ...push, bytesIn: 5 }, { ...push, bytesIn: 50, requestId: "big" });
    expect(await named(files, "largest-diffs")).toMatchObject([{ requestId: "big", bytesIn: "50" }, { bytesIn: "5" }]);
  });
});
