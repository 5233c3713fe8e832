import { isTransientAuthFailure, GitHubApi, githubMessage, readExpiry, selfPath } from "./github";
import { iso } from "./text";
import { PROBES, sightOf } from "./probes";
import { DAY_MS } from "../edge/time";
import type { Permissions, RotationPlan } from "./plan";
import type { Effects } from "./effects";
import type { Minted } from "./minters/types";

export interface Verdict {
  /** Empty when the token is exactly what was declared, as far as GitHub shows. */
  readonly problems: readonly string[];
  /** What GitHub does not show, so that nobody takes silence for proof. */
  readonly unseen: readonly string[];
  readonly login: string;
  /** ISO, "" for none. */
  readonly expiresAt: string;
}

export interface VerifyOptions {
  /** What GitHub said at minting. */
  readonly granted?: Pick<Minted, "granted" | "grantedRepositories" | "expiresAt">;
  /**
   * The organization's grant of this token, read by a GitHub App; the only exact source for a personal access token.
   */
  readonly grant?: (expiresAt: string) => Promise<Permissions | undefined>;
}

/** GitHub's page offers whole days and its clock is not ours. */
const EXPIRY_SLACK_MS = DAY_MS;

/**
 * Whether a token is exactly the declared one: it authenticates, as the right account, ends when declared, and has the
 * declared permissions and repositories, neither fewer nor more. Throws Unavailable when GitHub does not answer.
 */
export async function verify(
  effects: Effects,
  plan: RotationPlan,
  token: string,
  options: VerifyOptions = {},
): Promise<Verdict> {
  const api = GitHubApi.as(effects, plan, token);
  const problems: string[] = [];
  const unseen: string[] = [];
  const self = await api.send("GET", selfPath(plan.kind), "say whose token this is", {
    retryWhen: isTransientAuthFailure,
  });
  if (self.status !== 200) {
    return {
      problems: [`GitHub does not accept it (${self.status}: ${githubMessage(self)})`],
      unseen,
      login: "",
      expiresAt: "",
    };
  }
  const login = plan.kind === "app-installation" ? "" : String(self.json().login ?? "");
  if (plan.kind !== "app-installation" && login.toLowerCase() !== plan.login.toLowerCase())
    problems.push(`it belongs to ${login || "nobody"}, not to ${plan.login}`);

  const expiresAt =
    readExpiry(self.header("github-authentication-token-expiration")) || options.granted?.expiresAt || "";
  problems.push(...expiryProblems(plan, expiresAt, effects.now()));
  // A token of another account, or one that never ends, is refused before anything else is asked with it.
  if (problems.length > 0) return { problems, unseen, login, expiresAt };

  if (plan.kind === "ghes-impersonation") problems.push(...scopeProblems(plan, self.header("x-oauth-scopes")));
  else if (self.header("x-oauth-scopes") !== undefined && plan.kind === "personal-access-token") {
    problems.push("it is a classic token (it has scopes); make a fine-grained one");
  } else if (options.granted?.granted) problems.push(...comparePermissions(plan.permissions, options.granted.granted));
  else {
    const exact = await options.grant?.(expiresAt);
    if (exact) problems.push(...comparePermissions(plan.permissions, exact));
    else await probePermissions(api, plan, problems, unseen);
  }
  await checkRepositories(api, plan, options.granted?.grantedRepositories, problems, unseen);
  return { problems, unseen, login: login || plan.login, expiresAt };
}

function expiryProblems(plan: RotationPlan, expiresAt: string, now: number): string[] {
  if (plan.kind === "ghes-impersonation") return []; // the server sets no end; the schedule does
  if (expiresAt === "") return plan.kind === "personal-access-token" ? ["it never expires"] : [];
  const left = Date.parse(expiresAt) - now;
  if (left <= 0) return [`it expired at ${expiresAt}`];
  const declared = plan.expiryDays;
  if (declared !== undefined && left > declared * DAY_MS + EXPIRY_SLACK_MS)
    return [`it ends at ${expiresAt}, later than the declared ${declared} days (${iso(now + declared * DAY_MS)})`];
  return [];
}

function scopeProblems(plan: RotationPlan, header: string | undefined): string[] {
  const has = (header ?? "")
    .split(",")
    .map((s) => s.trim())
    .filter(Boolean);
  const wanted = plan.scopes;
  return [
    ...wanted.filter((s) => !has.includes(s)).map((s) => `too few: scope ${s} is missing`),
    ...has.filter((s) => !wanted.includes(s)).map((s) => `too many: scope ${s} was not declared`),
  ];
}

const RANK: Record<string, number> = { read: 1, write: 2, admin: 3 };

/**
 * Compares what is declared with what GitHub says it granted. `metadata: read` comes with every token and is ignored.
 */
export function comparePermissions(declared: Permissions, granted: Readonly<Record<string, string>>): string[] {
  const problems: string[] = [];
  for (const name of [...new Set([...Object.keys(declared), ...Object.keys(granted)])].sort()) {
    const want = RANK[declared[name] ?? ""] ?? 0;
    const have = RANK[granted[name] ?? ""] ?? 0;
    if (have < want) problems.push(`too few: ${name} is ${granted[name] ?? "missing"}, declared ${declared[name]}`);
    else if (have > want && !(name === "metadata" && granted[name] === "read"))
      problems.push(`too many: ${name} is ${granted[name]}, declared ${declared[name] ?? "none"}`);
  }
  return problems;
}

async function probePermissions(
  api: GitHubApi,
  plan: RotationPlan,
  problems: string[],
  unseen: string[],
): Promise<void> {
  const target = plan.repositories.find((r) => r.access === "write") ?? plan.repositories[0];
  if (!target) return;
  const base = `/repos/${plan.organization}/${target.name}`;
  const probed = new Set<string>();
  for (const probe of PROBES) {
    const declared = RANK[plan.permissions[probe.permission] ?? ""] ?? 0;
    const asked = RANK[probe.level] ?? 0;
    const answer = await api.send(
      probe.method,
      base + probe.path,
      `show whether the token may ${probe.level} ${probe.permission}`,
      probe.method === "POST" ? { json: {}, retryWhen: isTransientRefusal } : { retryWhen: isTransientRefusal },
    );
    const sight = sightOf(probe, answer);
    if (sight !== "unseen") probed.add(`${probe.permission}:${probe.level}`);
    if (sight === "has" && declared < asked)
      problems.push(
        `too many: it may ${probe.level} ${probe.permission}, declared ${plan.permissions[probe.permission] ?? "none"}`,
      );
    if (sight === "lacks" && declared >= asked)
      problems.push(
        `too few: it may not ${probe.level} ${probe.permission}, declared ${plan.permissions[probe.permission]}`,
      );
  }
  const silent = Object.entries(plan.permissions)
    .filter(([name, level]) => name !== "metadata" && !probed.has(`${name}:${level}`))
    .map(([name, level]) => `${name}: ${level}`);
  if (silent.length > 0) unseen.push(`GitHub does not show whether it has ${silent.join(", ")}`);
  unseen.push(
    "GitHub lists a fine-grained token's permissions only to a GitHub App of the organization; those without a harmless probe (workflows, organization and account permissions) were not seen",
  );
}

/** A passing 403 has other words than a refusal of the token. */
const isTransientRefusal = (answer: { status: number; text: string }): boolean =>
  answer.status === 401 || (answer.status === 403 && !/not accessible|must have|admin/i.test(answer.text));

async function checkRepositories(
  api: GitHubApi,
  plan: RotationPlan,
  granted: readonly string[] | undefined,
  problems: string[],
  unseen: string[],
): Promise<void> {
  const declared = new Set(plan.repositories.map((r) => r.name.toLowerCase()));
  const reachable = granted?.map((name) => ({ name, isPrivate: true })) ?? (await listRepositories(api, plan));
  if (!reachable) {
    unseen.push("GitHub did not list which repositories the token reaches");
    return;
  }
  const names = new Set(reachable.map((r) => r.name.toLowerCase()));
  for (const { name } of plan.repositories) {
    if (names.has(name.toLowerCase())) continue;
    const one = await api.send("GET", `/repos/${plan.organization}/${name}`, `show repository ${name}`, {
      retryWhen: isTransientRefusal,
    });
    if (one.status !== 200) problems.push(`too few: it does not reach ${name} (${one.status})`);
  }
  for (const { name, isPrivate } of reachable) {
    if (isPrivate && !declared.has(name.toLowerCase()))
      problems.push(`too many: it reaches ${name}, which is not declared`);
  }
}

/** The private repositories a token reaches in the organization, or undefined when GitHub does not say. */
async function listRepositories(
  api: GitHubApi,
  plan: RotationPlan,
): Promise<{ name: string; isPrivate: boolean }[] | undefined> {
  const found: { name: string; isPrivate: boolean }[] = [];
  for (let page = 1; page <= 20; page += 1) {
    const answer = await api.send("GET", `/user/repos?per_page=100&page=${page}`, "list the token's repositories", {
      retryWhen: isTransientRefusal,
    });
    if (answer.status !== 200) return undefined;
    const items = JSON.parse(answer.text) as { name: string; private: boolean; owner?: { login?: string } }[];
    for (const item of items)
      if (item.owner?.login?.toLowerCase() === plan.organization.toLowerCase())
        found.push({ name: item.name, isPrivate: item.private });
    if (items.length < 100) return found;
  }
  return found;
}

/**
 * Reads the organization's grant of the machine user's newest token, with a token of a GitHub App that may read grants.
 */
export async function readGrant(
  effects: Effects,
  plan: RotationPlan,
  appToken: string,
  expiresAt: string,
): Promise<Permissions | undefined> {
  const answer = await GitHubApi.as(effects, plan, appToken).send(
    "GET",
    `/orgs/${plan.organization}/personal-access-tokens?owner[]=${plan.login}&per_page=100`,
    "list token grants",
  );
  if (answer.status !== 200) return undefined;
  type Grant = {
    token_expires_at?: string | null;
    permissions?: {
      repository?: Record<string, "read" | "write">;
      organization?: Record<string, "read" | "write">;
      other?: Record<string, "read" | "write">;
    };
  };
  const at = Date.parse(expiresAt);
  const mine = (JSON.parse(answer.text) as Grant[]).filter(
    (g) => Math.abs(Date.parse(g.token_expires_at ?? "") - at) < 1000,
  );
  const sets = mine.map((g) => ({
    ...g.permissions?.repository,
    ...g.permissions?.organization,
    ...g.permissions?.other,
  }));
  // Two tokens that end in the same second cannot be told apart; that matters only when they may do different things.
  const texts = new Set(sets.map((set) => JSON.stringify(Object.entries(set).sort())));
  return texts.size === 1 ? sets[0] : undefined;
}

/**
 * Accepts the organization's pending invitation with the new token: only the machine user itself can. Returns what
 * happened, in words.
 */
export async function acceptInvitation(
  effects: Effects,
  plan: RotationPlan,
  token: string,
): Promise<string | undefined> {
  if (plan.kind === "app-installation") return undefined;
  const api = GitHubApi.as(effects, plan, token);
  const path = `/user/memberships/orgs/${plan.organization}`;
  const membership = await api.send("GET", path, "show the membership");
  if (membership.status !== 200 || membership.json().state !== "pending") return undefined;
  const accepted = await api.send("PATCH", path, "accept the invitation", { json: { state: "active" } });
  if (accepted.status === 200) return `accepted the invitation of ${plan.login} to ${plan.organization}`;
  return `the invitation to ${plan.organization} is still pending: sign in as ${plan.login} and accept it at ${plan.endpoints.origin}/orgs/${plan.organization}/invitation`;
}
