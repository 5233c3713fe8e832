import { planClaudeAgent, type ClaudeAgentPlan } from "../../../infra/plans";
import { ambientEffects } from "../../../rotation/effects";
import { claudeRuntime } from "../../../rotation/runtime/claude";
import { environment } from "../../support/environment";
import { served, type Served } from "../../../sandbox/tests/anthropic/support";

const KEY = `ghk_${"n".repeat(43)}`;
const plan = planClaudeAgent(
  environment({ "agent.environment": { kind: "claude-managed-agent", model: "claude-opus-5-5" } }),
) as ClaudeAgentPlan;

let sandbox: Served;
let vault: string;
const effects = { ...ambientEffects(), sleep: () => Promise.resolve() };
const beta = () => sandbox.client.beta;
const runtime = () => claudeRuntime(effects, sandbox.client, plan);

/** The credentials as the stack declares them, with the old key. */
async function declare(change: { hosts?: readonly string[]; body?: boolean } = {}): Promise<void> {
  const { shellCredential, mcpCredential } = plan;
  await beta().vaults.credentials.create(vault, {
    auth: {
      type: "environment_variable",
      secret_name: shellCredential.secretName,
      secret_value: "old",
      networking: { type: "limited", allowed_hosts: [...(change.hosts ?? shellCredential.networking.allowedHosts)] },
      injection_location: { header: true, body: change.body ?? false },
    },
  });
  await beta().vaults.credentials.create(vault, {
    auth: { type: "static_bearer", token: "old", mcp_server_url: mcpCredential.mcpServerUrl },
  });
}

/** A session with the vault, and the key that stands in for its placeholder. */
async function session(): Promise<{ readonly id: string; key(): string | undefined; bearer(): string | undefined }> {
  const { id: environment_id } = await beta().environments.create({ name: "e" });
  const agent = await beta().agents.create({
    name: "a",
    model: "claude-opus-5-5",
    mcp_servers: [{ type: "url", name: "gate", url: plan.mcpCredential.mcpServerUrl }],
    tools: [{ type: "mcp_toolset", mcp_server_name: "gate" }],
  });
  const { id } = await beta().sessions.create({ agent: agent.id, environment_id, vault_ids: [vault] });
  const egress = () => sandbox.standIn.egress(id);
  return { id, key: () => egress().secrets[0]?.value, bearer: () => egress().mcpServers[0]?.bearer };
}

beforeEach(async () => {
  sandbox = await served();
  vault = (await beta().vaults.create({ display_name: plan.vault.displayName })).id;
});
afterEach(() => sandbox.standIn.stop());

it("gives both credentials the key, and a running session has it from then on", async () => {
  await declare();
  const open = await session();
  expect([open.key(), open.bearer()]).toEqual(["old", "old"]);
  expect(await runtime().give(KEY)).toHaveLength(2);
  expect([open.key(), open.bearer()]).toEqual([KEY, KEY]);
  expect(await runtime().give(KEY)).toHaveLength(2);
});

it("names the sessions that take the key from the vault and are not over", async () => {
  await declare();
  const [open, over] = [await session(), await session()];
  await beta().sessions.archive(over.id);
  expect(await runtime().sessions()).toEqual([open.id]);
});

it.each([
  ["no vault of the name", async () => void (await beta().vaults.archive(vault)), /no vault/],
  ["two of them", async () => void (await beta().vaults.create({ display_name: plan.vault.displayName })), /2 vaults/],
  ["no credential", async () => undefined, /has no credential for GATEHOUSE_KEY/],
  ["a credential for another host", () => declare({ hosts: ["evil.example"] }), /may go elsewhere/],
  ["a credential in bodies", () => declare({ body: true }), /may go elsewhere/],
])("writes nothing where there is %s", async (_, arrange, says) => {
  await arrange();
  await expect(runtime().give(KEY)).rejects.toMatchObject({
    name: "NeedsPerson",
    message: expect.stringMatching(says),
  });
  const sent = await sandbox.control<{ method: string; path: string }[]>("GET", "requests");
  expect(sent.filter(({ method, path }) => method === "POST" && /credentials\/vcrd_/.test(path))).toEqual([]);
});

it("sends an update again whose answer is missing, and no refusal", async () => {
  await declare();
  const open = await session();
  for (const when of ["before", "after"])
    await sandbox.control("POST", "faults", {
      method: "POST",
      pathPrefix: `/v1/vaults/${vault}/credentials/`,
      drop: true,
      times: 1,
      ...(when === "after" ? { when } : {}),
    });
  await runtime().give(KEY);
  expect(open.key()).toBe(KEY);
  await sandbox.control("POST", "faults", {
    method: "POST",
    pathPrefix: `/v1/vaults/${vault}/credentials/`,
    status: 409,
    times: 5,
  });
  await sandbox.control("DELETE", "requests");
  await expect(runtime().give(KEY)).rejects.toMatchObject({ name: "RequestRefused", status: 409 });
  const sent = await sandbox.control<{ method: string }[]>("GET", "requests");
  expect(sent.filter(({ method }) => method === "POST")).toHaveLength(1);
});

it("says that somebody else has written the credential meanwhile", async () => {
  await declare();
  const { credentials } = beta().vaults;
  const update = credentials.update.bind(credentials);
  // Right behind our update another one.
  jest.spyOn(credentials, "update").mockImplementation((async (...args: Parameters<typeof update>) => {
    const answer = await update(...args);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await update(args[0], { vault_id: vault, display_name: "by somebody else" });
    return answer;
  }) as never);
  await expect(runtime().give(KEY)).rejects.toThrow(/was changed by somebody else/);
});

it("shows the key in no message", async () => {
  await declare();
  await sandbox.control("POST", "faults", {
    method: "POST",
    pathPrefix: `/v1/vaults/${vault}/credentials/`,
    status: 500,
    times: 20,
  });
  const failure = (await runtime()
    .give(KEY)
    .catch((error: unknown) => error)) as Error;
  expect(failure.name).toBe("Unavailable");
  expect(failure.message).not.toContain(KEY);
});
