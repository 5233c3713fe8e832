import { onlyReads } from "../../gate/policy/mcp/tools";
import { names } from "../model/names";
import type { AgentEnvironment, Environment, PermissionPolicy } from "../model/schema";
import { agentInstructions } from "./agentSetup";
import { gateUrl } from "./workers";

/**
 * What a posture declares at Anthropic for a Claude Managed Agent: plain data without secrets and without ids, in the
 * words of Anthropic's API (SDK 1.14.0, `managed-agents-2026-04-01`) as `providers/claude` spells them.
 */
export interface ClaudeAgentPlan {
  /** The sandbox: what it may reach. */
  readonly environment: {
    readonly name: string;
    readonly description: string;
    readonly config: {
      readonly type: "cloud";
      readonly networking: {
        readonly type: "limited";
        readonly allowedHosts: string[];
        readonly allowMcpServers: false;
        readonly allowPackageManagers: boolean;
      };
    };
  };
  readonly agent: {
    readonly name: string;
    readonly description: string;
    readonly model: { readonly id: string };
    readonly system: string;
    readonly mcpServers: { readonly name: string; readonly url: string }[];
    readonly tools: ToolsetPlan[];
    readonly multiagent: typeof SINGLE_THREAD;
  };
  readonly vault: { readonly displayName: string };
  /** The gate key for the shell (git, gh, curl): a placeholder in the sandbox, replaced on its way to the gate. */
  readonly shellCredential: {
    readonly type: "environment_variable";
    readonly secretName: string;
    readonly networking: { readonly type: "limited"; readonly allowedHosts: string[] };
    readonly injectionLocation: { readonly header: true; readonly body: false };
  };
  /** The gate key for the gate's MCP server, which Anthropic calls from outside the sandbox. */
  readonly mcpCredential: { readonly type: "static_bearer"; readonly mcpServerUrl: string };
  /** What whoever starts a session passes on; only a session can have a budget. */
  readonly session: { readonly budget: BudgetPlan };
}

type Policy = { [Word in PermissionPolicy]: { readonly type: Word } }[PermissionPolicy];

type ToolsetPlan =
  | {
      readonly type: "agent_toolset_20260401";
      readonly defaultConfig: ToolsetDefault;
      readonly configs: ToolPlan<BuiltInTool>[];
    }
  | {
      readonly type: "mcp_toolset";
      readonly mcpServerName: string;
      readonly defaultConfig: ToolsetDefault;
      readonly configs: ToolPlan<string>[];
    };
type ToolsetDefault = { readonly enabled: false; readonly permissionPolicy: Policy };
type ToolPlan<Name> = { readonly name: Name; readonly enabled: boolean; readonly permissionPolicy: Policy };
type BuiltInTool = (typeof FILE_TOOLS)[number] | (typeof WEB_TOOLS)[number] | "bash";

/** A session's ceiling; the amount is in cents, as a text. */
export interface BudgetPlan {
  readonly type: "limit";
  readonly maxListCost: { readonly amount: string; readonly currency: "USD" };
}

/** The variable in the sandbox that holds the gate key's placeholder. */
export const GATE_KEY_VARIABLE = "GATEHOUSE_KEY";
/** The gate's MCP server, as the agent knows it. */
export const GATE_MCP_SERVER = "gatehouse";

const ASK: Policy = { type: "always_ask" };
const ALLOW: Policy = { type: "always_allow" };

/** Each member in words: what is left out, or null, Anthropic takes for enabled. */
const SINGLE_THREAD = {
  type: "multiagent_20261001",
  advisor: { type: "disabled" },
  subagents: { type: "disabled" },
  workflows: { type: "disabled" },
} as const;

/** Tools that touch files of the sandbox alone; what leaves the sandbox needs bash. */
const FILE_TOOLS = ["edit", "glob", "grep", "read", "write"] as const;
/** They run at Anthropic, so no network setting of the sandbox holds them. */
export const WEB_TOOLS = ["web_fetch", "web_search"] as const;
/** What comes with every agent (`agent_toolset_20260401`). */
export const BUILT_IN_TOOLS: readonly string[] = ["bash", ...FILE_TOOLS, ...WEB_TOOLS];

/**
 * Derives what is declared at Anthropic.
 * @returns undefined where the environment file says nothing about where the agent runs
 * @throws Error when the gate's address is not known; `parseEnvironment` has refused that
 */
export function planClaudeAgent(environment: Environment): ClaudeAgentPlan | undefined {
  const runs = environment.agent.environment;
  if (runs === undefined) return undefined;
  const url = gateUrl(environment);
  if (url === undefined) throw new Error("the gate's address is not known");
  const gateHost = new URL(url).host;
  const { gateScript } = names(environment);
  const name = `${gateScript}-${environment.agent.name}`;
  return {
    environment: {
      name,
      description: `Sandbox of the agent ${environment.agent.name}: it reaches ${gateHost}. Managed by Gatehouse.`,
      config: {
        type: "cloud",
        networking: {
          type: "limited",
          allowedHosts: [gateHost, ...[...runs.allowedHosts].sort()],
          allowMcpServers: false,
          allowPackageManagers: runs.packageManagers,
        },
      },
    },
    agent: {
      name,
      description: `Works on ${environment.organization}'s repositories through ${gateHost}. Managed by Gatehouse.`,
      model: { id: runs.model },
      system: agentInstructions(environment, url, GATE_KEY_VARIABLE, runs.instructions),
      mcpServers: [{ name: GATE_MCP_SERVER, url: `${url}/mcp` }],
      tools: [builtInTools(runs), gateTools(runs)],
      multiagent: SINGLE_THREAD,
    },
    vault: { displayName: name },
    shellCredential: {
      type: "environment_variable",
      secretName: GATE_KEY_VARIABLE,
      networking: { type: "limited", allowedHosts: [gateHost] },
      injectionLocation: { header: true, body: false },
    },
    mcpCredential: { type: "static_bearer", mcpServerUrl: `${url}/mcp` },
    session: {
      budget: { type: "limit", maxListCost: { amount: String(runs.budgetDollars * 100), currency: "USD" } },
    },
  };
}

function builtInTools({ bash }: AgentEnvironment): ToolsetPlan {
  return {
    type: "agent_toolset_20260401",
    // A tool that Anthropic adds later is off until somebody has looked at it.
    defaultConfig: { enabled: false, permissionPolicy: ASK },
    configs: [
      { name: "bash", enabled: true, permissionPolicy: { type: bash } },
      ...FILE_TOOLS.map((name) => ({ name, enabled: true, permissionPolicy: ALLOW })),
      ...WEB_TOOLS.map((name) => ({ name, enabled: false, permissionPolicy: ASK })),
    ],
  };
}

function gateTools({ tools }: AgentEnvironment): ToolsetPlan {
  return {
    type: "mcp_toolset",
    mcpServerName: GATE_MCP_SERVER,
    defaultConfig: { enabled: false, permissionPolicy: ASK },
    configs: [...tools]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, policy }) => ({ name, enabled: true, permissionPolicy: { type: policy } })),
  };
}

/** Hosts of GitHub itself, and of its own MCP server: whoever reaches them goes around the gate. */
const GITHUB_HOST =
  /(?:^|\.)(?:github\.com|githubusercontent\.com|ghe\.com|githubcopilot\.com|github\.io|githubassets\.com)$/i;

/** Why an agent's sandbox, or a credential of it, must not be given a host; undefined where nothing speaks against it. */
export function refusedHost(host: string): string | undefined {
  if (host.includes("*"))
    return host.toLowerCase().endsWith(".workers.dev")
      ? "stands for every stranger's Worker"
      : "stands for hosts that nobody has looked at";
  return GITHUB_HOST.test(host) ? "goes around the gate" : undefined;
}

/** Whether a tool changes nothing: of the gate's own MCP server by its table of tools, of any other by the tool's name. */
export const readsOnly = (server: string, tool: string): boolean =>
  server === GATE_MCP_SERVER ? onlyReads(tool) : /^(?:get|list|search|read)_/.test(tool);
