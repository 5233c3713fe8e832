import { judgeBody, SecretRefusal } from "../../policy/rest/body";
import { judgeTarget } from "../../policy/decide";
import { parseStrictJson } from "../../policy/text/json";
import { Refusal, type RuleId } from "../../policy/refusals";
import { findSecrets, refusing } from "../../policy/text/secrets";
import type { Isolate } from "../gate";
import { Refused } from "../answer/problem";
import { forwardedHeaders, judgeJsonText, judgeJsonType, readText } from "../request/requests";
import { pass, rest } from "./rest";
import { send } from "../upstream/send";
import type { Visit } from "../context";

/**
 * What a posture or a version of the gate could open. Everything else is closed in every posture (merging, minting, hooks, keys, other owners, branches
 * and paths that are not the agent's), or protects the gate's own reading of the request, and is refused while observing, too.
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
 * Guard `observe-write`: of writes only those whose route the gate knows, to a repository that is read or not listed, or with a key more in the body. A
 * route that it does not know could merge, a parameter in the query could approve, and where a body decides over code, reviews or the gate's own marks,
 * every key of it must have been judged.
 */
function mayObserveWrite(visit: Visit, rule: RuleId): boolean {
  const route = visit.verdict?.route;
  if (route === undefined || visit.target.includes("?")) return false;
  if (rule === "access-read-only") return true;
  return (
    !/^(?:contents|git|pulls)\./.test(route.id) &&
    route.marks === undefined &&
    route.guardLabel === undefined &&
    rule !== "route-not-allowed"
  );
}

/**
 * Guard `observe-end`: whether a refusal is only recorded. In `observe`, until the end of its day (UTC) and never after, a REST request that is understood
 * and forbidden by what a posture could open goes on to GitHub, where the other locks still hold. GraphQL and git are judged as always.
 */
export function mayObserve(isolate: Isolate, visit: Visit, refusal: Refusal): boolean {
  const { mode } = isolate.policy.policy;
  if (
    mode.kind !== "observe" ||
    !OBSERVED.has(refusal.rule) ||
    visit.verdict?.kind !== "rest" ||
    visit.startedAt >= Date.parse(`${mode.until}T23:59:59Z`)
  )
    return false;
  return !isWrite(visit) || mayObserveWrite(visit, refusal.rule);
}

const isWrite = (visit: Visit): boolean => visit.method !== "GET" && visit.method !== "HEAD";

/** Records that a request would be refused. A write to a repository that may be read is judged on as if it could be written: only that lock is open. */
export function observe(isolate: Isolate, visit: Visit, refusal: Refusal): Promise<Response> {
  visit.decision = "observe";
  visit.refusal = refusal;
  if (refusal.rule !== "access-read-only") return observed(isolate, visit, refusal);
  const verdict = judgeTarget(isolate.policy, visit.method, visit.target, true);
  visit.verdict = verdict;
  if (verdict.refusal !== undefined) throw new Refused(verdict.refusal);
  visit.write = true;
  return rest(isolate, visit);
}

/**
 * Lets a request through that would be refused. Limits, token and answer filter are those of every request; a body is sent only when it is JSON with one
 * reading and without a credential in it, and nothing else is wrong with it. `text`: the body, when it has been read and judged.
 */
export async function observed(isolate: Isolate, visit: Visit, refusal: Refusal, text?: string): Promise<Response> {
  visit.write = isWrite(visit);
  let body = text ?? (visit.write ? await bodyOf(isolate, visit) : "");
  const findings = findSecrets(body, 0, 20, isolate.policy.allowances.at(visit.startedAt));
  visit.note(findings);
  if (refusing(findings).length > 0) throw new Refused(new SecretRefusal(findings));
  if (visit.write && text === undefined && visit.verdict !== undefined) {
    const judged = judgeBody(isolate.policy, visit.verdict, body, visit.requestId, visit.startedAt);
    if (judged instanceof Refusal && !mayObserve(isolate, visit, judged)) throw new Refused(judged);
    if (!(judged instanceof Refusal)) body = judged.text ?? "";
  }
  visit.decision = "observe";
  visit.refusal = refusal;
  visit.admission = await isolate.link.admit(visit.background, visit.write, visit.bytesIn, visit.startedAt);
  const headers = forwardedHeaders(visit.headers, "");
  if (body !== "") headers["content-type"] = "application/json; charset=utf-8";
  const path = visit.target.startsWith("/api/v3/") ? visit.target.slice("/api/v3".length) : visit.target;
  const answer = await send(isolate, visit, {
    base: isolate.policy.policy.upstream.api,
    path,
    method: visit.method,
    headers: (token) => ({ ...headers, authorization: `Bearer ${token.value}` }),
    resource: "core",
    ...(body === "" ? {} : { body }),
  });
  return pass(isolate, visit, answer);
}

async function bodyOf(isolate: Isolate, visit: Visit): Promise<string> {
  const { text, bytes } = await readText(visit.request, isolate.policy.policy.limits.maxBodyBytes);
  visit.bytesIn = bytes;
  if (text === "") return "";
  judgeJsonType(visit.headers);
  judgeJsonText(visit.headers, text);
  const parsed = parseStrictJson(text);
  if (parsed instanceof Refusal) throw new Refused(parsed);
  return text;
}
