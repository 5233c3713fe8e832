import { spawnSync } from "node:child_process";
import { join } from "node:path";

/**
 * Installs a program of PyPI in an environment of its own below a folder; undefined where Python or its registry is
 * missing.
 * @param packages with their versions
 */
export function installPythonProgram(folder: string, program: string, packages: readonly string[]): string | undefined {
  const python = join(folder, "python");
  if (spawnSync("python3", ["-m", "venv", python]).status !== 0) return undefined;
  const { status } = spawnSync(join(python, "bin/pip"), ["install", "--quiet", "--no-compile", ...packages], {
    timeout: 300_000,
  });
  return status === 0 ? join(python, "bin", program) : undefined;
}
