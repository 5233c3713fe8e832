/**
 * Claude Managed Agents for TypeScript programs. The provider behind these classes is the plugin of this package:
 * `plugins: { providers: [{ name: claude, path: … }] }` in Pulumi.yaml says where it is.
 */
import * as pulumi from "@pulumi/pulumi";
import type { AgentArgs, EnvironmentArgs, VaultArgs, VaultCredentialArgs } from "./args";

export type * from "./args";

type Inputs = Readonly<Record<string, unknown>>;

/**
 * A resource of the package: inputs become outputs of the same names, as the service has them. `outputs` are those that
 * the service adds.
 */
abstract class ClaudeResource extends pulumi.CustomResource {
  constructor(
    type: string,
    name: string,
    inputs: Inputs,
    outputs: readonly string[],
    options: pulumi.CustomResourceOptions | undefined,
  ) {
    const unknown = Object.fromEntries(outputs.map((output) => [output, undefined]));
    super(`claude:index:${type}`, name, { ...inputs, ...unknown }, options);
  }
}

export interface ProviderArgs {
  /**
   * API key of the workspace; kept as a secret. Default: ANTHROPIC_API_KEY, or whatever else the official SDK finds,
   * such as a federation rule in CI.
   */
  apiKey?: pulumi.Input<string>;
  /** Where the service is, for a self-hosted one. Default: ANTHROPIC_BASE_URL, or https://api.anthropic.com. */
  baseUrl?: pulumi.Input<string>;
  /** The workspace, for credentials that can act on several. */
  workspaceId?: pulumi.Input<string>;
}

/**
 * The service and the workspace, where they differ from the stack's `claude:*` configuration.
 * @example
 * const selfHosted = new claude.Provider("self-hosted", { baseUrl: "https://agents.acme.dev" });
 * new claude.Vault("vault", { displayName: "Gate" }, { provider: selfHosted });
 */
export class Provider extends pulumi.ProviderResource {
  constructor(name: string, args: ProviderArgs = {}, options?: pulumi.ResourceOptions) {
    const { apiKey, ...others } = args;
    super("claude", name, apiKey === undefined ? others : { ...others, apiKey: pulumi.secret(apiKey) }, options);
  }
}

/**
 * Where the tools of a session run, and which hosts they reach. Id: `env_…`. A change of `config.type` makes a new one.
 * @example
 * new claude.Environment("agents", {
 *   name: "agents",
 *   config: { type: "cloud", networking: { type: "limited", allowedHosts: ["gate.acme.dev"] } },
 * });
 */
export class Environment extends ClaudeResource {
  declare readonly name: pulumi.Output<string>;
  /** As the service has it, with its defaults filled in. */
  declare readonly config: pulumi.Output<unknown>;
  /** When the service made it (RFC 3339). */
  declare readonly createdAt: pulumi.Output<string>;

  constructor(name: string, args: EnvironmentArgs, options?: pulumi.CustomResourceOptions) {
    super("Environment", name, { ...args }, ["createdAt"], options);
  }
}

/**
 * Model, instructions, tools, and who approves their calls. Id: `agent_…`. Every update makes a new version, and is
 * refused when somebody else has made one since. Deleting archives it, which cannot be undone.
 * @example
 * new claude.Agent("reviewer", {
 *   name: "reviewer",
 *   model: { id: "claude-opus-5-5" },
 *   system: "Work in /workspace. Open draft pull requests only.",
 *   tools: [
 *     {
 *       type: "agent_toolset_20260401",
 *       defaultConfig: { enabled: true, permissionPolicy: { type: "always_ask" } },
 *       configs: [{ name: "web_fetch", enabled: false }, { name: "web_search", enabled: false }],
 *     },
 *   ],
 * });
 */
export class Agent extends ClaudeResource {
  declare readonly name: pulumi.Output<string>;
  /** 1 at first, one more with every change. A session that pins it runs what was reviewed. */
  declare readonly version: pulumi.Output<number>;
  /** When the service made it (RFC 3339). */
  declare readonly createdAt: pulumi.Output<string>;

  constructor(name: string, args: AgentArgs, options?: pulumi.CustomResourceOptions) {
    super("Agent", name, { ...args }, ["version", "createdAt"], options);
  }
}

/**
 * Credentials that a session may use, named when it starts. Id: `vlt_…`. Everybody with an API key of the workspace can
 * name it.
 * @example
 * const vault = new claude.Vault("gate", { displayName: "The gate" });
 */
export class Vault extends ClaudeResource {
  declare readonly displayName: pulumi.Output<string>;
  /** When the service made it (RFC 3339). */
  declare readonly createdAt: pulumi.Output<string>;

  constructor(name: string, args: VaultArgs, options?: pulumi.CustomResourceOptions) {
    super("Vault", name, { ...args }, ["createdAt"], options);
  }
}

/**
 * A credential that the service shows for the agent, which never sees it. Id: `vlt_…/vcrd_…`, for an import too. The
 * secret is write-only: state and preview have a fingerprint of it, encrypted. A change of the vault, of the type or of
 * what the credential is for makes a new one.
 * @example
 * new claude.VaultCredential("gate-key", {
 *   vaultId: vault.id,
 *   auth: {
 *     type: "environment_variable",
 *     secretName: "GATE_KEY",
 *     secretValue: gateKey,
 *     networking: { type: "limited", allowedHosts: ["gate.acme.dev"] },
 *     injectionLocation: { header: true, body: false },
 *   },
 * });
 */
export class VaultCredential extends ClaudeResource {
  declare readonly vaultId: pulumi.Output<string>;
  /** The service's id of the credential (`vcrd_…`). */
  declare readonly credentialId: pulumi.Output<string>;
  /** When the service made it (RFC 3339). */
  declare readonly createdAt: pulumi.Output<string>;

  constructor(name: string, args: VaultCredentialArgs, options?: pulumi.CustomResourceOptions) {
    super("VaultCredential", name, { ...args }, ["credentialId", "createdAt"], options);
  }
}

/**
 * Reads a session, with the agent as it was resolved for it: whoever starts a session may have replaced tools and
 * instructions of the reviewed agent.
 * @param args.id id of the session
 * @example
 * const { session } = await claude.getSession({ id: "session_…" });
 */
export function getSession(args: { id: string }, options?: pulumi.InvokeOptions): Promise<{ session: unknown }> {
  return pulumi.runtime.invoke("claude:index:getSession", args, options) as Promise<{ session: unknown }>;
}

/**
 * Lists sessions, newest first.
 * @param args.agentId only sessions of this agent
 * @param args.limit at most so many; 100 by default
 * @example
 * const { sessions } = await claude.getSessions({ agentId: "agent_…", limit: 10 });
 */
export function getSessions(
  args: { agentId?: string; limit?: number } = {},
  options?: pulumi.InvokeOptions,
): Promise<{ sessions: unknown[] }> {
  return pulumi.runtime.invoke("claude:index:getSessions", args, options) as Promise<{ sessions: unknown[] }>;
}
