import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGitHub, type GitHubStandIn } from "../../../github";
import { environment } from "../../../../tests/support/environment";

/* oxlint-disable typescript/no-explicit-any -- answers have any shape, and the tests say which they expect */

/** A running stand-in, and short ways to talk to it. */
export interface StandIn {
  readonly gh: GitHubStandIn;
  readonly admin: Caller;
  /** A caller with a token that a person would have made on GitHub's token page. */
  as(request: Record<string, unknown>): Promise<Caller>;
  anonymous: Caller;
  sandbox(method: string, path: string, body?: unknown): Promise<{ status: number; body: any }>;
  stop(): Promise<void>;
}

export interface Answer {
  status: number;
  headers: Headers;
  body: any;
  text: string;
}
export interface Caller {
  token: string | undefined;
  (method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

export function caller(api: string, token?: string): Caller {
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const raw = body instanceof Uint8Array;
    const response = await fetch(path.startsWith("http") ? path : `${api}${path}`, {
      method,
      redirect: "manual",
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined || raw ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: raw ? Buffer.from(body) : JSON.stringify(body) }),
    });
    const text = await response.text();
    let parsed: unknown = text;
    try {
      parsed = text === "" ? undefined : JSON.parse(text);
    } catch {
      /* not JSON */
    }
    return { status: response.status, headers: response.headers, body: parsed, text };
  };
  return Object.assign(call, { token });
}

export async function standIn(changes: Readonly<Record<string, unknown>> = {}): Promise<StandIn> {
  const dataDir = mkdtempSync(join(tmpdir(), "gh-standin-"));
  const gh = await startGitHub({ environment: environment(changes), dataDir });
  const open = caller(gh.api);
  const sandbox = async (method: string, path: string, body?: unknown) => {
    const a = await open(method, `/_sandbox${path}`, body);
    return { status: a.status, body: a.body };
  };
  return {
    gh,
    admin: caller(gh.api, gh.adminToken),
    anonymous: open,
    sandbox,
    as: async (request) => {
      const { status, body } = await sandbox("POST", "/tokens", request);
      if (status !== 201) throw new Error(`no token: ${JSON.stringify(body)}`);
      return caller(gh.api, body.token as string);
    },
    stop: async () => {
      await gh.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/**
 * What the stack does for the machine user: membership, a closed team with write on `api` and read on `docs`, and the
 * accepted invitation.
 */
export async function onboard(
  s: StandIn,
  login = "claude-bot",
): Promise<{ orgId: number; teamId: number; bot: Caller }> {
  const orgId = (await s.admin("GET", "/orgs/acme")).body.id as number;
  await s.admin("PUT", `/orgs/acme/memberships/${login}`, { role: "member" });
  const teamId = (await s.admin("POST", "/orgs/acme/teams", { name: "agents", privacy: "closed" })).body.id as number;
  await s.admin("DELETE", "/orgs/acme/teams/agents/memberships/acme-admin");
  const team = `/organizations/${orgId}/team/${teamId}`;
  await s.admin("PUT", `${team}/memberships/${login}`, { role: "member" });
  await s.admin("PUT", `${team}/repos/acme/api`, { permission: "push" });
  await s.admin("PUT", `${team}/repos/acme/docs`, { permission: "pull" });
  const bot = await s.as({
    login,
    kind: "personal-access-token",
    permissions: {
      contents: "write",
      pull_requests: "write",
      issues: "write",
      metadata: "read",
      actions: "read",
      checks: "read",
      statuses: "read",
    },
    repositories: ["api", "docs"],
    expiresInDays: 30,
  });
  await bot("PATCH", "/user/memberships/orgs/acme", { state: "active" });
  return { orgId, teamId, bot };
}

/** The ruleset that keeps everybody but owners to `claude/`, as the posture declares it. */
export const FENCE = {
  name: "fence",
  target: "branch",
  enforcement: "active",
  bypass_actors: [{ actor_id: 1, actor_type: "OrganizationAdmin", bypass_mode: "always" }],
  conditions: { ref_name: { include: ["~ALL"], exclude: ["refs/heads/claude/**/*"] } },
  rules: [{ type: "creation" }, { type: "update" }, { type: "deletion" }, { type: "non_fast_forward" }],
};
