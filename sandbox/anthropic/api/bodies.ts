import { z } from "zod";

/**
 * What the API takes, by the types of `@anthropic-ai/sdk` 1.14.0 and the limits in their comments. Unknown fields are
 * refused; `sandbox/tests/anthropic/api/bodies.test.ts` holds each schema against the SDK's type.
 */

const metadataLimits = (metadata: Record<string, string | null>): boolean =>
  Object.keys(metadata).length <= 16 &&
  Object.entries(metadata).every(([key, value]) => key.length <= 64 && (value ?? "").length <= 512);
const METADATA_RULE = "at most 16 pairs, keys up to 64 characters, values up to 512";
const metadata = z.record(z.string(), z.string()).refine(metadataLimits, METADATA_RULE);
/** null deletes a key. */
const metadataPatch = z.record(z.string(), z.string().nullable()).refine(metadataLimits, METADATA_RULE);

const name = z.string().min(1).max(256);
const policy = z.union([
  z.strictObject({ type: z.literal("always_allow") }),
  z.strictObject({ type: z.literal("always_ask") }),
  z.strictObject({ type: z.literal("auto") }),
]);
const toolFields = { enabled: z.boolean().nullish(), permission_policy: policy.nullish() };

const domains = z.array(z.string()).min(1).max(64).optional();
const domainFields = { allowed_domains: domains, blocked_domains: domains };
const toolReferences = z.array(z.strictObject({ type: z.literal("tool_reference"), name: z.string() })).min(1);
const urlSource = z.union([
  z.enum(["all", "none"]),
  z.strictObject({ type: z.enum(["all"]) }),
  z.strictObject({ type: z.enum(["none"]) }),
]);
const filteredUrlSource = z.union([
  urlSource,
  z.strictObject({ type: z.literal("only"), tools: toolReferences }),
  z.strictObject({ type: z.literal("except"), tools: toolReferences }),
]);
const urlSources = z
  .strictObject({
    user_input: urlSource.nullish(),
    client_tool_results: filteredUrlSource.nullish(),
    server_tool_results: filteredUrlSource.nullish(),
  })
  .refine(
    ({ user_input, client_tool_results, server_tool_results }) =>
      [user_input, client_tool_results, server_tool_results].some(
        (source) => (typeof source === "object" ? (source?.type ?? "all") : (source ?? "all")) !== "none",
      ),
    "at least one source must be allowed",
  );
const userLocation = z.strictObject({
  type: z.literal("approximate"),
  city: z.string().nullish(),
  country: z.string().nullish(),
  region: z.string().nullish(),
  timezone: z.string().nullish(),
});
const plainTool = <N extends string>(tool: N) =>
  z.strictObject({ name: z.literal(tool), type: z.literal(tool).optional(), ...toolFields });
const toolConfig = z
  .discriminatedUnion("name", [
    plainTool("bash"),
    plainTool("edit"),
    plainTool("read"),
    plainTool("write"),
    plainTool("glob"),
    plainTool("grep"),
    plainTool("web_fetch").extend({
      ...domainFields,
      max_content_tokens: z.number().int().positive().nullish(),
      url_sources: urlSources.nullish(),
    }),
    plainTool("web_search").extend({ ...domainFields, user_location: userLocation.nullish() }),
  ])
  .refine(
    (tool) => !("allowed_domains" in tool && tool.allowed_domains && tool.blocked_domains),
    "allowed_domains and blocked_domains exclude each other",
  );

const defaultConfig = z.strictObject(toolFields).nullish();
const tool = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("agent_toolset_20260401"),
    configs: z.array(toolConfig).optional(),
    default_config: defaultConfig,
  }),
  z.strictObject({
    type: z.literal("mcp_toolset"),
    mcp_server_name: z.string().min(1).max(255),
    configs: z.array(z.strictObject({ name: z.string().min(1).max(128), ...toolFields })).optional(),
    default_config: defaultConfig,
  }),
  z.strictObject({
    type: z.literal("custom"),
    name: z.string().regex(/^[A-Za-z0-9_-]{1,128}$/),
    description: z.string(),
    input_schema: z.looseObject({
      type: z.literal("object"),
      properties: z.record(z.string(), z.unknown()).nullish(),
      required: z.array(z.string()).nullish(),
    }),
  }),
]);
const mcpServer = z.strictObject({ type: z.literal("url"), name: z.string().min(1).max(255), url: z.url() });
const skill = z.strictObject({
  type: z.enum(["anthropic", "custom"]),
  skill_id: z.string().min(1),
  version: z.string().nullish(),
});
const effortLevel = z.enum(["low", "medium", "high", "xhigh", "max"]);
const model = z.union([
  z.string().min(1),
  z.strictObject({
    id: z.string().min(1),
    effort: z.union([effortLevel, z.strictObject({ type: effortLevel })]).nullish(),
    inference_geo: z.string().nullish(),
    speed: z.enum(["standard", "fast"]).nullish(),
  }),
]);
const version = z.number().int().min(1).optional();
const agentById = z.strictObject({ type: z.literal("agent"), id: z.string(), version });
const self = z.strictObject({ type: z.literal("self") });
const disabled = z.strictObject({ type: z.literal("disabled") });
const enabled = z.strictObject({ type: z.literal("enabled") });
const roster = z.strictObject({
  type: z.literal("enabled"),
  inline_agents: z.union([enabled, disabled]).nullish(),
  predefined_agents: z
    .array(z.union([z.string(), agentById, self]))
    .max(20)
    .nullish(),
});
const multiagent = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("coordinator"),
    agents: z.array(
      z.union([z.string(), agentById, self, z.strictObject({ type: z.literal("advisor"), model: z.string() })]),
    ),
  }),
  z.strictObject({
    type: z.literal("multiagent_20261001"),
    advisor: z.union([enabled.extend({ model: z.string() }), disabled]).nullish(),
    subagents: z.union([roster, disabled]).nullish(),
    workflows: z.union([roster, disabled]).nullish(),
  }),
]);
const executionIdentity = z.union([
  z.strictObject({ type: z.literal("service_account") }),
  z.strictObject({ type: z.literal("aws_role"), role_arn: z.string() }),
]);
const tools = z.array(tool).max(256);
const mcpServers = z.array(mcpServer).max(20);
const skills = z.array(skill);
const system = z.string().max(100_000).nullish();
const description = z.string().max(2048).nullish();

export const agentCreate = z.strictObject({
  model,
  name,
  description,
  execution_identity: executionIdentity.nullish(),
  mcp_servers: mcpServers.optional(),
  metadata: metadata.optional(),
  multiagent: multiagent.nullish(),
  skills: skills.optional(),
  system,
  tools: tools.optional(),
});
export const agentUpdate = z.strictObject({
  model: model.optional(),
  name: name.optional(),
  description,
  execution_identity: executionIdentity.nullish(),
  mcp_servers: mcpServers.nullish(),
  metadata: metadataPatch.nullish(),
  multiagent: multiagent.nullish(),
  skills: skills.nullish(),
  system,
  tools: tools.nullish(),
  version,
});

const packageList = z.array(z.string()).nullish();
const environmentHost = z
  .string()
  .regex(/^(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*$/i, "a bare host name: no scheme, port or path");
const environmentConfig = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("cloud"),
    networking: z
      .union([
        z.strictObject({ type: z.literal("unrestricted") }),
        z.strictObject({
          type: z.literal("limited"),
          allow_mcp_servers: z.boolean().nullish(),
          allow_package_managers: z.boolean().nullish(),
          allowed_hosts: z.array(environmentHost).nullish(),
        }),
      ])
      .nullish(),
    packages: z
      .strictObject({
        type: z.literal("packages").optional(),
        apt: packageList,
        cargo: packageList,
        gem: packageList,
        go: packageList,
        npm: packageList,
        pip: packageList,
      })
      .nullish(),
  }),
  z.strictObject({ type: z.literal("self_hosted") }),
]);
const scope = z.enum(["organization", "account"]).nullish();

export const environmentCreate = z.strictObject({
  name,
  config: environmentConfig.nullish(),
  description: z.string().nullish(),
  metadata: metadata.optional(),
  scope,
});
export const environmentUpdate = z.strictObject({
  name: name.nullish(),
  config: environmentConfig.nullish(),
  description: z.string().nullish(),
  metadata: metadataPatch.optional(),
  scope,
});

const displayName = z.string().min(1).max(255);
export const vaultCreate = z.strictObject({ display_name: displayName, metadata: metadata.optional() });
export const vaultUpdate = z.strictObject({ display_name: displayName.nullish(), metadata: metadataPatch.nullish() });

const secret = z.string().min(1);
const networking = z.union([
  z.strictObject({ type: z.literal("unrestricted") }),
  z.strictObject({ type: z.literal("limited"), allowed_hosts: z.array(environmentHost).max(16) }),
]);
const injectionLocation = z.strictObject({ body: z.boolean().optional(), header: z.boolean().optional() });
const future = z.iso
  .datetime({ offset: true })
  .refine((time) => Date.parse(time) > Date.now(), "must be in the future")
  .nullish();
const endpointAuth = z.union([
  z.strictObject({ type: z.literal("none") }),
  z.strictObject({ type: z.literal("client_secret_basic"), client_secret: secret }),
  z.strictObject({ type: z.literal("client_secret_post"), client_secret: secret }),
]);
export const credentialCreate = z.strictObject({
  auth: z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("static_bearer"), token: secret, mcp_server_url: z.url() }),
    z.strictObject({
      type: z.literal("mcp_oauth"),
      access_token: secret,
      mcp_server_url: z.url(),
      expires_at: future,
      refresh: z
        .strictObject({
          client_id: z.string(),
          refresh_token: secret,
          token_endpoint: z.url(),
          token_endpoint_auth: endpointAuth,
          resource: z.string().nullish(),
          scope: z.string().nullish(),
        })
        .nullish(),
    }),
    z.strictObject({
      type: z.literal("environment_variable"),
      secret_name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "the name of an environment variable"),
      secret_value: secret,
      networking,
      injection_location: injectionLocation.optional(),
    }),
  ]),
  display_name: z.string().max(255).nullish(),
  metadata: metadata.optional(),
});
export const credentialUpdate = z.strictObject({
  auth: z
    .discriminatedUnion("type", [
      z.strictObject({ type: z.literal("static_bearer"), token: secret.nullish() }),
      z.strictObject({
        type: z.literal("mcp_oauth"),
        access_token: secret.nullish(),
        expires_at: future,
        refresh: z
          .strictObject({
            refresh_token: secret.nullish(),
            scope: z.string().nullish(),
            token_endpoint_auth: z
              .union([
                z.strictObject({ type: z.literal("client_secret_basic"), client_secret: secret.nullish() }),
                z.strictObject({ type: z.literal("client_secret_post"), client_secret: secret.nullish() }),
              ])
              .optional(),
          })
          .nullish(),
      }),
      z.strictObject({
        type: z.literal("environment_variable"),
        secret_value: secret.nullish(),
        networking: networking.nullish(),
        injection_location: injectionLocation.optional(),
      }),
    ])
    .optional(),
  display_name: z.string().max(255).nullish(),
  metadata: metadataPatch.nullish(),
});

/** Content of messages and results is stored as it comes: text, images, documents. */
const content = z.array(
  z.custom<{ type: string }>(
    (block) => typeof (block as { type?: unknown } | null)?.type === "string",
    "a block with its type",
  ),
);
const outcome = z.strictObject({
  type: z.literal("user.define_outcome"),
  description: z.string(),
  rubric: z.union([
    z.strictObject({ type: z.literal("text"), content: z.string().max(262_144) }),
    z.strictObject({ type: z.literal("file"), file_id: z.string() }),
  ]),
  max_iterations: z.number().int().min(1).max(20).nullish(),
});
const message = z.strictObject({ type: z.literal("user.message"), content });
const systemMessage = z.strictObject({
  type: z.literal("system.message"),
  content: z.array(z.strictObject({ type: z.literal("text"), text: z.string() })),
});
const result = { content: content.optional(), is_error: z.boolean().nullish() };
export const eventSend = z.strictObject({
  events: z
    .array(
      z.discriminatedUnion("type", [
        message,
        outcome,
        systemMessage,
        z.strictObject({ type: z.literal("user.interrupt"), session_thread_id: z.string().nullish() }),
        z
          .strictObject({
            type: z.literal("user.tool_confirmation"),
            tool_use_id: z.string(),
            result: z.enum(["allow", "deny"]),
            deny_message: z.string().nullish(),
          })
          .refine((c) => c.result === "deny" || !c.deny_message, "deny_message: only with the result deny"),
        z.strictObject({ type: z.literal("user.custom_tool_result"), custom_tool_use_id: z.string(), ...result }),
        z.strictObject({ type: z.literal("user.tool_result"), tool_use_id: z.string(), ...result }),
      ]),
    )
    .min(1),
});

const budget = z.strictObject({
  type: z.literal("limit"),
  max_list_cost: z.strictObject({ amount: z.string().regex(/^[1-9]\d*$/), currency: z.literal("USD") }),
});
const GITHUB = /^https:\/\/github\.com\/[^/]+\/[^/]+(?<!\.git)$/;
const repository = z.strictObject({
  type: z.literal("github_repository"),
  url: z.string().regex(GITHUB, "https://github.com/<owner>/<repo>, without .git"),
  authorization_token: secret.optional(),
  checkout: z
    .union([
      z.strictObject({ type: z.literal("branch"), name: z.string() }),
      z.strictObject({ type: z.literal("commit"), sha: z.string() }),
    ])
    .nullish(),
  mount_path: z.string().startsWith("/workspace").nullish(),
});
const resource = z.discriminatedUnion("type", [
  repository,
  z.strictObject({ type: z.literal("file"), file_id: z.string(), mount_path: z.string().nullish() }),
  z.strictObject({
    type: z.literal("memory_store"),
    memory_store_id: z.string(),
    access: z.enum(["read_write", "read_only"]).nullish(),
    instructions: z.string().max(4096).nullish(),
  }),
]);
export const sessionCreate = z.strictObject({
  agent: z.union([
    z.string(),
    agentById,
    z.strictObject({
      type: z.literal("agent_with_overrides"),
      id: z.string(),
      version,
      model: model.optional(),
      system,
      tools: tools.optional(),
      mcp_servers: mcpServers.optional(),
      skills: skills.optional(),
    }),
  ]),
  environment_id: z.string(),
  budget: budget.optional(),
  initial_events: z
    .array(z.discriminatedUnion("type", [message, outcome]))
    .max(50)
    .optional(),
  metadata: metadata.optional(),
  resources: z.array(resource).max(500).optional(),
  title: z.string().nullish(),
  vault_ids: z.array(z.string()).optional(),
});
export const sessionUpdate = z.strictObject({
  agent: z.strictObject({ tools: tools.optional(), mcp_servers: mcpServers.optional() }).optional(),
  budget: budget.nullish(),
  metadata: metadataPatch.nullish(),
  title: z.string().nullish(),
  vault_ids: z.array(z.string()).optional(),
});
export const resourceUpdate = z.strictObject({ authorization_token: secret });

const initialEvents = z
  .array(z.discriminatedUnion("type", [message, outcome, systemMessage]))
  .min(1)
  .max(50);
const schedule = z.strictObject({ type: z.literal("cron"), expression: z.string(), timezone: z.string() }).nullish();
const agentReference = z.union([z.string(), agentById]);
export const deploymentCreate = z.strictObject({
  agent: agentReference,
  environment_id: z.string(),
  initial_events: initialEvents,
  name,
  budget: budget.nullish(),
  description,
  metadata: metadata.optional(),
  resources: z.array(resource).max(500).optional(),
  schedule,
  vault_ids: z.array(z.string()).max(50).optional(),
});
export const deploymentUpdate = z.strictObject({
  agent: agentReference.optional(),
  environment_id: z.string().optional(),
  initial_events: initialEvents.optional(),
  name: name.optional(),
  budget: budget.nullish(),
  description,
  metadata: metadataPatch.nullish(),
  resources: z.array(resource).max(500).nullish(),
  schedule,
  vault_ids: z.array(z.string()).max(50).nullish(),
});

export const tokenRequest = z.strictObject({
  grant_type: z.literal("urn:ietf:params:oauth:grant-type:jwt-bearer"),
  assertion: z.string().max(16 * 1024),
  federation_rule_id: z.string(),
  organization_id: z.string(),
  service_account_id: z.string().optional(),
  workspace_id: z.string().optional(),
});

/** An event that the sandbox is told to add, as the agent's or the server's own. */
export const controlEvents = z.strictObject({
  thread: z.string().optional(),
  events: z.array(z.looseObject({ type: z.string() })).min(1),
});
export const controlThread = z.strictObject({
  /** The thread's agent as the API shows it; `inline` is one that the agent wrote itself. */
  agent: z.looseObject({ type: z.enum(["agent", "inline", "advisor"]) }).optional(),
  workflow_run_id: z.string().nullish(),
});
export const controlWebhook = z.strictObject({ url: z.url() });
export const controlFederation = z.strictObject({
  subjectPrefix: z.string().min(1),
  lifetimeSeconds: z.number().int().min(60).max(86_400).default(3600),
});
export const controlLimits = z.strictObject({
  createPerMinute: z.number().int().positive(),
  readPerMinute: z.number().int().positive(),
});
export const anything = z.unknown();

export type Body<T extends z.ZodType> = z.output<T>;
