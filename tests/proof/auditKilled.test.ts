import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gatehouse, serve, type Ready, type Running } from "../support/sandbox";

/* `audit pull` is killed at many moments and run again: the trail is the one that an undisturbed pull writes. */

jest.setTimeout(300_000);

const REQUESTS = 1_500;

let ready: Ready;
let running: Running;
let folder: string;
beforeAll(async () => {
  ({ ready, running } = await serve("--config", "gatehouse:gate.requestsPerMinute=5000"));
  folder = mkdtempSync(join(tmpdir(), "gatehouse-audit-killed-"));
  const enterprise = await fetch(`${ready.github.api}/_sandbox/organization`, {
    method: "PATCH",
    body: JSON.stringify({ plan: "enterprise" }),
  });
  expect(enterprise.ok).toBe(true);
  const ask = async (): Promise<void> => {
    for (let n = 0; n < REQUESTS / 10; n++)
      await fetch(`${ready.gate.url}/repos/acme/api`, { headers: { authorization: `Bearer ${ready.gate.key}` } });
  };
  await Promise.all(Array.from({ length: 10 }, ask));
});
afterAll(async () => {
  running.child.kill("SIGTERM");
  await running.exited;
  rmSync(folder, { recursive: true, force: true });
});

const start = (dir: string): Running => gatehouse(["audit", "pull", "--out", dir], { env: ready.env });
const sizeOf = (file: string): number => (existsSync(file) ? statSync(file).size : 0);
const linesOf = (file: string): string[] => readFileSync(file, "utf8").trimEnd().split("\n");
/** Ids of the events. The finding on the bucket's lock has none: every pull that ends writes one. */
const eventsOf = (dir: string): string[] =>
  linesOf(join(dir, "events.ndjson")).flatMap((line) => {
    const { uid } = (JSON.parse(line) as { metadata: { uid?: string } }).metadata;
    return uid === undefined ? [] : [uid];
  });

/** Pulls to the end after kills, and holds the trail against one that was pulled in one go. */
async function isWhole(dir: string): Promise<void> {
  const last = start(dir);
  expect([await last.exited, last.stderr()]).toEqual([0, ""]);
  const verified = gatehouse(["audit", "verify", "--dir", dir, "--json"], { env: ready.env });
  expect([await verified.exited, JSON.parse(verified.stdout())]).toEqual([
    0,
    expect.objectContaining({ problems: [] }),
  ]);
  const plain = join(folder, "plain");
  const again = start(plain);
  expect([await again.exited, again.stderr()]).toEqual([0, ""]);
  const records = linesOf(join(dir, "gate.ndjson"));
  expect(records.length).toBeGreaterThan(REQUESTS);
  expect(linesOf(join(plain, "gate.ndjson")).slice(0, records.length)).toEqual(records);
  const events = eventsOf(dir);
  expect(events.length).toBeGreaterThan(REQUESTS);
  expect(new Set(events).size).toBe(events.length);
  const github = linesOf(join(dir, "github.ndjson"));
  expect(new Set(github).size).toBe(github.length);
  rmSync(plain, { recursive: true });
}

it.each(["github.ndjson", "gate.ndjson", "checkpoints.ndjson", "pull.json", "events.ndjson"])(
  "goes on when a first pull is killed as soon as it has written %s",
  async (file) => {
    const dir = join(folder, `first-${file}`);
    const killed = start(dir);
    let ended = false;
    void killed.exited.then(() => (ended = true));
    while (!ended && sizeOf(join(dir, file)) === 0) await new Promise((resolve) => setImmediate(resolve));
    killed.child.kill("SIGKILL");
    expect(await killed.exited).toBe(137);
    await isWhole(dir);
  },
);

it("goes on when every pull is killed a little later than the one before", async () => {
  const dir = join(folder, "later");
  let kills = 0;
  for (let ms = 200; ; ms += 80) {
    const process = start(dir);
    const timer = setTimeout(() => process.child.kill("SIGKILL"), ms);
    const code = await process.exited;
    clearTimeout(timer);
    if (code === 0) break;
    expect([code, process.stderr()]).toEqual([137, ""]);
    kills++;
  }
  expect(kills).toBeGreaterThan(5);
  await isWhole(dir);
});
