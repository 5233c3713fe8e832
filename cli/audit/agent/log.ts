import { createHash } from "node:crypto";
import { z } from "zod";
import { CouldNotRun } from "../../support/exit";
import { readNamedFile } from "../../support/files";
import { type AgentLine, keptLine } from "./lines";

/**
 * One line of another agent's log, as `--agent-log` reads it. docs/audit.md has the table; a field that is not in it is
 * refused, so that nobody believes it to be on record.
 */
const LINE = z.strictObject({
  /** When, in ISO 8601 with its zone. */
  at: z.iso.datetime({ offset: true }),
  session: z.string().min(1),
  /** What is the same in every pull; the line's SHA-256 by default. */
  id: z.string().min(1).optional(),
  thread: z.string().optional(),
  type: z.enum(["session", "tool_use", "tool_result", "confirmation", "message", "error"]),
  agent: z
    .strictObject({
      name: z.string().min(1),
      id: z.string().optional(),
      version: z.union([z.string(), z.number()]).optional(),
    })
    .optional(),
  /** Name of the tool. */
  tool: z.string().optional(),
  input: z.unknown().optional(),
  /** Id of the tool's call that is answered. */
  call: z.string().optional(),
  decision: z.enum(["allow", "ask", "deny"]).optional(),
  /** Who confirmed, or who asked for the session. */
  by: z.string().optional(),
  failed: z.boolean().optional(),
  /** Ids of requests to the gate, where the agent noted them. */
  requestIds: z.array(z.string()).optional(),
  text: z.string().optional(),
});

/**
 * Reads the log of an agent that is no Claude Managed Agent: newline-delimited JSON.
 * @throws CouldNotRun with file, line and field when a line cannot be read; then nothing of it counts
 */
export function readAgentLog(file: string): AgentLine[] {
  const lines = readNamedFile(file).toString("utf8").split("\n");
  return lines.flatMap((line, i) => {
    if (line.trim() === "") return [];
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw new CouldNotRun(`${file}:${i + 1}: this is not JSON; an agent's log has one object a line`);
    }
    const read = LINE.safeParse(value);
    if (!read.success) {
      const [issue] = read.error.issues;
      const at = issue?.code === "unrecognized_keys" ? issue.keys.join(", ") : issue?.path.join(".");
      throw new CouldNotRun(
        `${file}:${i + 1}: ${at === "" || at === undefined ? "" : `${at}: `}${issue?.message ?? ""}; docs/audit.md says what a line may have`,
      );
    }
    const { at, session, id, thread, requestIds: given = [], text, ...rest } = read.data;
    const kept = keptLine({
      source: "log",
      kind: rest.type === "session" ? "session" : "event",
      at: new Date(at).toISOString(),
      id: `log:${id ?? createHash("sha256").update(line).digest("base64url")}`,
      session,
      ...(thread === undefined ? {} : { thread }),
      event: {
        ...rest,
        // Messages and results are not kept, only their length and hash.
        ...(text === undefined ? {} : rest.type === "error" ? { text } : { content: [{ type: "text", text }] }),
      },
    });
    const requestIds = [...new Set([...given, ...(kept.requestIds ?? [])])];
    return [{ ...kept, ...(requestIds.length === 0 ? {} : { requestIds }) }];
  });
}
