import { judgeBody, SecretRefusal } from "../infra/posture/gate/body";
import type { Lookup } from "../infra/posture/gate/lookups";
import { Refusal } from "../infra/posture/gate/refusals";
import type { Route } from "../infra/posture/gate/routes";
import { answerHeaders } from "./answers";
import { download } from "./download";
import type { Isolate } from "./isolate";
import { lookUp } from "./lookup";
import { Refused, refuse } from "./problem";
import { forwardedHeaders, judgeJsonType, readBytes, readText } from "./requests";
import { send, type UpstreamRequest } from "./upstream";
import type { Visit } from "./visit";

/** Largest answer that is read whole, to be filtered; larger ones are refused, but for plain file contents, which stream. */
const MAX_TEXT_ANSWER = 16 * 1024 * 1024;

/** Takes a REST request whose target has passed from its body to its answer. */
export async function rest(isolate: Isolate, visit: Visit): Promise<Response> {
  const { request } = visit;
  const verdict = visit.verdict;
  const route = verdict?.route;
  if (verdict === undefined || route === undefined) return refuse("route-not-allowed");
  const limits = isolate.policy.policy.limits;
  let body: string | undefined;
  let lookups: readonly Lookup[] = [];
  if (request.body === null || request.method === "GET" || request.method === "HEAD") {
    if (request.body !== null && (await readBytes(request, 0).catch(() => undefined)) === undefined) refuse("body-unexpected");
    if (route.body !== undefined && route.bodyOptional !== true) refuse("body-missing");
  } else {
    if (Number(request.headers.get("content-length") ?? 1) > 0 && route.body !== undefined) judgeJsonType(request.headers);
    const read = await readText(request, limits.maxBodyBytes);
    visit.bytesIn = read.bytes;
    const judged = judgeBody(isolate.policy, verdict, read.text);
    if (judged instanceof SecretRefusal) visit.findings = judged.findings;
    if (judged instanceof Refusal) throw new Refused(judged);
    body = judged.text;
    lookups = judged.lookups;
  }
  const admission = isolate.link.admit(visit.background, visit.write, visit.bytesIn, visit.startedAt);
  visit.admission = admission instanceof Promise ? await admission : admission;
  for (const lookup of lookups) await lookUp(isolate, visit, lookup);
  const answer = await send(isolate, visit, requestOf(isolate, visit, route, verdict.sent, body));
  if (route.download === true && answer.status >= 300 && answer.status < 400 && answer.status !== 304) return download(isolate, visit, answer);
  return pass(isolate, visit, answer);
}

function requestOf(isolate: Isolate, visit: Visit, route: Route, path: string, body: string | undefined): UpstreamRequest {
  // Judged before the token is there: a refusal needs none.
  const headers = forwardedHeaders(visit.request.headers, "");
  if (body !== undefined) headers["content-type"] = "application/json; charset=utf-8";
  return {
    base: isolate.policy.policy.upstream.api,
    path,
    method: visit.request.method,
    headers: (token) => {
      headers["authorization"] = `Bearer ${token.value}`;
      return headers;
    },
    resource: route.search !== true ? "core" : route.id === "search.code" ? "code_search" : "search",
    ...(body === undefined ? {} : { body }),
  };
}

/** Passes an answer on: headers by allow-list, addresses back to the gate, no trace of the token. `edit` changes the text first. */
export async function pass(isolate: Isolate, visit: Visit, answer: Response, edit?: (text: string) => string): Promise<Response> {
  const headers = answerHeaders(answer.headers, visit.requestId);
  const base = visit.base;
  const token = visit.token;
  if (token === undefined) return refuse("gate-error");
  const reflections = isolate.reflectionsOf(token);
  for (const [name, value] of headers) if (reflections.has(value)) headers.delete(name);
  const link = answer.headers.get("link");
  if (link !== null) {
    const back = isolate.addresses.link(link, base);
    if (back !== undefined && !reflections.has(back)) headers.set("link", back);
  }
  if (answer.status >= 300 && answer.status < 400 && answer.status !== 304) {
    await answer.body?.cancel();
    const back = isolate.addresses.back(answer.headers.get("location") ?? "", base);
    if (back === undefined || reflections.has(back)) return refuse("redirect-refused");
    headers.set("location", back);
    headers.delete("content-type");
    return new Response(null, { status: answer.status, headers });
  }
  if (answer.body === null || answer.status === 304 || answer.status === 204 || visit.request.method === "HEAD") return new Response(null, { status: answer.status, headers });
  const text = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(await readBytes(answer, MAX_TEXT_ANSWER, "answer-too-large"));
  const edited = edit === undefined ? text : edit(text);
  const clean = reflections.clean(edited);
  if (clean !== edited) isolate.alerts.raise(visit.background, "token-reflected", { requestId: visit.requestId });
  const out = new TextEncoder().encode(/json/i.test(answer.headers.get("content-type") ?? "") ? isolate.addresses.body(clean, base) : clean);
  visit.bytesOut = out.length;
  if (!isolate.link.takeBytesNow(out.length, Date.now())) await isolate.link.takeBytes(visit.background, out.length);
  return new Response(out, { status: answer.status, headers });
}
