import { spawnSync } from "node:child_process";
import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./sandbox";

/** A copy of the sources that a user has, with the packages of this folder: for tests that change or run them. */
export function copyProject(target: string): string {
  const { stdout } = spawnSync("git", ["ls-files"], { cwd: ROOT, encoding: "utf8" });
  for (const file of stdout.split("\n"))
    if (file !== "" && !/^(?:tests|sandbox\/tests|bench|docs)\//.test(file))
      cpSync(join(ROOT, file), join(target, file));
  symlinkSync(join(ROOT, "node_modules"), join(target, "node_modules"));
  return target;
}
