import { SecretRefusal } from "../infra/posture/gate/body";
import { judgeGraphql } from "../infra/posture/gate/graphql/judge";
import { emptyElsewhere, judgeResolved, RESOLVE_QUERY } from "../infra/posture/gate/graphql/resolve";
import { Refusal } from "../infra/posture/gate/refusals";
import type { Isolate } from "./isolate";
import { lookUp } from "./lookup";
import { Refused, refuse } from "./problem";
import { judgeJsonType, readJson, readText } from "./requests";
import { pass } from "./rest";
import { send } from "./upstream";
import type { Visit } from "./visit";

/** GraphQL: one operation of open fields, posted as JSON. A refused request is a 403 like any other. */
export async function graphql(isolate: Isolate, visit: Visit): Promise<Response> {
  const { request } = visit;
  if (request.method !== "POST" || visit.target.includes("?")) refuse("graphql-malformed", "POST without a query string");
  judgeJsonType(visit.headers);
  const { text, bytes } = await readText(request, isolate.policy.policy.limits.maxBodyBytes);
  visit.bytesIn = bytes;
  const judged = judgeGraphql(isolate.policy, text);
  if (judged instanceof SecretRefusal) visit.findings = judged.findings;
  if (judged instanceof Refusal) throw new Refused(judged);
  visit.write = judged.write;
  visit.route = judged.write ? "graphql.mutation" : "graphql.query";
  visit.repository = judged.repository?.fullName ?? "";
  if (!isolate.policy.open.has(visit.route)) refuse("route-not-allowed");
  const admission = isolate.link.admit(visit.background, visit.write, bytes, visit.startedAt);
  visit.admission = admission instanceof Promise ? await admission : admission;
  if (judged.ids.length > 0) {
    const answer = await post(isolate, visit, JSON.stringify({ query: RESOLVE_QUERY, variables: { ids: judged.ids } }));
    const refused = judgeResolved(isolate.policy, judged.ids, await parsed(answer), judged.write);
    if (refused !== undefined) throw new Refused(refused);
  }
  for (const lookup of judged.lookups) await lookUp(isolate, visit, lookup);
  const answer = await post(isolate, visit, judged.text);
  return pass(isolate, visit, answer, judged.elsewhere.length === 0 ? undefined : (raw) => {
    let body: { data?: unknown };
    try {
      body = JSON.parse(raw) as typeof body;
    } catch {
      return refuse("answer-refused");
    }
    emptyElsewhere(isolate.policy, body.data, judged.elsewhere);
    return JSON.stringify(body);
  });
}

function post(isolate: Isolate, visit: Visit, body: string): Promise<Response> {
  const url = isolate.policy.policy.upstream.graphql;
  return send(isolate, visit, {
    base: url,
    path: "",
    method: "POST",
    headers: (token) => ({ authorization: `Bearer ${token.value}`, "content-type": "application/json; charset=utf-8", accept: "application/vnd.github+json", "user-agent": "gatehouse" }),
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
