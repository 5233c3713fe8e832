import type { Refusal } from "../infra/posture/gate/refusals";
import type { Isolate } from "./isolate";
import { forwardedHeaders, readBytes } from "./requests";
import { pass } from "./rest";
import { send } from "./upstream";
import type { Visit } from "./visit";

/**
 * Whether a refusal is only recorded. In `observe`, until its date and never after, a REST request that is understood and forbidden (403) goes on to
 * GitHub, where the other locks still hold. What is malformed, unauthenticated, too large or over a limit is refused as always, and so are GraphQL
 * and git: their refusals protect the gate's own reading of the request.
 */
export function mayObserve(isolate: Isolate, visit: Visit, refusal: Refusal): boolean {
  const { mode } = isolate.policy.policy;
  return mode.kind === "observe" && refusal.status === 403 && visit.verdict?.kind === "rest" && visit.startedAt < Date.parse(`${mode.until}T23:59:59Z`);
}

/** Lets a request through that would be refused, and records it as such. Limits, token and answer filter are those of every request. */
export async function observed(isolate: Isolate, visit: Visit, refusal: Refusal): Promise<Response> {
  const { request } = visit;
  visit.decision = "observe";
  visit.refusal = refusal;
  visit.write = visit.method !== "GET" && visit.method !== "HEAD";
  const body = visit.write ? await readBytes(request, isolate.policy.policy.limits.maxBodyBytes) : new Uint8Array(0);
  visit.bytesIn = body.length;
  visit.admission = await isolate.link.admit(visit.background, visit.write, body.length, visit.startedAt);
  const headers = forwardedHeaders(visit.headers, "");
  const type = visit.headers.get("content-type");
  if (body.length > 0) headers["content-type"] = type !== undefined && /^application\/json/i.test(type) ? type : "application/json";
  const path = visit.target.startsWith("/api/v3/") ? visit.target.slice("/api/v3".length) : visit.target;
  const answer = await send(isolate, visit, {
    base: isolate.policy.policy.upstream.api,
    path,
    method: visit.method,
    headers: (token) => ({ ...headers, authorization: `Bearer ${token.value}` }),
    resource: "core",
    ...(body.length > 0 ? { body } : {}),
  });
  return pass(isolate, visit, answer);
}
