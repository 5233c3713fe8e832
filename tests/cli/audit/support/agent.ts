import type { AgentLine } from "../../../../cli/audit/agent/lines";
import type { Reviewed } from "../../../../cli/audit/agent/reviewed";
import { at } from "./trail";

/** The saved version 3 of the agent, as the API shows it. */
export const SAVED = {
  type: "agent",
  id: "agent_1",
  name: "gate-coder",
  version: 3,
  system: "Write code.",
  model: { id: "claude-opus-5-5" },
  tools: [{ type: "agent_toolset_20260401", configs: [] }],
  mcp_servers: [],
  skills: [],
  multiagent: null,
};

export const REVIEWED: Reviewed = {
  agents: ["agent_1"],
  environments: ["env_1"],
  vaults: ["vlt_1"],
  hosts: ["gate.example"],
  versions: { agent_1: 3 },
};

/** A line of the agent's side, in session `sesn_1`, with what a test changes. */
export const agentLine = (
  kind: AgentLine["kind"],
  event: AgentLine["event"],
  changes: Partial<AgentLine> = {},
): AgentLine => ({
  source: "claude",
  kind,
  at: at(1),
  id: `${kind}:${JSON.stringify(event).length}:${String(event.id ?? event.type)}`,
  session: kind === "agent" || kind === "environment" ? "" : "sesn_1",
  event,
  ...changes,
});

export const session = (changes: object = {}): AgentLine =>
  agentLine("session", {
    id: "sesn_1",
    agent: SAVED,
    environment_id: "env_1",
    vault_ids: ["vlt_1"],
    resources: [],
    title: "Fix the build",
    ...changes,
  });
export const event = (fields: AgentLine["event"], changes: Partial<AgentLine> = {}): AgentLine =>
  agentLine("event", fields, changes);
