import { MCP } from "../policy/mcp/message";
import { Refusal, type RuleId } from "../policy/refusals";
import { judgeTarget } from "../policy/target";
import { pathOf } from "../policy/text/canonical";
import { ALERTED_SECRET, CANARY } from "../policy/text/secrets";
import type { TargetVerdict } from "../policy/verdict";
import { respond } from "./answer/headers";
import { problem, Refused } from "./answer/problem";
import { refusalAnswer } from "./answer/refusalAnswer";
import { refuseDeniedKey, turnAway } from "./auth/turnAway";
import { DOWNLOADS, RequestContext, rulePage } from "./context";
import type { GateEnv } from "./env";
import { gateOf, type Gate } from "./gate";
import { download, openDownload } from "./interfaces/download";
import { git } from "./interfaces/git";
import { graphql } from "./interfaces/graphql";
import { guide, GUIDE } from "./interfaces/guide";
import { forwardObserved, judgeAsWriter, mayObserve } from "./interfaces/observe";
import { mcp } from "./interfaces/mcp";
import { operator } from "./interfaces/operator";
import { forwardRest, inspectRest } from "./interfaces/rest";
import { archive } from "./ledger/archive";
import { originOf } from "./request/address";
import { judgeHeaders, judgeHost } from "./request/headers";

/**
 * The gate: the only way by which an agent reaches private code. A request passes in this order; a step that does not
 * let it pass throws a refusal, and every request leaves a record.
 *
 * 1. authenticate the agent by its gate key      auth/authenticator.ts
 * 2. judge the headers                           request/headers.ts
 * 3. canonicalise the target, match its route    policy/target.ts
 *    refuse if the gate is stopped                checkOpen below, ledger/client.ts
 * 4. read and judge the body                     interfaces/{rest,graphql,git,lfs}.ts with policy/{rest,graphql,git}
 * 5. admit it within the limits                  ledger/admit.ts
 * 6. send it to GitHub with the token            upstream/send.ts, upstream/token.ts
 * 7. filter the answer                           answer/filter.ts, answer/streaming.ts
 * 8. write the record                            ledger/client.ts
 */
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
      answer = await handle(gate, context);
    } catch (error) {
      answer = await refused(gate, context, error);
    }
    return context.streaming ? answer : recorded(gate, context, answer);
  },

  /** Archives audit records while no requests come. */
  async scheduled(_controller: ScheduledController, env: GateEnv, ctx: ExecutionContext): Promise<void> {
    await archive(env, gateOf(env).alerts, ctx);
  },
};

/** Steps 1 to 3, and the way through the interface that the target belongs to. */
async function handle(gate: Gate, context: RequestContext): Promise<Response> {
  // If Host is not exactly one host, the target may begin with a part of it. Then it is not one of the gate's own
  // addresses.
  if (judgeHost(context.headers) === undefined) {
    if (pathOf(context.target) === GUIDE) return guided(gate, context);
    if (context.target.startsWith("/_gate/")) return operator(gate, context);
    if (context.target.startsWith(DOWNLOADS)) return downloaded(gate, context);
  }
  await authenticate(gate, context);
  judgeHeaders(context.headers);
  if (gate.policy.mcp === true && pathOf(context.target) === MCP) {
    await checkOpen(gate, context);
    return mcp(gate, context);
  }
  const verdict = matchRoute(gate, context);
  await checkOpen(gate, context);
  if (verdict.kind === "rest") return rest(gate, context, verdict.refusal);
  if (verdict.kind === "graphql") return graphql(gate, context);
  if (verdict.kind === "git") return git(gate, context);
  throw new Refused(new Refusal("route-not-allowed"));
}

/** What the agent may do, for whoever shows a gate key, as long as the gate is open. */
async function guided(gate: Gate, context: RequestContext): Promise<Response> {
  await authenticate(gate, context);
  judgeHeaders(context.headers);
  await checkOpen(gate, context);
  return guide(gate, context);
}

const keyOf = ({ authenticator }: Gate, { headers, startedAt, background }: RequestContext) =>
  authenticator.keyOf(headers.get("authorization") ?? null, startedAt, background);

/** Notes the agent of the request's gate key. Throws where there is no valid one. */
async function authenticate(gate: Gate, context: RequestContext): Promise<void> {
  const key = await keyOf(gate, context);
  if (key instanceof Refusal) turnAway(gate, context, key);
  context.isFrom(key);
  refuseDeniedKey(gate, context);
}

/** Throws what the target is refused for, unless that is only observed: then the verdict has the refusal. */
function matchRoute(gate: Gate, context: RequestContext): TargetVerdict {
  const verdict = judgeTarget(gate.policy, context.method, context.target);
  context.verdict = verdict;
  if (verdict.refusal !== undefined && !mayObserve(gate, context, verdict.refusal)) throw new Refused(verdict.refusal);
  context.write = verdict.route?.access === "write";
  return verdict;
}

/**
 * Refuses if an operator stopped the gate, or if its records do not reach the archive. What the isolate knows may be
 * old, so it asks the ledger first.
 */
async function checkOpen({ ledger }: Gate, context: RequestContext): Promise<void> {
  if (ledger.state.archiveFailing) {
    await ledger.flush(context.background);
    if (ledger.state.archiveFailing) throw new Refused(new Refusal("audit-unavailable"));
  }
  if (ledger.state.stopped) {
    await ledger.flush(context.background);
    if (ledger.state.stopped) throw new Refused(new Refusal("token-stopped"));
  }
}

/** Steps 4 to 7 for REST. `observed`: the target would be refused, but in this posture that is only recorded. */
async function rest(gate: Gate, context: RequestContext, observed: Refusal | undefined): Promise<Response> {
  if (observed !== undefined) {
    context.decision = "observe";
    context.refusal = observed;
    if (observed.rule !== "access-read-only") return forwardObserved(gate, context, observed);
    judgeAsWriter(gate, context);
  }
  const body = await inspectRest(gate, context);
  if ("refusal" in body) return forwardObserved(gate, context, body.refusal, body.text);
  return respond(await forwardRest(gate, context, body));
}

/**
 * A download by a short-lived address, which replaces the key of the agent that got it. Without a valid address it is a
 * request like any other.
 */
async function downloaded(gate: Gate, context: RequestContext): Promise<Response> {
  const address = await openDownload(gate, context);
  if (address instanceof Refusal) {
    const key = await keyOf(gate, context);
    if (key instanceof Refusal) return turnAway(gate, context, address);
    context.isFrom(key);
    refuseDeniedKey(gate, context);
    throw new Refused(address);
  }
  refuseDeniedKey(gate, context);
  await checkSession(gate, context);
  judgeHeaders(context.headers);
  await checkOpen(gate, context);
  return download(gate, context, address);
}

/** An address that was given to a session ends with the session's key. */
async function checkSession(gate: Gate, context: RequestContext): Promise<void> {
  const { session, gateKeySha256 = "", background, startedAt } = context;
  if (session === undefined) return;
  if ((await gate.sessionKeys?.find(background, gateKeySha256, startedAt)) !== undefined) return;
  context.agent = "";
  turnAway(gate, context, new Refusal("unauthenticated"));
}

/**
 * Refusals that raise an alert, besides those with status 503: GitHub does not work, or an agent writes more than a
 * person can review.
 */
const ALERTED: ReadonlySet<RuleId> = new Set(["upstream-error", "upstream-timeout", "change-too-large", CANARY]);

/**
 * Turns what was thrown into an answer. Anything but a refusal is a failure of the gate: it refuses the request and
 * raises an alert.
 */
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
    gate.alerts.raise(context.background, known.refusal.rule, {
      requestId: context.requestId,
      ...canaryDetails(context),
    });
  return refusalAnswer(gate, context, known.refusal, known.retryAfter);
}

/** Which canary token an agent has shown, and where. */
function canaryDetails(context: RequestContext): Readonly<Record<string, string>> {
  const canary = context.findings.find(({ rule }) => rule === CANARY)?.reason;
  return canary === undefined ? {} : { canary, agent: context.agent, repository: context.entry(0).repository };
}

/** Tells of what was let through because its kind only raises an alert. */
function alertPassed(gate: Gate, context: RequestContext): void {
  const kinds = context.findings.flatMap(({ rule, kind = "" }) => (rule === ALERTED_SECRET ? [kind] : []));
  if (kinds.length === 0 || context.decision === "deny") return;
  gate.alerts.raise(context.background, "secret-passed", {
    requestId: context.requestId,
    agent: context.agent,
    repository: context.entry(0).repository,
    kinds: [...new Set(kinds)].join(" "),
  });
}

/**
 * Step 8: writes the record. The record of a write is stored before its answer leaves; all others go with the next
 * batch.
 */
async function recorded(gate: Gate, context: RequestContext, answer: Response): Promise<Response> {
  // A refusal may be sent with status 200. Its record has the rule's own status.
  const status = context.decision === "deny" && context.refusal !== undefined ? context.refusal.status : answer.status;
  if (context.findings.length > 0) context.hidden = gate.policy.secretsAt(context.startedAt);
  alertPassed(gate, context);
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
