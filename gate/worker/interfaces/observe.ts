import { Refusal, type RuleId } from "../../policy/refusals";
import { judgeBody } from "../../policy/rest/body";
import { judgeTarget } from "../../policy/target";
import { parseStrictJson } from "../../policy/text/json";
import { findSecrets, refusing } from "../../policy/text/secrets";
import { SecretRefusal } from "../../policy/verdict";
import { filterAnswer } from "../answer/filter";
import { respond } from "../answer/headers";
import { Refused } from "../answer/problem";
import type { RequestContext } from "../context";
import type { Gate } from "../gate";
import { admit } from "../ledger/admit";
import { readText } from "../request/body";
import { forwardedHeaders, judgeJsonText, judgeJsonType } from "../request/headers";
import { send } from "../upstream/send";

/**
 * Rules that a policy, or another version of the gate, could lift. Everything else is refused while observing too: it
 * is closed in every policy (merging, minting, hooks, keys, other owners, branches and paths that are not the agent's),
 * or it ensures that the gate reads a request correctly.
 */
const OBSERVED: ReadonlySet<RuleId> = new Set([
  "route-not-allowed",
  "repository-not-listed",
  "access-read-only",
  "query-not-allowed",
  "body-key-not-allowed",
  "body-value",
  "search-not-scoped",
]);

/**
 * Guard `observe-write`: few writes pass while observing. The gate must know the route, because an unknown one could
 * merge. There must be no query, because a parameter could approve. A body about code, reviews or pull requests must
 * have no unknown key.
 */
function mayObserveWrite(context: RequestContext, rule: RuleId): boolean {
  const route = context.verdict?.route;
  if (route === undefined || context.target.includes("?")) return false;
  if (rule === "access-read-only") return true;
  return (
    !/^(?:contents|git|pulls)\./.test(route.id) &&
    route.pullRequest === undefined &&
    route.guardLabel === undefined &&
    rule !== "route-not-allowed"
  );
}

/**
 * Guard `observe-end`: whether a refusal is only recorded. That is so in the mode `observe`, until the end of its last
 * day (UTC), for REST requests that a policy could allow. They go on to GitHub, where the other locks still hold.
 * GraphQL and git are never only observed.
 */
export function mayObserve(gate: Gate, context: RequestContext, refusal: Refusal): boolean {
  const { mode } = gate.policy;
  if (
    mode.kind !== "observe" ||
    !OBSERVED.has(refusal.rule) ||
    context.verdict?.kind !== "rest" ||
    context.startedAt >= Date.parse(`${mode.until}T23:59:59Z`)
  )
    return false;
  return !isWrite(context) || mayObserveWrite(context, refusal.rule);
}

const isWrite = (context: RequestContext): boolean => context.method !== "GET" && context.method !== "HEAD";

/**
 * A write to a repository that may only be read goes on as if it could be written, because that lock alone is open: its
 * target is judged again so, and its body afterwards like any other. Throws when anything else is wrong with the
 * target.
 */
export function judgeAsWriter(gate: Gate, context: RequestContext): void {
  const verdict = judgeTarget(gate.policy, context.method, context.target, true);
  context.verdict = verdict;
  if (verdict.refusal !== undefined) throw new Refused(verdict.refusal);
  context.write = true;
}

/**
 * Sends a request that would be refused. Limits, token and answer filter apply as always. A body is sent only if it is
 * unambiguous JSON without a credential, and nothing else is wrong with it.
 * @param text the body, if it has been read and judged
 */
export async function forwardObserved(
  gate: Gate,
  context: RequestContext,
  refusal: Refusal,
  text?: string,
): Promise<Response> {
  context.write = isWrite(context);
  let body = text ?? (context.write ? await bodyOf(gate, context) : "");
  const findings = findSecrets(body, 0, 20, gate.policy.secretsAt(context.startedAt));
  context.addFindings(findings);
  if (refusing(findings).length > 0) throw new Refused(new SecretRefusal(findings));
  if (context.write && text === undefined && context.verdict !== undefined) {
    const judged = judgeBody(gate.policy, context.verdict, body, context.requestId, context.startedAt);
    if (judged instanceof Refusal && !mayObserve(gate, context, judged)) throw new Refused(judged);
    if (!(judged instanceof Refusal)) body = judged.text ?? "";
  }
  context.decision = "observe";
  context.refusal = refusal;
  await admit(gate, context, context.bytesIn);
  const headers = forwardedHeaders(context.headers, "");
  if (body !== "") headers["content-type"] = "application/json; charset=utf-8";
  const path = context.target.startsWith("/api/v3/") ? context.target.slice("/api/v3".length) : context.target;
  const answer = await send(gate, context, {
    base: gate.policy.upstream.api,
    path,
    method: context.method,
    headers: (token) => ({ ...headers, authorization: `Bearer ${token.value}` }),
    resource: "core",
    ...(body === "" ? {} : { body }),
  });
  return respond(await filterAnswer(gate, context, answer));
}

async function bodyOf(gate: Gate, context: RequestContext): Promise<string> {
  const { text, bytes } = await readText(context.request, gate.policy.limits.maxBodyBytes);
  context.bytesIn = bytes;
  if (text === "") return "";
  judgeJsonType(context.headers);
  judgeJsonText(context.headers, text);
  const parsed = parseStrictJson(text);
  if (parsed instanceof Refusal) throw new Refused(parsed);
  return text;
}
