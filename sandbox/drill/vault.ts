import { names } from "../../infra/model";
import type { Outcome } from "./connection";
import { harmless, need, type Fixture } from "./fixture";

/** A policy of the drill's own: what somebody else's sign-in at the same Vault may do. Opening the lock widens it. */
const POLICY = "gatehouse-drill";

async function vault(
  fixture: Fixture,
  method: string,
  path: string,
  credential: string | undefined,
  body?: unknown,
): Promise<{ status: number; text: string }> {
  const response = await fetch(`${fixture.harness.systems.vault.addr}/v1/${path}`, {
    method,
    headers: { ...(credential ? { "x-vault-token": credential } : {}), "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

const where = (fixture: Fixture) => need(names(fixture.environment).vault, "Vault in this environment");
const tokenPath = (fixture: Fixture): string => `${where(fixture).mount}/data/${where(fixture).token}`;

/** A call with Vault's root token. @throws Error when it is refused */
export async function asRoot(fixture: Fixture, method: string, path: string, body?: unknown): Promise<string> {
  const { status, text } = await vault(fixture, method, path, fixture.harness.systems.vault.token, body);
  if (status >= 400) throw new Error(`Vault answered ${status} to ${method} ${path}: ${text}`);
  return text;
}

export async function widenVault(fixture: Fixture): Promise<void> {
  await asRoot(fixture, "PUT", `sys/policies/acl/${POLICY}`, {
    policy: `path "${tokenPath(fixture)}" { capabilities = ["read"] }`,
  });
  fixture.afterwards(async () => {
    await asRoot(fixture, "DELETE", `sys/policies/acl/${POLICY}`);
  });
}

/** Vault lists several errors in one text, each behind a star. */
const said = (text: string): string =>
  (JSON.parse(text || "{}") as { errors?: string[] }).errors?.join(" ").split("* ").at(-1)?.trim() ??
  "no token in the answer";

const read = (fixture: Fixture, { status, text }: { status: number; text: string }): Outcome =>
  text.includes(fixture.harness.stored) ? { status, ok: true } : harmless(status, said(text));

/**
 * Reads the token's path with another sign-in of the same Vault: somebody else's, or that of a party which has no
 * business with the token.
 */
export async function readTokenInVault(fixture: Fixture, party?: "auditor" | "deployer"): Promise<Outcome> {
  const policies = ["default", POLICY, ...(party ? [where(fixture).policies[party]] : [])];
  const made = JSON.parse(await asRoot(fixture, "POST", "auth/token/create", { policies, ttl: "1m" })) as {
    auth: { client_token: string };
  };
  return read(fixture, await vault(fixture, "GET", tokenPath(fixture), made.auth.client_token));
}
