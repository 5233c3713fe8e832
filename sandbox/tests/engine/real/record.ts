import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  chmodSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { cloudLog } from "../support/cloud";
import { NODE_MODULES, PRELUDE } from "../support/workspace";
import { CASES, type Case } from "./programs";
import { applyOutside, callsOf, outcomeOf, type Outcome, type StepMetadata } from "./outcome";

// Runs every case under the real Pulumi CLI (on PATH) and writes what it did, called and stored to the fixture that
// sandbox/tests/proof/realPrograms.test.ts holds our engine against.
//   tsx sandbox/tests/engine/real/record.ts [words of a case's name]

const FIXTURE = resolve(__dirname, "../../../../tests/fixtures/pulumi/small-programs.json");
const ROOT = resolve(__dirname, "../../../..");

const run = (dir: string, env: NodeJS.ProcessEnv, ...args: string[]) =>
  spawnSync("pulumi", [...args, "--non-interactive"], { cwd: dir, env, encoding: "utf8", maxBuffer: 1 << 28 });

function record({ name, steps }: Case): Outcome[] {
  const dir = mkdtempSync(join(tmpdir(), "gatehouse-real-"));
  const cloudDir = join(dir, "cloud");
  const file = (path: string, text: string): void => writeFileSync(join(dir, path), text);
  try {
    for (const folder of ["cloud", "backend", "plugin"]) mkdirSync(join(dir, folder));
    symlinkSync(NODE_MODULES, join(dir, "node_modules"));
    file("package.json", `{ "name": "test-program" }`);
    file(
      "Pulumi.yaml",
      "name: test\nruntime:\n  name: nodejs\n  options:\n    typescript: false\nplugins:\n  providers:\n    - name: cloud\n      path: plugin\n      version: 1.2.3\n",
    );
    file(
      "plugin/pulumi-resource-cloud",
      `#!/bin/sh\ncd ${ROOT}\nexec ${process.execPath} --require tsx/cjs ${join(__dirname, "plugin.ts")}\n`,
    );
    chmodSync(join(dir, "plugin/pulumi-resource-cloud"), 0o755);
    const env = {
      ...process.env,
      CLOUD_DIR: cloudDir,
      PULUMI_BACKEND_URL: `file://${join(dir, "backend")}`,
      PULUMI_CONFIG_PASSPHRASE: "a test's passphrase",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_DEBUG_COMMANDS: "true",
    };
    const made = new Set<string>();
    let program = "";
    return steps.map((step) => {
      const stack = step.stack ?? "dev";
      if (!made.has(stack)) run(dir, env, "stack", "init", stack);
      made.add(stack);
      program = step.program ?? program;
      file("index.js", `${PRELUDE}\n${program}`);
      applyOutside(cloudDir, step.outside ?? {});
      const before = cloudLog(cloudDir).length;
      const log = join(dir, "events");
      rmSync(log, { force: true });
      const common = ["--stack", stack, "--parallel", "1", "--event-log", log];
      const result =
        step.op === "preview"
          ? run(dir, env, "preview", ...common)
          : run(dir, env, step.op, "--yes", "--skip-preview", ...common);
      const events = existsSync(log)
        ? readFileSync(log, "utf8")
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line) as Record<string, never>)
        : [];
      const errors = events
        .map((event) => event.diagnosticEvent as { severity: string; message: string } | undefined)
        .filter((one) => one?.severity === "error")
        .map((one) => one!.message);
      const exported = JSON.parse(run(dir, env, "stack", "export", "--stack", stack, "--show-secrets").stdout) as never;
      if (process.env.SHOW) process.stderr.write(`${result.stdout}\n${result.stderr}\n`);
      return outcomeOf({
        failed: result.status !== 0,
        steps: events
          .map((event) => (event.resourcePreEvent as { metadata: StepMetadata } | undefined)?.metadata)
          .filter((one): one is StepMetadata => one !== undefined),
        errors,
        shown: result.stdout,
        calls: callsOf(cloudLog(cloudDir).slice(before)),
        exported,
      });
    });
  } finally {
    if (process.env.KEEP) process.stderr.write(`${name}: ${dir}\n`);
    else rmSync(dir, { recursive: true, force: true });
  }
}

const words = process.argv.slice(2).join(" ");
const recorded: Record<string, Outcome[]> = existsSync(FIXTURE)
  ? (JSON.parse(readFileSync(FIXTURE, "utf8")) as Record<string, Outcome[]>)
  : {};
for (const one of CASES.filter(({ name }) => name.includes(words))) {
  const started = Date.now();
  recorded[one.name] = record(one);
  process.stdout.write(`${one.name}: ${Date.now() - started} ms\n`);
  const ordered = Object.fromEntries(
    CASES.filter(({ name }) => recorded[name]).map(({ name }) => [name, recorded[name]]),
  );
  writeFileSync(FIXTURE, `${JSON.stringify(ordered, null, 1)}\n`);
}
