import { OPENED } from "../../policy/graphql/gateFields";
import { onlyOpen } from "../../policy/graphql/introspection";
import { judgeGraphql, type JudgedGraphql } from "../../policy/graphql/judge";
import {
  judgeResolved,
  nodesOf,
  removeForeign,
  RESOLVE_QUERY,
  RESOLVE_WITH_CONTENT,
} from "../../policy/graphql/resolve";
import { Refusal } from "../../policy/refusals";
import { SecretRefusal } from "../../policy/verdict";
import { filterAnswer } from "../answer/filter";
import { respond, type FilteredAnswer } from "../answer/headers";
import { refuse, Refused } from "../answer/problem";
import type { RequestContext } from "../context";
import type { Gate } from "../gate";
import { admit } from "../ledger/admit";
import { readJson, readText } from "../request/body";
import { judgeJsonText, judgeJsonType } from "../request/headers";
import { lookUp } from "../upstream/lookup";
import { send } from "../upstream/send";
import { labelAndRequestReview, numberOf } from "./pullRequests";

/** Steps 4 to 7 of worker.ts for GraphQL: one operation of open fields, posted as JSON. */
export async function graphql(gate: Gate, context: RequestContext): Promise<Response> {
  const { request } = context;
  if (request.method !== "POST" || context.target.includes("?"))
    refuse("graphql-malformed", "POST without a query string");
  judgeJsonType(context.headers);
  const { text, bytes } = await readText(request, gate.policy.limits.maxBodyBytes);
  context.bytesIn = bytes;
  judgeJsonText(context.headers, text);
  return respond(await forwardGraphql(gate, context, text));
}

/** Steps 4 to 7 for the text of a body: judges it, admits it, sends it with the token, and filters the answer. */
export async function forwardGraphql(gate: Gate, context: RequestContext, text: string): Promise<FilteredAnswer> {
  const judged = judgeGraphql(gate.policy, text, context.requestId, context.startedAt);
  if (judged instanceof SecretRefusal || !(judged instanceof Refusal)) context.addFindings(judged.findings);
  if (judged instanceof Refusal) throw new Refused(judged);
  context.write = judged.write;
  context.route = judged.write ? "graphql.mutation" : "graphql.query";
  context.repository = judged.repository?.fullName ?? "";
  if (!gate.policy.open.has(context.route)) refuse("route-not-allowed");
  await admit(gate, context, context.bytesIn);
  let final = judged.text;
  if (judged.ids.length > 0) {
    const resolved = await parsed(
      await post(
        gate,
        context,
        JSON.stringify({
          query: judged.deferred === undefined ? RESOLVE_QUERY : RESOLVE_WITH_CONTENT,
          variables: { ids: judged.ids },
        }),
      ),
    );
    const refused = judgeResolved(gate.policy, judged.ids, resolved, judged.write);
    if (refused !== undefined) throw new Refused(refused);
    const completed = judged.deferred?.(nodesOf(resolved)) ?? final;
    if (completed instanceof Refusal) throw new Refused(completed);
    final = completed;
  }
  for (const lookup of judged.lookups) await lookUp(gate, context, lookup);
  const answer = await post(gate, context, final);
  if (judged.opens === undefined)
    return filterAnswer(
      gate,
      context,
      answer,
      judged.foreign.length === 0 && judged.introspected.length === 0
        ? undefined
        : (raw) => edited(raw, ({ data }) => filterData(gate, data, judged)),
    );
  return opened(gate, context, judged, answer, judged.opens);
}

/** Removes other repositories from an answer's data, and from introspection whatever is not open. */
function filterData(gate: Gate, data: unknown, { foreign, introspected }: JudgedGraphql): void {
  removeForeign(gate.policy, data, foreign);
  const holder = data as Record<string, unknown> | null | undefined;
  for (const key of introspected)
    if (holder !== null && holder !== undefined && Object.hasOwn(holder, key)) holder[key] = onlyOpen(holder[key]);
}

/**
 * The answer about an opened pull request, which is labelled whatever becomes of the answer.
 * @param key where the answer has the pull request
 */
async function opened(
  gate: Gate,
  context: RequestContext,
  { repository, foreign }: JudgedGraphql,
  answer: Response,
  key: string,
): Promise<FilteredAnswer> {
  let made: unknown = answer.status === 200 ? {} : undefined;
  try {
    return await filterAnswer(gate, context, answer, (raw) =>
      edited(raw, ({ data }) => {
        const payload = (data as Record<string, Record<string, unknown> | null> | null | undefined)?.[key];
        // If the answer has no pull request, GitHub has refused.
        made = payload === null || payload === undefined ? undefined : (payload[OPENED] ?? {});
        if (payload !== null && payload !== undefined) delete payload[OPENED];
        removeForeign(gate.policy, data, foreign);
      }),
    );
  } finally {
    if (made !== undefined && repository !== undefined)
      await labelAndRequestReview(gate, context, repository, numberOf(made));
  }
}

function edited(raw: string, edit: (body: { data?: unknown }) => void): string {
  let body: { data?: unknown };
  try {
    body = JSON.parse(raw) as typeof body;
  } catch {
    return refuse("answer-refused");
  }
  edit(body);
  return JSON.stringify(body);
}

function post(gate: Gate, context: RequestContext, body: string): Promise<Response> {
  const url = gate.policy.upstream.graphql;
  return send(gate, context, {
    base: url,
    path: "",
    method: "POST",
    headers: (token) => ({
      authorization: `Bearer ${token.value}`,
      "content-type": "application/json; charset=utf-8",
      accept: "application/vnd.github+json",
      "user-agent": "gatehouse",
    }),
    body,
    resource: "graphql",
  });
}

async function parsed(answer: Response): Promise<unknown> {
  if (answer.status !== 200) {
    await answer.body?.cancel();
    refuse("upstream-error", String(answer.status));
  }
  return readJson(answer, 1024 * 1024);
}
