import { guideOf, guideText } from "../../policy/guide";
import { ownHeaders, refuse } from "../answer/problem";
import type { RequestContext } from "../context";
import type { Gate } from "../gate";
import { admit } from "../ledger/admit";

/** The gate's page that tells an agent what it may do; it needs a gate key. */
export const GUIDE = "/_gate/guide";

/** The guide as Markdown, or as JSON with `?format=json`. Nothing of it comes from GitHub. */
export async function guide(gate: Gate, context: RequestContext): Promise<Response> {
  const [, query = ""] = context.target.split("?", 2);
  context.route = "gate.guide";
  if (context.method !== "GET" && context.method !== "HEAD") refuse("route-not-allowed");
  if (!["", "format=json", "format=markdown"].includes(query)) refuse("query-value", "format is json or markdown");
  await admit(gate, context, 0);
  const { policy } = gate;
  const made = guideOf({ ...policy, repositories: policy.repositories.values() }, context.origin);
  const isJson = query === "format=json";
  return new Response(
    context.method === "HEAD" ? null : isJson ? `${JSON.stringify(made, null, 2)}\n` : guideText(made),
    {
      headers: {
        ...ownHeaders(context.requestId),
        "content-type": isJson ? "application/json; charset=utf-8" : "text/markdown; charset=utf-8",
      },
    },
  );
}
