import Anthropic from "@anthropic-ai/sdk";
import { gatehouse, serve, type Ready, type Running } from "../support/sandbox";
import { until } from "../support/until";

jest.setTimeout(300_000);

/** The dev stack with an agent at Anthropic and keys of sessions. */
const DECLARED = [
  "--config",
  "gatehouse:agent.environment.kind=claude-managed-agent",
  "--config",
  "gatehouse:agent.environment.model=claude-opus-5-5",
  "--config",
  "gatehouse:gate.sessionKeys.maxHours=2",
];

let ready: Ready;
let running: Running;
let client: Anthropic;
beforeAll(async () => {
  ({ ready, running } = await serve(...DECLARED));
  const { ANTHROPIC_API_KEY: apiKey, ANTHROPIC_BASE_URL: baseURL } = ready.env;
  client = new Anthropic({ apiKey: apiKey ?? "", baseURL: baseURL ?? "", maxRetries: 0, logLevel: "off" });
});
afterAll(async () => {
  running.child.kill("SIGTERM");
  await running.exited;
});

const ask = async (key: string): Promise<number> => {
  const answer = await fetch(`${ready.gate.url}/repos/acme/api`, { headers: { authorization: `Bearer ${key}` } });
  await answer.text();
  return answer.status;
};

/** The stack's secret outputs, as whoever has the passphrase reads them. */
async function output(name: string): Promise<string> {
  const command = gatehouse(["sandbox", "export", "--stack", "dev", "--show-secrets"], { env: ready.env });
  expect(await command.exited).toBe(0);
  const { deployment } = JSON.parse(command.stdout()) as {
    deployment: { resources: { type: string; outputs?: Record<string, { plaintext: string }> }[] };
  };
  const found = deployment.resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs?.[name];
  return JSON.parse(found?.plaintext ?? '""') as string;
}

async function run(
  args: readonly string[],
  { env = {}, input = "" }: { env?: Record<string, string>; input?: string } = {},
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const command = gatehouse([...args, "--stack", "dev", ...DECLARED], { env: { ...ready.env, ...env }, input });
  const code = await command.exited;
  return { code, out: command.stdout(), err: command.stderr() };
}

/** What stands in for the placeholder of a session's sandbox. */
async function keyOf(session: string): Promise<string> {
  const answer = await fetch(`${ready.env.ANTHROPIC_BASE_URL}/_sandbox/sessions/${session}/egress`, {
    headers: { authorization: `Bearer ${ready.env.ANTHROPIC_API_KEY}` },
  });
  return ((await answer.json()) as { secrets: { value: string }[] }).secrets[0]?.value ?? "";
}

it("starts a session with a key of its own, lists it, names it in the records and ends it, by the commands", async () => {
  const env = { GATEHOUSE_SESSION_ISSUER_KEY: await output("sessionIssuerKey") };
  const started = await run(["session", "start", "--title", "Issue 17", "--json"], { env });
  expect([started.code, started.err]).toEqual([0, ""]);
  const { session, gateKeySha256 } = JSON.parse(started.out) as { session: string; gateKeySha256: string };
  const key = await keyOf(session);
  expect(key).toMatch(/^gsk_/);
  expect(started.out).not.toContain(key);
  expect(await ask(key)).toBe(200);

  const listed = await run(["session", "list"], { env });
  expect([listed.code, listed.err]).toEqual([0, ""]);
  expect(listed.out).toMatch(new RegExp(`^${session}  idle .* ${gateKeySha256}\n$`));
  const pulled = await run(["audit", "pull", "--json"]);
  expect(
    pulled.out
      .split("\n")
      .filter((line) => line.includes(`"session":"${session}"`) && line.includes('"agent":"agent"')),
  ).not.toEqual([]);
  expect(pulled.out + listed.out).not.toContain(key);

  // Over at Anthropic, and the key is still open: somebody must act.
  await client.beta.sessions.archive(session);
  const over = await run(["session", "list"], { env });
  expect([over.code, over.err]).toEqual([1, expect.stringContaining(`session end --stack dev ${session}`)]);
  // An operator's key is enough to end it.
  const ended = await run(["session", "end", session]);
  expect([ended.code, ended.err, ended.out]).toEqual([0, "", `The gate refuses the key of ${session} from now on.\n`]);
  await until("the key's end", async () => (await ask(key)) === 401, { ms: 5_000 });
  expect((await run(["session", "list"])).out).toBe("No session has a key.\n");
});

it("says what is missing, and starts nothing", async () => {
  const noKey = await run(["session", "start"]);
  expect([noKey.code, noKey.err]).toEqual([2, expect.stringContaining("set GATEHOUSE_SESSION_ISSUER_KEY")]);
  const wrong = await run(["session", "start"], { env: { GATEHOUSE_SESSION_ISSUER_KEY: `gsi_${"x".repeat(43)}` } });
  expect([wrong.code, wrong.err]).toEqual([
    1,
    expect.stringContaining("The gate refused to list the sessions' keys (404)"),
  ]);
  const long = await run(["session", "start", "--hours", "3"], { env: { GATEHOUSE_SESSION_ISSUER_KEY: "gsi_x" } });
  expect([long.code, long.err]).toEqual([2, expect.stringContaining("up to 2")]);
  const none = await run(["session", "start"], {
    env: { ANTHROPIC_API_KEY: "", GATEHOUSE_SESSION_ISSUER_KEY: "gsi_x" },
  });
  expect([none.code, none.err]).toEqual([2, expect.stringContaining("set ANTHROPIC_API_KEY")]);
});

it("hands a new gate key over: the session uses it, then the old one opens nothing", async () => {
  const old = ready.gate.key;
  const previousUntil = new Date(Math.ceil(Date.now() / 1000) * 1000 + 3_600_000).toISOString().replace(".000Z", "Z");
  const up = gatehouse(
    [
      ...["sandbox", "up", "--stack", "dev", ...DECLARED],
      ...["--config", `gatehouse:gate.key={"generation":2,"previousUntil":"${previousUntil}"}`],
    ],
    { env: ready.env },
  );
  expect([await up.exited, up.stderr()]).toEqual([0, ""]);
  const fresh = await output("gateKey");
  expect([await ask(old), await ask(fresh)]).toEqual([200, 200]);

  const wrong = await run(["token", "hand-over"], { input: old });
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining("is the old one, which ends at")]);

  // A session that the shared vault gives its key, and that works all the while.
  const [vault] = (await client.beta.vaults.list({})).data;
  const [agent] = (await client.beta.agents.list({})).data;
  const [environment] = (await client.beta.environments.list({})).data;
  const { id: session } = await client.beta.sessions.create({
    agent: agent!.id,
    environment_id: environment!.id,
    vault_ids: [vault!.id],
  });
  let working = true;
  const work = (async () => {
    while (working) {
      expect(await ask(await keyOf(session))).toBe(200);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  })();
  const done = await run(["token", "hand-over", "--wait", "3"], { input: `${fresh}\n` });
  working = false;
  await work;
  expect([done.code, done.out]).toEqual([
    0,
    expect.stringMatching(/^The new gate key is in use: request \S+\.\nThe gate refuses the old key from now on\./),
  ]);
  expect(done.out + done.err).not.toContain(fresh);
  await until("the old key's end", async () => (await ask(old)) === 401, { ms: 5_000 });
  expect(await ask(fresh)).toBe(200);
});
