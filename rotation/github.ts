import { request, type Answer } from "./wire";
import type { Effects } from "./effects";
import type { RotationPlan } from "./plan";

/** Requests to GitHub under one token, with the headers GitHub asks for. */
export class GitHubApi {
  constructor(
    private readonly effects: Effects,
    private readonly plan: RotationPlan,
    private readonly authorization?: string,
  ) {}

  static as(effects: Effects, plan: RotationPlan, token: string): GitHubApi {
    return new GitHubApi(effects, plan, `Bearer ${token}`);
  }

  send(
    method: string,
    path: string,
    what: string,
    options: { json?: unknown; attempts?: number; once?: boolean; retryWhen?: (answer: Answer) => boolean } = {},
  ): Promise<Answer> {
    return request(this.effects, {
      system: "GitHub",
      what,
      method,
      url: `${this.plan.endpoints.api}${path}`,
      headers: {
        accept: "application/vnd.github+json",
        "x-github-api-version": "2022-11-28",
        "user-agent": "gatehouse-rotation",
        ...(this.authorization ? { authorization: this.authorization } : {}),
      },
      ...options,
    });
  }
}

/** GitHub's words for a refusal, cut to a line. */
export const githubMessage = (answer: Answer): string =>
  String(answer.json().message ?? answer.text)
    .split("\n")[0]
    ?.slice(0, 200) ?? "";

/**
 * A single 401 or 403 may be a passing one (an edge cache, a secondary limit without its header): it is asked again
 * before it counts.
 */
export const isTransientAuthFailure = (answer: Answer): boolean => answer.status === 401 || answer.status === 403;

/**
 * How a token proves that it is alive: users ask who they are, installations (which are nobody) which repositories they
 * have.
 */
export const selfPath = (kind: RotationPlan["kind"]): string =>
  kind === "app-installation" ? "/installation/repositories?per_page=1" : "/user";

/**
 * Whether GitHub no longer knows the token: it answers 401. A 202 to a revocation only says that it was accepted, so
 * the answer is asked for again, up to `tries` times.
 */
export async function isDead(effects: Effects, plan: RotationPlan, token: string, tries = 6): Promise<boolean> {
  const api = GitHubApi.as(effects, plan, token);
  for (let i = 0; i < tries; i += 1) {
    if (i > 0) await effects.sleep(250 * 2 ** (i - 1));
    const answer = await api.send("GET", selfPath(plan.kind), "say whether the old token is dead");
    if (answer.status === 401) return true;
  }
  return false;
}

/**
 * GitHub's expiry header, `2026-01-31 10:00:00 UTC` or `… +0100`, as ISO; "" when there is none or it cannot be read.
 */
export function readExpiry(header: string | undefined): string {
  const m = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}) (UTC|Z|GMT|([+-])(\d{2}):?(\d{2}))$/.exec(header?.trim() ?? "");
  if (!m) return "";
  const at = Date.parse(`${m[1]}T${m[2]}${m[4] ? `${m[4]}${m[5]}:${m[6]}` : "Z"}`);
  return Number.isNaN(at) ? "" : new Date(at).toISOString();
}
