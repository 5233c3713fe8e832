import type { Environment } from "../../infra/posture";
import { DoesNotHold } from "../support/exit";

/** What the sandbox's administrator asks of GitHub's token page on the machine user's behalf: the one step that takes a person. */
export async function mintAsPerson(githubApi: string, environment: Environment, permissions: Record<string, string>, repositories?: readonly string[]): Promise<string> {
  const { machineUser, credential } = environment.agent;
  const response = await fetch(`${githubApi}/_sandbox/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      login: machineUser, kind: credential.kind, permissions,
      repositories: repositories ?? environment.repositories.map((repository) => repository.name),
      expiresInDays: "expiryDays" in credential ? credential.expiryDays : 1,
    }),
  });
  if (!response.ok) throw new DoesNotHold(`The GitHub stand-in gave no token: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { token: string }).token;
}
