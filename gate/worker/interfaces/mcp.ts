import { guideOf, guideText } from "../../policy/guide";
import { Refusal } from "../../policy/refusals";
import { judgeBody } from "../../policy/rest/body";
import { ROUTES } from "../../policy/rest/routes";
import { judgeTarget } from "../../policy/target";
import { parseStrictJson, type Json } from "../../policy/text/json";
import { SecretRefusal } from "../../policy/verdict";
import { jsonRpc, LEGACY, MODERN } from "../answer/mcp";
import { ownHeaders, refuse, Refused } from "../answer/problem";
import type { RequestContext } from "../context";
import type { Gate } from "../gate";
import { admit } from "../ledger/admit";
import { readText } from "../request/body";
import { judgeJsonType } from "../request/headers";
import { forwardRest } from "./rest";

/** Where MCP is spoken, if the policy says so. */
export const MCP = "/mcp";

const VERSION_KEY = "io.modelcontextprotocol/protocolVersion";
const SERVER = { name: "gatehouse", version: "1" };

type Fields = Readonly<Record<string, Json>>;
const fields = (value: Json | undefined): Fields =>
  value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};

/**
 * MCP over HTTP: one JSON-RPC request, one JSON answer, no session. A call of a tool becomes the REST request it stands
 * for, and that is what is judged, sent and recorded. Nothing is only observed here.
 */
export async function mcp(gate: Gate, context: RequestContext): Promise<Response> {
  context.route = "mcp";
  context.mcp = { id: null, modern: false, isCall: false };
  if (context.headers.has("origin")) refuse("origin-not-allowed");
  if (context.method !== "POST") refuse("mcp-stream");
  judgeJsonType(context.headers);
  const { text, bytes } = await readText(context.request, gate.policy.limits.maxBodyBytes);
  context.bytesIn = bytes;
  const parsed = parseStrictJson(text);
  if (parsed instanceof Refusal) throw new Refused(parsed);
  const message = fields(parsed.value);
  const { id, method } = message;
  const params = fields(message["params"]);
  if (message["jsonrpc"] !== "2.0" || typeof method !== "string") refuse("mcp-malformed");
  const version = fields(params["_meta"])[VERSION_KEY];
  if (version !== undefined && version !== MODERN) refuse("mcp-version");
  const modern = version === MODERN;
  judgeAgreement(context, method, params, modern);
  if (id === undefined) {
    await admit(gate, context, bytes);
    return new Response(null, { status: 202, headers: ownHeaders(context.requestId) });
  }
  if (typeof id !== "string" && typeof id !== "number") refuse("mcp-malformed", "id");
  context.mcp = { id, modern, isCall: method === "tools/call" };
  if (method === "tools/call") return call(gate, context, params);
  await admit(gate, context, bytes);
  const guide = (): string =>
    guideText(guideOf({ ...gate.policy, repositories: gate.policy.repositories.values() }, context.origin));
  const capabilities = { tools: {} };
  if (method === "tools/list") return result(context, { tools: await openTools(gate) }, true);
  if (method === "ping" && !modern) return result(context, {});
  if (method === "server/discover" && modern)
    return result(context, { supportedVersions: [MODERN], capabilities, instructions: guide() }, true);
  if (method === "initialize" && !modern) {
    const asked = params["protocolVersion"];
    const protocolVersion = typeof asked === "string" && LEGACY.includes(asked) ? asked : (LEGACY[0] ?? "");
    return result(context, { protocolVersion, capabilities, serverInfo: SERVER, instructions: guide() });
  }
  return refuse("mcp-method", method);
}

/** Guard `mcp-header`: what the headers say of the request is what the body says; a request of MODERN must say it. */
function judgeAgreement({ headers }: RequestContext, method: string, params: Fields, modern: boolean): void {
  const version = headers.get("mcp-protocol-version");
  if (modern ? version !== MODERN : version === MODERN) refuse("mcp-header", "MCP-Protocol-Version");
  if (version !== undefined && version !== MODERN && !LEGACY.includes(version)) refuse("mcp-version");
  const name = params["name"];
  const said: readonly (readonly [string, Json | undefined, boolean])[] = [
    ["mcp-method", method, modern],
    ["mcp-name", name, modern && method === "tools/call"],
  ];
  for (const [header, inBody, isNeeded] of said) {
    const value = headers.get(header);
    if (value === undefined ? isNeeded : value !== inBody) refuse("mcp-header", header);
  }
}

async function call(gate: Gate, context: RequestContext, params: Fields): Promise<Response> {
  const { TOOLS, CLOSED_TOOLS, requestOf } = await import("../../policy/mcp/tools");
  const { name } = params;
  if (typeof name !== "string") return refuse("mcp-malformed", "params.name");
  const tool = TOOLS.find((t) => t.name === name);
  const route = ROUTES.find((r) => r.id === tool?.route);
  if (tool === undefined || route === undefined)
    return refuse(Object.hasOwn(CLOSED_TOOLS, name) ? (CLOSED_TOOLS[name] ?? "mcp-tool") : "mcp-tool", name);
  const asked = requestOf(tool, route, fields(params["arguments"]));
  if ("rule" in asked) return refuse(asked.rule, asked.at);
  const { policy } = gate;
  context.becomes(asked.method, asked.target);
  const verdict = judgeTarget(policy, asked.method, asked.target);
  context.verdict = verdict;
  if (verdict.refusal !== undefined) throw new Refused(verdict.refusal);
  // What was judged must be the route of the tool, whatever its arguments hold.
  if (verdict.route !== route) return refuse("mcp-tool", name);
  context.write = route.access === "write";
  const judged = judgeBody(policy, verdict, asked.body, context.requestId, context.startedAt);
  if (judged instanceof SecretRefusal || !(judged instanceof Refusal)) context.addFindings(judged.findings);
  if (judged instanceof Refusal) throw new Refused(judged);
  const answer = await forwardRest(gate, context, judged);
  const text = await answer.text();
  return result(context, {
    content: [{ type: "text", text: answer.ok ? text : `GitHub answered ${answer.status}: ${text}` }],
    ...(answer.ok ? {} : { isError: true }),
  });
}

/** Guard `mcp-tool`: the tools that the policy opens, and no others. */
async function openTools({ policy }: Gate): Promise<Json> {
  const { TOOLS, described } = await import("../../policy/mcp/tools");
  return TOOLS.flatMap((tool) => {
    const route = ROUTES.find(({ id }) => id === tool.route);
    return route !== undefined && policy.open.has(route.id) ? [described(tool, route)] : [];
  });
}

/** @param mayKeep a client may keep it for itself; nothing is kept for others */
function result(context: RequestContext, of: Fields, mayKeep = false): Response {
  const { id = null, modern = false } = context.mcp ?? {};
  const more = modern
    ? {
        resultType: "complete",
        ...(mayKeep ? { ttlMs: 0, cacheScope: "private" } : {}),
        _meta: { "io.modelcontextprotocol/serverInfo": SERVER },
      }
    : {};
  return jsonRpc(context, 200, { id, result: { ...of, ...more } });
}
