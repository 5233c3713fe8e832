import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleSources } from "../../infra/cloudflare/bundle";
import { ROOT, serve } from "../support/sandbox";

/** The package as others get it: packed, and installed in an empty project. */
const work = mkdtempSync(join(tmpdir(), "gatehouse-package-"));
const project = join(work, "project");
const installed = join(project, "node_modules/pulumi-gatehouse");
const npm = (cwd: string, ...args: string[]): string =>
  execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 600_000 });
const tool = (name: string, ...args: string[]) =>
  spawnSync(process.execPath, [join(ROOT, "node_modules", name), ...args], { encoding: "utf8", timeout: 120_000 });
let tarball = "";

const MODULES: Readonly<Record<string, string>> = {
  "names.cjs": `const gatehouse = require("pulumi-gatehouse");
console.log(typeof gatehouse.createPosture, gatehouse.bundleGate().gate.length > 100_000);`,
  "names.mjs": `import { createPosture, Posture, Gate, ReviewFence, MachineUser, TokenStore, bundleGate } from "pulumi-gatehouse";
if (![Posture, Gate, ReviewFence, MachineUser, TokenStore].every((one) => typeof one === "function")) throw new Error();
console.log(typeof createPosture, bundleGate().gate.length > 100_000);`,
};

/** The first program of docs/library.md: it knows the package alone. */
const PROGRAM = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, "docs/library.md"), "utf8"))?.[1] ?? "";

beforeAll(() => {
  mkdirSync(project);
  npm(ROOT, "run", "build");
  const packed = JSON.parse(npm(ROOT, "pack", "--json", "--ignore-scripts", "--pack-destination", work)) as {
    filename: string;
  }[];
  tarball = join(work, packed[0]!.filename);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true }));
  npm(project, "install", "--no-audit", "--no-fund", "--ignore-scripts", tarball);
  for (const [name, text] of Object.entries(MODULES)) writeFileSync(join(project, name), text);
}, 900_000);
afterAll(() => {
  rmSync(work, { recursive: true, force: true });
});

it("holds what it needs and no part of the rehearsal", () => {
  expect(readdirSync(installed).sort()).toEqual([
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "cli",
    "dist",
    "docs",
    "package.json",
  ]);
  expect(readdirSync(join(installed, "dist"))).not.toContain("sandbox");
  expect(statSync(tarball).size).toBeLessThan(1_500_000);
  process.stdout.write(`the tarball has ${Math.round(statSync(tarball).size / 1000)} kB\n`);
});

it("has the Workers as files, the same text as a bundle of the sources", () => {
  for (const [name, text] of Object.entries(bundleSources(ROOT)))
    expect([name, readFileSync(join(installed, `dist/workers/${name}.js`), "utf8") === text]).toEqual([name, true]);
});

it("is right for publint and for are-the-types-wrong", () => {
  const lint = tool("publint/src/cli.js", installed, "--strict", "--pack", "false");
  expect([lint.status, lint.stdout]).toEqual([0, expect.stringContaining("All good!")]);
  const types = tool("@arethetypeswrong/cli/dist/index.js", tarball, "--no-emoji");
  expect([types.status, types.stdout]).toEqual([0, expect.stringContaining("No problems found")]);
});

/** Node of this machine, and others as the npm package `node` brings them. */
const nodes: readonly (readonly [string, () => string])[] = [
  ["this machine's", () => process.execPath],
  ...["22", "24"].map((major) => {
    const name = `node-${process.platform}-${process.arch}`;
    return [
      major,
      () => {
        const folder = join(work, `node-${major}`);
        mkdirSync(folder, { recursive: true });
        npm(folder, "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts", `${name}@${major}`);
        return join(folder, "node_modules", name, "bin/node");
      },
    ] as const;
  }),
];
it.each(nodes)(
  "is loaded by require and by import, and its command runs: Node %s",
  (_, node) => {
    const run = (...args: string[]) =>
      execFileSync(node(), args, { cwd: project, encoding: "utf8", timeout: 120_000 }).trim();
    for (const name of Object.keys(MODULES)) expect([name, run(name)]).toEqual([name, "function true"]);
    expect(run(join(installed, "cli/bin.js"), "--help")).toContain("Usage: gatehouse");
  },
  300_000,
);

it("says how to get the sandbox when somebody asks for it", () => {
  const { status, stderr } = spawnSync("npx", ["--no-install", "gatehouse", "sandbox", "drill"], {
    cwd: project,
    encoding: "utf8",
    timeout: 60_000,
  });
  expect([status, stderr]).toEqual([2, expect.stringMatching(/no Pulumi\.yaml here|no part of the npm package/)]);
});

describe("a program that knows the package alone", () => {
  const pulumiYaml = "name: gatehouse\nruntime: nodejs\n";
  const program = (): void => {
    writeFileSync(join(project, "Pulumi.yaml"), pulumiYaml);
    writeFileSync(join(project, "Pulumi.dev.yaml"), readFileSync(join(ROOT, "Pulumi.dev.yaml")));
    writeFileSync(join(project, "index.ts"), PROGRAM);
    writeFileSync(
      join(project, "tsconfig.json"),
      JSON.stringify({ compilerOptions: { strict: true, module: "nodenext", target: "es2022", skipLibCheck: false } }),
    );
  };

  it("type-checks, the package's declarations included, and previews what the repository's own program does", async () => {
    program();
    const checked = spawnSync(
      process.execPath,
      [join(project, "node_modules/typescript/bin/tsc"), "--noEmit", "-p", project],
      { encoding: "utf8", timeout: 300_000 },
    );
    expect([checked.status, checked.stdout.split("\n").filter((line) => /gatehouse|^index/.test(line))]).toEqual([
      expect.any(Number),
      [],
    ]);
    const { ready, running } = await serve("--bare");
    try {
      const preview = (dir: string) => {
        const { stdout, stderr, status } = spawnSync(
          process.execPath,
          [join(ROOT, "cli/bin.js"), "sandbox", "preview", "--stack", "dev", "--json", "--project", dir],
          {
            encoding: "utf8",
            env: { ...process.env, ...ready.env, GATEHOUSE_STATE_DIR: join(work, "state") },
            timeout: 300_000,
            maxBuffer: 1e8,
          },
        );
        if (status !== 0) throw new Error(`${stdout}\n${stderr}`);
        const { steps } = JSON.parse(stdout) as { steps: { urn: string; newState: { inputs?: unknown } }[] };
        return Object.fromEntries(steps.map(({ urn, newState }) => [urn, newState.inputs]));
      };
      const [ours, theirs] = [preview(ROOT), preview(project)];
      expect(Object.keys(theirs).length).toBeGreaterThan(50);
      expect(theirs).toEqual(ours);
    } finally {
      running.child.kill("SIGTERM");
      await running.exited;
    }
  }, 600_000);
});
