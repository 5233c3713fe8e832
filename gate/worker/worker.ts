import { judgeTarget } from "../policy/decide";
import { Refusal, type RuleId } from "../policy/refusals";
import { originOf } from "./request/address";
import { archive } from "./ledger/archive";
import { control } from "./interfaces/operator";
import { download, openDownload } from "./interfaces/download";
import type { GateEnv } from "./env";
import { git } from "./interfaces/git";
import { graphql } from "./interfaces/graphql";
import { isolateOf, type Isolate } from "./gate";
import { problem, Refused } from "./answer/problem";
import { refusalAnswer } from "./answer/refusalAnswer";
import { judgeHeaders, judgeHost } from "./request/requests";
import { mayObserve, observe } from "./interfaces/observe";
import { rest } from "./interfaces/rest";
import { DOWNLOADS, rulePage, Visit } from "./context";

/** The gate: the one place through which the agent reaches private code. Every way out of `fetch` is a decision with a record, or a refusal. */
export default {
  async fetch(request: Request, env: GateEnv, ctx: ExecutionContext): Promise<Response> {
    let isolate: Isolate;
    try {
      isolate = isolateOf(env);
    } catch (error) {
      console.error(
        JSON.stringify({ alert: "policy-invalid", error: error instanceof Error ? error.message : "unknown" }),
      );
      return problem(
        new Refusal("policy-invalid"),
        rulePage(originOf(request.url, env.PUBLIC_URL), "policy-invalid"),
        crypto.randomUUID(),
      );
    }
    const visit = new Visit(request, isolate.requestId(), ctx, env);
    let answer: Response;
    try {
      answer = await admit(isolate, visit);
    } catch (error) {
      answer = await refused(isolate, visit, error);
    }
    return visit.streaming ? answer : recorded(isolate, visit, answer);
  },

  /** Moves the audit trail along when no request does. */
  async scheduled(_controller: ScheduledController, env: GateEnv, ctx: ExecutionContext): Promise<void> {
    await archive(env, isolateOf(env).alerts, ctx);
  },
};

/** Authenticate, judge, and hand over to the interface. */
async function admit(isolate: Isolate, visit: Visit): Promise<Response> {
  // With another Host than a single host, a part of it may stand at the beginning of the target.
  if (judgeHost(visit.headers) === undefined) {
    if (visit.target.startsWith("/_gate/")) return control(isolate, visit);
    if (visit.target.startsWith(DOWNLOADS)) return downloaded(isolate, visit);
  }
  const agent = isolate.doorkeeper.agentOf(visit.headers.get("authorization") ?? null, visit.startedAt);
  const known = agent instanceof Promise ? await agent : agent;
  if (known instanceof Refusal) return turnedAway(isolate, visit, known);
  visit.agent = known;
  judgeHeaders(visit.headers);
  const verdict = judgeTarget(isolate.policy, visit.method, visit.target);
  visit.verdict = verdict;
  if (verdict.refusal !== undefined && !mayObserve(isolate, visit, verdict.refusal)) throw new Refused(verdict.refusal);
  visit.write = verdict.route?.access === "write";
  const { stopped, archiveFailing } = isolate.link.told;
  if (stopped || archiveFailing) await judgeState(isolate, visit);
  if (verdict.refusal !== undefined) return observe(isolate, visit, verdict.refusal);
  if (verdict.kind === "rest") return rest(isolate, visit);
  if (verdict.kind === "git") return git(isolate, visit);
  if (verdict.kind === "graphql") return graphql(isolate, visit);
  throw new Refused(new Refusal("route-not-allowed"));
}

/** Whether the gate is open: nobody stopped it, and its records reach the archive. What an isolate was told may be old, so it asks before it refuses. */
async function judgeState({ link }: Isolate, visit: Visit): Promise<void> {
  if (link.told.archiveFailing) {
    await link.flush(visit.background);
    if (link.told.archiveFailing) throw new Refused(new Refusal("audit-unavailable"));
  }
  if (link.told.stopped) {
    await link.flush(visit.background);
    if (link.told.stopped) throw new Refused(new Refusal("token-stopped"));
  }
}

/** A download by a short-lived address, which stands for the key of the agent that got it. Without such an address it is a request like any other. */
async function downloaded(isolate: Isolate, visit: Visit): Promise<Response> {
  const address = await openDownload(isolate, visit);
  if (address instanceof Refusal) {
    const agent = await isolate.doorkeeper.agentOf(visit.headers.get("authorization") ?? null, visit.startedAt);
    if (agent instanceof Refusal) return turnedAway(isolate, visit, address);
    visit.agent = agent;
    throw new Refused(address);
  }
  judgeHeaders(visit.headers);
  await judgeState(isolate, visit);
  return download(isolate, visit, address);
}

/** Guard `limit-unauthenticated`: refuses a request without a valid key, one by one up to their own limit, and in sum beyond it. */
function turnedAway(isolate: Isolate, visit: Visit, refusal: Refusal): never {
  const retryAfter = isolate.strangers.retryAfter(visit.startedAt);
  if (retryAfter === undefined) throw new Refused(refusal);
  throw new Refused(new Refusal("limit-unauthenticated"), retryAfter);
}

/** Refusals beside those of the gate's own dependencies that operators hear of: GitHub does not work, or an agent writes more than a person can review. */
const ALERTED: ReadonlySet<RuleId> = new Set(["upstream-error", "upstream-timeout", "change-too-large"]);

/** Turns what was thrown into an answer: a refusal as it is, anything else as the gate's own failure, closed and told. */
function refused(isolate: Isolate, visit: Visit, error: unknown): Promise<Response> {
  const known = error instanceof Refused ? error : new Refused(new Refusal("gate-error"));
  visit.decision = "deny";
  visit.refusal = known.refusal;
  if (!(error instanceof Refused))
    isolate.alerts.raise(visit.background, "gate-error", {
      error: error instanceof Error ? `${error.name}: ${error.message}` : "unknown",
      requestId: visit.requestId,
    });
  else if (known.refusal.status === 503 || ALERTED.has(known.refusal.rule))
    isolate.alerts.raise(visit.background, known.refusal.rule, { requestId: visit.requestId });
  return refusalAnswer(isolate, visit, known.refusal, known.retryAfter);
}

/** Writes the record: of a write before its answer leaves, of everything else with the next batch. */
async function recorded(isolate: Isolate, visit: Visit, answer: Response): Promise<Response> {
  // A refusal may travel in an answer of 200; its record has the status that it means.
  const status = visit.decision === "deny" && visit.refusal !== undefined ? visit.refusal.status : answer.status;
  const summed = visit.refusal?.rule === "limit-unauthenticated";
  isolate.link.record(visit.background, visit.entry(status), visit.admission, summed);
  if (!visit.write || visit.token === undefined) return answer;
  try {
    await isolate.link.flush(visit.background);
    return answer;
  } catch {
    isolate.alerts.raise(visit.background, "audit-unavailable", { requestId: visit.requestId });
    return refusalAnswer(isolate, visit, new Refusal("audit-unavailable"));
  }
}
