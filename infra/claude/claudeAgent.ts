import * as pulumi from "@pulumi/pulumi";
import * as claude from "../../providers/claude/resources";
import { GatehouseComponent } from "../component";
import { environmentOf } from "../environment";
import type { EnvironmentInput } from "../model";
import { planClaudeAgent } from "../plans";

export interface ClaudeAgentArgs {
  /** The environment, in the shape of the environment file, with `agent.environment` of kind `claude-managed-agent`. */
  readonly environment: EnvironmentInput;
  /** The deployed gate's key for the agent (`ghk_…`). Anthropic keeps it; the sandbox has a placeholder. */
  readonly gateKey: pulumi.Input<string>;
}

/** What `sessions.create` of Anthropic's API takes, in its own spelling. */
export interface ClaudeSession {
  /** At the version that the stack declares: what was reviewed, whatever becomes of the agent later. */
  readonly agent: { readonly type: "agent"; readonly id: string; readonly version: number };
  readonly environment_id: string;
  readonly vault_ids: readonly string[];
  readonly budget: {
    readonly type: "limit";
    readonly max_list_cost: { readonly amount: string; readonly currency: string };
  };
}

/**
 * A Claude Managed Agent that reaches GitHub through the gate and no other way: its environment, which may reach the
 * gate's host alone; a vault with the gate key, which Anthropic puts into headers for that host alone; and the agent,
 * whose tools ask a person before they write. A GitHub token is nowhere in it.
 * @throws RunError when the environment does not say that the agent is a Claude Managed Agent
 * @example
 * const agent = new ClaudeAgent("agent", { environment, gateKey: gate.agentKey }, { dependsOn: [gate] });
 * export const session = agent.session; // curl https://api.anthropic.com/v1/sessions --data "$(pulumi stack output session --json)"
 */
export class ClaudeAgent extends GatehouseComponent {
  /** Id of the environment (`env_…`). */
  readonly environmentId: pulumi.Output<string>;
  /** Id of the agent (`agent_…`). */
  readonly agentId: pulumi.Output<string>;
  /** Version of the agent that the stack declares. */
  readonly agentVersion: pulumi.Output<number>;
  /** Id of the vault that holds the gate key (`vlt_…`). */
  readonly vaultId: pulumi.Output<string>;
  /** What to start a session with. */
  readonly session: pulumi.Output<ClaudeSession>;

  constructor(name: string, args: ClaudeAgentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:claude:ClaudeAgent", name, opts);
    const plan = planClaudeAgent(environmentOf(args.environment, name));
    if (plan === undefined)
      throw new pulumi.RunError(`${name}: agent.environment is missing; { kind: claude-managed-agent, model: … }`);
    const parent = { parent: this };
    const environment = new claude.Environment(`${name}-environment`, plan.environment, parent);
    const vault = new claude.Vault(`${name}-vault`, plan.vault, parent);
    const key = pulumi.secret(args.gateKey);
    // A vault takes one active credential of a name, so the old one goes first.
    const credential = { ...parent, deleteBeforeReplace: true };
    const credentials = [
      new claude.VaultCredential(
        `${name}-shell-key`,
        {
          vaultId: vault.id,
          displayName: "Gate key, for git and gh",
          auth: { ...plan.shellCredential, secretValue: key },
        },
        credential,
      ),
      new claude.VaultCredential(
        `${name}-mcp-key`,
        {
          vaultId: vault.id,
          displayName: "Gate key, for the gate's MCP server",
          auth: { ...plan.mcpCredential, token: key },
        },
        credential,
      ),
    ];
    const agent = new claude.Agent(`${name}-agent`, plan.agent, { ...parent, dependsOn: credentials });

    this.environmentId = environment.id;
    this.agentId = agent.id;
    this.agentVersion = agent.version;
    this.vaultId = vault.id;
    const { type, maxListCost } = plan.session.budget;
    this.session = pulumi
      .all([agent.id, agent.version, environment.id, vault.id])
      .apply(([agentId, version, environmentId, vaultId]) => ({
        agent: { type: "agent" as const, id: agentId, version },
        environment_id: environmentId,
        vault_ids: [vaultId],
        budget: { type, max_list_cost: { ...maxListCost } },
      }));
    this.registerOutputs({ agentId: this.agentId, agentVersion: this.agentVersion, environmentId: this.environmentId });
  }
}
