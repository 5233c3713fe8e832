import { judgeBody, SecretRefusal, type Kept } from "../../policy/rest/body";
import type { CompiledRepository } from "../../policy/compiled";
import { withoutElsewhere } from "../../policy/rest/foreignRepositories";
import type { Lookup } from "../../policy/lookups";
import { Refusal } from "../../policy/refusals";
import type { Route } from "../../policy/rest/routes";
import { answerHeaders, cleanHeaders, respond, type TokenRedactor } from "../answer/answers";
import { redirected } from "./download";
import type { Gate } from "../gate";
import { lookUp } from "../upstream/lookup";
import { mayObserve, observed } from "./observe";
import { Refused, refuse } from "../answer/problem";
import { labelAndRequestReview, numberIn } from "./pullRequests";
import { forwardedHeaders, judgeJsonText, judgeJsonType, readBytes, readJson, readText } from "../request/requests";
import { askApi, send, type UpstreamRequest } from "../upstream/send";
import type { RequestContext } from "../context";

/** Largest answer that is read whole, to be filtered; larger ones are refused. */
const MAX_TEXT_ANSWER = 16 * 1024 * 1024;

/** Takes a REST request whose target has passed from its body to its answer. */
export async function rest(gate: Gate, context: RequestContext): Promise<Response> {
  const { request } = context;
  const verdict = context.verdict;
  const route = verdict?.route;
  if (verdict === undefined || route === undefined) return refuse("route-not-allowed");
  const limits = gate.policy.limits;
  let body: string | undefined;
  let lookups: readonly Lookup[] = [];
  let kept: Kept | undefined;
  const { method } = context;
  if (method === "GET" || method === "HEAD" || request.body === null) {
    const length = context.headers.get("content-length");
    const mayHaveBody = (length !== undefined && length !== "0") || context.headers.has("transfer-encoding");
    if (mayHaveBody && (await readBytes(request, 0).catch(() => undefined)) === undefined) refuse("body-unexpected");
    if (route.body !== undefined && route.bodyOptional !== true) refuse("body-missing");
  } else {
    if (Number(context.headers.get("content-length") ?? 1) > 0 && route.body !== undefined)
      judgeJsonType(context.headers);
    const read = await readText(request, limits.maxBodyBytes);
    context.bytesIn = read.bytes;
    if (read.bytes > 0 && route.body !== undefined) judgeJsonText(context.headers, read.text);
    const judged = judgeBody(gate.policy, verdict, read.text, context.requestId, context.startedAt);
    if (judged instanceof SecretRefusal || !(judged instanceof Refusal)) context.addFindings(judged.findings);
    if (judged instanceof Refusal) {
      if (!mayObserve(gate, context, judged)) throw new Refused(judged);
      return observed(gate, context, judged, read.text);
    }
    body = judged.text;
    lookups = judged.lookups;
    kept = judged.kept;
  }
  const admission = gate.ledger.admit(context.background, context.write, context.bytesIn, context.startedAt);
  context.admission = admission instanceof Promise ? await admission : admission;
  for (const lookup of lookups) await lookUp(gate, context, lookup);
  if (kept !== undefined) body = await keep(gate, context, kept);
  const answer = await send(gate, context, requestOf(gate, context, route, verdict.sent, body));
  if (route.marks === "opens" && answer.status === 201 && verdict.repository !== undefined)
    return opened(gate, context, verdict.repository, answer);
  if (route.download === true && answer.status >= 300 && answer.status < 400 && answer.status !== 304)
    return redirected(gate, context, answer);
  return pass(gate, context, answer, (text) => withoutElsewhere(gate.policy, text));
}

/** Guard `keep-marks`: reads what is there, so that what the gate has put on it stays. */
async function keep(gate: Gate, context: RequestContext, { path, finish }: Kept): Promise<string> {
  const answer = await askApi(gate, context, path);
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
  gate: Gate,
  context: RequestContext,
  repository: CompiledRepository,
  answer: Response,
): Promise<Response> {
  let number: number | undefined;
  try {
    return await pass(gate, context, answer, (text) => {
      number = numberIn(text);
      return withoutElsewhere(gate.policy, text);
    });
  } finally {
    await labelAndRequestReview(gate, context, repository, number);
  }
}

function requestOf(
  gate: Gate,
  context: RequestContext,
  route: Route,
  path: string,
  body: string | undefined,
): UpstreamRequest {
  // Judged before the token is there: a refusal needs none.
  const headers = forwardedHeaders(context.headers, "");
  if (body !== undefined) headers["content-type"] = "application/json; charset=utf-8";
  return {
    base: gate.policy.upstream.api,
    path,
    method: context.method,
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
  gate: Gate,
  context: RequestContext,
  answer: Response,
  edit?: (text: string) => string,
): Promise<Response> {
  const headers = answerHeaders(answer.headers, context.requestId);
  const base = context.base;
  const token = context.token;
  if (token === undefined) return refuse("gate-error");
  const redactor = gate.redactorFor(token);
  const link = answer.headers.get("link");
  if (link !== null) {
    const back = gate.addresses.link(link, base);
    if (back !== undefined) headers["link"] = back;
  }
  const { status } = answer;
  if (status >= 300 && status < 400 && status !== 304) {
    await answer.body?.cancel();
    const back = gate.addresses.back(answer.headers.get("location") ?? "", base);
    if (back === undefined) return refuse("redirect-refused");
    headers["location"] = back;
    delete headers["content-type"];
    return respond(null, status, cleanHeaders(headers, redactor));
  }
  if (answer.body === null || status === 304 || status === 204 || context.method === "HEAD")
    return respond(null, status, cleanHeaders(headers, redactor));
  if (headers["content-type"]?.includes("json") !== true) return passBytes(gate, context, answer, headers, redactor);
  const bytes = await readBytes(answer, MAX_TEXT_ANSWER, "answer-too-large");
  const text = decoder.decode(bytes);
  const edited = edit === undefined ? text : edit(text);
  const clean = redactor.isIn(bytes, text) ? redactor.clean(edited) : edited;
  if (clean !== edited) gate.alerts.raise(context.background, "token-reflected", { requestId: context.requestId });
  const out = gate.addresses.body(clean, base);
  // A text that was whole and had only addresses replaced, which are ASCII, is as much longer in bytes as in characters.
  const countable = clean === text && !text.includes("\ufffd");
  context.bytesOut = countable ? bytes.length + out.length - text.length : encoder.encode(out).length;
  if (!gate.ledger.takeBytesNow(context.bytesOut, context.startedAt))
    await gate.ledger.takeBytes(context.background, context.bytesOut);
  return respond(out, status, cleanHeaders(headers, redactor));
}

/** File contents, diffs and other answers that are not JSON pass as the bytes they are, or not at all. */
async function passBytes(
  gate: Gate,
  context: RequestContext,
  answer: Response,
  headers: Record<string, string>,
  redactor: TokenRedactor,
): Promise<Response> {
  const bytes = await readBytes(answer, MAX_TEXT_ANSWER, "answer-too-large");
  if (redactor.isIn(bytes, latin1.decode(bytes))) {
    gate.alerts.raise(context.background, "token-reflected", { requestId: context.requestId });
    return refuse("answer-refused");
  }
  context.bytesOut = bytes.length;
  if (!gate.ledger.takeBytesNow(bytes.length, context.startedAt))
    await gate.ledger.takeBytes(context.background, bytes.length);
  return respond(bytes, answer.status, cleanHeaders(headers, redactor));
}
