import { names, type VaultNames } from "../../infra/model";
import type { Context, GateClients, VaultReader } from "../live/context";
import type { GitHubReader, Reader } from "../live/reader";
import { cannotTell, type Finding } from "./question";

/** What the gate is called in findings. */
export const GATE_SUBJECT = "the gate";

/**
 * Asks GitHub. Without a credential for it the one finding is "cannot tell", with what is missing; so for each system
 * below.
 */
export async function onGitHub(
  context: Context,
  ask: (github: GitHubReader) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  return "client" in context.github
    ? ask(context.github.client)
    : [cannotTell(context.environment.organization, context.github.missing)];
}

/** Asks Cloudflare. @param ask gets the path of the account that the environment names */
export async function onCloudflare(
  context: Context,
  ask: (cloudflare: Reader, account: string) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  return "client" in context.cloudflare
    ? ask(context.cloudflare.client, `/accounts/${context.environment.gate.accountId}`)
    : [cannotTell("Cloudflare", context.cloudflare.missing)];
}

/** Asks Vault. Where Workers KV is the token store, nothing is declared in Vault and there are no findings. */
export async function onVault(
  context: Context,
  ask: (vault: VaultReader, place: VaultNames) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  const place = names(context.environment).vault;
  if (!place) return [];
  return "client" in context.vault ? ask(context.vault.client, place) : [cannotTell("Vault", context.vault.missing)];
}

/** Asks the gate. */
export async function onGate(
  context: Context,
  ask: (gate: GateClients) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  return "client" in context.gate ? ask(context.gate.client) : [cannotTell(GATE_SUBJECT, context.gate.missing)];
}
