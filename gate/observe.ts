import { SecretRefusal } from "../infra/posture/gate/body";
import { parseStrictJson } from "../infra/posture/gate/json";
import { Refusal, type RuleId } from "../infra/posture/gate/refusals";
import { findSecrets } from "../infra/posture/gate/secrets";
import type { Isolate } from "./isolate";
import { Refused } from "./problem";
import { forwardedHeaders, judgeJsonType, readText } from "./requests";
import { pass } from "./rest";
import { send } from "./upstream";
import type { Visit } from "./visit";

/**
 * What a posture or a version of the gate could open. Everything else is closed in every posture (merging, minting, hooks, keys, other owners, branches
 * and paths that are not the agent's), or protects the gate's own reading of the request, and is refused while observing, too.
 */
const OBSERVED: ReadonlySet<RuleId> = new Set(["route-not-allowed", "repository-not-listed", "access-read-only", "query-not-allowed", "body-key-not-allowed", "body-value", "search-not-scoped"]);

/**
 * Guard `observe-end`: whether a refusal is only recorded. In `observe`, until the end of its day (UTC) and never after, a REST request that is understood
 * and forbidden by what a posture could open goes on to GitHub, where the other locks still hold. GraphQL and git are judged as always.
 */
export function mayObserve(isolate: Isolate, visit: Visit, refusal: Refusal): boolean {
  const { mode } = isolate.policy.policy;
  return mode.kind === "observe" && OBSERVED.has(refusal.rule) && visit.verdict?.kind === "rest" && visit.startedAt < Date.parse(`${mode.until}T23:59:59Z`);
}

/**
 * Lets a request through that would be refused, and records it as such. Limits, token and answer filter are those of every request; a body is sent only
 * when it is JSON with one reading and without a credential in it. `text`: the body, when it has been read.
 */
export async function observed(isolate: Isolate, visit: Visit, refusal: Refusal, text?: string): Promise<Response> {
  visit.write = visit.method !== "GET" && visit.method !== "HEAD";
  const body = text ?? (visit.write ? await bodyOf(isolate, visit) : "");
  const findings = findSecrets(body);
  if (findings.length > 0) {
    visit.findings = findings;
    throw new Refused(new SecretRefusal(findings));
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
  const parsed = parseStrictJson(text);
  if (parsed instanceof Refusal) throw new Refused(parsed);
  return text;
}
