import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import manifest from "../../package.json";
import { type Finding, linesOf } from "./finding";

/** The packages whose plugins Pulumi runs. */
const PLUGINS = ["cloudflare", "github", "random", "vault"] as const;
/** git's first version that takes configuration by GIT_CONFIG_COUNT, by which a key stays out of argument lists. */
const GIT_AT_LEAST = "2.31.0";
const NODE_AT_LEAST = manifest.engines.node.replace(/^>=/, "");

/** What is installed; undefined where it is missing. */
export interface Machine {
  readonly node: string;
  readonly git: string | undefined;
  readonly pulumi: string | undefined;
  /** Installed versions by plugin. */
  readonly plugins: Readonly<Record<string, readonly string[]>>;
  /** The version of each plugin that the installed package asks for. */
  readonly wanted: Readonly<Record<string, string>>;
}

/** Asks this machine. */
export async function lookAtMachine(): Promise<Machine> {
  const [git, pulumi, plugins] = await Promise.all([
    output("git", "--version"),
    output("pulumi", "version"),
    output("pulumi", "plugin", "ls", "--json"),
  ]);
  return {
    node: process.versions.node,
    git: versionIn(git),
    pulumi: versionIn(pulumi),
    plugins: installedPlugins(plugins),
    wanted: Object.fromEntries(PLUGINS.map((name) => [name, packageVersion(name)])),
  };
}

/** Standard output of a program; undefined where it is missing or fails. */
async function output(program: string, ...args: readonly string[]): Promise<string | undefined> {
  const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  return promisify(execFile)(program, args, { timeout: 20_000, env }).then(
    ({ stdout }) => stdout,
    () => undefined,
  );
}

/** The version that the nearest installed @pulumi package has; its plugin has the same. */
function packageVersion(name: string): string {
  const folder = (require.resolve.paths(name) ?? []).find((path) => existsSync(join(path, "@pulumi", name)));
  const file = join(folder ?? "", "@pulumi", name, "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

/** The first version in a program's output. */
export const versionIn = (text: string | undefined): string | undefined => /\d+\.\d+(?:\.\d+)?/.exec(text ?? "")?.[0];

/** What `pulumi plugin ls --json` lists, by name. */
export function installedPlugins(text: string | undefined): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  try {
    for (const { name, version } of JSON.parse(text ?? "[]") as { name: string; version?: string }[])
      (found[name] ??= []).push((version ?? "").replace(/^v/, ""));
  } catch {
    return {}; // another Pulumi's output: the plugins count as missing, which stops nothing
  }
  return found;
}

/** Whether a version is at least another; both are numbers with dots. */
export function atLeast(version: string, least: string): boolean {
  const [a, b] = [version, least].map((text) => text.split(".").map(Number)) as [number[], number[]];
  for (let i = 0; i < Math.max(a.length, b.length); i++)
    if ((a[i] ?? 0) !== (b[i] ?? 0)) return (a[i] ?? 0) > (b[i] ?? 0);
  return true;
}

/** Node, git, Pulumi's command and its plugins. */
export function judgeMachine({ node, git, pulumi, plugins, wanted }: Machine): Finding[] {
  const { ok, note, problem } = linesOf("This machine");
  const pulumiLeast = manifest.dependencies["@pulumi/pulumi"];
  const missing = Object.entries(wanted).filter(([name, version]) => !plugins[name]?.includes(version));
  return [
    atLeast(node, NODE_AT_LEAST)
      ? ok("Node.js", node)
      : problem("Node.js", `${node} is too old`, `install Node.js ${NODE_AT_LEAST} or later`),
    git === undefined
      ? problem("git", "not on PATH", "install git")
      : atLeast(git, GIT_AT_LEAST)
        ? ok("git", git)
        : problem("git", `${git} is too old`, `install git ${GIT_AT_LEAST} or later`),
    pulumi === undefined
      ? problem(
          "Pulumi",
          "the command is not on PATH",
          "install it from https://www.pulumi.com/docs/install/; a rehearsal (npm start) needs none",
        )
      : atLeast(pulumi, pulumiLeast)
        ? ok("Pulumi", pulumi)
        : problem("Pulumi", `${pulumi} is older than the SDK`, `install ${pulumiLeast} or later`),
    missing.length === 0 || pulumi === undefined
      ? ok(
          "plugins",
          `${Object.entries(wanted)
            .map(([name, version]) => `${name} ${version}`)
            .join(", ")}${pulumi === undefined ? " are wanted" : ""}`,
        )
      : note(
          "plugins",
          `not installed: ${missing.map(([name, version]) => `${name} ${version}`).join(", ")}`,
          `the first preview fetches them; without internet: ${missing.map(([name, version]) => `pulumi plugin install resource ${name} ${version} --file …`)[0] ?? ""}`,
        ),
  ];
}
