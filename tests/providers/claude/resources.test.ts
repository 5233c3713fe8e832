import * as pulumi from "@pulumi/pulumi";
import * as claude from "../../../providers/claude/resources";
import { MODELS, tokenOf } from "../../../providers/claude/model";
import { FUNCTIONS } from "../../../providers/claude/model/functions";

const registered: { type: string; inputs: Record<string, unknown> }[] = [];
const SECRET_KEY = "4dabf18193072939515e22adb298388d";

beforeAll(() =>
  pulumi.runtime.setMocks({
    newResource: ({ type, inputs }) => {
      registered.push({ type, inputs: inputs as Record<string, unknown> });
      return { id: "id", state: { ...(inputs as object), version: 3, credentialId: "vcrd_1" } };
    },
    call: ({ token, inputs }) => ({ asked: token, ...(inputs as object) }),
  }),
);

it("has a class for every type, whose inputs arrive as they were given", async () => {
  const config = { type: "self_hosted" } as const;
  const auth = { type: "static_bearer", token: "t", mcpServerUrl: "https://gate.acme.dev/mcp" } as const;
  const environment = new claude.Environment("e", { name: "e", config });
  const agent = new claude.Agent("a", { name: "a", model: { id: "claude-opus-5-5" } });
  const vault = new claude.Vault("v", { displayName: "V" });
  const credential = new claude.VaultCredential("c", { vaultId: vault.id, auth });
  const value = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));
  expect(await value(agent.version)).toBe(3);
  expect(await value(credential.credentialId)).toBe("vcrd_1");
  expect(await value(environment.config)).toEqual(config);
  expect(registered.map(({ type }) => type).sort()).toEqual(MODELS.map(tokenOf).sort());
  expect(registered.find(({ type }) => type.endsWith(":VaultCredential"))?.inputs).toEqual({ vaultId: "id", auth });
});

it("keeps the API key of an explicit provider secret", async () => {
  const provider = new claude.Provider("p", { apiKey: "sk-ant-x", baseUrl: "https://agents.acme.dev" });
  await new Promise((resolve) => provider.urn.apply(resolve));
  expect(registered.find(({ type }) => type === "pulumi:providers:claude")?.inputs).toMatchObject({
    baseUrl: "https://agents.acme.dev",
    apiKey: { [SECRET_KEY]: expect.anything() as unknown, value: "sk-ant-x" },
  });
});

it("has a function for every look-up", async () => {
  expect(await claude.getSession({ id: "session_1" })).toEqual({ asked: "claude:index:getSession", id: "session_1" });
  expect(await claude.getSessions({ limit: 2 })).toEqual({ asked: "claude:index:getSessions", limit: 2 });
  expect(Object.keys(FUNCTIONS)).toEqual(["getSession", "getSessions"]);
});
