import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gatehouse, type Ready, ROOT } from "../support/sandbox";

jest.setTimeout(240_000);

const SERVE = ["sandbox", "serve", "--bare", "--json"];
const isReady = (line: string): boolean => line.startsWith("{");
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
/** A test that is over does not wait for its limit. */
const limit = (ms: number): Promise<string> =>
  new Promise((done) => setTimeout(() => done("still running"), ms).unref());

/** Processes that carry a mark in their environment (Linux). */
const marked = (mark: string): string[] =>
  readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").includes(mark);
      } catch {
        return false;
      }
    });
const untilNone = async (list: () => readonly unknown[], ms = 20_000): Promise<readonly unknown[]> => {
  for (const end = Date.now() + ms; list().length > 0 && Date.now() < end;) await pause(200);
  return list();
};

/** Starts the server through `command`, waits until it is ready, ends that command alone, and tells who is left. */
async function leftAfter(
  command: string,
  args: readonly string[],
  signal: NodeJS.Signals,
): Promise<readonly unknown[]> {
  const mark = `GATEHOUSE_TEST_MARK=${randomUUID()}`;
  const parent = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, GATEHOUSE_TEST_MARK: mark.split("=")[1] },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let out = "";
  parent.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  for (const end = Date.now() + 150_000; !out.split("\n").some(isReady); await pause(100))
    if (Date.now() > end || parent.exitCode !== null) throw new Error(`not ready: ${out}`);
  parent.kill(signal);
  const left = await untilNone(() => marked(mark));
  for (const pid of marked(mark)) process.kill(Number(pid), "SIGKILL");
  return left;
}

it("ends with npx, which passes no signal on", async () => {
  expect(await leftAfter("npx", ["--no-install", "gatehouse", ...SERVE], "SIGTERM")).toEqual([]);
});

it("ends with a shell that was killed", async () => {
  const line = `node cli/bin.js ${SERVE.join(" ")} & wait`;
  expect(await leftAfter("/bin/sh", ["-c", line], "SIGKILL")).toEqual([]);
});

it("ends at SIGTERM while clients stall, and when its folder was removed", async () => {
  const project = mkdtempSync(join(tmpdir(), "gatehouse-removed-"));
  for (const name of [
    "Pulumi.yaml",
    "Pulumi.dev.yaml",
    "package.json",
    "tsconfig.json",
    "tsconfig.base.json",
    "infra",
    "stacks",
    "edge",
    "gate",
    "providers",
    "rotation",
  ])
    cpSync(join(ROOT, name), join(project, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(project, "node_modules"));
  const running = gatehouse([...SERVE, "--project", project]);
  const ready = JSON.parse(await running.line(isReady, 150_000)) as Ready;
  const stalled = [ready.github.api, ready.cloudflare.api, ready.vault.addr].map((address) => {
    const { hostname, port } = new URL(address);
    const client = connect(Number(port), hostname).on("error", () => undefined);
    client.pause();
    client.write(`POST /acme/api.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nContent-Length: ${64 << 20}\r\n\r\n`);
    client.write(Buffer.alloc(8 << 20));
    return client;
  });
  await pause(500);
  rmSync(project, { recursive: true, force: true });
  const asked = Date.now();
  running.child.kill("SIGTERM");
  expect(await Promise.race([running.exited, limit(30_000)])).toBe(143);
  expect(Date.now() - asked).toBeLessThan(20_000);
  expect(running.survivors()).toEqual([]);
  for (const client of stalled) client.destroy();
});
