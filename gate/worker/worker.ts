import { judgeTarget } from "../policy/decide";
import { Refusal, type RuleId } from "../policy/refusals";
import { originOf } from "./request/address";
import { archive } from "./ledger/archive";
import { control } from "./interfaces/operator";
import { download, openDownload } from "./interfaces/download";
import type { GateEnv } from "./env";
import { git } from "./interfaces/git";
import { graphql } from "./interfaces/graphql";
import { gateOf, type Gate } from "./gate";
import { problem, Refused } from "./answer/problem";
import { refusalAnswer } from "./answer/refusalAnswer";
import { judgeHeaders, judgeHost } from "./request/requests";
import { mayObserve, observe } from "./interfaces/observe";
import { rest } from "./interfaces/rest";
import { DOWNLOADS, rulePage, RequestContext } from "./context";

/** The gate: the one place through which the agent reaches private code. Every way out of `fetch` is a decision with a record, or a refusal. */
export default {
  async fetch(request: Request, env: GateEnv, ctx: ExecutionContext): Promise<Response> {
    let gate: Gate;
    try {
      gate = gateOf(env);
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
    const context = new RequestContext(request, gate.requestId(), ctx, env);
    let answer: Response;
    try {
      answer = await admit(gate, context);
    } catch (error) {
      answer = await refused(gate, context, error);
    }
    return context.streaming ? answer : recorded(gate, context, answer);
  },

  /** Moves the audit trail along when no request does. */
  async scheduled(_controller: ScheduledController, env: GateEnv, ctx: ExecutionContext): Promise<void> {
    await archive(env, gateOf(env).alerts, ctx);
  },
};

/** Authenticate, judge, and hand over to the interface. */
async function admit(gate: Gate, context: RequestContext): Promise<Response> {
  // With another Host than a single host, a part of it may stand at the beginning of the target.
  if (judgeHost(context.headers) === undefined) {
    if (context.target.startsWith("/_gate/")) return control(gate, context);
    if (context.target.startsWith(DOWNLOADS)) return downloaded(gate, context);
  }
  const agent = gate.authenticator.agentOf(context.headers.get("authorization") ?? null, context.startedAt);
  const known = agent instanceof Promise ? await agent : agent;
  if (known instanceof Refusal) return turnedAway(gate, context, known);
  context.agent = known;
  judgeHeaders(context.headers);
  const verdict = judgeTarget(gate.policy, context.method, context.target);
  context.verdict = verdict;
  if (verdict.refusal !== undefined && !mayObserve(gate, context, verdict.refusal)) throw new Refused(verdict.refusal);
  context.write = verdict.route?.access === "write";
  const { stopped, archiveFailing } = gate.ledger.state;
  if (stopped || archiveFailing) await judgeState(gate, context);
  if (verdict.refusal !== undefined) return observe(gate, context, verdict.refusal);
  if (verdict.kind === "rest") return rest(gate, context);
  if (verdict.kind === "git") return git(gate, context);
  if (verdict.kind === "graphql") return graphql(gate, context);
  throw new Refused(new Refusal("route-not-allowed"));
}

/** Whether the gate is open: nobody stopped it, and its records reach the archive. What an isolate was told may be old, so it asks before it refuses. */
async function judgeState({ ledger }: Gate, context: RequestContext): Promise<void> {
  if (ledger.state.archiveFailing) {
    await ledger.flush(context.background);
    if (ledger.state.archiveFailing) throw new Refused(new Refusal("audit-unavailable"));
  }
  if (ledger.state.stopped) {
    await ledger.flush(context.background);
    if (ledger.state.stopped) throw new Refused(new Refusal("token-stopped"));
  }
}

/** A download by a short-lived address, which stands for the key of the agent that got it. Without such an address it is a request like any other. */
async function downloaded(gate: Gate, context: RequestContext): Promise<Response> {
  const address = await openDownload(gate, context);
  if (address instanceof Refusal) {
    const agent = await gate.authenticator.agentOf(context.headers.get("authorization") ?? null, context.startedAt);
    if (agent instanceof Refusal) return turnedAway(gate, context, address);
    context.agent = agent;
    throw new Refused(address);
  }
  judgeHeaders(context.headers);
  await judgeState(gate, context);
  return download(gate, context, address);
}

/** Guard `limit-unauthenticated`: refuses a request without a valid key, one by one up to their own limit, and in sum beyond it. */
function turnedAway(gate: Gate, context: RequestContext, refusal: Refusal): never {
  const retryAfter = gate.unauthenticated.retryAfter(context.startedAt);
  if (retryAfter === undefined) throw new Refused(refusal);
  throw new Refused(new Refusal("limit-unauthenticated"), retryAfter);
}

/** Refusals beside those of the gate's own dependencies that operators hear of: GitHub does not work, or an agent writes more than a person can review. */
const ALERTED: ReadonlySet<RuleId> = new Set(["upstream-error", "upstream-timeout", "change-too-large"]);

/** Turns what was thrown into an answer: a refusal as it is, anything else as the gate's own failure, closed and told. */
function refused(gate: Gate, context: RequestContext, error: unknown): Promise<Response> {
  const known = error instanceof Refused ? error : new Refused(new Refusal("gate-error"));
  context.decision = "deny";
  context.refusal = known.refusal;
  if (!(error instanceof Refused))
    gate.alerts.raise(context.background, "gate-error", {
      error: error instanceof Error ? `${error.name}: ${error.message}` : "unknown",
      requestId: context.requestId,
    });
  else if (known.refusal.status === 503 || ALERTED.has(known.refusal.rule))
    gate.alerts.raise(context.background, known.refusal.rule, { requestId: context.requestId });
  return refusalAnswer(gate, context, known.refusal, known.retryAfter);
}

/** Writes the record: of a write before its answer leaves, of everything else with the next batch. */
async function recorded(gate: Gate, context: RequestContext, answer: Response): Promise<Response> {
  // A refusal may travel in an answer of 200; its record has the status that it means.
  const status = context.decision === "deny" && context.refusal !== undefined ? context.refusal.status : answer.status;
  const summed = context.refusal?.rule === "limit-unauthenticated";
  gate.ledger.record(context.background, context.entry(status), context.admission, summed);
  if (!context.write || context.token === undefined) return answer;
  try {
    await gate.ledger.flush(context.background);
    return answer;
  } catch {
    gate.alerts.raise(context.background, "audit-unavailable", { requestId: context.requestId });
    return refusalAnswer(gate, context, new Refusal("audit-unavailable"));
  }
}
