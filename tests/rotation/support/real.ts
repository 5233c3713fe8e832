import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Miniflare } from "miniflare";
import { parseEnvironment } from "../../../infra/config";
import { endpoints, names, type Environment } from "../../../infra/model";
import { vaultPolicies } from "../../../infra/plans";
import { compilePolicy } from "../../../infra/plans/gatePolicy";
import { startGitHub, type GitHubStandIn } from "../../../sandbox/github";
import { freePort } from "../../../sandbox/tools/ports";
import { startVault, type Vault } from "../../../sandbox/vault";
import { bundle } from "../../gate/support/gate";
import { planRotation, type RotationPlan } from "../../../rotation/plan";

const sha256url = (text: string): string => createHash("sha256").update(text).digest("base64url");

/** An environment whose times are short enough to be waited for. */
function shortEnvironment(change: Record<string, unknown> = {}): Environment {
  return parseEnvironment(
    {
      organization: "acme",
      agent: { machineUser: "claude-bot", credential: { kind: "personal-access-token", expiryDays: 30 } },
      repositories: [
        { name: "api", access: "write", reviewers: ["backend"] },
        { name: "docs", access: "read" },
      ],
      review: { team: "agent-reviewers", securityTeam: "security", approvals: 1, requiredChecks: [{ context: "ci" }] },
      tokenStore: { kind: "vault", mount: "agents", path: "github/claude-bot" },
      gate: {
        accountId: "0".repeat(32),
        requestsPerMinute: 100_000,
        requestsPerHour: 1_000_000,
        writesPerMinute: 10_000,
        tokenCacheSeconds: 1,
      },
      audit: { retentionDays: 90, sinks: [{ kind: "r2", bucket: "audit-trail" }] },
      rotation: { everyDays: 30, graceMinutes: 10, remindDays: 7, repository: "docs" },
      ...change,
    },
    "Pulumi.test.yaml",
  );
}

/**
 * A real OpenBao with the posture's policies and sign-ins, the real gate in workerd, and the GitHub stand-in with its
 * own token authority.
 */
export interface Real {
  readonly environment: Environment;
  readonly vault: Vault;
  readonly github: GitHubStandIn;
  readonly plan: RotationPlan;
  readonly gateUrl: string;
  readonly gateKey: string;
  readonly operatorKey: string;
  /** The gate's TOKEN_KEY, with `kv`. */
  readonly tokenKey: string;
  /** Of the journal, with `kv`; the gate does not have it. */
  readonly rotatorKey: string;
  readonly kv: boolean;
  /** Asks Vault as its administrator. */
  admin(
    method: string,
    path: string,
    body?: unknown,
    type?: string,
  ): Promise<{ status: number; json: Record<string, unknown> }>;
  /** A Vault token with one party's policy and nothing else. */
  partyToken(party: "gate" | "rotator" | "auditor" | "deployer", ttl?: string): Promise<string>;
  /** What a person does on GitHub's token page; the answer of the App's authorization for app-user-token. */
  personMakes(change?: Record<string, unknown>): Promise<{ token: string; refreshToken?: string }>;
  /** Base64 SHA-256 of the machine user's (or the App's) tokens of the environment's kind that are alive. */
  alive(): Promise<string[]>;
  /** One request of the agent through the gate. */
  ask(path?: string): Promise<number>;
  stop(): Promise<void>;
}

export interface RealOptions {
  /** The environment names the stand-in as its Enterprise Server, as some kinds demand. */
  readonly asServer?: boolean;
  /** The gate reads its token from its own cells in place of Vault. */
  readonly kv?: boolean;
}

export async function startReal(
  change: Record<string, unknown> = {},
  { asServer = false, kv = false }: RealOptions = {},
): Promise<Real> {
  const port = await freePort();
  const environment = shortEnvironment({ ...change, ...(asServer ? { githubUrl: `http://127.0.0.1:${port}` } : {}) });
  const dir = mkdtempSync(join(tmpdir(), "gatehouse-rotation-"));
  const undo: (() => Promise<unknown> | unknown)[] = [
    () => {
      rmSync(dir, { recursive: true, force: true });
    },
  ];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const vault = await startVault({
      dataDir: join(dir, "vault"),
      toolsDir: resolve(__dirname, "../../../.gatehouse/tools"),
      storage: "inmem",
    });
    undo.push(() => vault.stop());
    const github = await startGitHub({ environment, dataDir: join(dir, "github"), port });
    undo.push(() => github.stop());
    await invite(github, environment);
    const plan = planRotation(environment, github.url);
    const admin = administrator(vault);
    const where = names(environment).vault;
    if (!where) throw new Error("this environment's store is not Vault");
    const signIn = await deploy(admin, environment);
    const gateKey = `ghk_${randomBytes(32).toString("base64url")}`;
    const operatorKey = `gop_${randomBytes(32).toString("base64url")}`;
    await admin("POST", `${where.mount}/data/${where.operator}`, { options: { cas: 0 }, data: { key: operatorKey } });
    const tokenKey = randomBytes(32).toString("base64");
    const rotatorKey = randomBytes(32).toString("base64");
    const policy = compilePolicy(environment, {
      repositories: [
        { name: "api", id: 101, nodeId: "R_kgDOapi" },
        { name: "docs", id: 102, nodeId: "R_kgDOdocs" },
      ],
      endpoints: endpoints(github.url),
    });
    const miniflare = new Miniflare({
      handleRuntimeStdio: (out: NodeJS.ReadableStream, err: NodeJS.ReadableStream) => {
        out.resume();
        err.resume();
      },
      workers: [
        {
          name: "github-gate",
          modules: true,
          script: bundle("worker"),
          compatibilityDate: "2026-03-01",
          kvNamespaces: ["TOKENS"],
          r2Buckets: ["AUDIT"],
          durableObjects: { LEDGER: { className: "Ledger", scriptName: "github-gate-ledger" } },
          bindings: {
            POLICY: policy,
            GATE_KEYS: [{ agent: "agent", sha256: sha256url(gateKey) }],
            OPERATOR_KEYS: [{ sha256: sha256url(operatorKey) }],
            TOKEN_STORE: kv
              ? { kind: "kv" }
              : {
                  kind: "vault",
                  address: vault.addr,
                  mount: where.mount,
                  path: where.token,
                  authMount: where.appRole.mount,
                  roleId: signIn.roleId,
                },
            ...(kv ? { TOKEN_KEY: tokenKey } : { VAULT_SECRET_ID: signIn.secretId }),
            ALERTS: {},
          } as never,
        },
        {
          name: "github-gate-ledger",
          modules: true,
          script: bundle("ledger"),
          compatibilityDate: "2026-03-01",
          durableObjects: { LEDGER: { className: "Ledger", useSQLite: true } },
        },
      ],
    });
    undo.push(() => miniflare.dispose());
    const gateUrl = (await miniflare.ready).origin;
    return {
      environment,
      vault,
      github,
      plan,
      gateUrl,
      gateKey,
      operatorKey,
      tokenKey,
      rotatorKey,
      kv,
      admin,
      stop,
      partyToken: async (party, ttl = "10m") => {
        const made = await admin("POST", "auth/token/create", {
          policies: [where.policies[party]],
          no_default_policy: true,
          ttl,
          no_parent: true,
        });
        return (made.json.auth as { client_token: string }).client_token;
      },
      personMakes: async (change = {}) => {
        const answer = await fetch(`${github.api}/_sandbox/tokens`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({
            login: plan.login,
            kind: plan.kind,
            permissions: plan.permissions,
            repositories: plan.repositories.map((r) => r.name),
            ...(plan.expiryDays ? { expiresInDays: plan.expiryDays } : {}),
            ...change,
          }),
        });
        if (!answer.ok) throw new Error(await answer.text());
        return (await answer.json()) as { token: string };
      },
      alive: async () =>
        (
          (await (await fetch(`${github.api}/_sandbox/tokens`)).json()) as {
            sha256: string;
            kind: string;
            alive: boolean;
          }[]
        )
          .filter((t) => t.alive && t.kind === plan.kind)
          .map((t) => t.sha256),
      ask: async (path = "/repos/acme/api/pulls?state=open") => {
        const answer = await fetch(gateUrl + path, {
          headers: { authorization: `Bearer ${gateKey}`, "user-agent": "agent" },
        });
        await answer.text();
        return answer.status;
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Admin = Real["admin"];

function administrator(vault: Vault): Admin {
  return async (method, path, body, type = "application/json") => {
    const answer = await fetch(`${vault.addr}/v1/${path}`, {
      method,
      headers: { "x-vault-token": vault.token, "content-type": type },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, json: text ? (JSON.parse(text) as Record<string, unknown>) : {} };
  };
}

/** What the stack declares in Vault, by Vault's API: store, policies, the gate's sign-in. */
async function deploy(admin: Admin, environment: Environment): Promise<{ roleId: string; secretId: string }> {
  const where = names(environment).vault;
  if (!where) throw new Error("no Vault");
  const must = async (...call: Parameters<Admin>): Promise<Record<string, unknown>> => {
    const answer = await admin(...call);
    if (answer.status >= 300) throw new Error(`${call[0]} ${call[1]}: ${answer.status} ${JSON.stringify(answer.json)}`);
    return answer.json;
  };
  await must("POST", `sys/mounts/${where.mount}`, { type: "kv", options: { version: "2" } });
  for (
    let tries = 0;
    (await admin("POST", `${where.mount}/config`, { cas_required: true, max_versions: 10 })).status >= 300;
    tries += 1
  ) {
    if (tries > 50) throw new Error("the store does not come up");
    await new Promise((done) => {
      setTimeout(done, 100);
    }); // a fresh KV v2 mount upgrades itself first
  }
  for (const { name, hcl } of Object.values(vaultPolicies(environment)))
    await must("PUT", `sys/policies/acl/${name}`, { policy: hcl });
  await must("POST", `sys/auth/${where.appRole.mount}`, { type: "approle" });
  const role = `auth/${where.appRole.mount}/role/${where.appRole.role}`;
  await must("POST", role, {
    token_policies: [where.policies.gate],
    token_no_default_policy: true,
    token_type: "batch",
    token_ttl: "5m",
  });
  const roleId = ((await must("GET", `${role}/role-id`)).data as { role_id: string }).role_id;
  const secretId = ((await must("POST", `${role}/secret-id`, {})).data as { secret_id: string }).secret_id;
  return { roleId, secretId };
}

/**
 * What the stack declares at GitHub, as far as a token's reach depends on it: an invitation, a team, its repositories.
 */
async function invite(github: GitHubStandIn, environment: Environment): Promise<void> {
  const { organization, agent, repositories } = environment;
  const call = async (method: string, path: string, body: unknown): Promise<void> => {
    const answer = await fetch(github.api + path, {
      method,
      headers: { authorization: `Bearer ${github.adminToken}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  };
  await call("PUT", `/orgs/${organization}/memberships/${agent.machineUser}`, { role: "member" });
  await call("POST", `/orgs/${organization}/teams`, { name: agent.team, privacy: "closed" });
  await call("PUT", `/orgs/${organization}/teams/${agent.team}/memberships/${agent.machineUser}`, { role: "member" });
  for (const { name, access } of repositories)
    await call("PUT", `/orgs/${organization}/teams/${agent.team}/repos/${organization}/${name}`, {
      permission: access === "write" ? "push" : "pull",
    });
  await fetch(`${github.api}/_sandbox/limits`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ revocations: 100_000 }),
  });
}
