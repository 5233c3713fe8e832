import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { openStack, type EngineEvent, type OperationOptions, type OperationResult, type Stack } from "../../../engine";
import type { ProviderPackage } from "../../../providers/types";
import { cloudLog, cloudPackage, thingsIn, type CloudHooks } from "./cloud";

export const NODE_MODULES = resolve(__dirname, "../../../../node_modules");

/** The start of every test program: `Thing` and `Single` of the small cloud, and a component. */
export const PRELUDE = `
const pulumi = require("@pulumi/pulumi");
const opts = (o) => ({ version: "1.2.3", ...o });
class Thing extends pulumi.CustomResource { constructor(name, args, o, type = "cloud:index/thing:Thing") { super(type, name, { length: undefined, token: undefined, colour: undefined, value: undefined, ...args }, opts(o)); } }
class Single extends Thing { constructor(name, args, o) { super(name, args, o, "cloud:index/single:Single"); } }
class Group extends pulumi.ComponentResource { constructor(name, o) { super("test:index:Group", name, {}, o); } }
class CloudProvider extends pulumi.ProviderResource { constructor(name, args, o) { super("cloud", name, args, opts(o)); } }
`;

/** A Pulumi project in a folder of its own, with a cloud of its own. */
export interface Workspace {
  readonly dir: string;
  readonly cloudDir: string;
  /** Replaces the program (JavaScript after the common start). */
  program(source: string): void;
  file(name: string, text: string): void;
  open(options?: {
    stack?: string;
    config?: string[];
    env?: NodeJS.ProcessEnv;
    providers?: ProviderPackage[];
    hooks?: CloudHooks;
  }): Promise<Stack>;
  things(): Record<string, Record<string, unknown>>;
  log(): string[];
  remove(): void;
}

export function makeWorkspace(projectYaml = ""): Workspace {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "gatehouse-engine-")));
  const cloudDir = join(dir, "cloud");
  mkdirSync(cloudDir);
  const file = (name: string, text: string): void => writeFileSync(join(dir, name), text);
  symlinkSync(NODE_MODULES, join(dir, "node_modules"));
  file("package.json", `{ "name": "test-program" }`);
  file("Pulumi.yaml", `name: test\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n${projectYaml}`);
  return {
    dir,
    cloudDir,
    file,
    program: (source) => file("index.js", `${PRELUDE}\n${source}`),
    open: ({ stack = "dev", config, env, providers, hooks } = {}) =>
      openStack({
        projectDir: dir,
        stack,
        providers: providers ?? [cloudPackage(cloudDir, hooks)],
        ...(config ? { config } : {}),
        env: {
          PATH: process.env.PATH,
          HOME: process.env.HOME,
          PULUMI_CONFIG_PASSPHRASE: "a test's passphrase",
          ...env,
        },
      }),
    things: () => thingsIn(cloudDir),
    log: () => cloudLog(cloudDir),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** Runs one operation and keeps its events. */
export async function recorded(
  run: (options: OperationOptions) => Promise<OperationResult>,
  options: OperationOptions = {},
): Promise<OperationResult & { events: EngineEvent[] }> {
  const events: EngineEvent[] = [];
  const result = await run({
    ...options,
    onEvent: (event) => {
      events.push(event);
    },
  });
  return { ...result, events };
}

/** `op name` of every step that is not `same`, in order. */
export const stepsOf = (result: OperationResult): string[] =>
  result.steps.filter(({ op }) => op !== "same").map(({ op, urn }) => `${op} ${urn.split("::").pop()!}`);

export const messagesOf = (result: OperationResult): string[] =>
  result.diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message);
