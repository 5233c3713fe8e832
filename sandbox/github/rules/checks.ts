import type { Repository } from "../state";

export interface RequiredCheck {
  context: string;
  integrationId: number | null;
}
type CheckState = "success" | "pending" | "failure" | "missing";

const PASSING = new Set(["success", "neutral", "skipped"]);

/**
 * What a commit has to show for one required check: statuses and check runs of that name, from the pinned App when
 * there is one.
 */
function checkState(repo: Repository, sha: string, check: RequiredCheck): CheckState {
  const anySource = check.integrationId === null || check.integrationId < 0;
  const run = [...repo.checkRuns.values()]
    .filter((r) => r.headSha === sha && r.name === check.context && (anySource || r.appId === check.integrationId))
    .at(-1);
  const status = repo.statuses
    .filter((s) => s.sha === sha && s.context === check.context && (anySource || s.appId === check.integrationId))
    .at(-1);
  const states = [
    ...(run
      ? [run.status !== "completed" ? "pending" : PASSING.has(run.conclusion ?? "") ? "success" : "failure"]
      : []),
    ...(status ? [status.state === "success" ? "success" : status.state === "pending" ? "pending" : "failure"] : []),
  ];
  if (states.length === 0) return "missing";
  return states.includes("failure") ? "failure" : states.includes("pending") ? "pending" : "success";
}

/** The sentence GitHub gives for checks that are not there yet or failed; undefined when all are green. */
export function checksProblem(repo: Repository, sha: string, checks: readonly RequiredCheck[]): string | undefined {
  const states = checks.map((check) => ({ check, state: checkState(repo, sha, check) }));
  const failed = states.filter((s) => s.state === "failure");
  if (failed.length > 0)
    return failed.length === 1
      ? `Required status check "${failed[0]!.check.context}" is failing.`
      : `${failed.length} of ${checks.length} required status checks have not succeeded: ${failed.length} failing.`;
  const open = states.filter((s) => s.state !== "success");
  if (open.length === 0) return undefined;
  if (open.length > 1) return `${open.length} of ${checks.length} required status checks are expected.`;
  return open[0]!.state === "pending"
    ? `Required status check "${open[0]!.check.context}" is in progress.`
    : `Required status check "${open[0]!.check.context}" is expected.`;
}
