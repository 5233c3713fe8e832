import type { Environment } from "../../infra/model";
import type { GitHub } from "../systems";
import { DoesNotHold } from "../../cli/support/exit";

/**
 * What the sandbox's administrator asks of GitHub's token page on the machine user's behalf: the one step that takes a
 * person.
 */
export async function mintAsPerson(
  githubApi: string,
  environment: Environment,
  permissions: Record<string, string>,
  repositories?: readonly string[],
): Promise<string> {
  const { machineUser, credential } = environment.agent;
  const response = await fetch(`${githubApi}/_sandbox/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      login: machineUser,
      kind: credential.kind,
      permissions,
      repositories: repositories ?? environment.repositories.map((repository) => repository.name),
      expiresInDays: "expiryDays" in credential ? credential.expiryDays : 1,
    }),
  });
  if (!response.ok)
    throw new DoesNotHold(`The GitHub stand-in gave no token: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { token: string }).token;
}

/** The machine user's yes on the page of the GitHub App: one authorization, with its refresh token. */
export async function authorizeAsPerson(
  githubApi: string,
  environment: Environment,
): Promise<{ token: string; refreshToken: string }> {
  const response = await fetch(`${githubApi}/_sandbox/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      login: environment.agent.machineUser,
      kind: "app-user-token",
      repositories: environment.repositories.map((repository) => repository.name),
    }),
  });
  if (!response.ok)
    throw new DoesNotHold(`The GitHub stand-in gave no authorization: ${response.status} ${await response.text()}`);
  return (await response.json()) as { token: string; refreshToken: string };
}

/**
 * The machine user's yes to the organization's invitation; a fine-grained token can say it by itself, the other kinds
 * cannot.
 */
export function acceptInvitation({ world }: GitHub, { organization }: Environment): void {
  for (const membership of world.orgByLogin(organization)?.memberships.values() ?? [])
    if (membership.state === "pending") membership.state = "active";
}

/**
 * What an owner sets on the App's page: a user token's permissions are the App's and cannot be narrowed when minting.
 */
export function setAppPermissions({ app, world }: GitHub, permissions: Record<string, string>): void {
  const installation = world.installations.get(app.installationId);
  if (installation) installation.permissions = permissions as typeof installation.permissions;
}
