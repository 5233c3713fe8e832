import { guideOf, guideText } from "../../policy/guide";
import { judgeAgreement, LEGACY, MODERN, readMessage, type Fields } from "../../policy/mcp/message";
import { openTools, readCall, type Tool } from "../../policy/mcp/tools";
import { Refusal } from "../../policy/refusals";
import { judgeBody } from "../../policy/rest/body";
import { judgeTarget } from "../../policy/target";
import { SecretRefusal } from "../../policy/verdict";
import type { FilteredAnswer } from "../answer/headers";
import { jsonRpc } from "../answer/mcp";
import { ownHeaders, refuse, Refused } from "../answer/problem";
import type { RequestContext } from "../context";
import type { Gate } from "../gate";
import { admit } from "../ledger/admit";
import { readText } from "../request/body";
import { judgeJsonType } from "../request/headers";
import { forwardGraphql } from "./graphql";
import { forwardRest } from "./rest";

const SERVER = { name: "gatehouse", version: "1" };

/**
 * MCP over HTTP: one JSON-RPC request, one JSON answer, no session. A call of a tool becomes the request it stands for,
 * and that is what is judged, sent and recorded. Nothing is only observed here.
 */
export async function mcp(gate: Gate, context: RequestContext): Promise<Response> {
  context.route = "mcp";
  context.mcp = { id: null, modern: false, isCall: false };
  if (context.headers.has("origin")) refuse("origin-not-allowed");
  if (context.method !== "POST") refuse("mcp-stream");
  judgeJsonType(context.headers);
  const { text, bytes } = await readText(context.request, gate.policy.limits.maxBodyBytes);
  context.bytesIn = bytes;
  const message = readMessage(text);
  if (message instanceof Refusal) throw new Refused(message);
  const disagreement = judgeAgreement(message, context.headers);
  if (disagreement !== undefined) throw new Refused(disagreement);
  const { id, method, params, modern } = message;
  if (id === undefined) {
    await admit(gate, context, bytes);
    return new Response(null, { status: 202, headers: ownHeaders(context.requestId) });
  }
  context.mcp = { id, modern, isCall: method === "tools/call" };
  if (method === "tools/call") return call(gate, context, params);
  await admit(gate, context, bytes);
  const guide = (): string =>
    guideText(guideOf({ ...gate.policy, repositories: gate.policy.repositories.values() }, context.origin));
  const capabilities = { tools: {} };
  if (method === "tools/list") return result(context, { tools: openTools(gate.policy.open) }, true);
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

async function call(gate: Gate, context: RequestContext, params: Fields): Promise<Response> {
  const asked = readCall(params);
  if (asked instanceof Refusal) throw new Refused(asked);
  context.becomes(asked.method, asked.target);
  const verdict = judgeTarget(gate.policy, asked.method, asked.target);
  context.verdict = verdict;
  if (verdict.refusal !== undefined) throw new Refused(verdict.refusal);
  if (asked.tool.mutation !== undefined) {
    context.route = asked.route.id;
    return shown(gate, context, asked.tool, await forwardGraphql(gate, context, asked.body ?? ""));
  }
  // What was judged must be the route of the tool, whatever its arguments hold.
  if (verdict.route !== asked.route) return refuse("mcp-tool", asked.tool.name);
  context.write = asked.route.access === "write";
  const judged = judgeBody(gate.policy, verdict, asked.body, context.requestId, context.startedAt);
  if (judged instanceof SecretRefusal || !(judged instanceof Refusal)) context.addFindings(judged.findings);
  if (judged instanceof Refusal) throw new Refused(judged);
  return shown(gate, context, asked.tool, await forwardRest(gate, context, judged));
}

/** GitHub's answer as the result of a call. */
function shown(gate: Gate, context: RequestContext, tool: Tool, { status, body }: FilteredAnswer): Response {
  const text = typeof body === "string" ? body : decoder.decode(body ?? undefined);
  const isError = status < 200 || status > 299;
  if (isError || tool.shows === undefined)
    return asResult(context, [isError ? `GitHub answered ${status}: ${text}` : text], isError);
  const made = tool.shows(text);
  const { token } = context;
  if (token === undefined) return refuse("gate-error");
  // Guard `mcp-reflection`: what was decoded may show the token in a form that the answer did not have.
  const redactor = gate.redactorFor(token);
  const parts = made.parts.map((part) => (part === text ? part : redactor.clean(part)));
  if (parts.some((part, i) => part !== made.parts[i]))
    gate.alerts.raise(context.background, "token-reflected", { requestId: context.requestId });
  return asResult(context, parts, made.isError === true);
}

const decoder = new TextDecoder();

const asResult = (context: RequestContext, parts: readonly string[], isError: boolean): Response =>
  result(context, {
    content: parts.map((text) => ({ type: "text", text })),
    ...(isError ? { isError } : {}),
  });

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
