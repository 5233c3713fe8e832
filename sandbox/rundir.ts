import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Whether a process with this id is alive; one that belongs to somebody else counts as alive. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * A folder of this run alone, `<root>/run/<pid>-<random>`, readable by its owner only.
 * Folders of runs that were killed are swept first: their process is gone and nothing will come back for them.
 */
export function openRunDir(root: string): { dir: string; remove(): void } {
  const runs = join(root, "run");
  mkdirSync(runs, { recursive: true, mode: 0o700 });
  for (const entry of readdirSync(runs)) {
    const pid = Number(entry.split("-")[0]);
    if (Number.isInteger(pid) && pid > 0 && !isAlive(pid)) rmSync(join(runs, entry), { recursive: true, force: true });
  }
  const dir = join(runs, `${process.pid}-${randomBytes(4).toString("hex")}`);
  mkdirSync(dir, { mode: 0o700 });
  return {
    dir,
    remove: () => {
      if (existsSync(dir)) rmSync(dir, { recursive: true, force: true });
    },
  };
}
