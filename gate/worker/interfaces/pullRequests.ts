import type { CompiledRepository } from "../../policy/compiled";
import { API_VERSIONS } from "../../policy/rest/apiVersion";
import { Refused } from "../answer/problem";
import type { RequestContext } from "../context";
import type { Gate } from "../gate";
import { readJson } from "../request/body";
import { send } from "../upstream/send";

/** The gate's own calls are short; the agent waits for them. */
const FOLLOW_UP_MS = 10_000;
const MAX_ANSWER = 4 * 1024 * 1024;

interface FollowUp {
  /** Route in the record of its own. */
  readonly route: string;
  /** Finding in the agent's record, and alert, when it fails. */
  readonly finding: string;
  readonly path: string;
  readonly body: Readonly<Record<string, readonly string[]>>;
}

/**
 * Marks a pull request that the agent has just opened: asks the teams that own the code for review, and puts the label
 * on it. Both need nothing but the permission to write pull requests, which the token has for opening it, and both may
 * be repeated without harm, because GitHub adds nothing twice. The draft exists by now, so nothing here changes the
 * agent's answer: what fails is a finding in its record, and an alert.
 * @param number The pull request; undefined when GitHub's answer did not say.
 */
export async function labelAndRequestReview(
  gate: Gate,
  context: RequestContext,
  repository: CompiledRepository,
  number: number | undefined,
): Promise<void> {
  const at = `/repos/${gate.policy.organization}/${repository.name}`;
  const label: FollowUp = {
    route: "gate.label",
    finding: "label-not-set",
    path: `${at}/issues/${number}/labels`,
    body: { labels: [gate.policy.label] },
  };
  const review: FollowUp = {
    route: "gate.request-review",
    finding: "review-not-requested",
    path: `${at}/pulls/${number}/requested_reviewers`,
    body: { team_reviewers: repository.reviewers },
  };
  // One after the other, as GitHub asks of those that write.
  for (const [index, step] of [label, ...(repository.reviewers.length === 0 ? [] : [review])].entries()) {
    const from = Date.now();
    const status = number === undefined ? 0 : await attempt(gate, context, step);
    const done = status >= 200 && status < 300;
    if (!done) {
      context.findings = [...context.findings, { rule: step.finding, offset: status }];
      gate.alerts.raise(context.background, step.finding, {
        requestId: context.requestId,
        repository: repository.fullName,
        pullRequest: number ?? 0,
        status,
      });
    }
    const entry = {
      ...context.entry(status),
      requestId: `${context.requestId}.${index + 1}`,
      method: "POST",
      path: step.path,
      route: step.route,
      ts: new Date(from).toISOString(),
      ms: Date.now() - from,
      bytesIn: 0,
      bytesOut: 0,
      findings: [],
    };
    if (number !== undefined) gate.ledger.record(context.background, entry, undefined);
  }
}

/** GitHub's status, or 0 when there was no answer. Tried again once where GitHub itself failed. */
async function attempt(gate: Gate, context: RequestContext, { path, body }: FollowUp): Promise<number> {
  for (let left = 1; ; left--) {
    let status = 0;
    try {
      const answer = await send(gate, context, {
        base: gate.policy.upstream.api,
        path,
        method: "POST",
        headers: (token) => ({
          authorization: `Bearer ${token.value}`,
          accept: "application/vnd.github+json",
          "content-type": "application/json; charset=utf-8",
          "user-agent": "gatehouse",
          "x-github-api-version": API_VERSIONS[0],
        }),
        body: JSON.stringify(body),
        timeoutMs: FOLLOW_UP_MS,
        resource: "core",
      });
      status = answer.status;
      await readJson(answer, MAX_ANSWER);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // What GitHub asks to wait for is not asked again; that its answer broke off does not undo what it said.
      if (error.refusal.rule === "github-limit" || error.refusal.rule === "queue-full") return 429;
    }
    if (left === 0 || (status !== 0 && status < 500)) return status;
  }
}

/** The number of a pull request in GitHub's answer; undefined when there is none. */
export function numberOf(value: unknown): number | undefined {
  const { number } = (value ?? {}) as { number?: unknown };
  return typeof number === "number" && Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

/** The same, from text. */
export function numberIn(text: string): number | undefined {
  try {
    return numberOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}
