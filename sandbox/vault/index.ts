import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { describeSystemError, SystemsError } from "../tools/errors";
import { ProcessGuard } from "../tools/guard";
import { installOpenBao } from "../tools/openbao";
import { freePort, isFree } from "../tools/ports";
import { auditOptions, serverConfig, type ServerPlan } from "./config";

/** How to start the token store's server. */
export interface VaultOptions {
  /** Folder of this server; what it stores survives a restart with the same folder. */
  readonly dataDir: string;
  /** Where the server's binary is installed, see `installOpenBao`. */
  readonly toolsDir: string;
  /** Port on 127.0.0.1; a free one by default. */
  readonly port?: number;
  /** `raft` (default) survives a restart and takes about 1.5 s the first time; `inmem` forgets and takes 0.2 s. */
  readonly storage?: "raft" | "inmem";
  readonly onProgress?: ((message: string) => void) | undefined;
}

/** A running server. */
export interface Vault {
  /** `http://127.0.0.1:PORT`, what VAULT_ADDR is set to. */
  readonly addr: string;
  /** The root token: random, of this server alone. */
  readonly token: string;
  /** The file audit device's log, one JSON object a line. */
  readonly auditLog: string;
  /** The server's own log. */
  readonly serverLog: string;
  /** Ends the server and everything that watched it. Calling it again does nothing. */
  stop(): Promise<void>;
  /** Seals the server: every request that needs data answers 503 from then on. */
  seal(): Promise<void>;
  /** Unseals it with the key made at the first start, and waits until it serves again. */
  unseal(): Promise<void>;
}

interface Keys {
  readonly unsealKey: string;
  readonly rootToken: string;
}

/**
 * Starts a real OpenBao server on loopback, initialised, unsealed and with a file audit device.
 * No secret is on a command line or in an environment: the configuration holds none, the keys are in `keys.json`
 * (0600). The server runs in a process group of its own, so Ctrl-C in a terminal does not end it before `stop()` does,
 * and is killed by a guard when this process dies (see `ProcessGuard`).
 * @throws SystemsError when the binary, the port or the folder cannot be had.
 */
export async function startVault(options: VaultOptions): Promise<Vault> {
  const binary = await installOpenBao({ toolsDir: options.toolsDir, onProgress: options.onProgress });
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  if (options.port !== undefined && !(await isFree(options.port))) throw portInUse(options.port);
  for (let attempt = 1; ; attempt += 1) {
    const plan: ServerPlan = {
      storage: options.storage ?? "raft",
      dataDir: options.dataDir,
      auditLog: join(options.dataDir, "audit.log"),
      port: options.port ?? (await freePort()),
      clusterPort: await freePort(),
      auditByConfig: basename(binary) === "bao",
    };
    try {
      return await launch(binary, plan);
    } catch (error) {
      // Somebody else was faster on one of the ports: ask for others, unless the caller named the port.
      if (!(error instanceof PortTaken)) throw error;
      if (attempt < 5 && options.port === undefined) continue;
      throw portInUse(plan.port);
    }
  }
}

const portInUse = (port: number): SystemsError =>
  new SystemsError({
    what: "OpenBao could not start",
    why: `port ${port} is in use`,
    wayOut: "Stop what listens there or choose another port",
  });

class PortTaken extends Error {}

async function launch(binary: string, plan: ServerPlan): Promise<Vault> {
  const serverLog = join(plan.dataDir, "server.log");
  const configFile = join(plan.dataDir, "server.json");
  if (plan.storage === "raft") await mkdir(join(plan.dataDir, "raft"), { recursive: true, mode: 0o700 });
  else await rm(keysFile(plan), { force: true });
  await writeFile(configFile, serverConfig(plan), { mode: 0o600 });
  const guard = ProcessGuard.open();
  const log = openSync(serverLog, "w", 0o600);
  const server = spawn(binary, ["server", `-config=${configFile}`], {
    stdio: ["ignore", log, log],
    detached: true,
    env: serverEnvironment(),
  });
  closeSync(log);
  guard.watch(server);
  const exited = new Promise<void>((resolve) => {
    server.once("exit", () => resolve());
    server.once("error", () => resolve());
  });
  const addr = `http://127.0.0.1:${plan.port}`;
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= end(server, exited).then(() => guard.close()));
  const ended = new AbortController();
  void exited.then(() => ended.abort());
  try {
    await answers(addr, ended.signal);
    const keys = await initialise(addr, plan);
    await unseal(addr, keys);
    if (!plan.auditByConfig) await enableAudit(addr, keys, plan);
    return {
      addr,
      token: keys.rootToken,
      auditLog: plan.auditLog,
      serverLog,
      stop,
      seal: async () => {
        await call(addr, "PUT", "sys/seal", undefined, keys.rootToken);
      },
      unseal: () => unseal(addr, keys),
    };
  } catch (error) {
    await stop();
    const said = await readFile(serverLog, "utf8").catch(() => "");
    if (/address already in use/i.test(said)) throw new PortTaken();
    const line =
      said
        .split("\n")
        .reverse()
        .find((text) => /error/i.test(text)) ?? describeSystemError(error);
    throw new SystemsError({
      what: "OpenBao could not start",
      why: line.trim().slice(0, 300),
      wayOut: `See ${serverLog}; removing ${plan.dataDir} starts it afresh`,
    });
  }
}

/** What the server needs and no more: nothing of the caller's credentials is inherited. */
function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = ["PATH", "HOME", "TMPDIR", "LANG", "TZ"].filter((name) => process.env[name] !== undefined);
  return Object.fromEntries(kept.map((name) => [name, process.env[name]]));
}

async function end(server: ChildProcess, exited: Promise<void>): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null || server.pid === undefined) return;
  server.kill("SIGTERM");
  const patience = setTimeout(() => server.kill("SIGKILL"), 5000);
  await exited;
  clearTimeout(patience);
}

const keysFile = (plan: ServerPlan): string => join(plan.dataDir, "keys.json");

/** The keys of an earlier start, or those of a fresh initialisation. */
async function initialise(addr: string, plan: ServerPlan): Promise<Keys> {
  const state = await call(addr, "GET", "sys/init");
  if (state["initialized"] === true) return JSON.parse(await readFile(keysFile(plan), "utf8")) as Keys;
  const answer = await call(addr, "PUT", "sys/init", { secret_shares: 1, secret_threshold: 1 });
  const keys: Keys = { unsealKey: (answer["keys"] as string[])[0] ?? "", rootToken: answer["root_token"] as string };
  await writeFile(`${keysFile(plan)}.new`, JSON.stringify(keys), { mode: 0o600 });
  await rename(`${keysFile(plan)}.new`, keysFile(plan));
  return keys;
}

async function unseal(addr: string, keys: Keys): Promise<void> {
  await call(addr, "PUT", "sys/unseal", { key: keys.unsealKey });
  const limit = Date.now() + 20_000;
  while ((await fetch(`${addr}/v1/sys/health`)).status !== 200) {
    if (Date.now() > limit) throw new Error("the server did not become active within 20 seconds");
    await pause(20);
  }
}

async function enableAudit(addr: string, keys: Keys, plan: ServerPlan): Promise<void> {
  const devices = await call(addr, "GET", "sys/audit", undefined, keys.rootToken);
  if (devices["sandbox/"] !== undefined) return;
  await call(addr, "PUT", "sys/audit/sandbox", { type: "file", options: auditOptions(plan) }, keys.rootToken);
}

/** Resolves when the server answers at all; sealed and uninitialised count. Rejects as soon as it has ended. */
async function answers(addr: string, ended: AbortSignal): Promise<void> {
  const limit = Date.now() + 20_000;
  for (;;) {
    try {
      await fetch(`${addr}/v1/sys/health`, { signal: AbortSignal.any([ended, AbortSignal.timeout(1000)]) });
      return;
    } catch (error) {
      if (ended.aborted) throw new Error("the server ended", { cause: error });
      if (Date.now() > limit) throw new Error("the server did not answer within 20 seconds", { cause: error });
      await pause(25);
    }
  }
}

async function call(
  addr: string,
  method: string,
  path: string,
  body?: unknown,
  token?: string,
): Promise<Record<string, unknown>> {
  const headers: Record<string, string> = token === undefined ? {} : { "x-vault-token": token };
  const response = await fetch(`${addr}/v1/${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 200)}`);
  return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
