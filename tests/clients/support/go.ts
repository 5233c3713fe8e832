import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "./cache";

/** A program that a Go module makes. */
export interface GoProgram {
  readonly name: string;
  readonly module: string;
  /** Exact, without the `v`. */
  readonly version: string;
}

/**
 * Path of a program: the one on PATH, else the pinned one from the user's cache, else built there from its module by
 * this machine's own Go.
 * @throws Error whose message is the reason why there is none
 */
export function installGoProgram({ name, module, version }: GoProgram, env: NodeJS.ProcessEnv = process.env): string {
  const onPath = (env["PATH"] ?? "").split(":").find((folder) => folder !== "" && existsSync(join(folder, name)));
  if (onPath !== undefined) return join(onPath, name);
  const folder = cacheFolder(`${name}-${version}`, env);
  const target = join(folder, name);
  if (existsSync(target)) return target;
  if (spawnSync("go", ["version"], { env }).status !== 0)
    throw new Error(`${name} is not on PATH, and no Go that could build it`);
  mkdirSync(folder, { recursive: true });
  // `local`: no other Go is downloaded for this.
  const built = spawnSync("go", ["install", `${module}@v${version}`], {
    env: { ...env, GOBIN: folder, GOTOOLCHAIN: "local" },
    timeout: 300_000,
  });
  if (built.status === 0 && existsSync(target)) return target;
  const why =
    built.status === null
      ? "it took too long"
      : built.stderr.toString().trim().split("\n").at(-1) || "it left no program";
  throw new Error(`${name} is not on PATH, and Go did not build ${version}: ${why}`);
}
