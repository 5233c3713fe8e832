import { judgeBody, SecretRefusal, type Kept } from "../../policy/rest/body";
import type { CompiledRepository } from "../../policy/compiled";
import { withoutElsewhere } from "../../policy/rest/foreignRepositories";
import type { Lookup } from "../../policy/lookups";
import { Refusal } from "../../policy/refusals";
import type { Route } from "../../policy/rest/routes";
import { answerHeaders, cleanHeaders, type Reflections } from "../answer/answers";
import { redirected } from "./download";
import type { Isolate } from "../gate";
import { lookUp } from "../upstream/lookup";
import { mayObserve, observed } from "./observe";
import { Refused, refuse } from "../answer/problem";
import { mark, numberIn } from "./pullRequests";
import { forwardedHeaders, judgeJsonText, judgeJsonType, readBytes, readJson, readText } from "../request/requests";
import { askApi, send, type UpstreamRequest } from "../upstream/send";
import type { Visit } from "../context";

/** Largest answer that is read whole, to be filtered; larger ones are refused. */
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
  let kept: Kept | undefined;
  const { method } = visit;
  if (method === "GET" || method === "HEAD" || request.body === null) {
    const length = visit.headers.get("content-length");
    const mayHaveBody = (length !== undefined && length !== "0") || visit.headers.has("transfer-encoding");
    if (mayHaveBody && (await readBytes(request, 0).catch(() => undefined)) === undefined) refuse("body-unexpected");
    if (route.body !== undefined && route.bodyOptional !== true) refuse("body-missing");
  } else {
    if (Number(visit.headers.get("content-length") ?? 1) > 0 && route.body !== undefined) judgeJsonType(visit.headers);
    const read = await readText(request, limits.maxBodyBytes);
    visit.bytesIn = read.bytes;
    if (read.bytes > 0 && route.body !== undefined) judgeJsonText(visit.headers, read.text);
    const judged = judgeBody(isolate.policy, verdict, read.text, visit.requestId, visit.startedAt);
    if (judged instanceof SecretRefusal || !(judged instanceof Refusal)) visit.note(judged.findings);
    if (judged instanceof Refusal) {
      if (!mayObserve(isolate, visit, judged)) throw new Refused(judged);
      return observed(isolate, visit, judged, read.text);
    }
    body = judged.text;
    lookups = judged.lookups;
    kept = judged.kept;
  }
  const admission = isolate.link.admit(visit.background, visit.write, visit.bytesIn, visit.startedAt);
  visit.admission = admission instanceof Promise ? await admission : admission;
  for (const lookup of lookups) await lookUp(isolate, visit, lookup);
  if (kept !== undefined) body = await keep(isolate, visit, kept);
  const answer = await send(isolate, visit, requestOf(isolate, visit, route, verdict.sent, body));
  if (route.marks === "opens" && answer.status === 201 && verdict.repository !== undefined)
    return opened(isolate, visit, verdict.repository, answer);
  if (route.download === true && answer.status >= 300 && answer.status < 400 && answer.status !== 304)
    return redirected(isolate, visit, answer);
  return pass(isolate, visit, answer, (text) => withoutElsewhere(isolate.policy, text));
}

/** Guard `keep-marks`: reads what is there, so that what the gate has put on it stays. */
async function keep(isolate: Isolate, visit: Visit, { path, finish }: Kept): Promise<string> {
  const answer = await askApi(isolate, visit, path);
  if (answer.status !== 200) {
    await answer.body?.cancel();
    refuse(
      answer.status === 404 || answer.status === 410 || answer.status === 301 ? "lookup-failed" : "upstream-error",
    );
  }
  const text = finish(await readJson(answer, MAX_TEXT_ANSWER));
  if (text instanceof Refusal) throw new Refused(text);
  return text;
}

/** The answer about a pull request that was opened. It is marked whatever becomes of the answer. */
async function opened(
  isolate: Isolate,
  visit: Visit,
  repository: CompiledRepository,
  answer: Response,
): Promise<Response> {
  let number: number | undefined;
  try {
    return await pass(isolate, visit, answer, (text) => {
      number = numberIn(text);
      return withoutElsewhere(isolate.policy, text);
    });
  } finally {
    await mark(isolate, visit, repository, number);
  }
}

function requestOf(
  isolate: Isolate,
  visit: Visit,
  route: Route,
  path: string,
  body: string | undefined,
): UpstreamRequest {
  // Judged before the token is there: a refusal needs none.
  const headers = forwardedHeaders(visit.headers, "");
  if (body !== undefined) headers["content-type"] = "application/json; charset=utf-8";
  return {
    base: isolate.policy.policy.upstream.api,
    path,
    method: visit.method,
    headers: (token) => {
      headers["authorization"] = `Bearer ${token.value}`;
      return headers;
    },
    resource: route.search !== true ? "core" : route.id === "search.code" ? "code_search" : "search",
    ...(body === undefined ? {} : { body }),
  };
}

const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
const latin1 = new TextDecoder("latin1");
const encoder = new TextEncoder();

/** Passes an answer on: headers by allow-list, addresses back to the gate, no trace of the token. `edit` changes the text first. */
export async function pass(
  isolate: Isolate,
  visit: Visit,
  answer: Response,
  edit?: (text: string) => string,
): Promise<Response> {
  const headers = answerHeaders(answer.headers, visit.requestId);
  const base = visit.base;
  const token = visit.token;
  if (token === undefined) return refuse("gate-error");
  const reflections = isolate.reflectionsOf(token);
  const link = answer.headers.get("link");
  if (link !== null) {
    const back = isolate.addresses.link(link, base);
    if (back !== undefined) headers["link"] = back;
  }
  const { status } = answer;
  if (status >= 300 && status < 400 && status !== 304) {
    await answer.body?.cancel();
    const back = isolate.addresses.back(answer.headers.get("location") ?? "", base);
    if (back === undefined) return refuse("redirect-refused");
    headers["location"] = back;
    delete headers["content-type"];
    return new Response(null, { status, headers: cleanHeaders(headers, reflections) });
  }
  if (answer.body === null || status === 304 || status === 204 || visit.method === "HEAD")
    return new Response(null, { status, headers: cleanHeaders(headers, reflections) });
  if (headers["content-type"]?.includes("json") !== true)
    return passBytes(isolate, visit, answer, headers, reflections);
  const bytes = await readBytes(answer, MAX_TEXT_ANSWER, "answer-too-large");
  const text = decoder.decode(bytes);
  const edited = edit === undefined ? text : edit(text);
  const clean = reflections.isIn(bytes, text) ? reflections.clean(edited) : edited;
  if (clean !== edited) isolate.alerts.raise(visit.background, "token-reflected", { requestId: visit.requestId });
  const out = isolate.addresses.body(clean, base);
  // A text that was whole and had only addresses replaced, which are ASCII, is as much longer in bytes as in characters.
  const countable = clean === text && !text.includes("\ufffd");
  visit.bytesOut = countable ? bytes.length + out.length - text.length : encoder.encode(out).length;
  if (!isolate.link.takeBytesNow(visit.bytesOut, visit.startedAt))
    await isolate.link.takeBytes(visit.background, visit.bytesOut);
  return new Response(out, { status, headers: cleanHeaders(headers, reflections) });
}

/** File contents, diffs and other answers that are not JSON pass as the bytes they are, or not at all. */
async function passBytes(
  isolate: Isolate,
  visit: Visit,
  answer: Response,
  headers: Record<string, string>,
  reflections: Reflections,
): Promise<Response> {
  const bytes = await readBytes(answer, MAX_TEXT_ANSWER, "answer-too-large");
  if (reflections.isIn(bytes, latin1.decode(bytes))) {
    isolate.alerts.raise(visit.background, "token-reflected", { requestId: visit.requestId });
    return refuse("answer-refused");
  }
  visit.bytesOut = bytes.length;
  if (!isolate.link.takeBytesNow(bytes.length, visit.startedAt))
    await isolate.link.takeBytes(visit.background, bytes.length);
  return new Response(bytes, { status: answer.status, headers: cleanHeaders(headers, reflections) });
}
