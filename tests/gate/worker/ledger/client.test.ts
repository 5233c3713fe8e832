import { LedgerClient } from "../../../../gate/worker/ledger/client";
import type { SettleAnswer, SettleRequest } from "../../../../gate/worker/ledger/exchange";
import { policyFor } from "../../support/policy";
import { until } from "../../../support/until";
import { entry, longest } from "../../support/auditEntry";

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

describe("entries of reads", () => {
  const answer = { short: {}, stopped: false, denied: [], waitUntil: 0, archiveDue: false, archiveFailing: false };
  let sent: SettleRequest[];
  let broken: boolean;
  let alive: number;
  let client: LedgerClient;
  const background = {
    waitUntil: (work: Promise<unknown>): void => {
      alive++;
      void work.finally(() => alive--);
    },
  };

  beforeEach(() => {
    jest.useFakeTimers();
    sent = [];
    broken = false;
    alive = 0;
    const settle = async (request: SettleRequest): Promise<SettleAnswer> => {
      await new Promise((resolve) => setTimeout(resolve, 20)); // the disk's time
      if (broken) throw new Error("down");
      sent.push(request);
      return answer;
    };
    client = new LedgerClient(
      { LEDGER: { idFromName: (name: string) => name, get: () => ({ settle }) } } as never,
      "isolate",
      policyFor().limits,
      () => undefined,
    );
  });
  afterEach(() => jest.useRealTimers());

  const requestsFor = async (ms: number): Promise<number> => {
    for (let i = 0; i < ms / 5; i++) {
      client.record(background, entry(), undefined);
      await jest.advanceTimersByTimeAsync(5);
    }
    return ms / 5;
  };

  it.each([2_500, 60_000])("share an exchange a second while they keep coming: for %d ms", async (ms) => {
    const made = await requestsFor(ms);
    // Each of them would make an exchange of its own if a request went on as long as something waits.
    expect(sent.length).toBeLessThanOrEqual(ms / 1000);
    expect(alive).toBeLessThanOrEqual(2);
    await jest.advanceTimersByTimeAsync(2_100);
    expect(sent.flatMap((r) => r.entries)).toHaveLength(made);
    expect(alive).toBe(0);
  });

  it("are sent by whoever comes later when the ledger was down, and by nobody twice", async () => {
    broken = true;
    const made = (await requestsFor(3_000)) + 1;
    await jest.advanceTimersByTimeAsync(60_000);
    expect([sent, alive]).toEqual([[], 0]);
    broken = false;
    client.record(background, entry(), undefined);
    await jest.advanceTimersByTimeAsync(2_100);
    expect(sent.flatMap((r) => r.entries)).toHaveLength(made);
  });
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
