import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chainLine, GENESIS } from "../../gate/policy/audit";
import { Anthropic } from "@anthropic-ai/sdk";
import type { Story } from "../../cli/audit/explain/story";
import type { Replay } from "../../cli/audit/replay";
import type { Verification } from "../../cli/audit/verify";
import { ocsfProblems, recordSchema } from "../cli/audit/support/schema";
import type { OcsfEvent } from "../../cli/audit/ocsf";
import { gatehouse, serve, type Ready, type Running } from "../support/sandbox";
import { until } from "../support/until";

jest.setTimeout(300_000);

let ready: Ready;
let running: Running;
let dir: string;
/** The one that the agent opened. */
let pullRequest = 0;
/** When the agent last wrote through the gate, in milliseconds. */
let lastWrite = 0;
beforeAll(async () => {
  ({ ready, running } = await serve("--config", "gatehouse:gate.requestsPerMinute=5000"));
  dir = join(mkdtempSync(join(tmpdir(), "gatehouse-audit-")), "trail");
  await control("PATCH", "/_sandbox/organization", { plan: "enterprise" });
});
afterAll(async () => {
  running.child.kill("SIGTERM");
  await running.exited;
});

const control = async (method: string, path: string, body?: object): Promise<unknown> => {
  const answer = await fetch(`${ready.github.api}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? undefined : answer.json();
};
const run = async (
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> => {
  const process = gatehouse(["audit", ...args], { env: { ...ready.env, ...env } });
  const code = await process.exited;
  return { code, out: process.stdout(), err: process.stderr() };
};
const pull = async (...args: string[]): Promise<{ code: number; out: string; err: string }> =>
  run(["pull", "--out", dir, ...args]);
const verify = async (): Promise<Verification & { code: number }> => {
  const { code, out } = await run(["verify", "--dir", dir, "--json"]);
  return { ...(JSON.parse(out) as Verification), code };
};
const asAgent = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${ready.gate.url}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${ready.gate.key}`, "content-type": "application/json" },
  });
const lines = (): string[] => readFileSync(join(dir, "gate.ndjson"), "utf8").trimEnd().split("\n");

it("pulls records and GitHub's side, verifies, and goes on where it was", async () => {
  for (const path of ["/repos/acme/api", "/repos/acme/api/issues", "/repos/acme/secrets", "/repos/acme/docs"])
    await asAgent(path);
  await asAgent("/repos/acme/api/issues", { method: "POST", body: JSON.stringify({ title: "A question" }) });
  const first = await pull();
  expect([first.code, first.err]).toEqual([0, ""]);
  expect(first.out).toMatch(/^\d+ new records, to \d+; \d+ new events of GitHub\./);
  expect(await verify()).toMatchObject({ code: 0, problems: [], around: [] });
  const github = readFileSync(join(dir, "github.ndjson"), "utf8");
  expect(github).toContain('"source":"audit-log"');

  const valid = recordSchema();
  for (const line of lines()) expect([line, valid(JSON.parse(line)), valid.errors]).toEqual([line, true, null]);
  const events = readFileSync(join(dir, "events.ndjson"), "utf8").trimEnd().split("\n");
  expect(events.length).toBeGreaterThan(lines().length);
  for (const event of events) expect([event, ocsfProblems(JSON.parse(event) as OcsfEvent)]).toEqual([event, []]);

  const before = statSync(join(dir, "gate.ndjson")).size;
  // Compiling the schemas took seconds in one piece; a connection that the gate closed meanwhile is noticed first.
  await new Promise((resolve) => setTimeout(resolve, 50));
  await asAgent("/repos/acme/api");
  // What an interrupted pull left behind its last note.
  appendFileSync(join(dir, "gate.ndjson"), '{"v":1,"seq":999,');
  expect((await pull()).code).toBe(0);
  expect(statSync(join(dir, "gate.ndjson")).size).toBeGreaterThan(before);
  expect(await verify()).toMatchObject({ code: 0, problems: [] });
  const numbers = lines().map((line) => (JSON.parse(line) as { seq: number }).seq);
  expect(numbers).toEqual(numbers.map((_, i) => i + 1));
  expect(readFileSync(join(dir, "events.ndjson"), "utf8").startsWith(events.join("\n"))).toBe(true);
});

it("tells the story of a pull request, and answers questions and replays", async () => {
  const clone = mkdtempSync(join(tmpdir(), "gatehouse-clone-"));
  const git = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync("git", ["-C", clone, ...args], { encoding: "utf8" });
    if (status !== 0) throw new Error(`git ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  git("clone", "-q", `${ready.gate.url.replace("://", `://x:${ready.gate.key}@`)}/acme/api.git`, ".");
  git("config", "user.name", "claude-bot");
  git("config", "user.email", "claude-bot@users.noreply.github.com");
  git("checkout", "-q", "-b", "claude/story");
  writeFileSync(join(clone, "note.txt"), "a note\n");
  git("add", ".");
  git("commit", "-q", "-m", "A note");
  git("push", "-q", "origin", "claude/story");
  const opened = await asAgent("/repos/acme/api/pulls", {
    method: "POST",
    body: JSON.stringify({ title: "A note", head: "claude/story", base: "main", draft: true, body: "Please read." }),
  });
  expect(opened.status).toBe(201);
  const { number } = (await opened.json()) as { number: number };
  pullRequest = number;
  await asAgent(`/repos/acme/api/pulls/${number}/merge`, { method: "PUT", body: "{}" });
  lastWrite = Date.now();
  expect((await pull()).code).toBe(0);
  expect(await verify()).toMatchObject({ code: 0, problems: [] });

  const told = await run(["explain", `api#${number}`, "--dir", dir, "--json"]);
  const story = JSON.parse(told.out) as Story;
  expect(story).toMatchObject({ pull: `acme/api#${number}`, title: "A note", head: "claude/story", notes: [] });
  const kinds = story.steps.map(({ kind, what }) => `${kind} ${what}`);
  for (const step of [
    "write pushed",
    "write opened the pull request",
    `refused PUT /repos/acme/api/pulls/${number}/merge: pull-request-merge`,
  ])
    expect(kinds).toContain(step);
  for (const [format, mark] of [
    ["text", "REFUSED"],
    ["md", "**REFUSED**"],
    ["html", "<!doctype html>"],
  ] as const) {
    const { code, out } = await run(["explain", `api#${number}`, "--dir", dir, "--format", format]);
    expect([format, code, out]).toEqual([format, 0, expect.stringContaining(mark)]);
  }
  expect((await run(["explain", "api#999", "--dir", dir])).err).toMatch(/GitHub shows no pull request acme\/api#999/);

  const { out: refusals } = await run(["query", "--named", "refusals-by-rule", "--dir", dir, "--json"]);
  expect(refusals).toContain('"rule":"pull-request-merge"');
  expect(await run(["query", "SELECT nothing", "--dir", dir])).toMatchObject({ code: 2 });
  expect(await run(["query", "--dir", dir])).toMatchObject({
    code: 2,
    err: expect.stringMatching(/Give a statement/) as string,
  });

  expect(await run(["replay", dir])).toMatchObject({
    code: 0,
    out: expect.stringMatching(/requests of agents decided anew/) as string,
  });
  const narrower = await run(["replay", dir, "--json", "--config", "gatehouse:repositories[0].access=read"]);
  expect(narrower.code).toBe(1);
  expect((JSON.parse(narrower.out) as Replay).differences).toContainEqual(
    expect.objectContaining({ change: "would be refused", route: "git.push" }),
  );
});

it("reads the bucket alone, and the gate alone, to the same records", async () => {
  const records = async (from: string): Promise<string> => {
    const { code, out } = await run(["pull", "--json", "--from", from]);
    expect([from, code]).toEqual([from, 0]);
    return out;
  };
  const archived = await until(
    "records in the bucket",
    async () => {
      // A gate that nobody asks archives on its schedule, which is longer than this test waits.
      await asAgent("/repos/acme/api");
      const text = await records("bucket");
      return text === "" ? undefined : text;
    },
    { ms: 90_000, every: 2_000 },
  );
  expect((await records("gate")).startsWith(archived)).toBe(true);
  // Without the gate the signatures must come from the bucket.
  const own = `${dir}-bucket`;
  expect((await run(["pull", "--out", own, "--from", "bucket"])).code).toBe(0);
  const { auditPublicKey } = JSON.parse(
    readFileSync(join(dir, "pull.json"), "utf8").replace('"key"', '"auditPublicKey"'),
  ) as {
    auditPublicKey: string;
  };
  const checked = await run(["verify", "--dir", own, "--key", auditPublicKey]);
  expect([checked.code, checked.out]).toEqual([0, expect.stringContaining("The trail holds.")]);
});

it("raises the alarm within one pull when the real token is used around the gate", async () => {
  const token = await realToken();
  // GitHub's events name no token, so a write through the gate accounts for one of the next fifteen seconds.
  await new Promise((resolve) => setTimeout(resolve, lastWrite + 16_000 - Date.now()));
  const answer = await fetch(`${ready.github.api}/repos/acme/api/issues/1/comments`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ body: "around the gate" }),
  });
  expect(answer.status).toBe(201);
  expect((await pull()).code).toBe(0);
  const found = await verify();
  expect([found.code, found.problems]).toEqual([
    1,
    [
      {
        place: expect.stringMatching(/^GitHub, \d{4}-/) as string,
        problem: expect.stringMatching(
          /^api\.request in acme\/api \(POST .*\/issues\/1\/comments\) with the token .*: the gate has no record of it\./,
        ) as string,
      },
    ],
  ]);
  expect(found.around).toHaveLength(1);
});

it("raises it on a plan without an audit log too, by the repository's events", async () => {
  await control("PATCH", "/_sandbox/organization", { plan: "team" });
  const other = `${dir}-team`;
  expect((await run(["pull", "--out", other])).err).toContain("needs the Enterprise plan");
  const { code, out } = await run(["verify", "--dir", other, "--json"]);
  const { problems } = JSON.parse(out) as Verification;
  expect([code, problems.map(({ problem }) => problem)]).toEqual([
    1,
    [expect.stringMatching(/^IssueCommentEvent in acme\/api \(created #1\): the gate has no record of it/)],
  ]);
});

it("joins the agent's own log: which session opened a pull request, and a session that was not reviewed", async () => {
  const claude = new Anthropic({ baseURL: ready.claude.api, apiKey: ready.claude.key, maxRetries: 0 }).beta;
  const name = "github-gate-dev-agent";
  const tools = [{ type: "agent_toolset_20260401" as const }];
  const agent = (await claude.agents.create({ name, model: "claude-opus-5-5", tools })).id;
  // The declared host is that of the environment file, not of the sandbox.
  const networking = { type: "limited" as const, allowed_hosts: ["github-gate-dev.acme-dev.workers.dev"] };
  const environment = await claude.environments.create({ name, config: { type: "cloud", networking } });
  const vault = await claude.vaults.create({ display_name: name });
  const ids = { agent, environment_id: environment.id, vault_ids: [vault.id] };
  const session = await claude.sessions.create({ ...ids, title: "Add a note" });
  const commented = await asAgent(`/repos/acme/api/issues/${pullRequest}/comments`, {
    method: "POST",
    body: JSON.stringify({ body: "Done." }),
  });
  expect(commented.status).toBe(201);
  const requestId = commented.headers.get("x-gatehouse-request-id") ?? "";
  const call = { type: "agent.tool_use", name: "bash", input: { command: "curl" }, evaluated_permission: "allow" };
  const text = `x-gatehouse-request-id: ${requestId}`;
  await fetch(`${ready.claude.api}/_sandbox/sessions/${session.id}/events`, {
    method: "POST",
    body: JSON.stringify({
      events: [call, { type: "agent.tool_result", tool_use_id: "sevt_1", content: [{ type: "text", text }] }],
    }),
  });
  const setting = "gatehouse:agent.environment";
  const stack = ["--config", `${setting}.kind=claude-managed-agent`, "--config", `${setting}.model=claude-opus-5-5`];
  const done = await pull(...stack);
  expect([done.code, done.err]).toEqual([0, expect.not.stringContaining("Claude")]);
  expect(done.out).toMatch(/[1-9]\d* new lines of the agent's log\./);
  expect(await verify()).toMatchObject({ agent: [] });
  expect(readFileSync(join(dir, "agent.ndjson"), "utf8")).not.toContain("x-gatehouse-request-id");
  const story = await run(["explain", `api#${pullRequest}`, "--dir", dir, "--json"]);
  expect((JSON.parse(story.out) as Story).sessions).toMatchObject([
    { session: session.id, agent: name, version: "1", by: "request id", calls: 1, alarms: [] },
  ]);
  const { out: rows } = await run([
    "query",
    "SELECT kind, count(*) n FROM agent GROUP BY kind",
    "--dir",
    dir,
    "--json",
  ]);
  expect(rows).toContain('"kind":"session"');

  await claude.sessions.create({ ...ids, agent: { type: "agent_with_overrides", id: agent, system: "Anything." } });
  expect((await pull(...stack)).code).toBe(0);
  expect(await verify()).toMatchObject({ code: 1, agent: [{ rule: "agent-overridden" }] });
  for (const event of readFileSync(join(dir, "events.ndjson"), "utf8").trimEnd().split("\n"))
    expect([event, ocsfProblems(JSON.parse(event) as OcsfEvent)]).toEqual([event, []]);
});

it("finds a trail that the bucket's owner wrote anew, and one that was shortened", async () => {
  const file = join(dir, "gate.ndjson");
  const original = readFileSync(file);
  let hash = GENESIS;
  let anew = "";
  for (const [i, line] of lines().entries()) {
    const inner = line.replace(/^\{"v":1,"seq":\d+,/, "{").replace(/,"prevHash":.*$/, "}");
    const made = await chainLine(i + 1, inner.replace("/repos/acme/secrets", "/repos/acme/api"), hash);
    anew += `${made.line}\n`;
    hash = made.hash;
  }
  writeFileSync(file, anew);
  expect((await verify()).problems).toContainEqual(
    expect.objectContaining({ problem: expect.stringContaining("the trail was written anew") as string }),
  );
  writeFileSync(file, original);
  truncateSync(file, original.length - 1000);
  expect((await verify()).problems).toContainEqual(expect.objectContaining({ place: "the end of the trail" }));
  const refused = await pull();
  expect([refused.code, refused.err]).toEqual([
    2,
    expect.stringMatching(/somebody shortened it\. Nothing was changed/),
  ]);
  expect(statSync(file).size).toBe(original.length - 1000);
  writeFileSync(file, original);
});

it("says what is missing where nothing can be reached, and writes nothing", async () => {
  const away = `${dir}-away`;
  const none = { CLOUDFLARE_API_TOKEN: "", VAULT_TOKEN: "" };
  const refused = await run(["pull", "--out", away], none);
  expect([refused.code, refused.err]).toEqual([
    2,
    expect.stringMatching(
      /^The trail cannot be reached\. the bucket: CLOUDFLARE_API_TOKEN is not set; the gate: the operator key is not known/,
    ),
  ]);
  const wrong = await run(["pull", "--out", away, "--from", "gate"], {
    GATEHOUSE_OPERATOR_KEY: `gop_${"0".repeat(43)}`,
  });
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining("does not give its audit trail: answer 404")]);
  expect(existsSync(join(away, "gate.ndjson")) && statSync(join(away, "gate.ndjson")).size > 0).toBe(false);
});

/** The machine user's token as the store has it: what an intruder on the gate's side would have. */
async function realToken(): Promise<string> {
  const answer = await fetch(`${ready.vault.addr}/v1/agents/data/github/claude-bot`, {
    headers: { "x-vault-token": ready.vault.token },
  });
  return ((await answer.json()) as { data: { data: { token: string } } }).data.data.token;
}
