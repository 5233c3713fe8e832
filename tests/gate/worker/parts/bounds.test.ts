import * as path from "node:path";
import { buildSync } from "esbuild";
import { Miniflare } from "miniflare";
import type { AuditEntry } from "../../../../gate/policy/audit";
import { verifyChain } from "../../../../gate/policy/audit";
import { EntryQueue, FURTHER_REQUESTS } from "../../../../gate/worker/ledger/entryQueue";
import { LedgerClient } from "../../../../gate/worker/ledger/client";
import type { SettleAnswer, SettleRequest } from "../../../../gate/worker/ledger/exchange";
import { UnauthenticatedLimit } from "../../../../gate/worker/auth/unauthenticatedLimit";
import { freshFetch } from "../../../support/freshFetch";
import { policyFor } from "../../support/policy";
import { until } from "../../../support/until";
import { ruleOf, startGate, type Gate } from "../../support/gate";

const entry = (over: Partial<AuditEntry> = {}): AuditEntry => ({
  ts: "2026-03-01T00:00:00.000Z",
  agent: "agent",
  requestId: "r-1",
  clientIp: "",
  method: "GET",
  path: "/x",
  route: "",
  repository: "",
  decision: "deny",
  reason: "unauthenticated",
  status: 401,
  bytesIn: 0,
  bytesOut: 0,
  ms: 1,
  tokenSha256: "",
  findings: [],
  ...over,
});
const longest = "/" + "a".repeat(1023);

describe("a queue of audit entries that is full", () => {
  it("keeps what it has, and counts the others in one record", () => {
    const queue = new EntryQueue({ entries: 3, size: 100_000 });
    const added = Array.from({ length: 8 }, (_, i) => queue.add(entry({ requestId: `r-${i}` })));
    expect(added).toEqual([true, true, true, false, false, false, false, false]);
    expect(queue.take({ entries: 2, size: 100_000 }).map((t) => (JSON.parse(t) as AuditEntry).requestId)).toEqual([
      "r-0",
      "r-1",
    ]);
    const rest = queue.take({ entries: 10, size: 100_000 }).map((text) => JSON.parse(text) as AuditEntry);
    expect(rest.map((e) => [e.requestId, e.findings])).toEqual([
      ["r-2", []],
      ["r-3", [{ rule: FURTHER_REQUESTS, offset: 4 }]],
    ]);
    expect(queue.length).toBe(0);
  });

  it("is bounded by size as well, and takes within a size", () => {
    const queue = new EntryQueue({ entries: 1000, size: 10_000 });
    for (let i = 0; i < 100; i++) queue.add(entry({ path: longest }));
    expect(queue.take({ entries: 1000, size: 4_000 }).length).toBeLessThan(4);
    let texts = 0;
    while (queue.length > 0) texts += queue.take({ entries: 1000, size: 4_000 }).join("").length;
    expect(texts).toBeLessThan(12_000);
  });
});

describe("the link to a ledger that is silent", () => {
  const link = (settle: (request: SettleRequest) => Promise<SettleAnswer>): LedgerClient =>
    new LedgerClient(
      { LEDGER: { idFromName: (name: string) => name, get: () => ({ settle }) } } as never,
      "isolate",
      policyFor().limits,
      () => undefined,
    );
  const background = { waitUntil: () => undefined };

  it("lets so many requests wait, and refuses the others at once", async () => {
    const silent = link(() => new Promise(() => undefined));
    const settled: string[] = [];
    for (let i = 0; i < 5_000; i++)
      void Promise.resolve(silent.admit(background, false, 0, Date.now())).catch((error: Error) =>
        settled.push(error.message),
      );
    await until("refusals", () => settled.length > 0);
    expect(settled).toEqual(Array(5_000 - 4_096).fill("ledger-unavailable"));
  }, 20_000);

  it("sends no exchange larger than the ledger takes, the agent's entries first, and all of them in the end", async () => {
    const sent: SettleRequest[] = [];
    let broken = true;
    const slow = link(async (request) => {
      if (broken) throw new Error("down");
      sent.push(request);
      return { short: {}, stopped: false, denied: [], waitUntil: 0, archiveDue: false, archiveFailing: false };
    });
    for (let i = 0; i < 5_000; i++) slow.record(background, entry({ agent: "", path: longest }), undefined);
    for (let i = 0; i < 3_000; i++) slow.record(background, entry({ path: longest }), undefined);
    await expect(slow.flush(background)).rejects.toThrow();
    broken = false;
    await slow.flush(background);
    const own = sent.flatMap((r) => r.entries).filter((e) => e.includes('"agent":"agent"')).length;
    expect(own).toBe(3_000);
    await slow.flush(background, true);
    expect(sent.flatMap((r) => r.entries)).toHaveLength(8_000);
    expect(Math.max(...sent.map((r) => r.entries.join("").length))).toBeLessThan(600_000);
  }, 30_000);
});

describe("the link to a ledger whose archive fails", () => {
  it.each(["requests", "bytes"] as const)(
    "refuses the requests that hear of it with their lease, and lets answers go on: %s",
    async (what) => {
      let failing = true;
      const link = new LedgerClient(
        {
          LEDGER: {
            idFromName: (name: string) => name,
            get: () => ({
              settle: async (): Promise<SettleAnswer> => ({
                lease: { id: 1, requests: 50, writes: 50, bytes: 1e9, ms: 2000, minute: 0, hour: 0 },
                short: {},
                stopped: false,
                denied: [],
                waitUntil: 0,
                archiveDue: false,
                archiveFailing: failing,
              }),
            }),
          },
        } as never,
        "isolate",
        policyFor().limits,
        () => undefined,
      );
      const background = { waitUntil: () => undefined };
      if (what === "bytes") await expect(link.takeBytes(background, 10)).resolves.toBeUndefined();
      else {
        await expect(link.admit(background, false, 0, Date.now())).rejects.toThrow("audit-unavailable");
        expect(link.state.archiveFailing).toBe(true);
        failing = false;
        await link.flush(background);
        await expect(Promise.resolve(link.admit(background, false, 0, Date.now()))).resolves.toEqual({ lease: 1 });
      }
    },
  );
});

it("counts strangers by the minute, and lets them in again", () => {
  const strangers = new UnauthenticatedLimit();
  const refused = Array.from({ length: 7_000 }, () => strangers.retryAfter(1_000)).filter((s) => s !== undefined);
  expect([refused.length, refused[0]]).toEqual([1_000, 60]);
  expect(strangers.retryAfter(61_000)).toBeUndefined();
  // A clock that is set back opens a new minute, and closes nothing.
  expect(strangers.retryAfter(1_000)).toBeUndefined();
});

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

/** The ledger as it is, driven by a script beside it: `{ method, args, times }` calls it so often, with the number of the call for `#`. */
const DRIVER = `
import { Ledger as Real } from "./gate/worker/ledger";
export class Ledger extends Real {
  stateSize() { return [...this.ctx.storage.sql.exec("SELECT length(json) AS size FROM state")][0].size; }
}
export default { async fetch(request, env) {
  const { method, args, times = 1 } = await request.json();
  const stub = env.LEDGER.get(env.LEDGER.idFromName("ledger"));
  try {
    let result;
    for (let i = 0; i < times; i++) result = await stub[method](...JSON.parse(JSON.stringify(args).replaceAll("#", String(i))));
    return Response.json({ result });
  } catch (error) { return Response.json({ error: error.message }); }
} };`;

describe("a ledger that is filled", () => {
  let miniflare: Miniflare;
  const call = async <T>(method: string, args: unknown[] = [], times = 1): Promise<T> => {
    const url = await miniflare.ready;
    const answer = await freshFetch(url, {
      method: "POST",
      body: JSON.stringify({ method, args, times }),
    });
    const { result, error } = (await answer.json()) as { result: T; error?: string };
    if (error !== undefined) throw new Error(error);
    return result;
  };
  beforeAll(() => {
    const built = buildSync({
      stdin: { contents: DRIVER, resolveDir: path.resolve(__dirname, "../../../.."), loader: "ts" },
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
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    expect((await settle({ ask })).lease?.requests).toBe(1);
    expect(await call<number>("stateSize")).toBeLessThan(100_000);
  }, 120_000);

  it("refuses a cell too many", async () => {
    await expect(call("writeCell", ["cell-#", "x", 0], 65)).rejects.toThrow("no room");
    expect(await call("writeCell", ["cell-1", "y", 1])).toBe(true);
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
