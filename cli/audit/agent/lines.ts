import { createHash } from "node:crypto";
import { withoutSecrets } from "../../../gate/policy/text/secrets";
import { asList, asRecord, asText, type JsonRecord } from "../../../infra/config/json";
import { pulledLines } from "../lines";

/**
 * What a line of `agent.ndjson` tells. `session`, `thread` and `environment` are as they were when they were read, once
 * more when they changed; `agent` is the saved version that a session names; `deleted` says that a session is gone.
 */
type AgentLineKind = "session" | "thread" | "agent" | "environment" | "event" | "deleted";

/** One thing of the agent's side, as a line of `agent.ndjson`. */
export interface AgentLine {
  /** `claude`: Claude Managed Agents; `log`: a file that was given with `--agent-log`. */
  readonly source: "claude" | "log";
  readonly kind: AgentLineKind;
  /** In ISO 8601. */
  readonly at: string;
  /** The same thing has the same id in every pull. */
  readonly id: string;
  readonly session: string;
  /** The child thread in which it happened; absent in a session's primary thread. */
  readonly thread?: string;
  /** Ids of requests to the gate that stand in its text. */
  readonly requestIds?: readonly string[];
  /** As the source gave it, without the text of messages and results, and without what looks like a credential. */
  readonly event: JsonRecord;
}

/** The lines of `agent.ndjson`. @throws CouldNotRun with the line that is none */
export const agentLines = (file: string): AgentLine[] =>
  pulledLines(file, { at: "string", kind: "string", event: "object" }, "line");

/** How the gate's ids read where an agent sees them: in headers, refusals, git's messages and pull requests. */
const REQUEST_ID =
  /(?:x-gatehouse-request-id|gatehouse-request|requestId|request id|request)["'\\\s:=]{1,8}([0-9a-z]{1,20}(?:-[0-9a-z]{1,40}){1,6})/gi;

/** Ids of requests in a text. What only reads like one joins nothing: a join wants a record of that id. */
export function requestIdsIn(text: string): string[] {
  return [...new Set([...text.matchAll(REQUEST_ID)].map((match) => match[1] ?? ""))].filter((id) => /\d/.test(id));
}

/**
 * A line as it is kept. What people and agents wrote, and what tools answered, is left out but for its length and its
 * SHA-256: it may be anything that the agent read. The input of a tool call stays, since it is what the agent did.
 */
export function keptLine(line: Omit<AgentLine, "requestIds">): AgentLine {
  const requestIds = requestIdsIn(JSON.stringify(line.event));
  const event =
    "content" in line.event ? { ...line.event, content: asList(line.event.content).map(fingerprint) } : line.event;
  return {
    ...line,
    ...(requestIds.length === 0 ? {} : { requestIds }),
    event: JSON.parse(withoutSecrets(JSON.stringify(event))) as JsonRecord,
  };
}

function fingerprint(block: unknown): JsonRecord {
  const { type, text } = asRecord(block);
  const bytes = Buffer.from(typeof text === "string" ? text : JSON.stringify(block));
  return { type: asText(type), bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("base64") };
}

/** What an agent did, or somebody answered, whichever source tells it. */
export interface Act {
  readonly kind: "call" | "result" | "confirmation" | "error";
  /** The tool, with its MCP server before it: `gatehouse/create_pull_request`. Empty in a confirmation. */
  readonly tool: string;
  /** What was asked of it; empty where nothing was. */
  readonly input: string;
  /** Id of the call that a result or a confirmation answers. */
  readonly call: string;
  readonly decision: "" | "allow" | "ask" | "deny";
  /** Who decided; empty where the source does not say. */
  readonly by: string;
  readonly failed: boolean;
  readonly says: string;
}

const NOTHING: Omit<Act, "kind"> = { tool: "", input: "", call: "", decision: "", by: "", failed: false, says: "" };
const decided = (value: unknown): Act["decision"] =>
  value === "allow" || value === "ask" || value === "deny" ? value : "";

/** The act in one form; undefined for what is none, such as a message or the start of a model's request. */
export function actOf({ kind, event }: AgentLine): Act | undefined {
  if (kind !== "event") return undefined;
  const input =
    event.input === undefined ? "" : typeof event.input === "string" ? event.input : JSON.stringify(event.input);
  switch (event.type) {
    case "agent.tool_use":
    case "agent.mcp_tool_use":
    case "agent.custom_tool_use": {
      const server = asText(event.mcp_server_name);
      const tool = `${server === "" ? "" : `${server}/`}${asText(event.name)}`;
      return { ...NOTHING, kind: "call", tool, input, decision: decided(event.evaluated_permission) };
    }
    case "tool_use":
      return { ...NOTHING, kind: "call", tool: asText(event.tool), input, decision: decided(event.decision) };
    case "agent.tool_result":
    case "agent.mcp_tool_result":
    case "user.tool_result":
    case "user.custom_tool_result":
    case "tool_result":
      return {
        ...NOTHING,
        kind: "result",
        call:
          asText(event.tool_use_id) ||
          asText(event.mcp_tool_use_id) ||
          asText(event.custom_tool_use_id) ||
          asText(event.call),
        failed: event.is_error === true || event.failed === true,
      };
    case "user.tool_confirmation":
      return {
        ...NOTHING,
        kind: "confirmation",
        call: asText(event.tool_use_id),
        decision: decided(event.result),
        says: asText(event.deny_message),
      };
    case "confirmation":
      return {
        ...NOTHING,
        kind: "confirmation",
        call: asText(event.call),
        decision: decided(event.decision),
        by: asText(event.by),
      };
    case "session.error": {
      const error = asRecord(event.error);
      return { ...NOTHING, kind: "error", failed: true, says: `${asText(error.type)}: ${asText(error.message)}` };
    }
    case "error":
      return { ...NOTHING, kind: "error", failed: true, says: asText(event.text) };
    default:
      return undefined;
  }
}

/** Which agent a session runs: the newest that is known. */
export interface SessionAgent {
  readonly id: string;
  readonly name: string;
  readonly version: string;
}

/** The agent of each session, as its snapshot resolved it. */
export function sessionAgents(lines: readonly AgentLine[]): ReadonlyMap<string, SessionAgent> {
  const agents = new Map<string, SessionAgent>();
  for (const { kind, session, event, source } of lines) {
    const agent = asRecord(event.agent);
    if (kind !== "session" && !(source === "log" && asText(agent.name) !== "")) continue;
    agents.set(session, {
      id: asText(agent.id),
      name: asText(agent.name),
      version: agent.version === undefined ? "" : String(agent.version),
    });
  }
  return agents;
}
