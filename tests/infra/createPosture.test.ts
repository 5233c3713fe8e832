import * as pulumi from "@pulumi/pulumi";
import * as vault from "@pulumi/vault";
import { createPosture, type DeepInput, type EnvironmentInput, type PostureOptions } from "../../infra";
import { rawEnvironment } from "../support/environment";
import { postureMocks } from "../support/postureMocks";
import { deploy, known } from "../support/pulumi";

const types = { ...postureMocks.types, "pulumi:providers:vault": () => ({}) };

/** The environment as a program writes it, with some of its keys in place of the usual ones. */
const written = (changes: Record<string, unknown> = {}) =>
  ({ ...rawEnvironment(), ...changes }) as DeepInput<EnvironmentInput>;

const up = (args = written(), options: PostureOptions = {}) =>
  deploy({ ...postureMocks, types }, (opts) => createPosture("agents", args, pulumi.mergeOptions(opts, options)));

beforeEach(() => {
  process.env.VAULT_ADDR = "https://vault.acme.dev:8200";
});
afterEach(() => {
  delete process.env.VAULT_ADDR;
});

it("takes the environment as a program writes it, gathers the rest, and declares one posture", async () => {
  const run = await up(written({ organization: pulumi.output("acme"), plan: Promise.resolve("team" as const) }));
  expect(run.value.environment).toMatchObject({ organization: "acme", review: { label: "agent", approvals: 2 } });
  expect(run.value.github.repositories.map(({ name, nodeId }) => [name, nodeId])).toEqual([
    ["api", "R_api"],
    ["docs", "R_docs"],
  ]);
  expect(await known(run.value.gate.agentKey)).toMatch(/^ghk_/);
  expect(run.resources.filter(({ name }) => !name.startsWith("agents"))).toEqual([]);
  // The Workers come with the package.
  expect(run.one("agents-gate-script").inputs.content).toContain("async fetch(");
  expect(JSON.stringify(run.one("agents-gate-script").inputs.bindings)).toContain("https://vault.acme.dev:8200");
});

it("says every mistake at once, under the name of the component, without a stack, and declares nothing", async () => {
  const gate = { accountId: "0123", hostnam: "x" };
  const seen: string[] = [];
  const transform: pulumi.ResourceTransformation = ({ name }) => void seen.push(name);
  const error = await up(written({ gate }), { transformations: [transform] }).then(
    () => undefined,
    (refused: unknown) => refused as Error,
  );
  expect(pulumi.RunError.isInstance(error)).toBe(true);
  expect(error?.message.split("\n")).toEqual([
    "agents: gatehouse:gate.accountId: not valid: 0123; 32 hexadecimal digits",
    "agents: gatehouse:gate.hostnam: unknown key; did you mean hostname?",
  ]);
  expect(error?.stack).not.toMatch(/\n\s+at /);
  expect(seen).toEqual([]);
});

it("names a repository that GitHub does not have", async () => {
  await expect(
    deploy(
      { ...postureMocks, calls: { ...postureMocks.calls, "github:index/getRepository:getRepository": () => ({}) } },
      () => createPosture("agents", written()),
    ),
  ).rejects.toThrow(/^agents: gatehouse:repositories\[0\]\.name: no such repository in acme: api/);
});

describe("the way to change what a resource is declared with", () => {
  it("is Pulumi's own: a transformation sees every resource of the posture", async () => {
    const labelled: pulumi.ResourceTransformation = ({ type, props, opts }) =>
      type === "github:index/team:Team" ? { props: { ...(props as object), parentTeamId: "9" }, opts } : undefined;
    const run = await up(written(), { transformations: [labelled] });
    expect(run.one("agents-user-team").inputs).toMatchObject({ name: "agents", parentTeamId: "9" });
    expect((await up()).one("agents-user-team").inputs).not.toHaveProperty("parentTeamId");
  });
});

describe("Vault's provider", () => {
  const inNamespace = written({
    tokenStore: { kind: "vault", path: "github/claude-bot", namespace: "platform/agents" },
  });
  const ofVault = ({ resources }: Awaited<ReturnType<typeof up>>) => [
    ...new Set(
      resources.filter(({ type }) => type.startsWith("vault:")).map(({ provider }) => provider.split("::")[3]),
    ),
  ];

  it("is one of the posture's own where the environment names a namespace", async () => {
    const run = await up(inNamespace);
    expect(run.one("agents-vault").inputs).toMatchObject({ namespace: "platform/agents" });
    expect(ofVault(run)).toEqual(["agents-vault"]);
  });

  it("is the caller's, where there is one", async () => {
    const run = await deploy({ ...postureMocks, types }, (opts) =>
      createPosture("agents", inNamespace, {
        ...opts,
        providers: [new vault.Provider("mine", { address: "https://v.acme.dev", token: "t" })],
      }),
    );
    expect(ofVault(run)).toEqual(["mine"]);
    expect(run.resources.filter(({ type }) => type === "pulumi:providers:vault").map(({ name }) => name)).toEqual([
      "mine",
    ]);
  });
});
