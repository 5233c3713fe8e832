// Made by `npm run schema:claude` from providers/claude/model. Do not edit.
import type { Input } from "@pulumi/pulumi";

/** Arguments of {@link Agent}. */
export interface AgentArgs {
  /** Name that people read. */
  name: Input<string>;
  /** What it does. */
  description?: Input<string>;
  /** The model that does the work. */
  model: Input<Model>;
  /** The system prompt. Everybody who can read a session can read it: no secrets. */
  system?: Input<string>;
  /** The tools. Every MCP server needs one `mcp_toolset`. */
  tools?: Input<Input<Tool>[]>;
  /** MCP servers, each named by an `mcp_toolset`. Credentials for them are in a vault. */
  mcpServers?: Input<Input<McpServer>[]>;
  /** Skills of the agent. */
  skills?: Input<Input<Skill>[]>;
  /** Several agents in one session. Left out: one alone. Every member must be said: the service enables what is left out. */
  multiagent?: Input<Multiagent>;
  /** Whose name the runs bear. Default: {"type":"service_account"}. */
  executionIdentity?: Input<ExecutionIdentity>;
  /** Key-value pairs of your own: at most 15, keys of at most 64 characters, values of at most 512. The service allows 16; the provider keeps one, `pulumi_urn_sha256`. */
  metadata?: Input<Record<string, Input<string>>>;
}

/** Arguments of {@link Environment}. */
export interface EnvironmentArgs {
  /** Name that people read. */
  name: Input<string>;
  /** What it is for. */
  description?: Input<string>;
  /** Where the tools run: `cloud` in a sandbox of the service, `self_hosted` at your own workers. Another type makes a new environment. */
  config: Input<EnvironmentConfig>;
  /** Key-value pairs of your own: at most 15, keys of at most 64 characters, values of at most 512. The service allows 16; the provider keeps one, `pulumi_urn_sha256`. */
  metadata?: Input<Record<string, Input<string>>>;
}

/** Arguments of {@link Vault}. */
export interface VaultArgs {
  /** Name that people read. */
  displayName: Input<string>;
  /** Key-value pairs of your own: at most 15, keys of at most 64 characters, values of at most 512. The service allows 16; the provider keeps one, `pulumi_urn_sha256`. */
  metadata?: Input<Record<string, Input<string>>>;
}

/** Arguments of {@link VaultCredential}. */
export interface VaultCredentialArgs {
  /** The vault that keeps it (`vlt_…`). A new value makes a new resource. */
  vaultId: Input<string>;
  /** Name that people read. */
  displayName?: Input<string>;
  /** What the credential is. Another type makes a new credential. */
  auth: Input<CredentialAuth>;
  /** Key-value pairs of your own: at most 15, keys of at most 64 characters, values of at most 512. The service allows 16; the provider keeps one, `pulumi_urn_sha256`. */
  metadata?: Input<Record<string, Input<string>>>;
}

/** The model that does the work. */
export interface Model {
  /** Name of the model, such as `claude-opus-5-5`. */
  id: Input<string>;
  /** How hard it works on each call. */
  effort?: Input<"low" | "medium" | "high" | "xhigh" | "max">;
  /** Region in which the model runs; the workspace's default where it is left out. */
  inferenceGeo?: Input<string>;
  /** `fast` is quicker at a higher price. */
  speed?: Input<"standard" | "fast">;
}

/** The built-in tools, those of an MCP server, or one that your own program answers. */
export type Tool =
  | {
      type: Input<"agent_toolset_20260401">;
      /** What holds for every tool of the set that has no entry of its own. */
      defaultConfig: Input<ToolsetDefault>;
      /** Tools that differ from the default. */
      configs?: Input<Input<ToolConfig>[]>;
    }
  | {
      type: Input<"mcp_toolset">;
      /** Name of the server in `mcpServers`. */
      mcpServerName: Input<string>;
      /** What holds for every tool of the set that has no entry of its own. */
      defaultConfig: Input<ToolsetDefault>;
      /** Tools that differ from the default. */
      configs?: Input<Input<McpToolConfig>[]>;
    }
  | {
      type: Input<"custom">;
      /** Name of the tool. */
      name: Input<string>;
      /** What it does; the model reads it. */
      description: Input<string>;
      /** JSON Schema of its arguments. */
      inputSchema: Input<unknown>;
    };

/** What holds for every tool of the set that has no entry of its own. */
export interface ToolsetDefault {
  /** Whether the agent has these tools. */
  enabled: Input<boolean>;
  /** Who decides about a call: `always_ask` a person, `always_allow` nobody, `auto` the service's own judgement of each call. */
  permissionPolicy: Input<PermissionPolicy>;
}

/** Who decides about a call: `always_ask` a person, `always_allow` nobody, `auto` the service's own judgement of each call. */
export type PermissionPolicy =
  | {
      type: Input<"always_ask">;
    }
  | {
      type: Input<"always_allow">;
    }
  | {
      type: Input<"auto">;
    };

/** One built-in tool. What is left out is as in `defaultConfig`. */
export interface ToolConfig {
  /** The tool. */
  name: Input<"bash" | "edit" | "read" | "write" | "glob" | "grep" | "web_fetch" | "web_search">;
  /** Whether the agent has the tool. */
  enabled?: Input<boolean>;
  /** Who decides about a call: `always_ask` a person, `always_allow` nobody, `auto` the service's own judgement of each call. */
  permissionPolicy?: Input<PermissionPolicy>;
  /** web_fetch and web_search: the only domains; at most 64. */
  allowedDomains?: Input<Input<string>[]>;
  /** web_fetch and web_search: domains never asked; at most 64. */
  blockedDomains?: Input<Input<string>[]>;
  /** web_fetch: most tokens of one answer. */
  maxContentTokens?: Input<number>;
  /** web_fetch: where the addresses may come from that it fetches. */
  urlSources?: Input<UrlSources>;
  /** web_search: the place to search from. */
  userLocation?: Input<UserLocation>;
}

/** web_fetch: where the addresses may come from that it fetches. */
export interface UrlSources {
  /** `{ type: all | none }`. */
  userInput?: Input<unknown>;
  /** `{ type: all | none }`, or `only` and `except` with `tools`. */
  clientToolResults?: Input<unknown>;
  /** `{ type: all | none }`, or `only` and `except` with `tools`. */
  serverToolResults?: Input<unknown>;
}

/** web_search: the place to search from. */
export interface UserLocation {
  /** City. */
  city?: Input<string>;
  /** Two letters, such as DE. */
  country?: Input<string>;
  /** Region or state. */
  region?: Input<string>;
  /** Time zone, such as Europe/Berlin. */
  timezone?: Input<string>;
}

/** One tool of the server. What is left out is as in `defaultConfig`. */
export interface McpToolConfig {
  /** The tool, as the server names it. */
  name: Input<string>;
  /** Whether the agent has the tool. */
  enabled?: Input<boolean>;
  /** Who decides about a call: `always_ask` a person, `always_allow` nobody, `auto` the service's own judgement of each call. */
  permissionPolicy?: Input<PermissionPolicy>;
}

/** An MCP server. */
export interface McpServer {
  /** Name by which a toolset refers to it. */
  name: Input<string>;
  /** Its address. */
  url: Input<string>;
}

/** A skill of the service's maker, or one of your own. */
export type Skill =
  | {
      type: Input<"anthropic">;
      /** Name, such as `xlsx`. */
      skillId: Input<string>;
      /** The version. Without one the service would take the newest, which nobody has reviewed. */
      version: Input<string>;
    }
  | {
      type: Input<"custom">;
      /** Id (`skill_…`). */
      skillId: Input<string>;
      /** The version. Without one the service would take the newest, which nobody has reviewed. */
      version: Input<string>;
    };

/** Several agents in one session. Left out: one alone. Every member must be said: the service enables what is left out. */
export type Multiagent = {
  type: Input<"multiagent_20261001">;
  /** Whether another model may be asked for advice. */
  advisor: Input<Advisor>;
  /** Whether the agent may start others. */
  subagents: Input<Subagents>;
  /** Whether the agent may start others by a program. */
  workflows: Input<Workflows>;
};

/** Whether another model may be asked for advice. */
export type Advisor =
  | {
      type: Input<"disabled">;
    }
  | {
      type: Input<"enabled">;
      /** Name of that model. */
      model: Input<string>;
    };

/** Whether the agent may start others. */
export type Subagents =
  | {
      type: Input<"disabled">;
    }
  | {
      type: Input<"enabled">;
      /** Whether the agent may write agents of its own, which nobody has reviewed. */
      inlineAgents: Input<InlineAgents>;
      /** Agents that may be used. */
      predefinedAgents?: Input<Input<PredefinedAgent>[]>;
    };

/** Whether the agent may write agents of its own, which nobody has reviewed. */
export type InlineAgents =
  | {
      type: Input<"disabled">;
    }
  | {
      type: Input<"enabled">;
    };

/** Another agent at a version, or the agent itself. */
export type PredefinedAgent =
  | {
      type: Input<"agent">;
      /** Id of the agent. */
      id: Input<string>;
      /** Its version. */
      version: Input<number>;
    }
  | {
      type: Input<"self">;
    };

/** Whether the agent may start others by a program. */
export type Workflows =
  | {
      type: Input<"disabled">;
    }
  | {
      type: Input<"enabled">;
      /** Whether the agent may write agents of its own, which nobody has reviewed. */
      inlineAgents: Input<InlineAgents>;
      /** Agents that may be used. */
      predefinedAgents?: Input<Input<PredefinedAgent>[]>;
    };

/** Whose name the runs bear. */
export type ExecutionIdentity =
  | {
      type: Input<"service_account">;
    }
  | {
      type: Input<"aws_role">;
      /** The role. */
      roleArn: Input<string>;
    };

/** Where the tools run: `cloud` in a sandbox of the service, `self_hosted` at your own workers. Another type makes a new environment. */
export type EnvironmentConfig =
  | {
      type: Input<"cloud">;
      /** Which hosts the sandbox reaches. The service would take `unrestricted` where nothing is said, so it has to be said. */
      networking: Input<Networking>;
      /** Packages that are installed; with `limited` they need allowPackageManagers. */
      packages?: Input<Packages>;
    }
  | {
      type: Input<"self_hosted">;
    };

/** Which hosts the sandbox reaches. The service would take `unrestricted` where nothing is said, so it has to be said. */
export type Networking =
  | {
      type: Input<"limited">;
      /** Hosts that the sandbox reaches; none where the list is empty. Default: []. */
      allowedHosts?: Input<Input<string>[]>;
      /** Whether the hosts of the agent's MCP servers are reached too. Default: false. */
      allowMcpServers?: Input<boolean>;
      /** Whether public package registries are reached too: a way for data to leave. Default: false. */
      allowPackageManagers?: Input<boolean>;
    }
  | {
      type: Input<"unrestricted">;
    };

/** Packages that are installed; with `limited` they need allowPackageManagers. */
export interface Packages {
  /** Packages that apt installs. */
  apt?: Input<Input<string>[]>;
  /** Packages that cargo installs. */
  cargo?: Input<Input<string>[]>;
  /** Packages that gem installs. */
  gem?: Input<Input<string>[]>;
  /** Packages that go installs. */
  go?: Input<Input<string>[]>;
  /** Packages that npm installs. */
  npm?: Input<Input<string>[]>;
  /** Packages that pip installs. */
  pip?: Input<Input<string>[]>;
}

/** What the credential is. Another type makes a new credential. */
export type CredentialAuth =
  | {
      type: Input<"environment_variable">;
      /** Environment variable in the sandbox, which holds a placeholder. A new value makes a new resource. */
      secretName: Input<string>;
      /** What takes the placeholder's place on the way out. Write-only; the state keeps a fingerprint. */
      secretValue: Input<string>;
      /** The hosts that get the secret. The environment must let the sandbox reach them. */
      networking: Input<CredentialNetworking>;
      /** Where in a request the placeholder is replaced; at least one place. Default: {}. */
      injectionLocation?: Input<InjectionLocation>;
    }
  | {
      type: Input<"static_bearer">;
      /** The MCP server to which it is shown. A new value makes a new resource. */
      mcpServerUrl: Input<string>;
      /** The bearer token. Write-only; the state keeps a fingerprint. */
      token: Input<string>;
    }
  | {
      type: Input<"mcp_oauth">;
      /** The MCP server to which it is shown. A new value makes a new resource. */
      mcpServerUrl: Input<string>;
      /** The access token. Write-only; the state keeps a fingerprint. */
      accessToken: Input<string>;
      /** When the access token ends (RFC 3339). Give it with every new token: the service keeps the old one. */
      expiresAt?: Input<string>;
      /** How the service renews the access token. */
      refresh?: Input<OauthRefresh>;
    };

/** The hosts that get the secret. The environment must let the sandbox reach them. */
export type CredentialNetworking =
  | {
      type: Input<"limited">;
      /** Hosts that get the secret: 1 to 16. */
      allowedHosts: Input<Input<string>[]>;
    }
  | {
      type: Input<"unrestricted">;
    };

/** Where in a request the placeholder is replaced; at least one place. */
export interface InjectionLocation {
  /** In headers. Default: true. */
  header?: Input<boolean>;
  /** In bodies. Default: false. */
  body?: Input<boolean>;
}

/** How the service renews the access token. */
export interface OauthRefresh {
  /** Client id at the token endpoint. A new value makes a new resource. */
  clientId: Input<string>;
  /** The refresh token. Write-only; the state keeps a fingerprint. */
  refreshToken: Input<string>;
  /** Address of the token endpoint. A new value makes a new resource. */
  tokenEndpoint: Input<string>;
  /** How the client proves itself at the token endpoint. */
  tokenEndpointAuth: Input<TokenEndpointAuth>;
  /** The resource to name (RFC 8707). A new value makes a new resource. */
  resource?: Input<string>;
  /** The scope to ask for. */
  scope?: Input<string>;
}

/** How the client proves itself at the token endpoint. */
export type TokenEndpointAuth =
  | {
      type: Input<"none">;
    }
  | {
      type: Input<"client_secret_basic">;
      /** The client's secret. Write-only; the state keeps a fingerprint. */
      clientSecret: Input<string>;
    }
  | {
      type: Input<"client_secret_post">;
      /** The client's secret. Write-only; the state keeps a fingerprint. */
      clientSecret: Input<string>;
    };
