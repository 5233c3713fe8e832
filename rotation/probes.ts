import type { Answer } from "./wire";
import { githubMessage } from "./github";

/**
 * Requests that show whether a token has a permission and change nothing whatever the answer: reads, and writes with
 * an empty body, which GitHub refuses as incomplete (422) once the permission was there.
 */
export interface Probe {
  readonly permission: string;
  readonly level: "read" | "write";
  readonly method: "GET" | "POST";
  /** Below `/repos/{owner}/{repo}`. */
  readonly path: string;
}

const NO_COMMIT = "0".repeat(40);

export const PROBES: readonly Probe[] = [
  { permission: "contents", level: "read", method: "GET", path: "/commits?per_page=1" },
  { permission: "contents", level: "write", method: "POST", path: "/git/refs" },
  { permission: "pull_requests", level: "read", method: "GET", path: "/pulls?per_page=1" },
  { permission: "pull_requests", level: "write", method: "POST", path: "/pulls" },
  { permission: "issues", level: "write", method: "POST", path: "/issues" },
  { permission: "actions", level: "read", method: "GET", path: "/actions/runs?per_page=1" },
  { permission: "deployments", level: "write", method: "POST", path: "/deployments" },
  { permission: "repository_hooks", level: "read", method: "GET", path: "/hooks?per_page=1" },
  { permission: "secrets", level: "read", method: "GET", path: "/actions/secrets?per_page=1" },
  { permission: "administration", level: "write", method: "POST", path: "/keys" },
  { permission: "statuses", level: "read", method: "GET", path: "/commits/HEAD/statuses?per_page=1" },
  { permission: "statuses", level: "write", method: "POST", path: `/statuses/${NO_COMMIT}` },
];

export type Sight = "has" | "lacks" | "unseen";

/**
 * What an answer shows. A refusal counts as "lacks" only in GitHub's words for a token without the permission: the
 * account's own role gives the same status for another reason, and then the token's permission cannot be seen.
 */
export function sightOf(probe: Probe, answer: Answer): Sight {
  if (answer.status === 403 && /not accessible by (personal access token|integration)/i.test(githubMessage(answer)))
    return "lacks";
  if (probe.method === "GET")
    return answer.status >= 200 && answer.status < 300
      ? "has"
      : answer.status === 409 && probe.permission === "contents"
        ? "has"
        : "unseen"; // 409: an empty repository
  return answer.status === 422 || answer.status === 400 ? "has" : "unseen";
}
