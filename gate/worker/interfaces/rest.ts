import type { CompiledRepository } from "../../policy/compiled";
import type { Lookup } from "../../policy/lookups";
import { Refusal } from "../../policy/refusals";
import { judgeBody } from "../../policy/rest/body";
import { withoutForeignRepositories } from "../../policy/rest/foreignRepositories";
import type { Route } from "../../policy/rest/routes";
import { SecretRefusal, type DeferredBody } from "../../policy/verdict";
import { filterAnswer } from "../answer/filter";
import type { FilteredAnswer } from "../answer/headers";
import { refuse, Refused } from "../answer/problem";
import type { RequestContext } from "../context";
import type { Gate } from "../gate";
import { admit } from "../ledger/admit";
import { readBytes, readJson, readText } from "../request/body";
import { forwardedHeaders, judgeJsonText, judgeJsonType } from "../request/headers";
import { lookUp } from "../upstream/lookup";
import { askApi, send, type UpstreamRequest } from "../upstream/send";
import { redirected } from "./download";
import { mayObserve } from "./observe";
import { labelAndRequestReview, numberIn } from "./pullRequests";

/** Largest description of a pull request that is read before it is changed. */
const MAX_ITEM = 16 * 1024 * 1024;

/** A REST body that has been judged: what is sent, and what must be asked first. */
interface RestBody {
  readonly text: string | undefined;
  readonly lookups: readonly Lookup[];
  readonly deferred?: DeferredBody;
}

/** A REST body that would be refused, but is only observed (see observe.ts). */
interface ObservedBody {
  readonly refusal: Refusal;
  readonly text: string;
}

const NO_BODY: RestBody = { text: undefined, lookups: [] };

/** Step 4 of worker.ts for REST: reads and judges the body of a request whose target has passed. */
export async function inspectRest(gate: Gate, context: RequestContext): Promise<RestBody | ObservedBody> {
  const { method, request, verdict } = context;
  const route = verdict?.route;
  if (verdict === undefined || route === undefined) return refuse("route-not-allowed");
  if (method === "GET" || method === "HEAD" || request.body === null) {
    const length = context.headers.get("content-length");
    const mayHaveBody = (length !== undefined && length !== "0") || context.headers.has("transfer-encoding");
    if (mayHaveBody && (await readBytes(request, 0).catch(() => undefined)) === undefined) refuse("body-unexpected");
    if (route.body !== undefined && route.bodyOptional !== true) refuse("body-missing");
    return NO_BODY;
  }
  if (Number(context.headers.get("content-length") ?? 1) > 0 && route.body !== undefined)
    judgeJsonType(context.headers);
  const { text, bytes } = await readText(request, gate.policy.limits.maxBodyBytes);
  context.bytesIn = bytes;
  if (bytes > 0 && route.body !== undefined) judgeJsonText(context.headers, text);
  const judged = judgeBody(gate.policy, verdict, text, context.requestId, context.startedAt);
  if (judged instanceof SecretRefusal || !(judged instanceof Refusal)) context.addFindings(judged.findings);
  if (!(judged instanceof Refusal)) return judged;
  if (!mayObserve(gate, context, judged)) throw new Refused(judged);
  return { refusal: judged, text };
}

/** Steps 5 to 7 of worker.ts for REST: admits the request, sends it with the token, and filters the answer. */
export async function forwardRest(gate: Gate, context: RequestContext, body: RestBody): Promise<FilteredAnswer> {
  const { verdict } = context;
  const route = verdict?.route;
  if (verdict === undefined || route === undefined) return refuse("route-not-allowed");
  await admit(gate, context, context.bytesIn);
  for (const lookup of body.lookups) await lookUp(gate, context, lookup);
  const text = body.deferred === undefined ? body.text : await completeBody(gate, context, body.deferred);
  const answer = await send(gate, context, requestOf(gate, context, route, verdict.sent, text));
  if (route.pullRequest === "opens" && answer.status === 201 && verdict.repository !== undefined)
    return opened(gate, context, verdict.repository, answer);
  if (route.download === true && answer.status >= 300 && answer.status < 400 && answer.status !== 304)
    return redirected(gate, context, answer);
  return filterAnswer(gate, context, answer, (raw) => withoutForeignRepositories(gate.policy, raw));
}

/** Guard `pull-request-updates`: reads what a pull request has now, so that the gate's label and trailer stay. */
async function completeBody(gate: Gate, context: RequestContext, { path, finish }: DeferredBody): Promise<string> {
  const answer = await askApi(gate, context, path);
  if (answer.status !== 200) {
    await answer.body?.cancel();
    refuse(
      answer.status === 404 || answer.status === 410 || answer.status === 301 ? "lookup-failed" : "upstream-error",
    );
  }
  const text = finish(await readJson(answer, MAX_ITEM));
  if (text instanceof Refusal) throw new Refused(text);
  return text;
}

/** The answer about an opened pull request, which is labelled whatever becomes of the answer. */
async function opened(
  gate: Gate,
  context: RequestContext,
  repository: CompiledRepository,
  answer: Response,
): Promise<FilteredAnswer> {
  let number: number | undefined;
  try {
    return await filterAnswer(gate, context, answer, (text) => {
      number = numberIn(text);
      return withoutForeignRepositories(gate.policy, text);
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
