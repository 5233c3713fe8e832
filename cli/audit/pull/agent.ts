import { appendFileSync } from "node:fs";
import type { Anthropic } from "@anthropic-ai/sdk";
import { type AgentLine, agentLines } from "../agent/lines";
import { readAgentLog } from "../agent/log";
import { dropPiece, type AgentState, type PullState, type TrailFiles } from "../trail";
import { type DeclaredAgent, pullClaude } from "./claude";
import type { Progress } from "./records";

/** Where the agent's side is read. */
export interface AgentSources {
  /** The agent at Anthropic and a client that may read it, or why there is none. */
  readonly claude?: { readonly client: Anthropic; readonly declared: DeclaredAgent } | { readonly missing: string };
  /** Logs of other agents. */
  readonly logs: readonly string[];
}

/** Appends what the agent's own execution logs have and the folder has not. */
export async function pullAgent(
  { claude, logs }: AgentSources,
  files: TrailFiles,
  before: PullState,
  now: string,
  progress?: Progress,
): Promise<{ readonly state?: AgentState; readonly lines: number }> {
  // Read before anything is written: a line that cannot be read leaves the folder as it was.
  const read = logs.flatMap(readAgentLog);
  if (claude === undefined && read.length === 0) return { lines: 0, ...(before.agent ? { state: before.agent } : {}) };
  dropPiece(files.agent);
  const old = agentLines(files.agent);
  const known = new Set(old.map(({ id }) => id));
  const missing = claude !== undefined && "missing" in claude ? [claude.missing] : [];
  let state: AgentState = { ended: {}, ...before.agent, until: now, missing };
  let fresh: AgentLine[] = [];
  if (claude !== undefined && "client" in claude) {
    const sessions = [...new Set(old.filter(({ source }) => source === "claude").map(({ session }) => session))];
    const pulled = await pullClaude(
      claude.client,
      claude.declared,
      known,
      before.agent,
      sessions.filter(Boolean),
      (lines) => progress?.("lines of the agent's log", lines),
    );
    fresh = [...pulled.lines];
    state = { ...state, ...pulled.state };
  }
  for (const line of read) {
    if (known.has(line.id)) continue;
    known.add(line.id);
    fresh.push(line);
  }
  if (fresh.length > 0) appendFileSync(files.agent, fresh.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return { state, lines: fresh.length };
}
