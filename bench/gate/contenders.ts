import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { answering, ask, start, type Child, type Server } from "./processes";
import { freePort } from "../../sandbox/tools/ports";
import type { Stub } from "./stub";
import { CLIENT_HEADERS, COMMENT, KINDS, READS, WRITE, type Kind } from "./traffic";

/** A proxy under measurement, running. */
export interface Contender extends Server {
  readonly name: string;
  /** What its clients send. */
  readonly headers: Readonly<Record<string, string>>;
  /** Stands before GitHub's path in its clients' addresses. */
  readonly prefix: string;
  /** The loads that it takes part in. */
  readonly kinds: readonly Kind[];
}

/** How one is started; `undefined` with a reason where it cannot run here. */
export interface ContenderKind {
  readonly name: string;
  readonly missing?: string;
  start(stub: Stub): Promise<Contender>;
}

/** What a contender is made of, in a directory of its own that goes with it. */
export interface Recipe {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly headers: Readonly<Record<string, string>>;
  readonly prefix?: string;
  /** Default: all. */
  readonly kinds?: readonly Kind[];
}

/** When a contender counts as started, and how often it is asked. */
export interface Readiness {
  readonly target: string;
  readonly status: number;
  readonly everyMs: number;
}

const PASSES: Readiness = { target: READS[0] ?? "/", status: 200, everyMs: 20 };

/**
 * Starts a contender: writes its files through `prepare` and waits until it is ready: until an allowed request passes,
 * unless said otherwise.
 */
export async function run(
  name: string,
  prepare: (directory: string, port: number) => Recipe | Promise<Recipe>,
  ready: Partial<Readiness> = {},
): Promise<Contender & { readonly child: Child; readonly firstAnswerMs: number }> {
  const directory = mkdtempSync(path.join(tmpdir(), "gate-bench-"));
  const port = await freePort();
  const recipe = await prepare(directory, port);
  const prefix = recipe.prefix ?? "";
  const { target, status, everyMs } = { ...PASSES, ...ready };
  const headers = { ...CLIENT_HEADERS, ...recipe.headers };
  const child = start(recipe.command, recipe.args, {
    cwd: directory,
    env: { PATH: process.env["PATH"], ...recipe.env },
  });
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    await child.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await answering(child, `${url}${prefix}${target}`, headers, status, everyMs);
  } catch (error) {
    await stop();
    throw error;
  }
  const firstAnswerMs = performance.now() - child.startedAt;
  return {
    name,
    url,
    headers,
    prefix,
    kinds: recipe.kinds ?? KINDS,
    child,
    firstAnswerMs,
    stop,
    pids: () => (child.process.pid === undefined ? [] : [child.process.pid]),
  };
}

/**
 * Proves that a contender does what is measured: every request of the load passes, and where it has a policy, what that
 * forbids does not.
 * @param guarded False for the bare Worker, which guards nothing.
 */
export async function mustHold(contender: Contender, guarded: boolean): Promise<void> {
  const at = contender.url + contender.prefix;
  const check = async (
    what: string,
    status: number,
    method: string,
    target: string,
    headers = contender.headers,
    body?: string,
  ): Promise<void> => {
    const answer = await ask(at + target, headers, method, body);
    const fits = status === 0 ? answer.status >= 400 : answer.status === status;
    if (!fits)
      throw new Error(`${contender.name}: ${what} was answered ${answer.status}: ${answer.body.slice(0, 200)}`);
    if (status === 200 && answer.body.length < 1900)
      throw new Error(`${contender.name}: ${what} brought ${answer.body.length} bytes`);
  };
  for (const target of READS) await check(`GET ${target}`, 200, "GET", target);
  if (contender.kinds.includes("writes"))
    await check(
      `POST ${WRITE}`,
      201,
      "POST",
      WRITE,
      { ...contender.headers, "content-type": "application/json; charset=utf-8" },
      COMMENT,
    );
  if (!guarded) return;
  await check("a repository that is not listed", 0, "GET", "/repos/acme/secrets");
  await check("a method that is not open", 0, "DELETE", "/repos/acme/api");
  await check("a stranger", 0, "GET", "/repos/acme/api", { ...contender.headers, authorization: "Bearer nobody" });
}
