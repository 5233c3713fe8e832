import { Refusal } from "../refusals";
import { parseStrictJson, type Json } from "../text/json";

/** Where MCP is spoken, if the policy says so. */
export const MCP = "/mcp";

/** The revision without sessions, which names itself in each request; and those before it. */
export const MODERN = "2026-07-28";
export const LEGACY: readonly string[] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

const VERSION_KEY = "io.modelcontextprotocol/protocolVersion";

/** Keys of a JSON object; none of any other value. */
export type Fields = Readonly<Record<string, Json>>;
export const fields = (value: Json | undefined): Fields =>
  value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};

/** One request or notification of JSON-RPC. */
export interface Message {
  /** Undefined for a notification, which gets no answer. */
  readonly id: string | number | undefined;
  readonly method: string;
  readonly params: Fields;
  /** Whether it names the revision `MODERN`. */
  readonly modern: boolean;
}

/** Reads the body of a request to `/mcp`: one message, and no list of them. */
export function readMessage(text: string): Message | Refusal {
  const parsed = parseStrictJson(text);
  if (parsed instanceof Refusal) return parsed;
  const { jsonrpc, id, method, params: given } = fields(parsed.value);
  if (jsonrpc !== "2.0" || typeof method !== "string") return new Refusal("mcp-malformed");
  if (id !== undefined && typeof id !== "string" && typeof id !== "number") return new Refusal("mcp-malformed", "id");
  const params = fields(given);
  const version = fields(params["_meta"])[VERSION_KEY];
  if (version !== undefined && version !== MODERN) return new Refusal("mcp-version");
  return { id, method, params, modern: version === MODERN };
}

/** Guard `mcp-header`: what the headers say of the request is what the body says; a request of MODERN must say it. */
export function judgeAgreement(
  { method, params, modern }: Message,
  headers: ReadonlyMap<string, string>,
): Refusal | undefined {
  const version = headers.get("mcp-protocol-version");
  if (modern ? version !== MODERN : version === MODERN) return new Refusal("mcp-header", "MCP-Protocol-Version");
  if (version !== undefined && version !== MODERN && !LEGACY.includes(version)) return new Refusal("mcp-version");
  const said: readonly (readonly [string, Json | undefined, boolean])[] = [
    ["mcp-method", method, modern],
    ["mcp-name", params["name"], modern && method === "tools/call"],
  ];
  for (const [header, inBody, isNeeded] of said) {
    const value = headers.get(header);
    if (value === undefined ? isNeeded : value !== inBody) return new Refusal("mcp-header", header);
  }
  return undefined;
}
