import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { startCloudflare } from "../../cloudflare";
import { uploadForm } from "./support";

const environment = {
  organization: "acme",
  gate: { accountId: "a".repeat(32), name: "github-gate", hostname: "github-gate.acme.dev" },
} as Parameters<typeof startCloudflare>[0]["environment"];
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
/** Children of a process, and theirs, with their command lines. */
const descendants = (of: number): { pid: number; line: string }[] => {
  const all = execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" })
    .split("\n")
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((m) => m !== null)
    .map((m) => ({ pid: Number(m[1]), parent: Number(m[2]), line: m[3] ?? "" }));
  const found = all.filter((p) => p.parent === of && !p.line.startsWith("ps "));
  return found.flatMap((p) => [{ pid: p.pid, line: p.line }, ...descendants(p.pid)]);
};
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe("the processes of the Cloudflare stand-in", () => {
  const dirs: string[] = [];
  const dataDir = (): string => {
    const dir = mkdtempSync(join(tmpdir(), "gatehouse-cloudflare-"));
    dirs.push(dir);
    return dir;
  };
  afterAll(() => {
    for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
  });

  it("tells the gate its address here instead of the declared one, and the API what was uploaded", async () => {
    const cloudflare = await startCloudflare({ environment, dataDir: dataDir() });
    try {
      const script = `${cloudflare.api}/accounts/${cloudflare.accountId}/workers/scripts/github-gate`;
      const headers = { authorization: `Bearer ${cloudflare.token}` };
      const declared = { name: "PUBLIC_URL", type: "plain_text", text: "https://github-gate.acme.dev" };
      const other = { name: "OTHER", type: "plain_text", text: "https://github-gate.acme.dev" };
      for (const bindings of [[declared, other], [other]]) {
        const body = uploadForm("export default { fetch: (_, env) => Response.json([env.PUBLIC_URL, env.OTHER]) };", {
          bindings,
        });
        expect((await fetch(script, { method: "PUT", headers, body })).status).toBe(200);
        expect(await (await fetch(cloudflare.gateUrl("github-gate"))).json()).toEqual([
          bindings.includes(declared) ? cloudflare.gateUrl("github-gate") : null,
          other.text,
        ]);
        const settings = (await (await fetch(`${script}/settings`, { headers })).json()) as {
          result: { bindings: unknown[] };
        };
        expect(settings.result.bindings).toEqual(expect.arrayContaining(bindings));
      }
    } finally {
      await cloudflare.stop();
    }
  }, 30_000);

  it("names the account, the zone and the gate's address by the environment, and leaves nothing behind", async () => {
    const before = descendants(process.pid).map(({ pid }) => pid);
    const cloudflare = await startCloudflare({ environment, dataDir: dataDir() });
    expect(cloudflare).toMatchObject({
      accountId: "a".repeat(32),
      api: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/client\/v4$/) as string,
      token: expect.stringMatching(/^[0-9A-Za-z_-]{40}$/) as string,
    });
    expect(cloudflare.gateUrl("github-gate")).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(() => cloudflare.gateUrl("other")).toThrow("No Worker script called other");
    const started = descendants(process.pid).filter(({ pid }) => !before.includes(pid));
    expect(started.some(({ line }) => line.includes("workerd"))).toBe(true);
    await cloudflare.stop();
    await cloudflare.stop();
    expect(started.filter(({ pid }) => alive(pid))).toEqual([]);
    await expect(fetch(cloudflare.url)).rejects.toThrow();
  }, 30_000);

  it("give workerd no environment and no secret on its command line", async () => {
    process.env["EXAMPLE_SECRET_OF_THE_CALLER"] = "example-value";
    const cloudflare = await startCloudflare({ environment, dataDir: dataDir() });
    try {
      const workerd = descendants(process.pid).find(({ line }) => line.includes("workerd serve"));
      expect(workerd?.line).not.toContain(cloudflare.token);
      if (existsSync("/proc/self/environ"))
        expect(readFileSync(`/proc/${workerd?.pid}/environ`, "utf8")).not.toContain("example-value");
    } finally {
      delete process.env["EXAMPLE_SECRET_OF_THE_CALLER"];
      await cloudflare.stop();
    }
  }, 30_000);

  it("say which port is taken, and leave nothing behind", async () => {
    const before = descendants(process.pid).length;
    const blocker = createServer().listen(0, "127.0.0.1");
    await new Promise((done) => blocker.once("listening", done));
    const { port } = blocker.address() as AddressInfo;
    await expect(startCloudflare({ environment, dataDir: dataDir(), port })).rejects.toThrow(
      `The Cloudflare stand-in could not start: port ${port} is in use`,
    );
    await new Promise((done) => blocker.close(done));
    expect(descendants(process.pid).length).toBe(before);
  }, 30_000);

  it("end with the process that started them, even when that is killed", async () => {
    const script = `require("tsx/cjs"); require("./sandbox/cloudflare").startCloudflare(${JSON.stringify({ environment, dataDir: dataDir() })}).then(() => console.log("up"));`;
    const parent = spawn(process.execPath, ["-e", script], {
      cwd: resolve(__dirname, "../../.."),
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((done) => parent.stdout.once("data", done));
    const started = descendants(parent.pid ?? 0);
    expect(started.some(({ line }) => line.includes("workerd serve"))).toBe(true);
    parent.kill("SIGKILL");
    for (let i = 0; i < 200 && started.some(({ pid, line }) => line.includes("workerd") && alive(pid)); i += 1)
      await pause(25);
    for (let i = 0; i < 200 && started.some(({ pid }) => alive(pid)); i += 1) await pause(25);
    expect(started.filter(({ pid }) => alive(pid))).toEqual([]);
  }, 60_000);
});
