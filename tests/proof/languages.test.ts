import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lacking, printedBy, pulumiEnv, runPulumi } from "../support/realPulumi";
import { ROOT, serve, type Ready } from "../support/sandbox";
import { itWhen } from "../support/skip";

const PLUGIN = join(ROOT, "dist/plugin");
const PAGE = readFileSync(join(ROOT, "docs/library.md"), "utf8");
/** The block of docs/library.md in a language. */
function shown(language: string): string {
  const block = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(PAGE)?.[1];
  if (block === undefined) throw new Error(`docs/library.md has no example in ${language}`);
  return block;
}

const work = mkdtempSync(join(tmpdir(), "gatehouse-languages-"));
let sandbox: Awaited<ReturnType<typeof serve>> | undefined;
const started = async (): Promise<Ready> => (sandbox ??= await serve("--bare")).ready;
afterAll(async () => {
  sandbox?.running.child.kill("SIGTERM");
  await sandbox?.running.exited;
  rmSync(work, { recursive: true, force: true });
});

/** A project in a folder of its own, with a stack of its own, and the real command line in it. */
async function project(name: string, files: Readonly<Record<string, string>>) {
  const dir = join(work, name);
  const state = join(work, `${name}-state`);
  mkdirSync(dir);
  mkdirSync(state);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, file), text);
  const ready = await started();
  const env = { ...ready.env, ...pulumiEnv(state) };
  const pulumi = async (...args: string[]): Promise<string> => printedBy(await runPulumi(dir, env, args), args);
  return { dir, pulumi };
}

/** Up, and a second preview that finds nothing to do; then everything goes again, for the next language. */
async function upAndDown({ pulumi }: Awaited<ReturnType<typeof project>>): Promise<void> {
  await pulumi("up", "--yes", "--skip-preview", "--stack", "dev");
  const outputs = JSON.parse(await pulumi("stack", "output", "--json", "--show-secrets", "--stack", "dev")) as {
    gateUrl: string;
    gateKey: string;
  };
  expect(outputs.gateKey).toMatch(/^ghk_/);
  expect(JSON.parse(await pulumi("stack", "output", "--json", "--stack", "dev"))).toMatchObject({
    gateKey: "[secret]",
  });
  const exported = await pulumi("stack", "export", "--stack", "dev");
  expect(exported).toContain("urn:pulumi:dev::gatehouse::gatehouse:index:Posture::gatehouse");
  expect(exported).not.toContain(outputs.gateKey);
  await pulumi("preview", "--expect-no-changes", "--stack", "dev");
  await pulumi("destroy", "--yes", "--skip-preview", "--stack", "dev");
}

beforeAll(() => {
  if (lacking() === undefined) execFileSync("npm", ["run", "build"], { cwd: ROOT, stdio: "ignore", timeout: 300_000 });
}, 300_000);

/** Makes the SDK of a language from the plugin. */
const generateSdk = (language: string, folder: string): void => {
  execFileSync("pulumi", ["package", "gen-sdk", PLUGIN, "--language", language, "--out", folder], { timeout: 120_000 });
};

const noYaml = lacking(["yaml"]);
itWhen(noYaml === undefined, noYaml ?? "")(
  "a YAML program brings a posture up",
  async () => {
    const yaml = await project("yaml", { "Pulumi.yaml": shown("yaml") });
    await yaml.pulumi("package", "add", PLUGIN);
    await yaml.pulumi("stack", "init", "dev");
    await upAndDown(yaml);
  },
  900_000,
);

const noPython = lacking(["python"]);
itWhen(noPython === undefined, noPython ?? "")(
  "a Python program brings a posture up, with an SDK that compiles",
  async () => {
    const sdk = join(work, "sdk");
    generateSdk("python", sdk);
    execFileSync("python3", ["-m", "compileall", "-q", sdk]);
    const venv = join(work, "venv");
    execFileSync("python3", ["-m", "venv", venv], { timeout: 120_000 });
    execFileSync(join(venv, "bin/pip"), ["install", "-q", join(sdk, "python")], { timeout: 600_000 });
    const python = await project("python", {
      "Pulumi.yaml": `name: gatehouse\nruntime:\n  name: python\n  options:\n    virtualenv: ${venv}\npackages:\n  gatehouse: ${PLUGIN}\n`,
      "__main__.py": shown("python"),
    });
    await python.pulumi("stack", "init", "dev");
    await upAndDown(python);
  },
  1_500_000,
);

const noGo = lacking(["go"]);
itWhen(noGo === undefined, noGo ?? "")(
  "an SDK for Go is made, in which every key of the environment has a type",
  () => {
    generateSdk("go", join(work, "sdk-go"));
    const types = readFileSync(join(work, "sdk-go/go/gatehouse/pulumiTypes.go"), "utf8");
    for (const name of ["AgentArgs", "RepositoryArgs", "GateArgs", "AuditSinkArgs", "RotationArgs"])
      expect(types).toContain(`type ${name} struct`);
  },
  300_000,
);
