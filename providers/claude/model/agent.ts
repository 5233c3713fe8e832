import { CREATED_AT, METADATA, PERMISSION_POLICY, hosts, text, urlProblem } from "./common";
import type { Field, Fields, ResourceModel, VariantsField } from "./field";

const ENABLED: Field = { kind: "boolean", description: "Whether the agent has the tool." };
const DEFAULT_CONFIG: Field = {
  kind: "object",
  name: "ToolsetDefault",
  required: true,
  description: "What holds for every tool of the set that has no entry of its own.",
  fields: {
    enabled: { kind: "boolean", description: "Whether the agent has these tools.", required: true },
    permissionPolicy: { ...PERMISSION_POLICY, required: true },
  },
};

/** On or off, in words: what is left out is enabled by the service. */
const ONOFF = (name: string, description: string, enabled: Fields): VariantsField => ({
  kind: "variants",
  name,
  required: true,
  description,
  variants: { disabled: {}, enabled },
});
const TEAM: Fields = {
  inlineAgents: ONOFF("InlineAgents", "Whether the agent may write agents of its own, which nobody has reviewed.", {}),
  predefinedAgents: {
    kind: "list",
    description: "Agents that may be used.",
    items: {
      kind: "variants",
      name: "PredefinedAgent",
      description: "Another agent at a version, or the agent itself.",
      variants: {
        agent: {
          id: text("Id of the agent.", { required: true }),
          version: { kind: "integer", description: "Its version.", required: true, minimum: 1 },
        },
        self: {},
      },
    },
  },
};

const SKILL_VERSION = text("The version. Without one the service would take the newest, which nobody has reviewed.", {
  required: true,
});

/** Model, instructions and tools. Every update makes a new version. */
export const AGENT: ResourceModel = {
  name: "Agent",
  description:
    "An agent of Claude Managed Agents: model, instructions, tools and who approves their calls. Every update makes a new version. The service cannot delete agents: a deleted one is archived, which cannot be undone.",
  inputs: {
    name: text("Name that people read.", { required: true, maxLength: 255 }),
    description: text("What it does."),
    model: {
      kind: "object",
      name: "Model",
      required: true,
      description: "The model that does the work.",
      fields: {
        id: text("Name of the model, such as `claude-opus-5-5`.", { required: true }),
        effort: text("How hard it works on each call.", {
          values: ["low", "medium", "high", "xhigh", "max"],
          chosenByService: true,
        }),
        inferenceGeo: text("Region in which the model runs; the workspace's default where it is left out.", {
          chosenByService: true,
        }),
        speed: text("`fast` is quicker at a higher price.", { values: ["standard", "fast"], chosenByService: true }),
      },
    },
    system: text("The system prompt. Everybody who can read a session can read it: no secrets."),
    tools: {
      kind: "list",
      maxItems: 256,
      description: "The tools. Every MCP server needs one `mcp_toolset`.",
      items: {
        kind: "variants",
        name: "Tool",
        description: "The built-in tools, those of an MCP server, or one that your own program answers.",
        variants: {
          agent_toolset_20260401: {
            defaultConfig: DEFAULT_CONFIG,
            configs: {
              kind: "list",
              description: "Tools that differ from the default.",
              items: {
                kind: "object",
                name: "ToolConfig",
                description: "One built-in tool. What is left out is as in `defaultConfig`.",
                fields: {
                  name: text("The tool.", {
                    required: true,
                    values: ["bash", "edit", "read", "write", "glob", "grep", "web_fetch", "web_search"],
                  }),
                  enabled: ENABLED,
                  permissionPolicy: PERMISSION_POLICY,
                  allowedDomains: hosts("web_fetch and web_search: the only domains; at most 64.", { maxItems: 64 }),
                  blockedDomains: hosts("web_fetch and web_search: domains never asked; at most 64.", { maxItems: 64 }),
                  maxContentTokens: {
                    kind: "integer",
                    minimum: 1,
                    description: "web_fetch: most tokens of one answer.",
                  },
                  urlSources: {
                    kind: "object",
                    name: "UrlSources",
                    description: "web_fetch: where the addresses may come from that it fetches.",
                    fields: {
                      userInput: { kind: "json", description: "`{ type: all | none }`." },
                      clientToolResults: {
                        kind: "json",
                        description: "`{ type: all | none }`, or `only` and `except` with `tools`.",
                      },
                      serverToolResults: {
                        kind: "json",
                        description: "`{ type: all | none }`, or `only` and `except` with `tools`.",
                      },
                    },
                  },
                  userLocation: {
                    kind: "object",
                    name: "UserLocation",
                    description: "web_search: the place to search from.",
                    constants: { type: "approximate" },
                    fields: {
                      city: text("City."),
                      country: text("Two letters, such as DE."),
                      region: text("Region or state."),
                      timezone: text("Time zone, such as Europe/Berlin."),
                    },
                  },
                },
              },
            },
          },
          mcp_toolset: {
            mcpServerName: text("Name of the server in `mcpServers`.", { required: true, maxLength: 255 }),
            defaultConfig: DEFAULT_CONFIG,
            configs: {
              kind: "list",
              description: "Tools that differ from the default.",
              items: {
                kind: "object",
                name: "McpToolConfig",
                description: "One tool of the server. What is left out is as in `defaultConfig`.",
                fields: {
                  name: text("The tool, as the server names it.", { required: true, maxLength: 128 }),
                  enabled: ENABLED,
                  permissionPolicy: PERMISSION_POLICY,
                },
              },
            },
          },
          custom: {
            name: text("Name of the tool.", {
              required: true,
              problem: (value) =>
                /^[A-Za-z0-9_-]{1,128}$/.test(value)
                  ? undefined
                  : "must be 1 to 128 letters, digits, underscores and hyphens",
            }),
            description: text("What it does; the model reads it.", { required: true }),
            inputSchema: { kind: "json", description: "JSON Schema of its arguments.", required: true },
          },
        },
      },
    },
    mcpServers: {
      kind: "list",
      maxItems: 20,
      description: "MCP servers, each named by an `mcp_toolset`. Credentials for them are in a vault.",
      items: {
        kind: "object",
        name: "McpServer",
        description: "An MCP server.",
        constants: { type: "url" },
        fields: {
          name: text("Name by which a toolset refers to it.", { required: true, maxLength: 255 }),
          url: text("Its address.", { required: true, problem: urlProblem }),
        },
      },
    },
    skills: {
      kind: "list",
      description: "Skills of the agent.",
      items: {
        kind: "variants",
        name: "Skill",
        description: "A skill of the service's maker, or one of your own.",
        variants: {
          anthropic: { skillId: text("Name, such as `xlsx`.", { required: true }), version: SKILL_VERSION },
          custom: { skillId: text("Id (`skill_…`).", { required: true }), version: SKILL_VERSION },
        },
      },
    },
    multiagent: {
      kind: "variants",
      name: "Multiagent",
      description:
        "Several agents in one session. Left out: one alone. Every member must be said: the service enables what is left out.",
      variants: {
        multiagent_20261001: {
          advisor: ONOFF("Advisor", "Whether another model may be asked for advice.", {
            model: text("Name of that model.", { required: true }),
          }),
          subagents: ONOFF("Subagents", "Whether the agent may start others.", TEAM),
          workflows: ONOFF("Workflows", "Whether the agent may start others by a program.", TEAM),
        },
      },
    },
    executionIdentity: {
      kind: "variants",
      name: "ExecutionIdentity",
      description: "Whose name the runs bear.",
      default: { type: "service_account" },
      variants: {
        service_account: {},
        aws_role: { roleArn: text("The role.", { required: true }) },
      },
    },
    metadata: METADATA,
  },
  outputs: {
    version: { kind: "integer", description: "The agent's version: 1 at first, one more with every change." },
    createdAt: CREATED_AT,
  },
};
