import * as path from "node:path";
import { buildSync } from "esbuild";
import { Miniflare } from "miniflare";
import type { SettleAnswer, SettleRequest } from "../../../gate/worker/ledger/exchange";
import { freshFetch } from "../../support/freshFetch";
import { entry, longest } from "../support/auditEntry";
import { policyFor } from "../support/policy";

/**
 * The ledger as it is, driven by a script beside it: `{ method, args, times }` calls it so often, with the number of
 * the call for `#`; `ahead` sets its clock.
 */
const DRIVER = `
import { Ledger as Real } from "./gate/worker/ledger";
let ahead = 0;
const now = Date.now;
Date.now = () => now() + ahead;
export class Ledger extends Real {
  stateSize() { return [...this.ctx.storage.sql.exec("SELECT length(json) AS size FROM state")][0].size; }
}
export default { async fetch(request, env) {
  const { method, args, times = 1, ...clock } = await request.json();
  ahead = clock.ahead ?? ahead;
  const stub = env.LEDGER.get(env.LEDGER.idFromName("ledger"));
  try {
    let result;
    for (let i = 0; i < times; i++) result = await stub[method](...JSON.parse(JSON.stringify(args).replaceAll("#", String(i))));
    return Response.json({ result });
  } catch (error) { return Response.json({ error: error.message }); }
} };`;

describe("a ledger that is filled", () => {
  let miniflare: Miniflare;
  let ahead = 0;
  const call = async <T>(method: string, args: unknown[] = [], times = 1): Promise<T> => {
    const url = await miniflare.ready;
    const answer = await freshFetch(url, {
      method: "POST",
      body: JSON.stringify({ method, args, times, ahead }),
    });
    const { result, error } = (await answer.json()) as { result: T; error?: string };
    if (error !== undefined) throw new Error(error);
    return result;
  };
  beforeAll(() => {
    const built = buildSync({
      stdin: { contents: DRIVER, resolveDir: path.resolve(__dirname, "../../.."), loader: "ts" },
      bundle: true,
      format: "esm",
      target: "es2022",
      external: ["cloudflare:*"],
      write: false,
    });
    miniflare = new Miniflare({
      modules: true,
      script: built.outputFiles[0]?.text ?? "",
      compatibilityDate: "2026-03-01",
      durableObjects: { LEDGER: { className: "Ledger", useSQLite: true } },
    });
  });
  afterAll(() => miniflare?.dispose());

  let batch = 0;
  const request = (over: Partial<SettleRequest>): SettleRequest => ({
    isolate: "filler",
    batch: ++batch,
    entries: [],
    reported: [],
    closed: [],
    ...over,
  });
  const settle = (over: Partial<SettleRequest> = {}): Promise<SettleAnswer> => call("settle", [request(over)]);
  type Moved = { readonly first: number; readonly last: number; readonly text: string; readonly more: boolean };

  it("stores any exchange in rows that the database takes, and pages that fit", async () => {
    const long = JSON.stringify(entry({ path: longest, requestId: "r".repeat(100) }));
    await settle({ entries: Array<string>(6_000).fill(long) });
    const page = await call<{ text: string }>("linesAfter", [0]);
    expect(page.text.length).toBeLessThan(5 * 1024 * 1024);
    const moved = await call<Moved>("linesToArchive");
    expect([moved.first, moved.more, moved.text.length < 5 * 1024 * 1024]).toEqual([1, true, true]);
    await call("archived", [moved.first, moved.last, "audit/x"]);
    const next = await call<{ text: string }>("linesAfter", [moved.last]);
    expect(next.text.startsWith(`{"v":1,"seq":${moved.last + 1},`)).toBe(true);
  }, 60_000);

  it("remembers so many isolates and leases, and no more", async () => {
    const one = { requests: 1, writes: 0, bytes: 0 };
    const ask = { need: one, want: one, limits: { ...policyFor().limits, requestsPerMinute: 100_000 } };
    await call("settle", [{ ...request({ ask }), isolate: "isolate-#", batch: 1 }], 1_500);
    // So many leases begin and end: those that are over make room for others, with a record of each.
    expect(await call<number>("stateSize")).toBeLessThan(250_000);
    ahead += 2_100;
    expect((await settle({ ask })).lease?.requests).toBe(1);
    expect(await call<number>("stateSize")).toBeLessThan(100_000);
  }, 120_000);

  it("refuses a cell too many", async () => {
    await expect(call("writeCell", ["cell-#", "x", 0], 65)).rejects.toThrow("no room");
    expect(await call("writeCell", ["cell-1", "y", 1])).toBe(true);
  });

  it("has few lines moved to the archive after ten seconds, and many at once", async () => {
    for (let moved = await call<Moved | undefined>("linesToArchive"); moved;) {
      await call("archived", [moved.first, moved.last, `audit/${moved.first}`]);
      moved = await call<Moved | undefined>("linesToArchive");
    }
    const line = JSON.stringify(entry());
    expect((await settle({ entries: [line] })).archiveDue).toBe(false);
    ahead += 10_000;
    expect((await settle()).archiveDue).toBe(true);
    const moved = await call<Moved>("linesToArchive");
    await call("archived", [moved.first, moved.last, `audit/${moved.first}`]);
    expect((await settle({ entries: Array<string>(499).fill(line) })).archiveDue).toBe(false);
    expect((await settle({ entries: [line] })).archiveDue).toBe(true);
  });

  it("takes no more lines than the archive can catch up with, and goes on when it has", async () => {
    const entries = Array<string>(5_000).fill(JSON.stringify(entry()));
    let taken = 0;
    for (; taken < 30; taken++) if ((await settle({ entries }).catch(() => undefined)) === undefined) break;
    expect([taken > 10, taken <= 20]).toEqual([true, true]);
    for (let moved = await call<Moved | undefined>("linesToArchive"); moved;) {
      await call("archived", [moved.first, moved.last, `audit/${moved.first}`]);
      moved = await call<Moved | undefined>("linesToArchive");
    }
    expect((await settle({ entries })).archiveDue).toBe(true);
  }, 120_000);
});
