import type { Anthropic } from "@anthropic-ai/sdk";
import type { ClaudeAgentPlan } from "../../infra/plans/claudeAgent";
import type { Effects } from "../effects";
import { NeedsPerson } from "../errors";
import { all, send, type ClaudeClient } from "./claudeCalls";
import type { AgentRuntime } from "./types";

type Credential = Awaited<ReturnType<Anthropic["beta"]["vaults"]["credentials"]["retrieve"]>>;

/**
 * The vault of a Claude Managed Agent. Both credentials that the stack declares get the key: the shell's variable and
 * that of the gate's MCP server. Sessions that run take a changed secret from there.
 * @param plan what the stack declares: the key is written into nothing else
 */
export function claudeRuntime(effects: Effects, client: ClaudeClient, plan: ClaudeAgentPlan): AgentRuntime {
  const { displayName } = plan.vault;
  const { vaults, sessions } = client.beta;
  const name = `the vault ${displayName} at Anthropic`;

  const vaultId = async (): Promise<string> => {
    const found = await send(effects, "list vaults", () => all(vaults.list({ limit: 100 })));
    const named = found.filter((vault) => vault.display_name === displayName && vault.archived_at === null);
    if (named.length > 1)
      throw new NeedsPerson(`Anthropic shows ${named.length} vaults ${displayName}, and one is declared`, [
        `archive those that the stack does not know: ${named.map(({ id }) => id).join(", ")}`,
      ]);
    const id = named[0]?.id;
    if (id !== undefined) return id;
    throw new NeedsPerson(`Anthropic shows no vault ${displayName}`, [
      "run pulumi up, which makes it",
      "look whether the API key is of the workspace that the stack was deployed to",
    ]);
  };
  const credentialsOf = (vault: string): Promise<Credential[]> =>
    send(effects, "list credentials", () => all(vaults.credentials.list(vault, { limit: 100 })));

  return {
    name,
    toTry: "git ls-remote of a repository, in the session's shell",
    give: async (key) => {
      const vault_id = await vaultId();
      const { shell, mcp } = declaredOf(await credentialsOf(vault_id), plan);
      const written = [
        await send(
          effects,
          `update credential ${shell.id}`,
          () =>
            vaults.credentials.update(shell.id, {
              vault_id,
              auth: { type: "environment_variable", secret_value: key },
            }),
          { secret: key },
        ),
        await send(
          effects,
          `update credential ${mcp.id}`,
          () => vaults.credentials.update(mcp.id, { vault_id, auth: { type: "static_bearer", token: key } }),
          { secret: key },
        ),
      ];
      // A credential has no version to lock. Whoever wrote after us has left another time.
      const now = new Map((await credentialsOf(vault_id)).map(({ id, updated_at }) => [id, updated_at]));
      const lost = written.filter(({ id, updated_at }) => now.get(id) !== updated_at);
      if (lost.length > 0)
        throw new NeedsPerson(`${lost.map(({ id }) => id).join(" and ")} in ${name} was changed by somebody else`, [
          "wait until the other deployment or hand-over has ended, then run the same command again",
        ]);
      return written.map(({ id }) => `credential ${id}`);
    },
    sessions: async () => {
      const id = await vaultId();
      const found = await send(effects, "list sessions", () => all(sessions.list({ limit: 100 })));
      return found
        .filter((one) => one.vault_ids.includes(id) && one.status !== "terminated" && one.archived_at === null)
        .map((one) => one.id);
    },
  };
}

/** The two declared credentials, only where each sends the key to nobody but the gate. */
function declaredOf(
  credentials: readonly Credential[],
  { shellCredential, mcpCredential, vault }: ClaudeAgentPlan,
): { readonly shell: Credential; readonly mcp: Credential } {
  const active = credentials.filter(({ archived_at }) => archived_at === null);
  const shell = active.find(
    ({ auth }) => auth.type === "environment_variable" && auth.secret_name === shellCredential.secretName,
  );
  const mcp = active.find(
    ({ auth }) => auth.type === "static_bearer" && auth.mcp_server_url === mcpCredential.mcpServerUrl,
  );
  if (shell?.auth.type !== "environment_variable" || mcp === undefined)
    throw new NeedsPerson(
      `the vault ${vault.displayName} has no credential for ${shell === undefined ? shellCredential.secretName : mcpCredential.mcpServerUrl}`,
      ["run pulumi up, which makes it"],
    );
  const { networking, injection_location } = shell.auth;
  const { allowedHosts } = shellCredential.networking;
  if (
    networking.type !== "limited" ||
    networking.allowed_hosts.some((host) => !allowedHosts.includes(host)) ||
    injection_location.body
  )
    throw new NeedsPerson(
      `credential ${shell.id} may go elsewhere than into headers for ${allowedHosts.join(", ")}, so the key was not written into it`,
      ["find out who changed it", "run pulumi refresh and pulumi up, which put it right"],
    );
  return { shell, mcp };
}
