import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { get } from "node:http";
import { connect } from "node:net";
import { FORWARDER_SECRETS, ownSocketOf, type ServeSettings } from "../../gate/selfHostFiles";
import { KeptProcess } from "./keptProcess";
import { listenOptions } from "./sharedSocket";

/** Why the gate did not start; the message is for a person. */
class NotStarted extends Error {}

const START_MS = 30_000;
const LOOK_EVERY_MS = 25;
/** How long the gate keeps records of reads at most (worker/ledger/client.ts), and a half of that. */
const FLUSH_MS = 1_500;
/** Until a process has read what was sent to it. */
const READ_MS = 200;

/**
 * Runs the rendered gate of a folder: its ledger, its forwarder, then its gate processes, which accept from one inherited socket. A
 * process that ends is started again; the others go on meanwhile. Resolves with the exit code when a signal or the end
 * of the parent has stopped all of them: the gates first, so that the ledger still takes what they have to say.
 * @param descriptor of the listening socket in this process
 */
export async function supervise(folder: string, settings: ServeSettings, descriptor: number): Promise<number> {
  const { listen, processes, workerd, ledgerSocket, forwarderSocket, state } = settings;
  const gates: { readonly own: string; readonly process: KeptProcess }[] = [];
  let ledger: KeptProcess | undefined;
  let forwarder: KeptProcess | undefined;
  let started = false;
  const say = (line: string): void => void process.stderr.write(`${line}\n`);

  // The first reason to stop wins: a signal, or a start that failed.
  let stop: (code: number) => void = () => undefined;
  const stopped = new Promise<number>((resolve) => (stop = resolve));
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => stop(0));
  process.on("disconnect", () => stop(0));

  const run = (args: readonly string[], env: NodeJS.ProcessEnv, socket: "ignore" | number = "ignore"): ChildProcess =>
    spawn(workerd, ["serve", ...args], { cwd: folder, env, stdio: ["ignore", "inherit", "inherit", socket] });
  const kept = (name: string, start: () => ChildProcess): KeptProcess =>
    new KeptProcess(start, (how, delayMs) => {
      if (started) {
        say(`${name} ended (${how}); it starts again ${delayMs === 0 ? "at once" : `in ${delayMs / 1000} s`}`);
        return;
      }
      say(`${name} did not start (${how})`);
      stop(2);
    });

  try {
    if (ledgerSocket !== undefined) {
      if (await connects(ledgerSocket))
        throw new NotStarted(`${ledgerSocket} answers: another gate runs with this state. Stop that one first.`);
      ledger = kept("the ledger's process", () => {
        // A process leaves its socket behind.
        rmSync(ledgerSocket, { force: true });
        // The ledger judges nothing and reaches nobody, so it gets no secret.
        return run(["ledger.capnp"], { PATH: process.env["PATH"] });
      });
      await Promise.race([stopped, appears("the ledger", () => connects(ledgerSocket))]);
    }
    if (forwarderSocket !== undefined)
      forwarder = kept("the forwarder's process", () => {
        rmSync(forwarderSocket, { force: true });
        const secrets = FORWARDER_SECRETS.map((name) => [name, process.env[name] ?? ""] as const);
        return run(["forwarder.capnp"], { PATH: process.env["PATH"], ...Object.fromEntries(secrets) });
      });
    // Where the forwarder is a part of the gate's process, that needs its secrets.
    const env = forwarder === undefined ? process.env : withoutSinkSecrets(process.env);
    for (let number = 1; number <= processes; number++) {
      const own = ownSocketOf(state, number);
      const start = (): ChildProcess => {
        rmSync(own, { force: true });
        return run(["gate.capnp", "--socket-fd=http=3", `--socket-addr=own=unix:${own}`], env, descriptor);
      };
      gates.push({ own, process: kept(`gate process ${number}`, start) });
    }
    await Promise.race([stopped, appears("the gate", () => answers(listen))]);
    started = true;
    if (await isPending(stopped))
      process.stdout.write(
        `Gate: ${processes === 1 ? "1 process" : `${processes} processes`} at http://${listen}. Stop it with Ctrl-C or SIGTERM.\n`,
      );
  } catch (error) {
    if (!(error instanceof NotStarted)) throw error;
    say(error.message);
    stop(2);
  }
  const code = await stopped;
  await Promise.all(
    gates.map(async ({ own, process }) => {
      const release = await holdOpen(own);
      await process.stop(async () => {
        await passed(FLUSH_MS);
        release();
      });
    }),
  );
  await forwarder?.stop();
  await ledger?.stop();
  // Only what this gate opened: where it did not start, the sockets are those of another one.
  const opened = [...gates.map(({ own }) => own), ledger && ledgerSocket, forwarder && forwarderSocket];
  for (const socket of opened) if (socket !== undefined) rmSync(socket, { force: true });
  return code;
}

function withoutSinkSecrets({ SINK_SECRETS: _, ...env }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return env;
}

const passed = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Begins a request to one process and leaves it unfinished: workerd, told to end, ends when it has answered. Meanwhile
 * the gate's records of reads, which wait for a second, reach the ledger.
 * @returns finishes the request
 */
async function holdOpen(own: string): Promise<() => void> {
  const socket = connect(own);
  socket.on("error", () => undefined);
  const HEALTH = "GET /_gate/health HTTP/1.1\r\nHost: gate\r\n";
  socket.write(`${HEALTH}\r\n`);
  // Its answer shows that the process reads from this connection.
  await new Promise<void>((resolve) => {
    socket.once("data", () => resolve());
    socket.once("close", () => resolve());
    setTimeout(resolve, FLUSH_MS).unref();
  });
  socket.write(HEALTH);
  await passed(READ_MS);
  return () => socket.end("\r\n");
}

const isPending = async (promise: Promise<unknown>): Promise<boolean> =>
  (await Promise.race([promise, Promise.resolve(isPending)])) === isPending;

/** Looks until there is an answer. @throws NotStarted when none comes */
async function appears(what: string, look: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + START_MS; !(await look());) {
    if (Date.now() > end) throw new NotStarted(`${what} did not answer within ${START_MS / 1000} s`);
    await passed(LOOK_EVERY_MS);
  }
}

/** Whether somebody accepts on a socket in the file system. */
const connects = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    if (!existsSync(path)) {
      resolve(false);
      return;
    }
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });

/** Whether a gate process answers. The kernel takes the connection before; the answer shows that one works. */
const answers = (listen: string): Promise<boolean> =>
  new Promise((resolve) => {
    const { host, port } = listenOptions(listen) ?? {};
    const here = host === undefined || host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
    const request = get({ host: here, port, path: "/_gate/health", agent: false, timeout: START_MS }, (response) => {
      response.resume();
      resolve(response.statusCode === 204);
    });
    request.once("timeout", () => request.destroy());
    request.once("error", () => resolve(false));
  });
