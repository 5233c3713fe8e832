import { HOUR_MS } from "../../edge/time";
import { RequestRefused } from "../errors";
import { isTransientAuthFailure, GitHubApi, githubMessage } from "../github";
import { appJwt } from "./appJwt";
import type { Effects } from "../effects";
import type { Permissions, RotationPlan } from "../plan";
import type { TokenMinter } from "./types";

/**
 * A GitHub App's installation tokens: one hour, narrowed at birth to the declared repositories and permissions. An
 * answer that is lost leaves a token that nobody holds and that ends by itself within the hour.
 */
export function appInstallationMinter(effects: Effects, plan: RotationPlan, privateKeyPem: string): TokenMinter {
  if (plan.credential.kind !== "app-installation") throw new Error("not an installation");
  const { appId, installationId } = plan.credential;
  return {
    declaration: {
      kind: "app-installation",
      unattended: true,
      lifetime: "1 hour",
      lifetimeMs: HOUR_MS,
      needs: [`the private key of GitHub App ${appId}`],
      asks: plan.permissions,
      overlaps: true,
      limits: [
        "It acts as the App's bot, not as the machine user: reviews and authorship show the App.",
        "Its permissions are the same in all its repositories: read-only repositories are kept so by the team's role and by the gate.",
      ],
    },
    intend: () => ({}),
    mint: async () => {
      const api = GitHubApi.as(effects, plan, await appJwt(appId, privateKeyPem, effects.now()));
      const answer = await api.send(
        "POST",
        `/app/installations/${installationId}/access_tokens`,
        "mint an installation token",
        {
          json: { repositories: plan.repositories.map((r) => r.name), permissions: plan.permissions },
          retryWhen: isTransientAuthFailure,
        },
      );
      const body = answer.json();
      if (answer.status !== 201 || typeof body.token !== "string")
        throw new RequestRefused("GitHub", "mint an installation token", answer.status, githubMessage(answer));
      const repositories = Array.isArray(body.repositories)
        ? (body.repositories as { name: string }[]).map((r) => r.name)
        : undefined;
      return {
        token: body.token,
        expiresAt: typeof body.expires_at === "string" ? new Date(body.expires_at).toISOString() : "",
        ...(body.permissions ? { granted: body.permissions as Permissions } : {}),
        ...(repositories ? { grantedRepositories: repositories } : {}),
      };
    },
    revoke: async (token) => {
      const answer = await GitHubApi.as(effects, plan, token).send(
        "DELETE",
        "/installation/token",
        "revoke an installation token",
        { retryWhen: (a) => a.status === 403 },
      );
      if (answer.status !== 204 && answer.status !== 401)
        throw new RequestRefused("GitHub", "revoke an installation token", answer.status, githubMessage(answer));
    },
  };
}
