import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { parseStackFile } from "../../infra/config";
import { names } from "../../infra/model";
import { tokenPermissions } from "../../infra/plans";
import { postureMocks } from "../support/postureMocks";
import { deploy, known } from "../support/pulumi";

type Program = () => Promise<Record<string, pulumi.Input<unknown>>>;

/** The configuration of a stack as the engine gives it to the program: texts, lists and mappings as JSON. */
function configOf(stack: string): Record<string, string> {
  const { config } = parse(readFileSync(join(__dirname, "../..", `Pulumi.${stack}.yaml`), "utf8")) as {
    config: Record<string, unknown>;
  };
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

async function run(config: Record<string, string>) {
  const types = { ...postureMocks.types, "pulumi:providers:vault": () => ({}) };
  return deploy({ ...postureMocks, types }, async () => {
    pulumi.runtime.setAllConfig(config);
    const program = jest.requireActual<Program>("../../stacks/index");
    const outputs = await program();
    // Lets registrations that hang on outputs happen.
    for (const output of Object.values(outputs)) await known(output);
    return outputs;
  });
}

beforeEach(() => {
  process.env.VAULT_ADDR = "https://vault.acme.dev:8200";
});
afterEach(() => {
  delete process.env.VAULT_ADDR;
});

it.each(["dev", "prod"])("brings the %s environment up, with the outputs that operators need", async (stack) => {
  const file = `Pulumi.${stack}.yaml`;
  const posture = parseStackFile(readFileSync(join(__dirname, "../..", file), "utf8"), file);
  const { value } = await run(configOf(stack));
  expect(await known(value.gateKey)).toMatch(/^ghk_/);
  expect(await known(value.operatorKey)).toMatch(/^gop_/);
  for (const secret of ["gateKey", "operatorKey", "alertSecret"])
    expect([secret, await pulumi.isSecret(value[secret] as pulumi.Output<unknown>)]).toEqual([secret, true]);
  expect(value.gateUrl).toBe(
    stack === "dev" ? "https://github-gate-dev.acme-dev.workers.dev" : "https://github-gate.acme.dev",
  );
  expect(value.tokenPermissions).toEqual(tokenPermissions(posture));
  expect(value.names).toEqual(names(posture));
  expect(value.missingLocks).toEqual({});
  expect(value.controls).toMatchObject({
    "CIS 1.1.16": "met: no force push",
    "CIS 1.1.14": expect.stringMatching(
      stack === "dev" ? /^not met: .*review.administrators: bound/ : /^met: /,
    ) as string,
  });
  expect(value.gatePolicy).toMatchObject({ organization: "acme", v: 1 });
  expect(value.access).toMatchObject({ api: "write", docs: "read" });
  expect(value.agentHosts).toEqual([String(value.gateUrl).replace("https://", "")]);
});

it("is what Pulumi runs: the `main` of the package.json that is nearest to the folder, which is not the library's", () => {
  const folder = join(__dirname, "../../stacks");
  const nearest = [folder, join(folder, "..")].find((dir) => existsSync(join(dir, "package.json")))!;
  const { main } = JSON.parse(readFileSync(join(nearest, "package.json"), "utf8")) as { main: string };
  expect(join(nearest, main)).toBe(join(folder, "index.ts"));
});

describe("Vault's provider", () => {
  const store = { kind: "vault", mount: "agents", path: "github/claude-bot", namespace: "platform/agents" };
  const inNamespace = { ...configOf("dev"), "gatehouse:tokenStore": JSON.stringify(store) };
  const vaultOnes = ({ resources }: Awaited<ReturnType<typeof run>>) =>
    resources.filter(({ type }) => type.startsWith("vault:"));

  it("is the stack's own in the environment's namespace, with the stack's vault: keys, for everything in Vault", async () => {
    const stack = await run({
      ...inNamespace,
      "vault:address": "https://v.acme.dev:8200",
      "vault:token": "hvs.secret",
      "vault:skipTlsVerify": "false",
      "vault:maxRetries": "4",
    });
    expect(stack.one("gatehouse-vault").inputs).toEqual({
      namespace: "platform/agents",
      address: "https://v.acme.dev:8200",
      token: "hvs.secret",
      skipTlsVerify: "false", // a provider's inputs travel as JSON texts
      maxRetries: "4",
      maxLeaseTtlSeconds: "1200", // the package's own default
    });
    expect(stack.one("gatehouse-vault").secrets).toContain("token");
    expect(vaultOnes(stack).length).toBeGreaterThan(10);
    for (const { name, provider } of vaultOnes(stack))
      expect([name, provider]).toEqual([name, expect.stringMatching(/::pulumi:providers:vault::gatehouse-vault::/)]);
    for (const { type, name, provider } of stack.resources)
      if (/^(github|cloudflare|random):/.test(type)) expect([name, provider]).toEqual([name, ""]);
  });

  it("is the default one without a namespace, which reads the stack's vault: keys by itself", async () => {
    const stack = await run(configOf("dev"));
    expect(stack.resources.filter(({ type }) => type.startsWith("pulumi:providers:"))).toEqual([]);
    for (const { provider } of vaultOnes(stack)) expect(provider).toBe("");
  });
});

describe("an environment with mistakes", () => {
  const bad = { ...configOf("dev"), "gatehouse:plan": "gold", "gatehouse:colour": "blue" };

  it("ends the program with one line each, without a stack, before anything is declared", async () => {
    const problem = await run(bad).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(pulumi.RunError.isInstance(problem)).toBe(true);
    expect((problem as Error).message.split("\n")).toEqual([
      "Pulumi.test.yaml: gatehouse:plan: no such plan: gold; free, team or enterprise",
      expect.stringMatching(/^Pulumi\.test\.yaml: gatehouse:colour: unknown key; one of /) as string,
    ]);
  });

  it("registers nothing", async () => {
    const registered: string[] = [];
    await pulumi.runtime.setMocks(
      {
        newResource: ({ name }) => {
          registered.push(name);
          return { id: "x", state: {} };
        },
        call: () => ({}),
      },
      "gatehouse",
      "test",
    );
    pulumi.runtime.setAllConfig(bad);
    await expect(jest.requireActual<Program>("../../stacks/index")()).rejects.toThrow("no such plan");
    expect(registered).toEqual([]);
  });
});

describe("Pulumi.yaml", () => {
  const project = parse(readFileSync(join(__dirname, "../../Pulumi.yaml"), "utf8")) as {
    main: string;
    config: Record<string, { type: string; default?: unknown; items?: { type: string } }>;
  };

  it("types every key that each environment sets, and gives the schema's own defaults", () => {
    expect(project.main).toBe("stacks/");
    const defaults = parseStackFile(readFileSync(join(__dirname, "../../Pulumi.dev.yaml"), "utf8"), "f");
    for (const [key, declared] of Object.entries(project.config)) {
      if (declared.default !== undefined && key !== "plan")
        expect([key, declared.default]).toEqual([key, defaults[key as keyof typeof defaults]]);
      if (declared.type === "array") expect(declared.items).toBeDefined();
    }
    for (const stack of ["dev", "prod"])
      for (const key of Object.keys(configOf(stack)))
        expect(Object.keys(project.config)).toContain(key.replace("gatehouse:", ""));
  });
});
