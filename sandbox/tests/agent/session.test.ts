import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Anthropic as Client } from "@anthropic-ai/sdk";
import { gateUrl } from "../../../infra/plans";
import { AgentSession, type CreateSession } from "../../agent";
import { type Anthropic, startAnthropic } from "../../anthropic";
import { onboard, standIn, type StandIn } from "../github/support/standin";
import { atAnthropic, declared, KEY } from "./support";

/* The generated set-up by real git, with no network but the gate's host. What stands for the gate takes one key and
   puts the machine user's token in its place; the whole drill has the real gate (proof/agent.test.ts). */

const POSTURE = atAnthropic();
const GATE = new URL(gateUrl(POSTURE) ?? "").hostname;

let github: StandIn;
let gate: Server;
let key: string;
let anthropic: Anthropic;
let session: CreateSession;
let agent: AgentSession;
beforeAll(async () => {
  github = await standIn();
  const { bot } = await onboard(github);
  const basic = `Basic ${Buffer.from(`x-access-token:${bot.token ?? ""}`).toString("base64")}`;
  gate = createServer((incoming, answer) => {
    if (incoming.headers.authorization !== `Bearer ${key}`) return void answer.writeHead(401).end();
    const { host: _, ...headers } = incoming.headers;
    const options = { method: incoming.method, headers: { ...headers, authorization: basic } };
    incoming.pipe(
      request(`${github.gh.url}${incoming.url ?? ""}`, options, (back) => {
        back.pipe(answer.writeHead(back.statusCode ?? 502, back.headers));
      }),
    );
  });
  await new Promise<void>((resolve) => gate.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  gate.close();
  await github.stop();
});
beforeEach(async () => {
  key = KEY;
  anthropic = await startAnthropic();
  session = await declared(anthropic, POSTURE);
});
afterEach(async () => {
  await agent.close();
  await anthropic.stop();
});

const start = async (): Promise<AgentSession> => {
  const upstreams = new Map([
    [GATE, `http://127.0.0.1:${(gate.address() as AddressInfo).port}`],
    ["github.com", github.gh.url],
  ]);
  agent = await AgentSession.start({ anthropic, session, upstreams });
  return agent;
};
const client = () => new Client({ baseURL: anthropic.api, apiKey: anthropic.key, maxRetries: 0 });
async function events(): Promise<{ type: string; evaluated_permission?: string | null }[]> {
  const found = [];
  for await (const event of client().beta.sessions.events.list(agent.id)) found.push(event);
  return found;
}

it("clones, pushes and fetches by GitHub's own addresses, and reaches no host but the gate's", async () => {
  await start();
  for (const address of [
    "https://github.com/acme/api",
    "git@github.com:acme/docs.git",
    "ssh://git@github.com/acme/api",
  ]) {
    const { code, text } = await agent.bash(`rm -rf copy && git clone --quiet ${address} copy && ls copy`);
    expect([address, code, text]).toEqual([address, 0, expect.stringContaining("README.md")]);
  }
  const pushed = await agent.bash(
    "cd copy && git checkout --quiet -b claude/hello && git commit --quiet --allow-empty -m hello && git push --quiet origin claude/hello && git ls-remote https://github.com/acme/api claude/hello",
  );
  expect([pushed.code, pushed.text]).toEqual([0, expect.stringMatching(/^[0-9a-f]{40}\trefs\/heads\/claude\/hello$/m)]);
  expect(agent.outgoing.length).toBeGreaterThan(8);
  for (const outgoing of agent.outgoing)
    expect(outgoing).toMatchObject({ host: GATE, reached: true, sent: ["GATEHOUSE_KEY"], kept: [] });
});

it("does not reach github.com, whatever git is told", async () => {
  await start();
  const { code } = await agent.bash("GIT_CONFIG_GLOBAL=/dev/null git ls-remote https://github.com/acme/api");
  expect(code).not.toBe(0);
  expect(agent.outgoing).toMatchObject([{ method: "CONNECT", host: "github.com", reached: false }]);
  expect((await agent.ask("GET", "https://github.com/acme/api")).status).toBe(0);
  expect((await agent.ask("GET", "http://github.com/acme/api")).status).toBe(403);
});

it("has a placeholder where the key would be, and nothing of this machine's environment", async () => {
  process.env.GATEHOUSE_TEST_SECRET = "of this machine";
  await start();
  const { text } = await agent.bash("env; cat ~/.gitconfig");
  delete process.env.GATEHOUSE_TEST_SECRET;
  expect(text).toContain(`GATEHOUSE_KEY=${agent.placeholders["GATEHOUSE_KEY"] ?? ""}`);
  expect(agent.placeholders["GATEHOUSE_KEY"]).toMatch(/^placeholder_/);
  for (const secret of [KEY, "GATEHOUSE_TEST_SECRET", "ANTHROPIC_API_KEY"]) expect(text).not.toContain(secret);
});

it("uses a replaced key in the session that runs", async () => {
  await start();
  expect((await agent.bash("git ls-remote https://github.com/acme/api")).code).toBe(0);
  key = "ghk_replaced";
  expect((await agent.bash("git ls-remote https://github.com/acme/api")).code).not.toBe(0);
  const { vaults } = client().beta;
  const vault_id = session.vault_ids?.[0] ?? "";
  const [credential] = (await vaults.credentials.list(vault_id)).data;
  await vaults.credentials.update(credential?.id ?? "", {
    vault_id,
    auth: { type: "environment_variable", secret_value: key },
  });
  expect((await agent.bash("git ls-remote https://github.com/acme/api")).code).toBe(0);
});

it("waits for a person at each command, and not where the agent's policy allows them all", async () => {
  await start();
  await agent.bash("true");
  const asked = await events();
  expect(asked.map(({ type }) => type)).toEqual(
    expect.arrayContaining(["user.message", "agent.tool_use", "user.tool_confirmation", "agent.tool_result"]),
  );
  expect(asked.find(({ type }) => type === "agent.tool_use")).toMatchObject({ evaluated_permission: "ask" });
  await agent.close();
  await anthropic.stop();

  anthropic = await startAnthropic();
  session = await declared(anthropic, atAnthropic({ bash: "always_allow" }));
  await start();
  await agent.bash("true");
  const allowed = await events();
  expect(allowed.map(({ type }) => type)).not.toContain("user.tool_confirmation");
  expect(allowed.find(({ type }) => type === "agent.tool_use")).toMatchObject({ evaluated_permission: "allow" });
});

it("does not begin without the commands of its system prompt", async () => {
  await start();
  const bare = await client().beta.agents.create({ name: "bare", model: "claude-opus-5-5" });
  await expect(
    AgentSession.start({ anthropic, session: { ...session, agent: bare.id }, upstreams: new Map() }),
  ).rejects.toThrow("the system prompt of bare shows no commands to begin with");
});
