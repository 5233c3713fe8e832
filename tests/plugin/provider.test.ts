import * as pulumi from "@pulumi/pulumi";
import { GatehouseProvider } from "../../plugin/provider";
import { POSTURE_TYPE } from "../../plugin/schema";
import schema from "../../plugin/schema.json";
import { rawEnvironment } from "../support/environment";
import { postureMocks } from "../support/postureMocks";
import { deploy, known } from "../support/pulumi";

const provider = new GatehouseProvider();
const construct = (inputs: pulumi.Inputs, type = POSTURE_TYPE) =>
  deploy(postureMocks, (opts) => provider.construct("agents", type, inputs, opts));

beforeEach(() => {
  process.env.VAULT_ADDR = "https://vault.acme.dev:8200";
});
afterEach(() => {
  delete process.env.VAULT_ADDR;
});

it("declares a posture of a program in any language, and gives every output that the schema promises", async () => {
  const { value, resources } = await construct({ ...rawEnvironment(), organization: pulumi.output("acme") });
  expect(await known(value.urn)).toContain("gatehouse:index:Posture::agents");
  const promised = schema.resources[POSTURE_TYPE];
  const state = value.state as Record<string, pulumi.Input<unknown>>;
  expect(Object.keys(promised.properties)).toEqual(expect.arrayContaining(Object.keys(state)));
  for (const name of promised.required) expect([name, await known(state[name])]).toEqual([name, expect.anything()]);
  for (const [name, { secret }] of Object.entries(promised.properties as Record<string, { secret?: boolean }>))
    if (secret && state[name] !== undefined)
      expect([name, await pulumi.isSecret(state[name] as pulumi.Output<unknown>)]).toEqual([name, true]);
  expect(resources.length).toBeGreaterThan(40);
});

it("refuses what the language's own types let through, with its place", async () => {
  const credential = { kind: "app-installation", expiryDays: 30 };
  await expect(construct({ ...rawEnvironment(), agent: { machineUser: "claude-bot", credential } })).rejects.toThrow(
    /^agents: gatehouse:agent\.credential\.appId: missing/,
  );
  await expect(construct({}, "gatehouse:index:Gate")).rejects.toThrow("this package has gatehouse:index:Posture");
});
