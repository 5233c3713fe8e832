import { LEGACY, MODERN } from "../../policy/mcp/message";
import type { Refusal } from "../../policy/refusals";
import type { RequestContext } from "../context";
import { respond } from "./headers";
import { ownHeaders, waitWords } from "./problem";

/** An answer of JSON-RPC. */
export function jsonRpc(
  context: RequestContext,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): Response {
  return respond({
    body: JSON.stringify({ jsonrpc: "2.0", ...body }),
    status,
    headers: { ...ownHeaders(context.requestId), "content-type": "application/json; charset=utf-8", ...headers },
  });
}

/** Codes of JSON-RPC, and those that MCP adds. */
const CODES: Readonly<Record<string, number>> = {
  "body-malformed": -32700,
  "mcp-method": -32601,
  "mcp-header": -32020,
  "mcp-version": -32022,
};

/**
 * A refusal in MCP: of a tool, a result that the model reads, with status 200, because clients lose what comes with
 * another; of anything else, a JSON-RPC error. The record has the rule's own status.
 */
export function refusedMcp(context: RequestContext, refusal: Refusal, retryAfter?: number): Response {
  const { id = null, modern = false, isCall = false } = context.mcp ?? {};
  const { rule, status } = refusal;
  const message = `${rule}: ${refusal.message}${waitWords(retryAfter)} See ${context.rulePage(rule)}`;
  const gatehouse = { decision: "deny", rule, requestId: context.requestId };
  if (isCall)
    return jsonRpc(context, 200, {
      id,
      result: {
        content: [{ type: "text", text: message }],
        isError: true,
        _meta: { gatehouse },
        ...(modern ? { resultType: "complete" } : {}),
      },
    });
  const data = { gatehouse, ...(rule === "mcp-version" ? { supported: [MODERN, ...LEGACY] } : {}) };
  return jsonRpc(
    context,
    rule === "mcp-method" && !modern ? 200 : status,
    { id, error: { code: CODES[rule] ?? -32600, message, data } },
    rule === "mcp-stream" ? { allow: "POST" } : {},
  );
}
