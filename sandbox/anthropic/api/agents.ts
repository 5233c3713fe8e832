import { isDeepStrictEqual } from "node:util";
import { errors } from "../http/errors";
import type { Agent, AgentVersion, Json } from "../state";
import { newId } from "../state";
import { agentCreate, agentUpdate, type Body } from "./bodies";
import { createdWithin, page } from "./pages";
import { agentOf, listed, patchedMetadata, type Routes, usableAgent, versionOf, type World } from "./world";

type Tools = NonNullable<Body<typeof agentCreate>["tools"]>;
type McpServers = NonNullable<Body<typeof agentCreate>["mcp_servers"]>;
type Skills = NonNullable<Body<typeof agentCreate>["skills"]>;
type Model = Body<typeof agentCreate>["model"];
type Multiagent = NonNullable<Body<typeof agentCreate>["multiagent"]>;

/** Agents and their versions. There is no way to delete one. */
export const agentRoutes: Routes = (router, world) => {
  const { workspace, webhooks } = world;
  const newest = (agent: Agent): AgentVersion => versionOf(agent, undefined);
  router
    .on("GET", "v1/agents", (call) => {
      const within = createdWithin(call);
      const agents = [...workspace.agents.values()].filter(
        (agent) =>
          listed(newest(agent).archived_at, call.flag("include_archived")) &&
          within(newest(agent)["created_at"] as string),
      );
      return page(call, agents, { present: newest });
    })
    .on("POST", "v1/agents", (call) => {
      const body = call.body(agentCreate);
      const now = workspace.now();
      const id = newId("agent");
      const agent: Agent = { number: workspace.nextNumber(), id, versions: [] };
      agent.versions.push({
        id,
        type: "agent",
        version: 1,
        name: body.name,
        description: body.description ?? null,
        model: resolvedModel(body.model),
        system: body.system ?? null,
        ...resolvedTools(body.tools ?? [], body.mcp_servers ?? []),
        skills: resolvedSkills(body.skills ?? []),
        multiagent: resolvedMultiagent(world, id, body.multiagent),
        execution_identity: body.execution_identity ?? { type: "service_account" },
        metadata: body.metadata ?? {},
        archived_at: null,
        created_at: now,
        updated_at: now,
      });
      workspace.agents.set(id, agent);
      webhooks.send("agent.created", id);
      return newest(agent);
    })
    .on("GET", "v1/agents/:agent", (call) => {
      const wanted = call.query.get("version");
      if (wanted !== null && !/^[1-9]\d*$/.test(wanted)) throw errors.invalid("version: a whole number from 1");
      return versionOf(agentOf(world, call.param("agent")), wanted === null ? undefined : Number(wanted));
    })
    .on("POST", "v1/agents/:agent", (call) => {
      const { version, ...body } = call.body(agentUpdate);
      const agent = agentOf(world, call.param("agent"));
      const before = newest(agent);
      if (before.archived_at) throw errors.invalid(`Agent ${agent.id} is archived`);
      // The lock is looked at first: a stale version is refused even where nothing would change.
      if (version !== undefined && version !== before.version)
        throw errors.conflict(`version: the agent is at version ${before.version}, not ${version}`);
      const tools = body.tools === undefined ? (before["tools"] as Tools) : (body.tools ?? []);
      const servers = body.mcp_servers === undefined ? (before["mcp_servers"] as McpServers) : (body.mcp_servers ?? []);
      const after: AgentVersion = {
        ...before,
        name: body.name ?? before["name"],
        description: body.description === undefined ? before["description"] : body.description || null,
        model: body.model === undefined ? before["model"] : resolvedModel(body.model, before["model"] as Json),
        system: body.system === undefined ? before["system"] : body.system || null,
        ...resolvedTools(tools, servers),
        skills: body.skills === undefined ? before["skills"] : resolvedSkills(body.skills ?? []),
        multiagent:
          body.multiagent === undefined
            ? before["multiagent"]
            : resolvedMultiagent(world, agent.id, body.multiagent, before["multiagent"] as Json | null),
        execution_identity:
          body.execution_identity === undefined
            ? before["execution_identity"]
            : (body.execution_identity ?? { type: "service_account" }),
        metadata: patchedMetadata(before["metadata"] as Record<string, string>, body.metadata),
      };
      if (isDeepStrictEqual(after, before)) return before;
      agent.versions.push({ ...after, version: before.version + 1, updated_at: workspace.now() });
      webhooks.send("agent.updated", agent.id);
      return newest(agent);
    })
    .on("POST", "v1/agents/:agent/archive", (call) => {
      const agent = agentOf(world, call.param("agent"));
      if (newest(agent).archived_at) return newest(agent);
      const now = workspace.now();
      agent.versions = agent.versions.map((version) => ({ ...version, archived_at: now }));
      webhooks.send("agent.archived", agent.id);
      return newest(agent);
    })
    .on("GET", "v1/agents/:agent/versions", (call) => {
      const { versions } = agentOf(world, call.param("agent"));
      return page(
        call,
        versions.map((version) => ({ number: version.version, version })),
        { present: ({ version }) => version },
      );
    });
};

/** Tools with every default written out, and the servers, each of which a toolset must use. @throws ApiError 400 */
export function resolvedTools(tools: Tools, servers: McpServers): { tools: unknown[]; mcp_servers: McpServers } {
  const names = servers.map(({ name }) => name);
  if (new Set(names).size !== names.length) throw errors.invalid("mcp_servers: names must be unique");
  const used = tools.flatMap((tool) => (tool.type === "mcp_toolset" ? [tool.mcp_server_name] : []));
  for (const name of used)
    if (!names.includes(name))
      throw errors.invalid(`tools: mcp_toolset names the server "${name}", which mcp_servers lacks`);
  for (const name of names)
    if (!used.includes(name)) throw errors.invalid(`mcp_servers: "${name}" is not used by any mcp_toolset of tools`);
  return {
    tools: tools.map((tool) => {
      if (tool.type === "custom") return tool;
      const policy = { type: tool.type === "mcp_toolset" ? "always_ask" : "always_allow" };
      const fallback = {
        enabled: tool.default_config?.enabled ?? true,
        permission_policy: tool.default_config?.permission_policy ?? policy,
      };
      return {
        ...tool,
        default_config: fallback,
        configs: (tool.configs ?? []).map((config) => ({
          ...config,
          ...(tool.type === "mcp_toolset" ? {} : { type: config.name }),
          ...(config.name === "web_fetch" ? { url_sources: null, ...config } : {}),
          enabled: config.enabled ?? fallback.enabled,
          permission_policy: config.permission_policy ?? fallback.permission_policy,
        })),
      };
    }),
    mcp_servers: servers,
  };
}

/** An effort that is left out stays as it was. */
export function resolvedModel(model: Model, before?: Json): Json {
  const given = typeof model === "string" ? { id: model } : model;
  const effort = "effort" in given ? given.effort : undefined;
  return {
    id: given.id,
    effort: effort
      ? typeof effort === "string"
        ? { type: effort }
        : effort
      : (before?.["effort"] ?? { type: "high" }),
    speed: ("speed" in given ? given.speed : undefined) ?? "standard",
    ...("inference_geo" in given && given.inference_geo ? { inference_geo: given.inference_geo } : {}),
  };
}

export const resolvedSkills = (skills: Skills): unknown[] =>
  skills.map((skill) => ({ ...skill, version: skill.version ?? "latest" }));

/** What is left out of `multiagent_20261001` takes the default, which enables; on update it stays as it was. */
function resolvedMultiagent(
  world: World,
  ownId: string,
  given: Multiagent | null | undefined,
  before?: Json | null,
): Json | null {
  if (!given) return null;
  const reference = (entry: unknown): Json => {
    const named = (typeof entry === "string" ? { id: entry } : entry) as {
      type?: string;
      id?: string;
      version?: number;
    };
    if (named.type === "advisor") return { ...named };
    if (named.type === "self") return { type: "agent", id: ownId, version: 1 };
    const { id, version } = usableAgent(world, named.id ?? "", named.version);
    return { type: "agent", id, version };
  };
  if (given.type === "coordinator") return { type: given.type, agents: given.agents.map(reference) };
  const kept = before?.["type"] === given.type ? before : {};
  const roster = (name: "subagents" | "workflows"): Json => {
    const wanted = given[name];
    const old = (kept[name] ?? {}) as Json;
    if (wanted === undefined && kept[name] !== undefined) return old;
    if (wanted?.type === "disabled") return { type: "disabled" };
    const agents = wanted?.predefined_agents;
    const resolved = {
      type: "enabled",
      inline_agents: wanted?.inline_agents ?? old["inline_agents"] ?? { type: "enabled" },
      predefined_agents: agents ? agents.map(reference) : (old["predefined_agents"] ?? []),
    };
    if (
      (resolved.inline_agents as Json)["type"] === "disabled" &&
      (resolved.predefined_agents as unknown[]).length === 0
    )
      throw errors.invalid(`multiagent.${name}: without inline agents predefined_agents must name at least one`);
    return resolved;
  };
  return {
    type: given.type,
    advisor: given.advisor ?? kept["advisor"] ?? { type: "disabled" },
    subagents: roster("subagents"),
    workflows: roster("workflows"),
  };
}
