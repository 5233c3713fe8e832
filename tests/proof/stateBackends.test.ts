import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../sandbox/tools/ports";
import { installPythonProgram } from "../support/python";
import { ROOT } from "../support/sandbox";
import { itWhen } from "../support/skip";
import { until } from "../support/until";
import { useVault } from "../support/vault";

/** What docs/state.md says of backends and secrets providers, with Pulumi's own command line. */
const pulumiHere = spawnSync("pulumi", ["version"], { encoding: "utf8" }).status === 0;
const here = itWhen(pulumiHere, "there is no pulumi on PATH");

const folder = mkdtempSync(join(tmpdir(), "gatehouse-state-"));
const project = join(folder, "project");
const vault = useVault();
let s3: ChildProcess | undefined;

beforeAll(() => {
  mkdirSync(join(folder, "state"));
  mkdirSync(project);
  writeFileSync(join(project, "Pulumi.yaml"), "name: state-trial\nruntime: nodejs\n");
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({ name: "state-trial", private: true, main: "index.js" }),
  );
  writeFileSync(
    join(project, "index.js"),
    'const pulumi = require("@pulumi/pulumi");\nexports.key = new pulumi.Config().requireSecret("key");\n',
  );
  symlinkSync(join(ROOT, "node_modules"), join(project, "node_modules"));
});
afterAll(() => {
  s3?.kill();
  rmSync(folder, { recursive: true, force: true });
});

const FILE = `file://${join(folder, "state")}`;

function pulumi(stack: string, args: readonly string[], env: Record<string, string>, input = "") {
  const { PULUMI_CONFIG_PASSPHRASE: _one, PULUMI_CONFIG_PASSPHRASE_FILE: _file, ...rest } = process.env;
  const { status, stdout, stderr } = spawnSync("pulumi", [...args, "--stack", stack, "--non-interactive"], {
    cwd: project,
    env: { ...rest, PULUMI_SKIP_UPDATE_CHECK: "true", PULUMI_BACKEND_URL: FILE, ...env },
    input,
    encoding: "utf8",
    timeout: 120_000,
  });
  return { status, says: stdout + stderr };
}

/** Makes a stack with one secret of its configuration, deploys it, and gives its secret output back. */
function deploy(stack: string, secret: string, env: Record<string, string>, ...init: readonly string[]): string {
  if (init[0] !== "again") expect(pulumi(stack, ["stack", "init", ...init], env)).toMatchObject({ status: 0 });
  expect(pulumi(stack, ["config", "set", "--secret", "key"], env, secret)).toMatchObject({ status: 0 });
  expect(pulumi(stack, ["up", "--yes", "--skip-preview"], env)).toMatchObject({ status: 0 });
  return pulumi(stack, ["stack", "output", "key", "--show-secrets"], env).says.trim();
}

const filesBelow = (directory: string): string[] =>
  readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
/** Texts of the state's folder and of the stack's file. */
const kept = (): { readonly file: string; readonly text: string }[] =>
  [
    ...filesBelow(join(folder, "state")),
    ...readdirSync(project)
      .filter((name) => /^Pulumi\..+\.yaml$/.test(name))
      .map((name) => join(project, name)),
  ].map((file) => ({ file, text: readFileSync(file, "utf8") }));

here(
  "file and passphrase: nothing stands in clear, and a wrong passphrase opens nothing",
  () => {
    const env = { PULUMI_CONFIG_PASSPHRASE: "right" };
    expect(deploy("one", "first-secret", env)).toBe("first-secret");
    expect(kept().filter(({ text }) => text.includes("first-secret"))).toEqual([]);
    const wrong = pulumi("one", ["preview"], { PULUMI_CONFIG_PASSPHRASE: "wrong" });
    expect(wrong.status).not.toBe(0);
    expect(wrong.says).toContain("incorrect passphrase");
  },
  300_000,
);

here(
  "a replaced secret stays in backups and history, under the key of its time",
  () => {
    const env = { PULUMI_CONFIG_PASSPHRASE: "right" };
    const ciphertexts = (of: RegExp): Set<string> =>
      new Set(
        kept()
          .filter(({ file }) => of.test(file))
          .flatMap(({ text }) => [...text.matchAll(/"ciphertext": ?"([^"]+)"/g)].map(([, value]) => value ?? "")),
      );
    const before = ciphertexts(/stacks/);
    expect(before.size).toBeGreaterThan(0);
    expect(deploy("one", "second-secret", env, "again")).toBe("second-secret");
    const old = ciphertexts(/backups|history/);
    expect([...before].filter((one) => !old.has(one))).toEqual([]);
  },
  300_000,
);

here(
  "Vault's transit engine: two capabilities are enough, and nothing deploys while it is sealed",
  async () => {
    await vault.call("POST", "sys/mounts/transit", { type: "transit" });
    await vault.call("POST", "transit/keys/pulumi");
    await vault.call("PUT", "sys/policies/acl/pulumi-state", {
      policy:
        'path "transit/encrypt/pulumi" { capabilities = ["update"] }\npath "transit/decrypt/pulumi" { capabilities = ["update"] }',
    });
    const { body } = await vault.call("POST", "auth/token/create", { policies: ["pulumi-state"] });
    const token = (body.auth as { client_token: string }).client_token;
    const env = { VAULT_SERVER_URL: vault.server.addr, VAULT_SERVER_TOKEN: token };
    expect(deploy("two", "transit-secret", env, "--secrets-provider", "hashivault://pulumi")).toBe("transit-secret");
    expect(kept().filter(({ text }) => text.includes("transit-secret"))).toEqual([]);

    await vault.server.seal();
    for (const args of [
      ["preview"],
      ["up", "--yes", "--skip-preview"],
      ["stack", "change-secrets-provider", "passphrase"],
    ]) {
      const { status, says } = pulumi("two", args, { ...env, PULUMI_CONFIG_PASSPHRASE: "right" });
      expect([args, status === 0, says.includes("Vault is sealed")]).toEqual([args, false, true]);
    }
    // The stack that would bring Vault back must not need it: with a passphrase it still deploys.
    expect(pulumi("one", ["up", "--yes", "--skip-preview"], { PULUMI_CONFIG_PASSPHRASE: "right" }).status).toBe(0);
    await vault.server.unseal();
    const changed = pulumi("two", ["stack", "change-secrets-provider", "passphrase"], {
      ...env,
      PULUMI_CONFIG_PASSPHRASE: "other",
    });
    expect(changed).toMatchObject({ status: 0 });
    expect(pulumi("two", ["preview"], { PULUMI_CONFIG_PASSPHRASE: "other" }).status).toBe(0);
  },
  300_000,
);

/** An S3-compatible server of its own. */
const server = pulumiHere
  ? installPythonProgram(folder, "moto_server", ["moto[s3]==5.1.22", "flask==3.1.3", "flask-cors==6.0.5"])
  : undefined;

itWhen(server !== undefined, "there is no pulumi on PATH, or pip could not install moto 5.1.22")(
  "an S3-compatible store: the address of docs/state.md works, and holds no secret in clear",
  async () => {
    const port = await freePort();
    s3 = spawn(server ?? "", ["--port", String(port)], { stdio: "ignore" });
    const at = `http://127.0.0.1:${port}`;
    await until(
      "the S3 server answers",
      async () => (await fetch(`${at}/state`, { method: "PUT" }).catch(() => undefined))?.ok === true,
      { ms: 60_000 },
    );
    const env = {
      AWS_ACCESS_KEY_ID: "a",
      AWS_SECRET_ACCESS_KEY: "b",
      PULUMI_CONFIG_PASSPHRASE: "right",
      PULUMI_BACKEND_URL: `s3://state?endpoint=${at}&region=us-east-1&use_path_style=true`,
    };
    expect(pulumi("three", ["stack", "init"], env)).toMatchObject({ status: 0 });
    expect(pulumi("three", ["config", "set", "--secret", "key"], env, "s3-secret")).toMatchObject({ status: 0 });
    expect(pulumi("three", ["up", "--yes", "--skip-preview"], env)).toMatchObject({ status: 0 });
    const keys = [...(await (await fetch(`${at}/state?list-type=2`)).text()).matchAll(/<Key>([^<]+)/g)].map(
      ([, k]) => k,
    );
    expect(keys).toContain(".pulumi/stacks/state-trial/three.json");
    for (const key of keys) expect(await (await fetch(`${at}/state/${key}`)).text()).not.toContain("s3-secret");
  },
  300_000,
);
