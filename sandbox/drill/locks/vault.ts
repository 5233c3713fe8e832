import { names } from "../../../infra/model";
import type { Outcome } from "../door";
import { harmless, need, type Site } from "./site";

/** A policy of the drill's own: what somebody else's sign-in at the same Vault may do. Opening the lock widens it. */
const POLICY = "gatehouse-drill";

async function vault(
  site: Site,
  method: string,
  path: string,
  credential: string | undefined,
  body?: unknown,
): Promise<{ status: number; text: string }> {
  const response = await fetch(`${site.rig.keepers.vault.addr}/v1/${path}`, {
    method,
    headers: { ...(credential ? { "x-vault-token": credential } : {}), "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

const where = (site: Site) => need(names(site.environment).vault, "Vault in this environment");
const tokenPath = (site: Site): string => `${where(site).mount}/data/${where(site).token}`;

/** A call with Vault's root token. @throws Error when it is refused */
export async function asRoot(site: Site, method: string, path: string, body?: unknown): Promise<string> {
  const { status, text } = await vault(site, method, path, site.rig.keepers.vault.token, body);
  if (status >= 400) throw new Error(`Vault answered ${status} to ${method} ${path}: ${text}`);
  return text;
}

export async function widenVault(site: Site): Promise<void> {
  await asRoot(site, "PUT", `sys/policies/acl/${POLICY}`, {
    policy: `path "${tokenPath(site)}" { capabilities = ["read"] }`,
  });
  site.afterwards(async () => {
    await asRoot(site, "DELETE", `sys/policies/acl/${POLICY}`);
  });
}

/** Vault lists several errors in one text, each behind a star. */
const said = (text: string): string =>
  (JSON.parse(text || "{}") as { errors?: string[] }).errors?.join(" ").split("* ").at(-1)?.trim() ??
  "no token in the answer";

const read = (site: Site, { status, text }: { status: number; text: string }): Outcome =>
  text.includes(site.rig.stored) ? { status, ok: true } : harmless(status, said(text));

/** Reads the token's path with another sign-in of the same Vault: somebody else's, or that of a party which has no business with the token. */
export async function readTokenInVault(site: Site, party?: "auditor" | "deployer"): Promise<Outcome> {
  const policies = ["default", POLICY, ...(party ? [where(site).policies[party]] : [])];
  const made = JSON.parse(await asRoot(site, "POST", "auth/token/create", { policies, ttl: "1m" })) as {
    auth: { client_token: string };
  };
  return read(site, await vault(site, "GET", tokenPath(site), made.auth.client_token));
}
