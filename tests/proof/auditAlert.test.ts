import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ALERT_RULES, type Alert } from "../../cli/audit/alerts/rules";
import type { GitHubEvent } from "../../cli/audit/github";
import type { PullState, TrailFiles } from "../../cli/audit/trail";
import type { Verification } from "../../cli/audit/verify";
import { verifyWebhook } from "../../edge/webhookSignature";
import type { AuditEntry } from "../../gate/policy/audit";
import { GITHUB_WEBHOOK_PATH } from "../../infra/plans";
import { agentLine, event, REVIEWED, SAVED, session } from "../cli/audit/support/agent";
import { at, chained, entry, headOf, pulled, signer, TOKEN } from "../cli/audit/support/trail";
import { Upstream, type Received } from "../gate/support/upstream";
import { gatehouse, serve, type Ready, type Running } from "../support/sandbox";
import { until } from "../support/until";

/*
 * `gatehouse audit alert` as people run it, against the sandbox: what GitHub's webhooks tell the gate, a message to a
 * real receiver, issues at the stand-in, each alert once.
 */

jest.setTimeout(600_000);

const SECRET = `whsec_${Buffer.alloc(24, 5).toString("base64")}`;
let ready: Ready;
let running: Running;
let receiver: Upstream;
beforeAll(async () => {
  receiver = await Upstream.start();
  const settings = ["gatehouse:audit.githubEvents=true", "gatehouse:audit.githubHooks=repositories"];
  ({ ready, running } = await serve(...settings.flatMap((one) => ["--config", one])));
});
afterAll(async () => {
  running.child.kill("SIGTERM");
  await running.exited;
  await receiver.stop();
});
beforeEach(() => {
  receiver.received.length = 0;
  receiver.handler = () => undefined;
});

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}
async function run(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const command = gatehouse(["audit", ...args], { env: { ...ready.env, ...env } });
  return { code: await command.exited, out: command.stdout(), err: command.stderr() };
}
/** With a receiver, and with a token that opens issues in rotation.repository. */
const alert = (dir: string, ...more: string[]): Promise<Ran> =>
  run(["alert", "--dir", dir, "--config", `gatehouse:audit.alertWebhook=${receiver.url}/hook`, ...more], {
    GATEHOUSE_WEBHOOK_SECRET: SECRET,
    GATEHOUSE_ISSUE_TOKEN: ready.github.token,
  });
const alertsIn = ({ out }: Ran): Alert[] =>
  out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Alert);

async function github(method: string, path: string, body?: object, token = ready.github.token): Promise<unknown> {
  const answer = await fetch(`${ready.github.api}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
const issues = async (): Promise<readonly { title: string; body: string }[]> =>
  (await github("GET", "/repos/acme/docs/issues?state=all&labels=gatehouse-alert&per_page=100")) as readonly {
    title: string;
    body: string;
  }[];
async function isSigned({ headers, body }: Received): Promise<boolean> {
  const of = (name: string): string => String(headers[name]);
  return verifyWebhook(
    SECRET,
    { id: of("webhook-id"), timestamp: of("webhook-timestamp"), signature: of("webhook-signature") },
    body.toString(),
    Date.now(),
  );
}

describe("what GitHub delivers to the gate", () => {
  const dir = join(mkdtempSync(join(tmpdir(), "gatehouse-loop-")), "trail");
  const settings = ["gatehouse:audit.githubEvents=true", "gatehouse:audit.githubHooks=repositories"];
  const config = settings.flatMap((one) => ["--config", one]);
  const pull = (): Promise<Ran> => run(["pull", "--out", dir, ...config]);
  const delivered = (): GitHubEvent[] =>
    readFileSync(join(dir, "github.ndjson"), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as GitHubEvent)
      .filter(({ source }) => source === "webhooks");
  const verify = async (): Promise<Verification & { code: number }> => {
    const { code, out } = await run(["verify", "--dir", dir, "--json"]);
    return { ...(JSON.parse(out) as Verification), code };
  };

  it("comes by the repository's webhook, signed, into the trail; a change of a ruleset is told once", async () => {
    const hooks = (await github("GET", "/repos/acme/api/hooks")) as readonly { id: number; config: { url: string } }[];
    const hook = hooks.find(({ config: { url } }) => url.endsWith(GITHUB_WEBHOOK_PATH));
    expect(hook?.config.url).toMatch(/^https:\/\/[a-z-]+\.acme-dev\.workers\.dev\//);
    // Nobody resolves that name on this machine; the secret stays the one that the stack made.
    await github("PATCH", `/repos/acme/api/hooks/${hook?.id}/config`, { url: ready.gate.url + GITHUB_WEBHOOK_PATH });

    const [ruleset] = (await github("GET", "/repos/acme/api/rulesets")) as readonly { id: number; name: string }[];
    const path = `/repos/acme/api/rulesets/${ruleset?.id}`;
    await github("PUT", path, { name: ruleset?.name, enforcement: "disabled" });
    await github("PUT", path, { name: ruleset?.name, enforcement: "active" });
    await until(
      "both deliveries in a pull",
      async () => {
        expect((await pull()).code).toBe(0);
        return delivered().filter(({ event: { event: name } }) => name === "repository_ruleset").length === 2;
      },
      { ms: 60_000, every: 500 },
    );
    expect(await verify()).toMatchObject({ code: 0, problems: [] });
    // Pulled again they are there once.
    expect((await pull()).code).toBe(0);
    const ids = delivered().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);

    const first = await alert(dir, "--json");
    expect([first.code, alertsIn(first).map(({ rule, says }) => [rule, says])]).toEqual([
      1,
      [1, 2].map(() => [
        "posture-changed",
        expect.stringMatching(/^webhook repository_ruleset\.edited acme\/api by /) as string,
      ]),
    ]);
    expect(await alert(dir)).toMatchObject({ code: 0, out: "Nothing new; 2 told before (--all lists them).\n" });
  });

  it("raises the alarm when the machine user's token is used around the gate", async () => {
    const stored = await fetch(`${ready.vault.addr}/v1/agents/data/github/claude-bot`, {
      headers: { "x-vault-token": ready.vault.token },
    });
    const { token } = ((await stored.json()) as { data: { data: { token: string } } }).data.data;
    const main = (await github("GET", "/repos/acme/api/git/ref/heads/main")) as { object: { sha: string } };
    // GitHub tells of a new branch by a push with no commit of its own.
    const content = Buffer.from("around the gate\n").toString("base64");
    await github("POST", "/repos/acme/api/git/refs", { ref: "refs/heads/claude/x", sha: main.object.sha }, token);
    await github("PUT", "/repos/acme/api/contents/around.txt", { message: "x", content, branch: "claude/x" }, token);
    await until(
      "the push in a pull",
      async () => {
        expect((await pull()).code).toBe(0);
        return delivered().some(({ event: { event: name } }) => name === "push");
      },
      { ms: 60_000, every: 500 },
    );
    const { code, around } = await verify();
    expect(code).toBe(1);
    expect(around.map(({ says }) => says)).toContainEqual(
      expect.stringMatching(/^webhook push in acme\/api \(refs\/heads\/claude\/x\): the gate has no record of it\./),
    );
    const told = await alert(dir, "--json");
    expect([told.code, new Set(alertsIn(told).map(({ rule }) => rule))]).toEqual([1, new Set(["around-the-gate"])]);
    const raised = (await issues()).filter(({ title }) => title === "around-the-gate (critical)");
    expect(raised.length).toBe(alertsIn(told).length);
    expect(raised[0]?.body).toContain("**First:** Run `gatehouse token revoke --now`");
  });
});

/** A folder as a pull leaves it, signed to its end; `change` is what somebody does to it afterwards. */
interface Trail {
  readonly entries?: readonly Partial<AuditEntry>[];
  readonly github?: readonly object[];
  readonly agent?: readonly object[];
  readonly state?: Partial<PullState>;
  readonly change?: (files: TrailFiles) => void;
}
const gate = signer();
async function folder({ entries = [{}], github: events = [], agent = [], state, change }: Trail): Promise<TrailFiles> {
  const lines = await chained(entries.map((one, i) => entry({ requestId: `r-${i}`, ...one })));
  const last = lines.at(-1);
  const files = pulled(lines, {
    checkpoints: last === undefined ? [] : [gate.sign(headOf(last))],
    github: events,
    state: {
      key: gate.key,
      github: { source: "audit-log", until: at(60), missing: [] },
      agent: { until: at(60), missing: [], reviewed: REVIEWED, ended: {} },
      ...state,
    },
  });
  writeFileSync(files.agent, agent.map((line) => `${JSON.stringify(line)}\n`).join(""));
  change?.(files);
  return files;
}

const DAY = 86_400;
const many = (count: number, one: (i: number) => Partial<AuditEntry>): Partial<AuditEntry>[] =>
  Array.from({ length: count }, (_, i) => one(i));
const refusal = (i: number): Partial<AuditEntry> => ({ ts: at(i), decision: "deny", reason: "route-closed" });
const push = { method: "POST", path: "/acme/api.git/git-receive-pack", repository: "acme/api" };
const logged = (id: string, fields: object): object => ({ source: "audit-log", at: at(5), id, event: fields });
const pushed = (token: string): object =>
  logged("audit-log:1", { action: "git.push", actor: "claude-bot", repo: "acme/api", hashed_token: token });
const sessions = (...lines: object[]): Trail => ({ agent: [agentLine("agent", SAVED), ...lines] });
const thread = (agent: object): object =>
  agentLine("thread", { id: "sthr_2", parent_thread_id: "sthr_1", agent }, { thread: "sthr_2" });
const later = (days: number): Partial<PullState> => ({ pulledAt: at(days * DAY) });

/** What raises each rule, and the nearest that does not. */
const CASES: readonly (readonly [rule: string, raises: Trail, twin: Trail, more?: readonly string[]])[] = [
  [
    "around-the-gate",
    { entries: [{}, { ts: at(5), ...push }], github: [pushed("another token")] },
    { entries: [{}, { ts: at(5), ...push }], github: [pushed(TOKEN)] },
  ],
  [
    "record-missing",
    {
      entries: [{}, {}, {}],
      change: ({ gate: file }) => {
        const [one, , three] = readFileSync(file, "utf8").split("\n");
        writeFileSync(file, `${one}\n${three}\n`);
      },
    },
    { entries: [{}, {}, {}] },
  ],
  [
    "record-missing",
    { change: ({ gate: file }) => appendFileSync(file, "no record\n") },
    { change: ({ gate: file }) => appendFileSync(file, "\n") },
  ],
  [
    "session-differs",
    sessions(session({ agent: { ...SAVED, tools: [{ type: "mcp_toolset", mcp_server_name: "x" }] } })),
    sessions(session()),
  ],
  [
    "session-differs",
    sessions(session({ agent: { ...SAVED, mcp_servers: [{ type: "url", name: "x", url: "https://x.example" }] } })),
    sessions(session({ title: "Another title" })),
  ],
  ["session-differs", sessions(session({ agent: { ...SAVED, id: "agent_2", name: "stranger" } })), sessions(session())],
  [
    "session-differs",
    sessions(session(), event({ type: "session.updated", id: "e1", agent: { ...SAVED, tools: [] } })),
    sessions(session(), event({ type: "session.updated", id: "e1", title: "Another title" })),
  ],
  [
    "session-differs",
    sessions(session(), thread({ type: "inline", name: "helper" })),
    sessions(session(), thread(SAVED)),
  ],
  [
    "session-differs",
    sessions(session(), thread({ ...SAVED, id: "agent_9", name: "stranger" })),
    sessions(session(), thread({ type: "advisor", model: "m" })),
  ],
  [
    "posture-changed",
    { github: [logged("audit-log:1", { action: "repository_ruleset.update", actor: "eve", repo: "acme/api" })] },
    { github: [logged("audit-log:1", { action: "repo.create", actor: "eve", repo: "acme/other" })] },
  ],
  [
    "posture-changed",
    { github: [{ source: "rule-suites", at: at(1), id: "1", event: { result: "bypass", actor_name: "eve" } }] },
    { github: [{ source: "rule-suites", at: at(1), id: "1", event: { result: "pass", actor_name: "eve" } }] },
  ],
  [
    "secrets-found",
    { entries: [{ ...push, decision: "deny", reason: "secret", findings: [{ rule: "github-token", offset: 3 }] }] },
    {
      entries: [
        { ...push, findings: [{ rule: "allowed-secret", offset: 3, kind: "github-token", reason: "made up" }] },
      ],
    },
  ],
  ["refusals-burst", { entries: many(20, refusal) }, { entries: many(19, refusal) }],
  [
    "bulk-reads",
    { entries: many(50, (i) => ({ path: `/repos/acme/api/contents/${i}` })) },
    { entries: many(60, () => ({ path: "/repos/acme/api/contents/1" })) },
    ["--threshold", "bulk-reads=50"],
  ],
  ["large-push", { entries: [{ ...push, bytesIn: 5_000_000 }] }, { entries: [{ ...push, bytesIn: 4_999_999 }] }],
  [
    "new-address",
    { entries: [{}, { ts: at(3 * DAY), clientIp: "192.0.2.2" }], state: later(3) },
    { entries: [{}, { ts: at(3 * DAY) }], state: later(3) },
  ],
  [
    "rotation-overdue",
    { entries: [{}, { ts: at(40 * DAY) }], state: later(40) },
    { entries: [{}, { ts: at(40 * DAY), tokenSha256: "of the next token" }], state: later(40) },
  ],
  ["silence", { state: later(4) }, { state: { ...later(4), live: false } }],
];

describe("each rule", () => {
  it("has a case here", () => {
    expect(new Set(CASES.map(([rule]) => rule))).toEqual(new Set(ALERT_RULES.map(({ id }) => id)));
  });

  const cases = CASES.map(([rule, raises, twin, more = []]) => ({ rule, raises, twin, more }));
  it.each(cases)(
    "$rule is told to the receiver and as an issue, once, and its twin is not (%#)",
    async ({ rule, raises, twin, more }) => {
      const before = (await issues()).length;
      const calm = await folder(twin);
      expect([await alert(calm.dir, ...more), receiver.received]).toEqual([
        { code: 0, out: "Nothing new.\n", err: "" },
        [],
      ]);

      const files = await folder(raises);
      const told = await alert(files.dir, "--json", ...more);
      const alerts = alertsIn(told);
      expect([told.code, new Set(alerts.map((found) => found.rule))]).toEqual([1, new Set([rule])]);
      const known = ALERT_RULES.find(({ id }) => id === rule);
      for (const found of alerts) expect(found).toMatchObject({ first: known?.first, severity: known?.severity });
      expect(receiver.received.length).toBe(alerts.length);
      for (const message of receiver.received) {
        expect(await isSigned(message)).toBe(true);
        expect(JSON.parse(message.body.toString())).toMatchObject({
          type: `audit.${rule}`,
          data: { first: known?.first, severity: known?.severity },
        });
      }
      expect(told.err).toMatch(new RegExp(`opened issue #\\d+: ${rule}`));
      expect((await issues()).length).toBe(before + alerts.length);

      const messages = receiver.received.length;
      const count = `${alerts.length} told before (--all lists them).\n`;
      expect(await alert(files.dir, ...more)).toEqual({ code: 0, out: `Nothing new; ${count}`, err: "" });
      // A folder that was pulled anew knows of nothing: the message has the same id, and the issue is found again.
      rmSync(join(files.dir, "alerts.json"));
      expect((await alert(files.dir, ...more)).code).toBe(1);
      const ids = receiver.received.map(({ headers }) => headers["webhook-id"]);
      expect(ids.slice(messages)).toEqual(ids.slice(0, messages));
      expect((await issues()).length).toBe(before + alerts.length);
    },
  );
});

describe("when somebody cannot be told, or the command is used wrongly", () => {
  it("exits 2, counts nobody as told, and tells it in the next run", async () => {
    const { dir } = await folder({ entries: [{ ...push, bytesIn: 6_000_001, requestId: "told-late" }] });
    receiver.handler = () => ({ status: 500 });
    const failed = await alert(dir, "--json");
    expect([failed.code, failed.err, existsSync(join(dir, "alerts.json"))]).toEqual([
      2,
      expect.stringMatching(/500.*\nNot everybody was told; the next run tells the rest\.\n$/s),
      false,
    ]);
    // What a machine reads is whole all the same.
    expect(alertsIn(failed).map(({ rule }) => rule)).toEqual(["large-push"]);
    receiver.handler = () => undefined;
    expect((await alert(dir)).code).toBe(1);
    expect((await alert(dir)).code).toBe(0);
    const all = await alert(dir, "--all", "--json");
    expect([all.code, alertsIn(all).map(({ rule }) => rule)]).toEqual([0, ["large-push"]]);
  });

  it("says what is wrong, changes nothing and tells nobody", async () => {
    const { dir } = await folder({ state: later(4) });
    for (const [args, words] of [
      [["--threshold", "silence=0"], /--threshold silence=0: give a rule and a whole number above 0/],
      [["--threshold", "nonsense=4"], /rules: .*refusals-burst/],
      [["--key", "short"], /--key: "short" is no public key; give the stack's output auditPublicKey/],
    ] as const) {
      const { code, err } = await alert(dir, ...args);
      expect([code, err]).toEqual([2, expect.stringMatching(words)]);
    }
    writeFileSync(join(dir, "alerts.json"), '{"told":"everything"}');
    const { code, err } = await alert(dir);
    expect([code, err]).toEqual([2, expect.stringMatching(/alerts\.json: this is not what `audit alert` writes/)]);
    expect(readFileSync(join(dir, "alerts.json"), "utf8")).toBe('{"told":"everything"}');
    expect(receiver.received).toEqual([]);
  });
});
