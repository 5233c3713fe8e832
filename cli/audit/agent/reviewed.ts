import { isDeepStrictEqual } from "node:util";
import { asList, asRecord, asText, type JsonRecord } from "../../../infra/config/json";
import type { AgentLine } from "./lines";

/** What the stack declares at Anthropic, by which a session is known to be the agent's, as the last pull found it. */
export interface Reviewed {
  /** Ids of what has the declared names. */
  readonly agents: readonly string[];
  readonly environments: readonly string[];
  readonly vaults: readonly string[];
  /** Hosts that the sandbox may reach. */
  readonly hosts: readonly string[];
  /** The newest saved version, of each agent, that says what the environment file says; none where it is not there. */
  readonly versions: Readonly<Record<string, number>>;
}

/** A session that is not what was reviewed. */
export interface AgentAlarm {
  /** The same alarm has the same id in every pull. */
  readonly id: string;
  readonly at: string;
  readonly session: string;
  readonly rule:
    | "agent-overridden"
    | "agent-changed-in-session"
    | "other-agent"
    | "undeclared-version"
    | "other-environment"
    | "network-not-limited"
    | "repository-mounted"
    | "inline-agent";
  readonly says: string;
}

/** What of an agent decides what it does and may do. */
const REVIEWED = ["system", "tools", "mcp_servers", "skills", "model", "multiagent"] as const;
/** Comes with the session's own agents resolved to whole ones, so it is not compared. */
const RESOLVED = "multiagent";

/** Which parts of a resolved agent are not those of the saved version. */
function changedParts(resolved: JsonRecord, saved: JsonRecord): string[] {
  return REVIEWED.filter((part) => {
    if (part === RESOLVED) return asText(asRecord(resolved[part]).type) !== asText(asRecord(saved[part]).type);
    return !isDeepStrictEqual(resolved[part] ?? null, saved[part] ?? null);
  });
}

/**
 * Compares every session on record with what was reviewed: its resolved agent with the saved version that it names, its
 * environment and vaults with the stack's, its threads with the agent itself.
 */
export function agentAlarms(lines: readonly AgentLine[], reviewed: Reviewed | undefined): AgentAlarm[] {
  const saved = new Map<string, JsonRecord>();
  for (const { kind, event } of lines) if (kind === "agent") saved.set(versionOf(event), event);
  const alarms = new Map<string, AgentAlarm>();
  const raise = ({ session, at }: AgentLine, rule: AgentAlarm["rule"], what: string, says: string): void => {
    const id = `${rule}:${session}:${what}`;
    if (!alarms.has(id)) alarms.set(id, { id, at, session, rule, says: `session ${session}: ${says}` });
  };
  const agentOf = new Map<string, JsonRecord>();
  const swapped = swappedSessions(lines);
  for (const line of lines) {
    const { kind, event, session } = line;
    if (line.source !== "claude") continue;
    if (kind === "session") {
      const agent = asRecord(event.agent);
      agentOf.set(session, agent);
      const version = saved.get(versionOf(agent));
      const parts = version === undefined ? [] : changedParts(agent, version);
      // After a change in the middle the snapshot is the changed one: that alarm says when, so it is not said twice.
      if (parts.length > 0 && !swapped.has(session))
        raise(
          line,
          "agent-overridden",
          parts.join(","),
          `it was started with its own ${list(parts)}, not with those of version ${String(agent.version)} of the agent ${asText(agent.name)}`,
        );
      if (reviewed !== undefined) outside(line, agent, reviewed, raise);
      for (const { type, url } of asList(event.resources).map(asRecord))
        if (type === "github_repository")
          raise(
            line,
            "repository-mounted",
            asText(url),
            `${asText(url)} is mounted, and its traffic goes around the gate`,
          );
    } else if (kind === "environment" && reviewed?.environments.includes(asText(event.id)) === true) {
      const networking = asRecord(asRecord(event.config).networking);
      const hosts = asList(networking.allowed_hosts).map(asText);
      const more = hosts.filter((host) => !reviewed.hosts.includes(host));
      if (networking.type !== "limited")
        raise(
          line,
          "network-not-limited",
          line.id,
          `the network of its environment ${asText(event.name)} is not limited`,
        );
      else if (more.length > 0)
        raise(line, "network-not-limited", line.id, `its environment ${asText(event.name)} also reaches ${list(more)}`);
    } else if (event.type === "session.updated" && event.agent != null) {
      const agent = asRecord(event.agent);
      const version = saved.get(versionOf(agent));
      const parts = version === undefined ? ["tools"] : changedParts(agent, version);
      if (parts.length > 0)
        raise(line, "agent-changed-in-session", line.id, `its ${list(parts)} were changed while it was open`);
    } else if (kind === "thread") {
      const agent = asRecord(event.agent);
      const own = agentOf.get(session);
      if (agent.type === "inline")
        raise(
          line,
          "inline-agent",
          asText(event.id),
          `it started an agent that it wrote itself, ${asText(agent.name)}`,
        );
      else if (agent.type === "agent" && own !== undefined && agent.id !== own.id)
        raise(line, "other-agent", asText(event.id), `it started the agent ${asText(agent.name)}`);
    }
  }
  return [...alarms.values()];
}

/** Sessions of other agents with what is this one's, and its own ones elsewhere. */
function outside(
  line: AgentLine,
  agent: JsonRecord,
  { agents, environments, vaults, versions }: Reviewed,
  raise: (line: AgentLine, rule: AgentAlarm["rule"], what: string, says: string) => void,
): void {
  const { event } = line;
  const environment = asText(event.environment_id);
  const keys = asList(event.vault_ids).filter((id) => vaults.includes(asText(id)));
  if (!agents.includes(asText(agent.id)))
    raise(
      line,
      "other-agent",
      asText(agent.id),
      `it runs the agent ${asText(agent.name)}, which the stack does not declare, ${keys.length > 0 ? "with the gate key" : "in the agent's environment"}`,
    );
  if (agents.includes(asText(agent.id)) && !environments.includes(environment))
    raise(
      line,
      "other-environment",
      environment,
      `it runs in the environment ${environment}, which the stack does not declare`,
    );
  // An older version may have been declared when the session ran; a newer one nobody can have taken from this file.
  const declared = versions[asText(agent.id)];
  if (declared !== undefined && Number(agent.version) > declared)
    raise(
      line,
      "undeclared-version",
      String(agent.version),
      `it runs version ${String(agent.version)} of the agent, and the environment file of the last pull declares version ${declared}: somebody saved another one, or the file is older than the stack`,
    );
}

const swappedSessions = (lines: readonly AgentLine[]): ReadonlySet<string> =>
  new Set(
    lines.filter(({ event }) => event.type === "session.updated" && event.agent != null).map(({ session }) => session),
  );

const versionOf = (agent: JsonRecord): string => `${asText(agent.id)}@${String(agent.version)}`;
const WORDS: Readonly<Record<string, string>> = { system: "system prompt", mcp_servers: "MCP servers" };
const list = (names: readonly string[]): string => names.map((name) => WORDS[name] ?? name).join(", ");

/** Whether a saved version says everything that is declared; what Anthropic adds by itself is passed over. */
export function isDeclared(saved: unknown, declared: unknown): boolean {
  if (Array.isArray(declared))
    return (
      Array.isArray(saved) && saved.length === declared.length && declared.every((one, i) => isDeclared(saved[i], one))
    );
  if (typeof declared !== "object" || declared === null) return saved === declared;
  return Object.entries(declared).every(([key, value]) => isDeclared(asRecord(saved)[inSnakeCase(key)], value));
}

/** As Anthropic's API spells what the plan spells in the way of TypeScript. */
const inSnakeCase = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
