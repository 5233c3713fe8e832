import { appendFileSync, chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { Miniflare, NoOpLog, type MiniflareOptions, type WorkerOptions } from "miniflare";
import { describeSystemError, SystemsError } from "../../tools/errors";
import { ProcessGuard } from "../../tools/guard";
import { freePort } from "../../tools/ports";
import { withoutSignalListeners } from "../../tools/signals";
import type { BindingFault } from "../http/faults";
import type { Account } from "../state";
import { Front } from "./front";
import { kvBinding, moduleFolder, r2Binding, STORAGE_WORKER, workerOptions } from "./options";
import { workerd } from "./workerd";

/** How long running requests may take to finish when a version is replaced, before they are cut off. */
const DRAIN_MS = 10_000;

/** The runtime refused a configuration; `reason` is what workerd said. */
export class RuntimeRefusal extends Error {
  constructor(readonly reason: string) {
    super(reason);
    this.name = "RuntimeRefusal";
  }
}

/**
 * Runs an account's scripts in one workerd process, by miniflare. workerd takes its configuration at start only, so a
 * change of scripts or bindings is a restart: measured 160 to 240 ms, in which the listeners of `Front` keep clients
 * waiting. What Workers have stored is on disk and survives; what they keep in memory does not, as with any deployment.
 */
export class Runtime {
  #miniflare: Miniflare | undefined;
  #applied = "";
  #faults: readonly BindingFault[] = [];
  #ports = new Map<string, number>();
  #fronts = new Map<string, Front>();
  #queue: Promise<unknown> = Promise.resolve();
  #stderr = "";
  #stopped = false;
  readonly #storedKv = new Set<string>();
  readonly #storedR2 = new Set<string>();

  private constructor(
    private readonly account: Account,
    private readonly dataDir: string,
    private readonly guard: ProcessGuard,
    private readonly addressBinding: string | undefined,
  ) {}

  /**
   * Starts workerd with nothing but the storage Worker.
   * @param addressBinding see `serveAccount`
   * @throws SystemsError when workerd does not run on this machine
   */
  static async start(account: Account, dataDir: string, addressBinding?: string): Promise<Runtime> {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const runtime = new Runtime(account, dataDir, ProcessGuard.open(), addressBinding);
    writeFileSync(runtime.consoleLog, "", { mode: 0o600, flag: "a" });
    runtime.#writeLauncher();
    try {
      await runtime.apply();
      return runtime;
    } catch (error) {
      await runtime.stop();
      throw new SystemsError({
        what: "The Workers runtime could not start",
        why: describeSystemError(error),
        wayOut: "Check that `npm ci` finished and that this system has glibc 2.31 or newer (workerd needs it)",
      });
    }
  }

  /** Everything that Workers and workerd print. */
  get consoleLog(): string {
    return join(this.dataDir, "workers.log");
  }

  /** Base URL of a script's public listener. It is known before the script is deployed if `reserve` was called. */
  gateUrl(script: string): string {
    const front = this.#fronts.get(script);
    if (front === undefined) throw new Error(`No Worker script called ${script} has been deployed`);
    return `http://127.0.0.1:${front.port}`;
  }

  /** Base URL of workerd's own socket for the script: nothing in between, refused while a version is replaced. */
  directUrl(script: string): string {
    const port = this.#ports.get(script);
    if (port === undefined) throw new Error(`No Worker script called ${script} has been deployed`);
    return `http://127.0.0.1:${port}`;
  }

  /** Opens the public listener of a script; it stays until `stop`, over deletions too. */
  async reserve(script: string, port = 0): Promise<void> {
    if (!this.#fronts.has(script)) this.#fronts.set(script, await Front.listen(port));
  }

  /** Makes the running Workers those of the account; does nothing when they are already. */
  apply(): Promise<void> {
    return this.#exclusive(() => this.#apply());
  }

  /** Orders failures of bindings; an empty list ends them. The Workers restart for it. */
  setFaults(faults: readonly BindingFault[]): Promise<void> {
    return this.#exclusive(async () => {
      const before = this.#faults;
      this.#faults = faults;
      try {
        await this.#apply();
      } catch (error) {
        this.#faults = before;
        throw error;
      }
    });
  }
  get faults(): readonly BindingFault[] {
    return this.#faults;
  }

  /** Runs the scheduled handler now, as the cron trigger would. */
  async fireCron(script: string, cron: string, scheduledTime = new Date()): Promise<{ outcome: string }> {
    // Only the start waits its turn: a handler may call the API, which needs the runtime too.
    const worker = await this.#exclusive(() => this.#running().getWorker(script));
    return { outcome: (await worker.scheduled({ cron, scheduledTime })).outcome };
  }

  /** The storage of a KV namespace, as the Workers see it. */
  async kv(namespaceId: string): Promise<Awaited<ReturnType<Miniflare["getKVNamespace"]>>> {
    return this.#exclusive(async () => {
      if (!this.#storedKv.has(namespaceId)) await this.#apply();
      return this.#running().getKVNamespace(kvBinding(namespaceId), STORAGE_WORKER);
    });
  }

  /** The storage of a bucket, without its lock rules: those are the API's to check. */
  async r2(bucket: string): Promise<Awaited<ReturnType<Miniflare["getR2Bucket"]>>> {
    return this.#exclusive(async () => {
      if (!this.#storedR2.has(bucket)) await this.#apply();
      return this.#running().getR2Bucket(r2Binding(bucket), STORAGE_WORKER);
    });
  }

  /** Forgets the objects of Durable Object namespaces that no longer exist. */
  async forgetObjects(namespaceIds: readonly string[]): Promise<void> {
    for (const id of namespaceIds) await rm(join(this.dataDir, "storage", "do", id), { recursive: true, force: true });
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.#queue.catch(() => undefined);
    await Promise.all([...this.#fronts.values()].map((front) => front.close()));
    await this.#miniflare?.dispose().catch(() => undefined);
    this.#miniflare = undefined;
    await this.guard.close();
  }

  #running(): Miniflare {
    if (this.#miniflare === undefined) throw new Error("The Workers runtime has been stopped");
    return this.#miniflare;
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #apply(): Promise<void> {
    if (this.#stopped) throw new Error("The Workers runtime has been stopped");
    for (const script of this.account.scripts.values()) {
      if (!this.#ports.has(script.name)) this.#ports.set(script.name, await freePort());
      await this.reserve(script.name);
      this.#writeModules(script.name);
    }
    let workers = this.#workers();
    if (keyOf(workers) === this.#applied) return;
    for (const front of this.#fronts.values()) front.hold();
    const graceful = await this.#drain();
    try {
      for (let attempt = 1; ; attempt += 1) {
        try {
          await this.#run(workers);
          break;
        } catch (error) {
          // While workerd was not running, somebody else may have been given one of its ports.
          if (attempt === 3 || !/address (?:is )?already in use|ERR_ADDRESS_IN_USE/i.test(String(error))) throw error;
          for (const name of this.#ports.keys()) this.#ports.set(name, await freePort());
          workers = this.#workers();
        }
      }
      this.#applied = keyOf(workers);
      this.#storedKv.clear();
      this.#storedR2.clear();
      for (const id of this.account.kv.keys()) this.#storedKv.add(id);
      for (const name of this.account.buckets.keys()) this.#storedR2.add(name);
    } catch (error) {
      this.#applied = ""; // whatever comes next has to start workerd
      throw error;
    } finally {
      for (const [name, front] of this.#fronts)
        front.release(this.account.scripts.has(name) ? this.#ports.get(name) : undefined, graceful);
    }
  }

  #workers(): WorkerOptions[] {
    return workerOptions(this.account, {
      scriptsDir: join(this.dataDir, "scripts"),
      ports: this.#ports,
      faults: this.#faults,
      texts: (script, binding) => (binding === this.addressBinding ? this.gateUrl(script) : undefined),
    });
  }

  async #run(workers: WorkerOptions[]): Promise<void> {
    const options: MiniflareOptions = {
      log: new NoOpLog(),
      cf: false,
      defaultPersistRoot: join(this.dataDir, "storage"),
      handleRuntimeStdio: (stdout: Readable, stderr: Readable) => this.#record(stdout, stderr),
      workers: workers as [WorkerOptions, ...WorkerOptions[]],
    };
    this.#stderr = "";
    await oneLauncherAtATime(this.#launcher, async () => {
      try {
        if (this.#miniflare === undefined) {
          this.#miniflare = withoutSignalListeners(() => new Miniflare(options));
          await this.#miniflare.ready;
        } else await this.#miniflare.setOptions(options);
      } catch (error) {
        throw new RuntimeRefusal(this.#stderr.trim() || (error instanceof Error ? error.message : String(error)));
      }
    });
  }

  /** Lets workerd finish what it has begun: on SIGTERM it takes nothing new and ends after the last answer. */
  async #drain(): Promise<boolean> {
    const pids = this.#workerdPids();
    for (const pid of pids) signal(pid, "SIGTERM");
    const limit = Date.now() + DRAIN_MS;
    while (pids.some((pid) => signal(pid, 0))) {
      if (Date.now() > limit) return false; // miniflare kills it when it starts the next one
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (const pid of pids) this.guard.release(pid);
    return true;
  }

  #workerdPids(): number[] {
    return readdirSync(this.guard.directory)
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && pid > 0);
  }

  get #launcher(): string {
    return join(this.dataDir, "workerd");
  }

  /**
   * miniflare starts what MINIFLARE_WORKERD_PATH names. This script registers its pid, which `exec` keeps, with the
   * guard, and gives workerd an empty environment: it needs nothing from ours, and ours may hold credentials.
   */
  #writeLauncher(): void {
    writeFileSync(this.#launcher, `#!/bin/sh\n: > "${this.guard.directory}/$$"\nexec env -i "${workerd}" "$@"\n`);
    chmodSync(this.#launcher, 0o700);
  }

  #writeModules(name: string): void {
    const script = this.account.scripts.get(name);
    if (script === undefined) return;
    const folder = moduleFolder(join(this.dataDir, "scripts"), script);
    for (const module of script.modules) {
      const file = join(folder, module.name);
      if (!file.startsWith(`${folder}/`) || existsSync(file)) continue;
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, module.content);
    }
  }

  #record(stdout: Readable, stderr: Readable): void {
    stdout.on("data", (chunk: Buffer) => appendFileSync(this.consoleLog, chunk));
    stderr.on("data", (chunk: Buffer) => {
      appendFileSync(this.consoleLog, chunk);
      if (this.#stderr.length < 20_000) this.#stderr += chunk.toString("utf8");
    });
    for (const stream of [stdout, stderr]) stream.on("error", () => undefined);
  }
}

/** Tells two configurations apart. */
const keyOf = (workers: readonly WorkerOptions[]): string =>
  JSON.stringify(workers, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value,
  );

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

let launching: Promise<unknown> = Promise.resolve();
/** The launcher's path is a variable of the whole process, so two runtimes in one process take turns. */
function oneLauncherAtATime(launcher: string, work: () => Promise<void>): Promise<void> {
  const result = launching.then(async () => {
    const before = process.env["MINIFLARE_WORKERD_PATH"];
    process.env["MINIFLARE_WORKERD_PATH"] = launcher;
    try {
      await work();
    } finally {
      if (before === undefined) delete process.env["MINIFLARE_WORKERD_PATH"];
      else process.env["MINIFLARE_WORKERD_PATH"] = before;
    }
  });
  launching = result.catch(() => undefined);
  return result;
}
