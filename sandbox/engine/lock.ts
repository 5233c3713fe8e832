import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { dirname } from "node:path";
import { EngineError } from "./errors";

interface Holder {
  readonly pid: number;
  /**
   * When that process started, in the kernel's ticks: tells a living holder from a newer process with a recycled id.
   */
  readonly started?: string;
  readonly token: string;
  readonly since: string;
  readonly command: string;
}

/** The start time of a process from /proc; undefined where there is no /proc or no such process. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  const started = startOf(holder.pid);
  return holder.started === undefined || started === undefined || started === holder.started;
}

function readHolder(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}

/**
 * Takes the lock of a stack, so that no two engines change it at once. A lock whose process is gone is taken over.
 * @throws EngineError naming the holder when it is alive.
 */
export function acquireLock(file: string, command: string): { release(): void } {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const started = startOf(process.pid);
  const mine: Holder = {
    pid: process.pid,
    ...(started ? { started } : {}),
    token: randomUUID(),
    since: new Date().toISOString(),
    command,
  };
  const draft = `${file}.${mine.token}`;
  writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 10; attempt += 1) {
      try {
        // A link appears whole or not at all, unlike a file that is created and then written.
        linkSync(draft, file);
        return {
          release: () => {
            if (readHolder(file)?.token === mine.token) rmSync(file, { force: true });
          },
        };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const holder = readHolder(file);
      if (holder && isAlive(holder)) {
        throw new EngineError(
          `the stack is currently locked: process ${holder.pid} has been running "${holder.command}" on it since ${holder.since}. Wait for it or stop it; the lock is ${file}`,
        );
      }
      removeStale(file, holder);
    }
    throw new EngineError(`the lock ${file} could not be taken; another run keeps taking it`);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Moves a dead process's lock aside; if another run was quicker and the moved lock is a living one, it is put back. */
function removeStale(file: string, dead: Holder | undefined): void {
  const aside = `${file}.stale-${randomUUID()}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  const moved = readHolder(aside);
  if (moved && moved.token !== dead?.token && isAlive(moved)) {
    try {
      linkSync(aside, file);
    } catch {
      // Someone holds it already.
    }
  }
  rmSync(aside, { force: true });
}
