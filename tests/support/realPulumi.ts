import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** What has to be on the machine: the command line, and each plugin on PATH or among its plugins. */
const NEEDED = ["cloudflare", "github", "random", "vault"];

/**
 * What is missing on this machine for the real engine; undefined when nothing is.
 * @param languages beside TypeScript, such as `python`
 */
export function lacking(languages: readonly string[] = [], plugins: readonly string[] = NEEDED): string | undefined {
  const has = (name: string): boolean =>
    (process.env.PATH ?? "").split(delimiter).some((directory) => existsSync(join(directory, name)));
  if (!has("pulumi")) return "there is no pulumi on PATH";
  const silent = languages.filter((language) => !has(`pulumi-language-${language}`));
  if (silent.length > 0) return `there is no pulumi-language-${silent.join(", ")} on PATH`;
  const { stdout } = spawnSync("pulumi", ["plugin", "ls", "--json"], { encoding: "utf8", timeout: 60_000 });
  const installed = ((): string[] => {
    try {
      return (JSON.parse(stdout || "[]") as { name: string }[]).map(({ name }) => name);
    } catch {
      return [];
    }
  })();
  const missing = plugins.filter((name) => !installed.includes(name) && !has(`pulumi-resource-${name}`));
  return missing.length > 0 ? `pulumi has no plugin ${missing.join(", ")}` : undefined;
}

/** What a run of the real command line ended with. */
export interface PulumiRun {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Where the real command line keeps the state of a test, and what else every run of it is given. */
export const pulumiEnv = (state: string) => ({
  PULUMI_BACKEND_URL: `file://${state}`,
  PULUMI_CONFIG_PASSPHRASE: "x",
  PULUMI_SKIP_UPDATE_CHECK: "true",
});

/** Runs the real command line in a project. */
export async function runPulumi(
  project: string,
  env: Readonly<Record<string, string | undefined>>,
  args: readonly string[],
): Promise<PulumiRun> {
  const child = spawn("pulumi", [...args, "--non-interactive", "--color", "never"], {
    cwd: project,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (out += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (err += chunk));
  const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { status, out, err };
}

/** What a run printed. @throws Error with all of it when the run did not end with 0 */
export function printedBy({ status, out, err }: PulumiRun, args: readonly string[]): string {
  if (status !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${String(status)}\n${out}\n${err}`);
  return out;
}
