import Anthropic from "@anthropic-ai/sdk";
import { startAnthropic } from "../../../sandbox/anthropic";
import { Service } from "../../../providers/claude/effects/service";
import type { Json } from "../../../providers/claude/model/field";
import { ClaudeProvider } from "../../../providers/claude/provider";

export const SECRET = "ghk_0123456789abcdefghijklmnopqrstuv";
export const urn = (type: string, name = "it"): string => `urn:pulumi:dev::acme::claude:index:${type}::${name}`;

/** A running stand-in, the official client of it, and providers as each run of an engine has a new one. */
export async function served() {
  const standIn = await startAnthropic();
  const waits: number[] = [];
  const engineRun = (): ClaudeProvider =>
    new ClaudeProvider(
      new Service({ apiKey: standIn.key, baseUrl: standIn.api }, (milliseconds) => {
        waits.push(milliseconds);
        return Promise.resolve();
      }),
    );
  const control = async (method: string, path: string, body?: Json): Promise<unknown> => {
    const response = await fetch(`${standIn.api}/_sandbox/${path}`, {
      method,
      ...(body ? { body: JSON.stringify(body), headers: { "content-type": "application/json" } } : {}),
    });
    const text = await response.text();
    return text === "" ? undefined : JSON.parse(text);
  };
  const { beta } = new Anthropic({ apiKey: standIn.key, baseURL: standIn.api, maxRetries: 0 });
  return { standIn, waits, engineRun, control, beta };
}
export type Served = Awaited<ReturnType<typeof served>>;

/** A program with one field, by path, set to another value; undefined takes it out. */
export function withField(of: Json, path: string, value: unknown): Json {
  const copy = structuredClone(of);
  const names = path.split(".");
  const last = names.pop() ?? "";
  const place = names.reduce<Json>((at, name) => at[name] as Json, copy);
  if (value === undefined) delete place[last];
  else place[last] = value;
  return copy;
}

/** What an engine keeps of a resource. */
export interface Kept {
  readonly id: string;
  readonly inputs: Json;
  readonly outs: Json;
}

/** Checks and creates, as an engine does. */
export async function made(provider: ClaudeProvider, type: string, program: Json, name?: string): Promise<Kept> {
  const { inputs, failures } = provider.check(urn(type, name), program);
  if (failures.length > 0) throw new Error(JSON.stringify(failures));
  return { inputs, ...(await provider.create(urn(type, name), inputs, false)) };
}

/** Checks, compares and updates, as an engine does. */
export async function changed(provider: ClaudeProvider, type: string, kept: Kept, program: Json): Promise<Kept> {
  const { inputs, failures } = provider.check(urn(type), program);
  if (failures.length > 0) throw new Error(JSON.stringify(failures));
  const { changes, replaces } = provider.diff(kept.id, urn(type), kept.inputs, inputs);
  if (Object.keys(changes).length === 0 || replaces.length > 0)
    throw new Error(`no update: ${JSON.stringify({ changes, replaces })}`);
  const update = { outs: kept.outs, olds: kept.inputs, news: inputs, preview: false };
  return { id: kept.id, inputs, outs: await provider.update(kept.id, urn(type), update) };
}

/** Reads it into the state, as a refresh does. */
export async function refreshed(provider: ClaudeProvider, type: string, kept: Kept): Promise<Kept | undefined> {
  const { id, inputs, outs } = await provider.read(kept.id, urn(type), kept.inputs);
  return id === undefined ? undefined : { id, inputs: inputs ?? {}, outs: outs ?? {} };
}

/** A program for each type; each has every field that another one does not exclude. */
export const PROGRAMS: Readonly<Record<string, (vaultId: string) => Json>> = {
  Agent: () => ({
    name: "coder",
    description: "Writes code.",
    model: { id: "claude-opus-5-5", effort: "low", speed: "standard" },
    system: "Work.",
    mcpServers: [{ name: "gate", url: "https://gate.acme.dev/mcp" }],
    tools: [
      {
        type: "agent_toolset_20260401",
        defaultConfig: { enabled: true, permissionPolicy: { type: "always_ask" } },
        configs: [
          { name: "web_fetch", enabled: false },
          { name: "web_search", allowedDomains: ["docs.acme.dev"], userLocation: { country: "DE" } },
        ],
      },
      {
        type: "mcp_toolset",
        mcpServerName: "gate",
        defaultConfig: { enabled: false, permissionPolicy: { type: "always_ask" } },
        configs: [{ name: "create_pull_request", enabled: true }],
      },
      {
        type: "custom",
        name: "ask",
        description: "Asks.",
        inputSchema: { type: "object", properties: { some_key: {} } },
      },
    ],
    skills: [{ type: "anthropic", skillId: "xlsx", version: "20251013" }],
    multiagent: {
      type: "multiagent_20261001",
      advisor: { type: "disabled" },
      subagents: { type: "disabled" },
      workflows: { type: "enabled", inlineAgents: { type: "disabled" }, predefinedAgents: [{ type: "self" }] },
    },
    metadata: { team: "platform" },
  }),
  Environment: () => ({
    name: "agents",
    description: "Where agents work.",
    config: {
      type: "cloud",
      networking: { type: "limited", allowedHosts: ["gate.acme.dev"], allowPackageManagers: true },
      packages: { npm: ["typescript@5.9.3"] },
    },
    metadata: { team: "platform" },
  }),
  Vault: () => ({ displayName: "The gate", metadata: { team: "platform" } }),
  VaultCredential: (vaultId) => ({
    vaultId,
    displayName: "Key of the gate",
    auth: {
      type: "environment_variable",
      secretName: "GATE_KEY",
      secretValue: SECRET,
      networking: { type: "limited", allowedHosts: ["gate.acme.dev"] },
    },
    metadata: { team: "platform" },
  }),
};
