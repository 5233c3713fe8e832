import { createHash } from "node:crypto";
import { handOver, QUIET_MS, seenIn, type HandOver } from "../../rotation/handOver";
import type { GateKeyState } from "../../rotation/gateControl";
import type { Message } from "../../rotation/notify/types";

const [OLD, NEW] = [`ghk_${"a".repeat(43)}`, `ghk_${"b".repeat(43)}`];
const hashOf = (key: string): string => createHash("sha256").update(key).digest("base64url");
const START = Date.UTC(2026, 10, 1);
const at = (ms: number): string => new Date(START + ms).toISOString();

/** A gate with two keys, and what comes to it at which second after the start. */
function world(
  traffic: readonly (readonly [second: number, key: string | undefined])[],
  over: {
    readonly keys?: readonly GateKeyState[];
    readonly sessions?: readonly string[] | undefined;
    readonly deaf?: boolean;
  } = {},
) {
  let now = START;
  const keys = new Map(
    (
      over.keys ?? [
        { agent: "agent", sha256: hashOf(NEW), denied: false },
        { agent: "agent", sha256: hashOf(OLD), denied: false, notAfter: at(86_400_000) },
      ]
    ).map((key) => [key.sha256, key]),
  );
  const given: string[] = [];
  const told: Message[] = [];
  const records = traffic.map(([second, key], i) => ({
    seq: i + 1,
    ts: at(second * 1000),
    requestId: `r-${i + 1}`,
    clientIp: "203.0.113.7",
    ...(key === undefined ? {} : { gateKeySha256: hashOf(key) }),
  }));
  const arrived = () => records.filter(({ ts }) => Date.parse(ts) <= now);
  const deps: HandOver = {
    effects: {
      fetch: () => Promise.reject(new Error("nothing is fetched here")),
      now: () => now,
      sleep: (ms) => {
        now += ms;
        return Promise.resolve();
      },
      report: () => undefined,
    },
    gate: {
      keys: () => Promise.resolve([...keys.values()]),
      auditHead: () => Promise.resolve(arrived().length),
      auditAfter: (seq) => Promise.resolve(arrived().filter((one) => one.seq > seq)),
      deny: (what) => {
        const sha256 = "gateKeySha256" in what ? what.gateKeySha256 : "";
        const key = keys.get(sha256);
        if (key && over.deaf !== true) keys.set(sha256, { ...key, denied: true });
        return Promise.resolve();
      },
    },
    runtime: {
      name: "the runtime",
      toTry: "git ls-remote",
      give: (key) => {
        given.push(key);
        return Promise.resolve(["the place"]);
      },
      sessions: () => Promise.resolve("sessions" in over ? over.sessions : ["sesn_1"]),
    },
    adapters: [
      {
        name: "hook",
        deliver: (message) => {
          told.push(message);
          return Promise.resolve();
        },
      },
    ],
    key: NEW,
    waitMs: 600_000,
  };
  return {
    deps,
    given,
    told,
    denied: () => [...keys.values()].filter((one) => one.denied).map((one) => one.sha256),
    elapsed: () => now - START,
  };
}

it("ends the old key when a request shows the new one in use, and tells the receivers without any key", async () => {
  const { deps, given, told, denied } = world([
    [0, OLD],
    [20, OLD],
    [40, undefined],
    [50, NEW],
  ]);
  const done = await handOver(deps);
  expect(done).toEqual({
    newSha256: hashOf(NEW),
    given: ["the place"],
    sessions: ["sesn_1"],
    provenBy: "r-4",
    ended: [hashOf(OLD)],
    notes: [],
  });
  expect([given, denied()]).toEqual([[NEW], [hashOf(OLD)]]);
  expect(told).toMatchObject([{ type: "gate-key.rotated", data: { newSha256: hashOf(NEW), provenBy: "r-4" } }]);
  expect(JSON.stringify([done, told])).not.toMatch(/ghk_/);
});

it("counts no request from before the key was given", async () => {
  const { deps, denied } = world([[0, NEW]]);
  await expect(handOver(deps)).rejects.toThrow(/no request came under the new gate key within 10 minutes/);
  expect(denied()).toEqual([]);
});

it("does not end a key that somebody still uses, and says from where and what to do", async () => {
  const traffic = Array.from({ length: 70 }, (_, i) => [10 * i, i % 2 === 0 ? NEW : OLD] as const);
  const { deps, denied, elapsed } = world(traffic);
  const failure = await handOver(deps).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    name: "NeedsPerson",
    message: expect.stringMatching(/so is the old one: last at .*, from 203\.0\.113\.7, request r-60/),
    todo: [expect.stringContaining("sesn_1"), expect.stringContaining("run the same command again")],
  });
  expect([denied(), elapsed()]).toEqual([[], 600_000]);
});

it("waits until nobody has used the old key for half a minute", async () => {
  const { deps, elapsed } = world([
    [1, NEW],
    [25, OLD],
  ]);
  expect(await handOver(deps)).toMatchObject({ ended: [hashOf(OLD)] });
  expect(elapsed()).toBeGreaterThanOrEqual(25_000 + QUIET_MS);
});

it("needs no proof where no session is open, and one where the runtime cannot tell", async () => {
  const closed = world([], { sessions: [] });
  const done = await handOver(closed.deps);
  expect([done.provenBy, done.ended]).toEqual([undefined, [hashOf(OLD)]]);
  await expect(handOver(world([], { sessions: undefined }).deps)).rejects.toThrow("no request came");
});

it("does nothing twice: with the old key ended, it proves the new one", async () => {
  const { deps } = world([[1, NEW]]);
  await handOver(deps);
  const again = world([[1, NEW]], { keys: [{ agent: "agent", sha256: hashOf(NEW), denied: false }] });
  expect(await handOver(again.deps)).toMatchObject({ ended: [], provenBy: "r-1" });
});

it("does not say that the old key has ended when the gate still takes it", async () => {
  await expect(handOver(world([[1, NEW]], { deaf: true }).deps)).rejects.toThrow(
    /the gate did not end the old key: it still takes/,
  );
});

it.each<[string, readonly GateKeyState[], RegExp]>([
  ["that the gate does not take", [], /does not take the key .*run pulumi up first/],
  [
    "that is the old one",
    [{ agent: "agent", sha256: hashOf(NEW), denied: false, notAfter: at(1000) }],
    /is the old one/,
  ],
  ["that was ended", [{ agent: "agent", sha256: hashOf(NEW), denied: true }], /was ended at the gate/],
])("refuses a key %s before anybody has it", async (_, keys, says) => {
  const { deps, given } = world([], { keys });
  await expect(handOver(deps)).rejects.toThrow(says);
  expect(given).toEqual([]);
});

it("leaves other agents' keys and keys whose time is over alone", async () => {
  const other = { agent: "other", sha256: "o".repeat(43), denied: false };
  const over = { agent: "agent", sha256: "x".repeat(43), denied: false, notAfter: at(-1000) };
  const { deps, denied } = world([[1, NEW]], {
    keys: [{ agent: "agent", sha256: hashOf(NEW), denied: false }, other, over],
  });
  expect(await handOver(deps)).toMatchObject({ ended: [] });
  expect(denied()).toEqual([]);
});

it("names a receiver that does not answer, and has ended the old key all the same", async () => {
  const { deps, denied } = world([[1, NEW]]);
  const deaf = { name: "hook", deliver: () => Promise.reject(new Error("away")) };
  expect((await handOver({ ...deps, adapters: [deaf] })).notes).toEqual(["could not notify hook: away"]);
  expect(denied()).toEqual([hashOf(OLD)]);
});

it("keeps the first use of the new key and the last of the old", () => {
  const record = (seq: number, gateKeySha256?: string) => ({
    seq,
    ts: at(seq),
    requestId: `r${seq}`,
    clientIp: "",
    gateKeySha256,
  });
  const seen = seenIn({}, [record(1, "n"), record(2, "o"), record(3), record(4, "z")], "n", new Set(["o"]));
  expect(seenIn(seen, [record(5, "n"), record(6, "o")], "n", new Set(["o"]))).toMatchObject({
    fresh: { requestId: "r1" },
    stale: { requestId: "r6" },
  });
});
