import type { Environment } from "../../../infra/model";
import { planClaudeAgent } from "../../../infra/plans";
import { Service } from "../../../providers/claude/effects/service";
import { ClaudeProvider } from "../../../providers/claude/provider";
import { environment } from "../../../tests/support/environment";
import type { CreateSession } from "../../agent";
import type { Anthropic } from "../../anthropic";

export const KEY = "ghk_0123456789abcdefghijklmnopqrstuv";

/** An environment whose agent runs at Anthropic. */
export const atAnthropic = (changes: Record<string, unknown> = {}): Environment =>
  environment({
    "agent.environment": { kind: "claude-managed-agent", model: "claude-opus-5-5" },
    ...Object.fromEntries(Object.entries(changes).map(([path, value]) => [`agent.environment.${path}`, value])),
  });

/** What a posture declares at Anthropic, made by the provider as `pulumi up` does. */
export async function declared(
  { api, key }: Pick<Anthropic, "api" | "key">,
  posture: Environment,
): Promise<CreateSession> {
  const plan = planClaudeAgent(posture);
  if (plan === undefined) throw new Error("the environment has no agent at Anthropic");
  const provider = new ClaudeProvider(new Service({ apiKey: key, baseUrl: api }));
  const make = async (type: string, program: object): Promise<{ id: string; outs: Record<string, unknown> }> => {
    const urn = `urn:pulumi:dev::acme::claude:index:${type}::it`;
    const { inputs, failures } = provider.check(urn, structuredClone(program) as Record<string, unknown>);
    if (failures.length > 0) throw new Error(JSON.stringify(failures));
    return provider.create(urn, inputs, false);
  };
  const environmentId = (await make("Environment", plan.environment)).id;
  const vaultId = (await make("Vault", plan.vault)).id;
  await make("VaultCredential", { vaultId, auth: { ...plan.shellCredential, secretValue: KEY } });
  const agent = await make("Agent", plan.agent);
  return {
    agent: { type: "agent", id: agent.id, version: Number(agent.outs["version"]) },
    environment_id: environmentId,
    vault_ids: [vaultId],
  };
}
