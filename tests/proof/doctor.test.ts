import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { doctorContext } from "../../cli/doctor/context";
import { type Diagnosis, diagnose } from "../../cli/doctor/doctor";
import { lookAtMachine } from "../../cli/doctor/machine";
import { renderText } from "../../cli/doctor/render";
import type { Env } from "../../cli/live/context";
import { parseStackFile } from "../../infra/config";
import { ambientEffects, type Fetch } from "../../rotation/effects";
import { gatehouse, ROOT, serve, type Ready, type Running } from "../support/sandbox";

jest.setTimeout(240_000);

let ready: Ready;
let running: Running;
/** A folder with what `pulumi` printed when it was recorded, so that the test needs no Pulumi. */
const bin = mkdtempSync(join(tmpdir(), "gatehouse-doctor-"));
beforeAll(async () => {
  mkdirSync(bin, { recursive: true });
  const plugins = { cloudflare: "6.17.0", github: "6.15.0", random: "4.21.1", vault: "7.8.0", ...installed() };
  const listed = Object.entries(plugins).map(([name, version]) => ({ name, kind: "resource", version, size: 1 }));
  writeFileSync(
    join(bin, "pulumi"),
    `#!/bin/sh\n[ "$1" = version ] && echo v99.0.0 && exit\ncat <<'JSON'\n${JSON.stringify(listed)}\nJSON\n`,
  );
  chmodSync(join(bin, "pulumi"), 0o755);
  ({ ready, running } = await serve("--bare"));
});
afterAll(async () => {
  rmSync(bin, { recursive: true, force: true });
  running.child.kill("SIGTERM");
  await running.exited;
});
/** The versions that package.json pins. */
function installed(): Record<string, string> {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  return Object.fromEntries(
    ["cloudflare", "github", "random", "vault"].map((name) => [name, dependencies[`@pulumi/${name}`] ?? ""]),
  );
}

interface Asked {
  readonly env?: Env;
  readonly config?: readonly string[];
  /** Answers in place of the system's own, for what cannot be broken in it. */
  readonly alter?: (url: string) => Response | undefined;
  /** How far this machine's clock is off, in milliseconds. */
  readonly ahead?: number;
}

async function asked({ env = ready.env, config = [], alter, ahead = 0 }: Asked): Promise<Diagnosis> {
  const file = "Pulumi.dev.yaml";
  const environment = parseStackFile(readFileSync(join(ROOT, file), "utf8"), file, config);
  const fetcher: Fetch = async (url, init) => alter?.(url) ?? (await fetch(url, init));
  const effects = { ...ambientEffects(() => undefined, fetcher), now: () => Date.now() + ahead };
  const context = await doctorContext("dev", environment, env, effects);
  return diagnose(context, { ...(await lookAtMachine()), pulumi: "99.0.0", plugins: plugins() });
}
const plugins = (): Record<string, string[]> =>
  Object.fromEntries(Object.entries(installed()).map(([name, version]) => [name, [version]]));
const lines = ({ findings }: Diagnosis, result = "problem"): string[] =>
  findings.filter((one) => one.result === result).map(({ system, check, found }) => `${system} ${check}: ${found}`);
const without = (name: string): Env => ({ ...ready.env, [name]: undefined });
const json = (body: unknown, headers: Record<string, string> = {}, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers });
/** GitHub's own answer with one part changed. */
const answering =
  (end: string, body: unknown, headers?: Record<string, string>, status?: number) =>
  (url: string): Response | undefined =>
    new URL(url).pathname.endsWith(end) ? json(body, headers, status) : undefined;

it("finds nothing wrong in a system that is ready", async () => {
  const found = await asked({});
  expect(lines(found)).toEqual([]);
  expect(lines(found, "note")).toEqual(["Vault token: a root token"]);
  expect(found.holds).toBe(true);
  expect(found.findings).toHaveLength(25);
});

const mint = async (body: Record<string, unknown>): Promise<string> => {
  const answer = await fetch(`${ready.github.api}/_sandbox/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return ((await answer.json()) as { token: string }).token;
};
const github = (method: string, path: string, body?: unknown): Promise<Response> =>
  fetch(`${ready.github.api}${path}`, {
    method,
    headers: { authorization: `Bearer ${ready.github.token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const vault = async (path: string, body: unknown): Promise<Record<string, { client_token: string }>> => {
  const answer = await fetch(`${ready.vault.addr}/v1/${path}`, {
    method: "POST",
    headers: { "x-vault-token": ready.vault.token },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  return text === "" ? {} : (JSON.parse(text) as Record<string, { client_token: string }>);
};
const vaultToken = async (body: unknown): Promise<string> =>
  (await vault("auth/token/create", body)).auth?.client_token ?? "";

describe("each thing that is broken makes its line", () => {
  it.each<[string, () => Promise<Asked> | Asked, RegExp]>([
    ["no GitHub token", () => ({ env: without("GITHUB_TOKEN") }), /^GitHub token: GITHUB_TOKEN is not set$/],
    [
      "a GitHub token that is none",
      () => ({ env: { ...ready.env, GITHUB_TOKEN: "ghp_nobodys" } }),
      /^GitHub token: GitHub does not accept GITHUB_TOKEN$/,
    ],
    [
      "a GitHub that is not there",
      () => ({ env: { ...ready.env, GITHUB_BASE_URL: "http://127.0.0.1:9" } }),
      /^GitHub token: http:\/\/127\.0\.0\.1:9\/api\/v3: /,
    ],
    [
      "an App's token",
      async () => ({
        env: {
          ...ready.env,
          GITHUB_TOKEN: await mint({
            kind: "app-installation",
            organization: "acme",
            permissions: { contents: "read" },
          }),
        },
      }),
      /^GitHub token: GitHub does not say whose/,
    ],
    [
      "a classic token with few scopes",
      async () => ({
        env: { ...ready.env, GITHUB_TOKEN: await mint({ login: "acme-admin", kind: "classic", scopes: ["repo"] }) },
      }),
      /lacks the scopes admin:org$/,
    ],
    [
      "a member's token",
      async () => ({
        env: {
          ...ready.env,
          GITHUB_TOKEN: await mint({ login: "reviewer-one", kind: "classic", scopes: ["repo", "admin:org"] }),
        },
      }),
      /^GitHub owner: its role in acme is member, active$/,
    ],
    [
      "another organization",
      () => ({ config: ["gatehouse:organization=elsewhere"] }),
      /^GitHub owner: the token's account is no member of elsewhere/,
    ],
    [
      "single sign-on",
      () => ({
        alter: answering(
          "/user/memberships/orgs/acme",
          {},
          { "x-github-sso": "required; url=https://github.com/orgs/acme/sso" },
          403,
        ),
      }),
      /^GitHub owner: the token is not authorized for single sign-on$/,
    ],
    [
      "a fine-grained token with few permissions",
      async () => ({
        env: {
          ...ready.env,
          GITHUB_TOKEN: await mint({
            login: "acme-admin",
            kind: "personal-access-token",
            organization: "acme",
            permissions: { metadata: "read", contents: "read", members: "read" },
            repositories: ["api", "docs"],
            expiresInDays: 30,
          }),
        },
      }),
      /^GitHub permissions: the token may not read organization webhooks.*administration/,
    ],
    [
      "a smaller plan",
      () => ({ config: ["gatehouse:plan=enterprise"] }),
      /^GitHub plan: the organization pays for team/,
    ],
    [
      "a repository that is not there",
      () => ({ config: ["gatehouse:repositories[0].name=apy"] }),
      /^GitHub repositories: apy is not there/,
    ],
    [
      "another default branch and visibility",
      () => ({
        config: ["gatehouse:repositories[0].defaultBranch=trunk", "gatehouse:repositories[1].visibility=public"],
      }),
      /^GitHub repositories: api's default branch is main, docs is private$/,
    ],
    [
      "a team that is not there",
      () => ({ config: ["gatehouse:review.team=nobody"] }),
      /^GitHub teams: nobody is not there$/,
    ],
    [
      "no account of the machine user",
      () => ({ config: ["gatehouse:agent.machineUser=ghost-bot"] }),
      /^GitHub machine user: GitHub has no account ghost-bot$/,
    ],
    [
      "a machine user that is an owner",
      () => ({ config: ["gatehouse:agent.machineUser=acme-admin"] }),
      /^GitHub machine user: acme-admin is an owner of acme$/,
    ],
    [
      "a GitHub without our version",
      () => ({ alter: answering("/versions", ["2031-01-01"]) }),
      /^GitHub REST version: GitHub no longer serves/,
    ],
    [
      "a repository with SHA-256",
      () => ({ alter: answering("/api/hash-algorithm", { hash_algorithm: "sha256" }) }),
      /^GitHub object ids: api uses sha256$/,
    ],
    [
      "GitHub's own agent without a fence",
      () => ({
        alter: answering("/copilot/cloud-agent/configuration", {
          require_actions_workflow_approval: false,
          is_firewall_enabled: false,
        }),
      }),
      /^GitHub Copilot: acme\/api: its workflows run without an approval; its firewall is off/,
    ],
    [
      "an App that may start agents",
      () => ({
        alter: answering("/orgs/acme/installations", {
          total_count: 1,
          installations: [{ app_slug: "helper", permissions: { agent_tasks: "write" } }],
        }),
      }),
      /^GitHub agent tasks: the App helper may start other agents$/,
    ],
    ["a clock that is ahead", () => ({ ahead: 90_000 }), /^GitHub clock: this machine is (89|90|91) s ahead$/],
    ["a clock that is behind", () => ({ ahead: -90_000 }), /^Vault clock: this machine is (89|90|91) s behind$/],
    [
      "no Cloudflare token",
      () => ({ env: without("CLOUDFLARE_API_TOKEN") }),
      /^Cloudflare token: CLOUDFLARE_API_TOKEN is not set$/,
    ],
    [
      "a Cloudflare token that is none",
      () => ({ env: { ...ready.env, CLOUDFLARE_API_TOKEN: "a".repeat(40) } }),
      /^Cloudflare token: Cloudflare does not accept/,
    ],
    [
      "a Cloudflare that is not there",
      () => ({ env: { ...ready.env, CLOUDFLARE_BASE_URL: "http://127.0.0.1:9" } }),
      /^Cloudflare token: /,
    ],
    [
      "a Cloudflare token that is switched off",
      () => ({ alter: answering("/tokens/verify", { result: { status: "disabled" } }) }),
      /^Cloudflare token: it is disabled$/,
    ],
    [
      "another account",
      () => ({ config: [`gatehouse:gate.accountId=${"f".repeat(32)}`] }),
      /^Cloudflare account: the token does not see ffff/,
    ],
    [
      "R2 that was never enabled",
      () => ({ alter: answering("/r2/buckets", { errors: [{ code: 10042, message: "Please enable R2" }] }, {}, 403) }),
      /^Cloudflare permissions: .*Workers R2 Storage \(R2 is not enabled in the account\)$/,
    ],
    [
      "another name on workers.dev",
      () => ({ config: ["gatehouse:gate.workersDev=other"] }),
      /^Cloudflare address: the account's name on workers\.dev is acme-dev$/,
    ],
    [
      "a host name of somebody else's zone",
      () => ({ config: ["gatehouse:gate.hostname=gate.example.net", `gatehouse:gate.zoneId=${"e".repeat(32)}`] }),
      /^Cloudflare address: the token does not see the zone of gate\.example\.net$/,
    ],
    ["no Vault token", () => ({ env: without("VAULT_TOKEN") }), /^Vault token: There is no credential for Vault/],
    ["no address of Vault", () => ({ env: without("VAULT_ADDR") }), /^Vault token: Vault's address is not known/],
    [
      "a Vault that is not there",
      () => ({ env: { ...ready.env, VAULT_ADDR: "http://127.0.0.1:9" } }),
      /^Vault address: /,
    ],
    [
      "a Vault token that is none",
      () => ({ env: { ...ready.env, VAULT_TOKEN: "s.nobodys" } }),
      /^Vault token: Vault does not accept the token \(403\)$/,
    ],
    [
      "a Vault token that ends soon",
      async () => ({ env: { ...ready.env, VAULT_TOKEN: await vaultToken({ ttl: "60s", policies: ["default"] }) } }),
      /^Vault token: it ends in \d+ s$/,
    ],
    [
      "a Vault token that may do little",
      async () => ({ env: { ...ready.env, VAULT_TOKEN: await vaultToken({ ttl: "1h", policies: ["default"] }) } }),
      /^Vault permissions: too little on sys\/mounts\/agents/,
    ],
    [
      "a sealed Vault",
      () => ({ alter: answering("/sys/health", { initialized: true, sealed: true, version: "2.7.2" }) }),
      /^Vault address: Vault is sealed$/,
    ],
    [
      "a Vault that Cloudflare cannot reach",
      () => ({
        env: { ...ready.env, CLOUDFLARE_BASE_URL: "https://api.cloudflare.example" },
        alter: (url) => (url.includes("cloudflare.example") ? json({ result: { status: "active" } }) : undefined),
      }),
      /^Vault address: .* is a private address, which the gate at Cloudflare cannot reach$/,
    ],
  ])("%s", async (_, broken, line) => {
    const found = await asked(await broken());
    expect(lines(found)).toContainEqual(expect.stringMatching(line));
    expect(found.holds).toBe(false);
    // Every line that is not ok says what to do.
    expect(found.findings.filter(({ result, wayOut }) => result !== "ok" && !wayOut)).toEqual([]);
  });

  it("a machine user that has not accepted its invitation is a note", async () => {
    await github("PUT", "/orgs/acme/memberships/claude-bot", { role: "member" });
    expect(lines(await asked({}), "note")).toContain("GitHub machine user: claude-bot has not accepted its invitation");
    await github("DELETE", "/orgs/acme/memberships/claude-bot");
  });
});

describe("the command", () => {
  const run = async (env: Record<string, string>, ...args: string[]) => {
    const process_ = gatehouse(["doctor", ...args], {
      env: { ...ready.env, PATH: `${bin}:${process.env.PATH ?? ""}`, ...env },
    });
    const code = await process_.exited;
    return { code, stdout: process_.stdout(), stderr: process_.stderr() };
  };

  it("ends with 0, 1 and 2", async () => {
    const good = await run({}, "--json");
    expect([good.code, good.stderr]).toEqual([0, ""]);
    expect(JSON.parse(good.stdout)).toMatchObject({ stack: "dev", organization: "acme", holds: true });
    expect((await run({ GITHUB_TOKEN: "ghp_nobodys" })).code).toBe(1);
    const wrong = await run({}, "--config", "gatehouse:review.approvals=0");
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain("gatehouse:review.approvals");
    expect((await run({}, "--stack", "nowhere")).code).toBe(2);
  });

  it("prints no secret, neither when all is well nor when each credential is refused", async () => {
    const bad = {
      GITHUB_TOKEN: "ghp_secretvalue1",
      CLOUDFLARE_API_TOKEN: "secretvalue2".padEnd(40, "x"),
      VAULT_TOKEN: "s.secretvalue3",
    };
    const secrets = [ready.github.token, ready.cloudflare.token, ready.vault.token, ...Object.values(bad)];
    for (const { stdout, stderr } of [await run({}), await run({}, "--json"), await run(bad), await run(bad, "--json")])
      for (const secret of secrets) expect(`${stdout}${stderr}`).not.toContain(secret);
  });

  it("prints the policy that a deployment needs in Vault, and a token with it passes", async () => {
    const { code, stdout } = await run({}, "--vault-policy");
    expect(code).toBe(0);
    await vault("sys/policies/acl/deployment", { policy: stdout });
    const token = await vaultToken({ ttl: "1h", policies: ["deployment", "default"] });
    const found = await asked({ env: { ...ready.env, VAULT_TOKEN: token } });
    expect(found.findings.filter(({ system, result }) => system === "Vault" && result !== "ok")).toEqual([]);
    const kv = await run({}, "--vault-policy", "--config", 'gatehouse:tokenStore={"kind":"kv"}');
    expect([kv.code, kv.stderr]).toEqual([2, "The token store is Workers KV; a deployment needs nothing in Vault.\n"]);
  });

  it("shows one line for each finding, and what to do below it", async () => {
    const text = renderText(await asked({ env: without("GITHUB_TOKEN") }));
    expect(text).toMatch(/^ {2}. token +GITHUB_TOKEN is not set\n +→ export GITHUB_TOKEN: /m);
    expect(text).toContain("1 to mend before pulumi up, 1 to know.");
  });

  it("asks and changes nothing", async () => {
    await fetch(`${ready.github.api}/_sandbox/requests`, { method: "DELETE" });
    await asked({});
    const seen = (await (await fetch(`${ready.github.api}/_sandbox/requests`)).json()) as { method: string }[];
    expect(seen.length).toBeGreaterThan(10);
    expect(seen.filter(({ method }) => method !== "GET")).toEqual([]);
  });
});
