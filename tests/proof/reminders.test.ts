import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tokenHash } from "../../edge/encoding";
import { startReal, type Real } from "../rotation/support/real";
import { gatehouse as run } from "../support/sandbox";

/** Reminder issue and repository_dispatch at the GitHub stand-in, by the commands that CI runs. */
let real: Real;
let folder: string;
let env: Record<string, string>;
interface Hook {
  event: string;
  body: { action?: string; client_payload?: Record<string, unknown>; branch?: string };
}
const hooks: Hook[] = [];
const receiver = createServer((request, response) => {
  let body = "";
  request.on("data", (part: Buffer) => {
    body += part.toString();
  });
  request.on("end", () => {
    hooks.push({ event: String(request.headers["x-github-event"]), body: JSON.parse(body) as Hook["body"] });
    response.end();
  });
});

beforeAll(async () => {
  real = await startReal();
  await new Promise<void>((done) => receiver.listen(0, "127.0.0.1", done));
  folder = mkdtempSync(join(tmpdir(), "gatehouse-remind-"));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: test\nruntime: nodejs\n");
  writeFileSync(
    join(folder, "Pulumi.dev.yaml"),
    `config:
  gatehouse:organization: acme
  gatehouse:agent: { machineUser: claude-bot, credential: { kind: personal-access-token, expiryDays: 30 } }
  gatehouse:repositories:
    - { name: api, access: write, reviewers: [backend] }
    - { name: docs, access: read }
  gatehouse:review: { team: agent-reviewers, securityTeam: security, approvals: 1, requiredChecks: [{ context: ci }] }
  gatehouse:tokenStore: { kind: vault, mount: agents, path: github/claude-bot }
  gatehouse:gate: { accountId: "${"0".repeat(32)}", tokenCacheSeconds: 1 }
  gatehouse:audit: { retentionDays: 90, sinks: [{ kind: r2, bucket: audit-trail }] }
  gatehouse:rotation: { everyDays: 30, remindDays: 7, repository: docs }
`,
  );
  // Each may do one thing in one repository, and neither is the machine user's.
  const narrow = async (permissions: Record<string, string>): Promise<string> =>
    (
      await real.personMakes({
        login: "acme-admin",
        permissions: { metadata: "read", ...permissions },
        repositories: ["docs"],
      })
    ).token;
  env = {
    GITHUB_BASE_URL: `${real.github.url}/`,
    VAULT_ADDR: real.vault.addr,
    VAULT_TOKEN: await real.partyToken("rotator", "30m"),
    GATEHOUSE_GATE_URL: real.gateUrl,
    GATEHOUSE_ISSUE_TOKEN: await narrow({ issues: "write" }),
    GATEHOUSE_DISPATCH_TOKEN: await narrow({ contents: "write" }),
  };
}, 120_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  receiver.close();
  await real?.stop();
});

async function token(args: string[], input?: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = run(["token", ...args], { cwd: folder, env, ...(input === undefined ? {} : { input }) });
  const code = await command.exited;
  return { code, stdout: command.stdout(), stderr: command.stderr() };
}
const place = async (change: Record<string, unknown>): Promise<string> => {
  const { token: made } = await real.personMakes(change);
  const placed = await token(["rotate", "--from-stdin"], `${made}\n`);
  expect([placed.code, placed.stderr]).toEqual([0, expect.any(String)]);
  return made;
};
const remind = async (): Promise<{ code: number; says: string }> => {
  const { code, stderr } = await token(["status", "--remind"]);
  return { code, says: /reminder +(.*)/.exec(stderr)?.[1] ?? "" };
};
interface Issue {
  number: number;
  state: string;
  title: string;
  body: string;
  comments: number;
  labels: { name: string }[];
}
const asAdmin = async <T>(path: string, init: { method: string; body: string } | undefined = undefined): Promise<T> => {
  const answer = await fetch(`${real.github.api}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${real.github.adminToken}`, "content-type": "application/json" },
  });
  return (await answer.json()) as T;
};
const issues = async (): Promise<Issue[]> =>
  (await asAdmin<Issue[]>("/repos/acme/docs/issues?state=all&per_page=100")).filter((i) =>
    i.labels.some((l) => l.name === "gatehouse-token"),
  );

it("keeps one issue: opened in time, commented at each louder stage, closed when the token is new", async () => {
  await place({ expiresInDays: 30 });
  expect(await remind()).toEqual({ code: 0, says: "" });
  expect(await issues()).toEqual([]);

  const soon = await place({ expiresInDays: 5 });
  expect(await remind()).toEqual({ code: 0, says: expect.stringMatching(/^opened reminder issue #\d+/) });
  const [issue] = await issues();
  expect(issue).toMatchObject({ state: "open", title: "The GitHub token of claude-bot needs a person", comments: 0 });
  expect(issue?.body).toContain("/settings/personal-access-tokens/new?");
  expect(issue?.body).not.toContain(soon);
  expect(await remind()).toEqual({ code: 0, says: "" }); // once a stage, not once a run

  await place({ expiresInDays: 1 });
  expect(await remind()).toEqual({ code: 1, says: `reminded again in issue #${issue?.number}` }); // and the job fails from here on
  expect(await remind()).toEqual({ code: 1, says: "" });

  await place({ expiresInSeconds: 8, expiresInDays: undefined });
  await new Promise((resolve) => {
    setTimeout(resolve, 8_000);
  });
  expect(await remind()).toEqual({ code: 1, says: `reminded again in issue #${issue?.number}` });
  expect((await issues()).map(({ number, state, comments }) => ({ number, state, comments }))).toEqual([
    { number: issue?.number, state: "open", comments: 2 },
  ]);
  const comments = await asAdmin<{ body: string }[]>(`/repos/acme/docs/issues/${issue?.number}/comments`);
  expect(comments.map(({ body }) => body.split("\n")[0])).toEqual([
    expect.stringMatching(/^The token is due at/),
    expect.stringMatching(/^The token expired at .*503/),
  ]);

  await place({ expiresInDays: 30 });
  expect(await remind()).toEqual({ code: 0, says: `closed reminder issue #${issue?.number}` });
  expect(await issues()).toMatchObject([{ number: issue?.number, state: "closed" }]);
}, 120_000);

it("starts workflows that wait for a rotation, and says with which token hash", async () => {
  await asAdmin("/repos/acme/docs/hooks", {
    method: "POST",
    body: JSON.stringify({
      name: "web",
      active: true,
      events: ["repository_dispatch"],
      config: { url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`, content_type: "json" },
    }),
  });
  hooks.length = 0;
  const made = await place({ expiresInDays: 30 });
  const until = Date.now() + 5_000;
  while (hooks.every(({ event }) => event !== "repository_dispatch") && Date.now() < until)
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  const dispatched = hooks.filter(({ event }) => event === "repository_dispatch");
  expect(dispatched).toHaveLength(1);
  expect(dispatched[0]?.body).toMatchObject({
    action: "gatehouse-token-rotated",
    branch: "main",
    client_payload: { data: { login: "claude-bot", newSha256: await tokenHash(made) } },
  });
  expect(JSON.stringify(hooks)).not.toContain(made);
}, 60_000);

it("rotates all the same when nobody can be told, and tells them later", async () => {
  hooks.length = 0;
  await fetch(`${real.github.api}/_sandbox/faults`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ method: "POST", pathPrefix: "/repos/acme/docs/dispatches", status: 503, times: 20 }),
  });
  const made = await place({ expiresInDays: 30 });
  expect(JSON.parse((await token(["status", "--json"])).stdout)).toMatchObject({
    level: "ok",
    sha256: await tokenHash(made),
    undelivered: 1,
  });
  await fetch(`${real.github.api}/_sandbox/faults`, { method: "DELETE" });
  expect((await token(["rotate", "--resume"])).code).toBe(0);
  expect(JSON.parse((await token(["status", "--json"])).stdout)).toMatchObject({ undelivered: 0 });
}, 60_000);
