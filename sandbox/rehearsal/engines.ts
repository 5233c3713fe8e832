import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { stringify } from "yaml";
import { readStackFile } from "../../infra/config";
import { display } from "../engine/display";
import { run } from "../tools/run";
import type { Cleanup } from "../../cli/support/cleanup";
import { CouldNotRun } from "../../cli/support/exit";
import type { Sandbox } from "./sandbox";

export type EngineName = "pulumi" | "sandbox";

/** What came of one operation. `changes` counts resources by what was done with them, `same` included. */
interface Outcome {
  readonly failed: boolean;
  readonly diagnostics: readonly { readonly message: string }[];
  readonly changes: Readonly<Record<string, number>>;
  /** What would be touched, as `op urn`. */
  readonly touched: readonly string[];
}

/** The engine that a rehearsal deploys with. */
export interface Engine {
  /** One line: which engine this is, and what a rehearsal with it proves. */
  readonly says: string;
  preview(how: { show: boolean }): Promise<Outcome>;
  up(how: { show: boolean }): Promise<Outcome>;
  /** Every output of the stack, secrets in clear. */
  outputs(): Promise<Record<string, unknown>>;
  /** What `pulumi stack export` prints. */
  export(): Promise<object>;
}

/** The packages whose plugins the stack needs, in the versions of their SDKs. */
export function wantedPlugins(): Record<string, string> {
  return Object.fromEntries(
    ["cloudflare", "github", "random", "vault"].map((name) => [
      name,
      (JSON.parse(readFileSync(require.resolve(`@pulumi/${name}/package.json`), "utf8")) as { version: string })
        .version,
    ]),
  );
}

/** Why the real Pulumi cannot be used here, or its version. Asks the machine; downloads nothing. */
export async function findPulumi(env: NodeJS.ProcessEnv, wanted = wantedPlugins()): Promise<EngineChoice> {
  const asked = await run("pulumi", ["version"], { timeoutMs: 30_000, env });
  if (asked.failure) return { lack: "there is no `pulumi` on PATH" };
  if (asked.code !== 0) return { lack: "the `pulumi` on PATH does not answer `pulumi version`" };
  if (!isOnPath("pulumi-language-nodejs", env)) return { lack: "there is no `pulumi-language-nodejs` on PATH" };
  const listed = await run("pulumi", ["plugin", "ls", "--json"], { timeoutMs: 30_000, env });
  const missing = missingPlugins(listed.stdout, wanted);
  if (missing.length > 0)
    return { lack: `plugins are missing: ${missing.join(", ")}; \`pulumi install\` in the project fetches them` };
  return { version: asked.stdout.trim() || "(unnamed version)" };
}

/** Which of the wanted plugins a list by `pulumi plugin ls --json` does not hold. */
export function missingPlugins(listed: string, wanted: Readonly<Record<string, string>>): string[] {
  let plugins: { name?: string; version?: string }[] = [];
  try {
    plugins = JSON.parse(listed) as typeof plugins;
  } catch {
    // No list: none is there.
  }
  return Object.entries(wanted)
    .filter(([name, version]) => !plugins.some((one) => one.name === name && one.version === version))
    .map(([name, version]) => `${name} ${version}`);
}

const isOnPath = (program: string, env: NodeJS.ProcessEnv): boolean =>
  (env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== "";
    } catch {
      return false;
    }
  });

/** Which engine a rehearsal uses: Pulumi in a version, or the sandbox's own and why. */
export type EngineChoice = { readonly version: string } | { readonly lack: string };

/**
 * The engine that is asked for, else the real Pulumi where it is there, else the sandbox's own.
 * @throws CouldNotRun when Pulumi is asked for and something of it is missing
 */
export async function chooseEngine(asked?: EngineName, env: NodeJS.ProcessEnv = process.env): Promise<EngineChoice> {
  if (asked === "sandbox") return { lack: "asked for with --engine sandbox" };
  const found = await findPulumi(env);
  if (asked === "pulumi" && "lack" in found)
    throw new CouldNotRun(`--engine pulumi: ${found.lack}. Without Pulumi: --engine sandbox.`);
  return found;
}

/** Opens the chosen engine on a sandbox whose systems are up. */
export const openEngine = async (choice: EngineChoice, sandbox: Sandbox, cleanup: Cleanup): Promise<Engine> =>
  "version" in choice ? pulumiEngine(sandbox, choice.version, cleanup) : sandboxEngine(sandbox, choice.lack);

function sandboxEngine(sandbox: Sandbox, why: string): Engine {
  const { stack } = sandbox;
  const outcome = (result: Awaited<ReturnType<typeof stack.preview>>): Outcome => ({
    failed: result.failed,
    diagnostics: result.diagnostics,
    changes: result.changeSummary,
    touched: result.steps.filter(({ op }) => op !== "same").map(({ op, urn }) => `${op} ${urn}`),
  });
  const how = (show: boolean): Parameters<typeof stack.up>[0] => (show ? { onEvent: display(process.stdout) } : {});
  return {
    says: `Engine: the sandbox's own (${why}). This proves the program, the gate and every lock; Pulumi's engine and its plugins are not run.`,
    preview: async ({ show }) => outcome(await stack.preview(how(show))),
    up: async ({ show }) => outcome(await stack.up(how(show))),
    outputs: () => stack.outputs({ showSecrets: true }),
    export: () => stack.export(),
  };
}

/** What the program consists of; the rest of a project is not needed to deploy it. */
const PROGRAM = [
  "Pulumi.yaml",
  "package.json",
  "tsconfig.json",
  "tsconfig.base.json",
  "stacks",
  "infra",
  "edge",
  "gate",
  "providers",
  "rotation",
];

/**
 * The real CLI on a copy of the project in the run's folder: it writes into the stack's file, which is the person's.
 * State and passphrase are this run's own.
 */
async function pulumiEngine(sandbox: Sandbox, version: string, cleanup: Cleanup): Promise<Engine> {
  const { projectDir, stack } = sandbox.project;
  const dir = join(sandbox.runDir, "pulumi");
  const state = join(sandbox.runDir, "pulumi-state");
  for (const folder of [dir, state]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of PROGRAM)
    if (existsSync(join(projectDir, name))) cpSync(join(projectDir, name), join(dir, name), { recursive: true });
  symlinkSync(join(projectDir, "node_modules"), join(dir, "node_modules"));
  const file = `Pulumi.${stack}.yaml`;
  const raw = readStackFile(readFileSync(join(projectDir, file), "utf8"), file, sandbox.overrides);
  const config = Object.fromEntries(Object.entries(raw).map(([key, value]) => [`gatehouse:${key}`, value]));
  writeFileSync(join(dir, file), stringify({ config }), { mode: 0o600 });

  const env: NodeJS.ProcessEnv = {
    ...process.env,
    ...sandbox.env,
    PULUMI_BACKEND_URL: `file://${state}`,
    PULUMI_CONFIG_PASSPHRASE: randomBytes(24).toString("base64url"),
    PULUMI_CONFIG_PASSPHRASE_FILE: undefined,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
  const running = new Set<() => void>();
  cleanup.add(() => {
    for (const stop of running) stop();
  });
  const pulumi = (args: readonly string[], show = false): Promise<{ code: number | null; out: string; err: string }> =>
    new Promise((resolve, reject) => {
      const child = spawn("pulumi", [...args, "--stack", stack, "--non-interactive", "--color", "never"], {
        cwd: dir,
        env,
        stdio: ["ignore", "pipe", "pipe"],
      });
      const stop = (): void => void child.kill("SIGTERM");
      running.add(stop);
      let [out, err] = ["", ""];
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        out += text;
        if (show) process.stdout.write(text);
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
      child.once("error", reject);
      child.once("close", (code) => {
        running.delete(stop);
        resolve({ code, out, err });
      });
    });
  const must = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await pulumi(args);
    if (code !== 0) throw new CouldNotRun(`pulumi ${args[0]} ${args[1] ?? ""} ended with ${code}:\n${err || out}`);
    return out;
  };
  const operate = async (args: readonly string[], show: boolean): Promise<Outcome> => {
    const { code, out, err } = await pulumi(args, show);
    const digest = args.includes("--json") && code === 0 ? (JSON.parse(out) as Digest) : {};
    return {
      failed: code !== 0,
      diagnostics: code === 0 ? [] : [{ message: err || (show ? "" : out) }],
      changes: digest.changeSummary ?? {},
      touched: (digest.steps ?? []).filter(({ op }) => op !== "same").map(({ op, urn }) => `${op} ${urn}`),
    };
  };
  await must("stack", "init");
  return {
    says: `Engine: Pulumi ${version} with its own plugins, as in a deployment. GitHub, Cloudflare and Anthropic are stand-ins on this machine; everything else is real.`,
    preview: ({ show }) => operate(show ? ["preview"] : ["preview", "--json"], show),
    up: ({ show }) => operate(["up", "--yes", "--skip-preview", ...(show ? [] : ["--expect-no-changes"])], show),
    outputs: async () =>
      JSON.parse(await must("stack", "output", "--json", "--show-secrets")) as Record<string, unknown>,
    export: async () => JSON.parse(await must("stack", "export")) as object,
  };
}

interface Digest {
  steps?: { op: string; urn: string }[];
  changeSummary?: Record<string, number>;
}
