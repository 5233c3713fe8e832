import type { AuditRecord } from "../../gate/policy/audit";
import { compile, type CompiledPolicy } from "../../gate/policy/compiled";
import { judgeGitTarget } from "../../gate/policy/git/target";
import type { GatePolicy } from "../../gate/policy/policy";
import { Refusal } from "../../gate/policy/refusals";
import { interfaceOf, judgeTarget } from "../../gate/policy/target";

/** Requests of one kind that another posture decides otherwise. */
interface Difference {
  readonly change: "would be refused" | "would be allowed";
  readonly method: string;
  /** Id of the route, or the path where none matched. */
  readonly route: string;
  readonly repository: string;
  /** The rule that would refuse it, or that refused it. */
  readonly rule: string;
  readonly count: number;
  readonly last: string;
  /** Path of the last one. */
  readonly example: string;
}

export interface Replay {
  readonly records: number;
  readonly differences: readonly Difference[];
  /** Requests whose decision hangs on what the record does not have: a body, a query, GitHub's facts. */
  readonly untold: number;
}

/** Rules that say no to method and path because of the posture, and would not under another one. */
const BY_POSTURE: ReadonlySet<string> = new Set([
  "access-read-only",
  "git-access",
  "owner-not-allowed",
  "protected-path",
  "pull-request-label",
  "repository-not-listed",
  "route-not-allowed",
]);

/**
 * Decides past requests anew under a policy, by the gate's own decision on method and path. Bodies, queries and limits
 * are on no record, so a request that would pass here may still be refused for one of them.
 */
export function replay(policy: GatePolicy, records: Iterable<AuditRecord>): Replay {
  const compiled = compile(policy);
  const found = new Map<string, { -readonly [Key in keyof Difference]: Difference[Key] }>();
  let count = 0;
  let untold = 0;
  for (const record of records) {
    if (record.agent === "" || record.agent === "operator" || record.decision === "gap") continue;
    count++;
    const rule = judgeAgain(compiled, record);
    if (rule === undefined) {
      untold++;
      continue;
    }
    const passed = record.decision === "allow";
    const change =
      passed && rule !== ""
        ? "would be refused"
        : !passed && rule === "" && BY_POSTURE.has(record.reason)
          ? "would be allowed"
          : undefined;
    if (change === undefined) continue;
    const route = record.route === "" ? record.path : record.route;
    const named = rule === "" ? record.reason : rule;
    const key = JSON.stringify([change, record.method, route, record.repository, named]);
    const known = found.get(key);
    found.set(key, {
      change,
      method: record.method,
      route,
      repository: record.repository,
      rule: named,
      count: (known?.count ?? 0) + 1,
      last: record.ts,
      example: record.path,
    });
  }
  return { records: count, differences: [...found.values()].sort((a, b) => b.count - a.count), untold };
}

/** The rule that refuses it, an empty text when it passes, undefined when method and path do not tell. */
function judgeAgain(policy: CompiledPolicy, { method, path, route }: AuditRecord): string | undefined {
  const kind = interfaceOf(path);
  if (kind === "graphql" || kind === "control" || path.startsWith("/repositories/")) return undefined;
  if (kind === "git") {
    const query = path.endsWith("/info/refs") ? `?service=git-${route === "git.push" ? "receive" : "upload"}-pack` : "";
    const judged = judgeGitTarget(policy, method, path + query);
    return judged instanceof Refusal ? judged.rule : "";
  }
  const { refusal } = judgeTarget(policy, method, path);
  return refusal === undefined ? "" : refusal.rule === "search-not-scoped" ? undefined : refusal.rule;
}
