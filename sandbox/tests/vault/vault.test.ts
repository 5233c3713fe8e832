import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { startVault } from "../../vault";
import { TOOLS_DIR, useVault } from "../../../tests/support/vault";

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const until = async (condition: () => boolean, ms = 5000): Promise<void> => {
  for (const limit = Date.now() + ms; !condition();) {
    if (Date.now() > limit) throw new Error("did not happen in time");
    await new Promise((done) => setTimeout(done, 25));
  }
};
/** Processes whose command line names the folder: only servers that were started with it. */
const processesOf = (folder: string): { pid: number; line: string }[] =>
  execFileSync("ps", ["-eo", "pid=,args="], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes(folder) && !line.includes("ps -eo"))
    .map((line) => ({ pid: Number(line.trim().split(/\s+/)[0]), line }));

describe("the token store's server", () => {
  const vault = useVault();

  it("stores with check-and-set and writes each request to the audit log, values hashed", async () => {
    await vault.call("POST", "sys/mounts/agents", { type: "kv", options: { version: "2" } });
    const value = `example-${Date.now()}`;
    expect((await vault.call("POST", "agents/data/x", { data: { token: value }, options: { cas: 0 } })).status).toBe(
      200,
    );
    expect((await vault.call("POST", "agents/data/x", { data: { token: value }, options: { cas: 0 } })).status).toBe(
      400,
    );
    const read = await vault.call("GET", "agents/data/x");
    expect(read.body).toMatchObject({ data: { data: { token: value }, metadata: { version: 1 } } });
    const log = readFileSync(vault.server.auditLog, "utf8");
    expect(log).toContain("agents/data/x");
    expect(log).not.toContain(value);
    expect(log).not.toContain(vault.server.token);
    expect(statSync(vault.server.auditLog).mode & 0o777).toBe(0o600);
  });

  it("answers 503 while sealed and serves again after unseal", async () => {
    await vault.server.seal();
    expect((await vault.call("GET", "agents/data/x")).status).toBe(503);
    await vault.server.unseal();
    expect((await vault.call("GET", "agents/data/x")).status).toBe(200);
  });

  it("shows no secret on its command line or in its environment", () => {
    const folder = vault.server.serverLog.replace(/\/server\.log$/, "");
    const [server] = processesOf(folder).filter(({ line }) => line.includes("server -config"));
    expect(server).toBeDefined();
    expect(server?.line).not.toContain(vault.server.token);
    if (existsSync("/proc/self/environ"))
      expect(readFileSync(`/proc/${server?.pid}/environ`, "utf8")).not.toContain(vault.server.token);
    expect(statSync(join(folder, "server.json")).mode & 0o777).toBe(0o600);
  });
});

describe("starting and stopping", () => {
  const dirs: string[] = [];
  const dataDir = (): string => {
    const dir = mkdtempSync(join(tmpdir(), "gatehouse-vault-"));
    dirs.push(dir);
    return dir;
  };
  afterAll(() => {
    for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
  });

  it("keeps its data and keys over a restart, also on another port", async () => {
    const dir = dataDir();
    const first = await startVault({ dataDir: dir, toolsDir: TOOLS_DIR });
    await fetch(`${first.addr}/v1/sys/mounts/kept`, {
      method: "POST",
      headers: { "x-vault-token": first.token },
      body: JSON.stringify({ type: "kv", options: { version: "2" } }),
    });
    expect(statSync(join(dir, "keys.json")).mode & 0o777).toBe(0o600);
    await first.stop();
    await first.stop();
    expect(processesOf(dir)).toEqual([]);
    const second = await startVault({ dataDir: dir, toolsDir: TOOLS_DIR });
    const mounts = (await fetch(`${second.addr}/v1/sys/mounts`, { headers: { "x-vault-token": second.token } }).then(
      (r) => r.json(),
    )) as Record<string, unknown>;
    await second.stop();
    expect(second.token).toBe(first.token);
    expect(mounts).toHaveProperty("kept/");
    expect(processesOf(dir)).toEqual([]);
  }, 60_000);

  it("says which port is taken, and leaves nothing behind", async () => {
    const dir = dataDir();
    const blocker = createServer().listen(0, "127.0.0.1");
    await new Promise((done) => blocker.once("listening", done));
    const { port } = blocker.address() as { port: number };
    await expect(startVault({ dataDir: dir, toolsDir: TOOLS_DIR, port })).rejects.toThrow(`port ${port} is in use`);
    expect(processesOf(dir)).toEqual([]);
    await new Promise((done) => blocker.close(done));
  }, 60_000);

  it("ends with the process that started it, even when that is killed", async () => {
    const dir = dataDir();
    const script = `require("tsx/cjs"); require("./sandbox/vault").startVault(${JSON.stringify({ dataDir: dir, toolsDir: TOOLS_DIR, storage: "inmem" })}).then(() => console.log("up"));`;
    const parent = spawn(process.execPath, ["-e", script], {
      cwd: resolve(__dirname, "../../.."),
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((done) => parent.stdout.once("data", done));
    const [server] = processesOf(`${dir}/server.json`).filter(({ line }) => line.includes("server -config"));
    expect(server && alive(server.pid)).toBe(true);
    parent.kill("SIGKILL");
    await until(() => server === undefined || !alive(server.pid));
    await until(() => processesOf(dir).length === 0);
  }, 60_000);
});
