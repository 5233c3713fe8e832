import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { disturb, FAULTS, undisturbed, type Row } from "../rotation/support/faults";
import { summary } from "../rotation/support/summary";
import { KINDS, STORES, type Kind, type StoreKind, type World } from "../rotation/support/world";

/**
 * Every call of a rotation × every fault, for each minter and both stores, with a request of the agent before and
 * after each call. Prints a summary of step × fault × outcome; GATEHOUSE_FAULT_TABLES=<folder> writes every row.
 */
async function matrix(
  kind: Kind,
  store: StoreKind,
  impersonation: World["github"]["impersonation"] = "many",
): Promise<Row[]> {
  const { calls, world } = await undisturbed(kind, store, impersonation);
  expect(world.agent.failed).toEqual([]);
  const rows: Row[] = [];
  for (const [at, step] of calls.entries()) {
    const [, method = "", host = ""] = / ([A-Z]+) (github|vault|gate)\//.exec(step) ?? [];
    for (const fault of FAULTS) {
      if (fault.on && !fault.on(host, { method, path: "", query: new URLSearchParams(), headers: {}, body: {} }))
        continue;
      rows.push(await disturb(kind, store, at, step, fault, impersonation));
    }
  }
  const folder = process.env.GATEHOUSE_FAULT_TABLES;
  if (folder) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, `${kind}-${store}${impersonation === "one" ? "-one" : ""}.txt`),
      rows
        .map(
          (r) =>
            `${r.step.padEnd(66)} ${r.fault.padEnd(26)} ${r.outcome}${r.broken.length ? ` !! ${r.broken.join("; ")}` : ""}\n`,
        )
        .join(""),
    );
  }
  expect(rows.length).toBeGreaterThan(200);
  return rows;
}

const sentence = (r: Row): string => `${r.step} × ${r.fault}: ${r.outcome}: ${r.broken.join("; ")}`;

const all: Row[] = [];
afterAll(() => {
  process.stdout.write(summary(all));
});

describe.each(STORES)("whatever happens to a rotation over %s", (store) => {
  it.each(KINDS)(
    "a %s ends replaced, or rolled back and said so, with no failed request",
    async (kind) => {
      const rows = await matrix(kind, store);
      all.push(...rows);
      expect(
        rows
          .filter((row) => row.broken.length > 0)
          .slice(0, 10)
          .map(sentence),
      ).toEqual([]);
    },
    120_000,
  );
});

describe("an Enterprise Server that keeps one authorization for an account", () => {
  it("loses no identity; requests fail only when the rotator is stopped between the old token's end and the new one's storing", async () => {
    const rows = await matrix("ghes-impersonation", "vault", "one");
    for (const row of rows) {
      const rest = row.broken.filter((b) => !/ requests failed: 401/.test(b));
      expect(rest).toEqual([]);
      if (row.broken.length > rest.length) expect(row.step).toMatch(/^(minting|minted|verified)/);
    }
  }, 120_000);
});
