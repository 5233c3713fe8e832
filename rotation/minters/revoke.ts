import { RequestRefused } from "../errors";
import { isTransientAuthFailure, GitHubApi, githubMessage } from "../github";
import type { Effects } from "../effects";
import type { RotationPlan } from "../plan";

/**
 * `POST /credentials/revoke`: needs only the token itself, and on github.com must come without authentication (an
 * authenticated request gets 403). 60 an hour; takes every kind but installation tokens; cannot be undone.
 */
export async function revokeCredential(effects: Effects, plan: RotationPlan, token: string): Promise<void> {
  const answer = await new GitHubApi(effects, plan).send("POST", "/credentials/revoke", "revoke a token", {
    json: { credentials: [token] },
    retryWhen: isTransientAuthFailure,
  });
  if (answer.status !== 202) throw new RequestRefused("GitHub", "revoke a token", answer.status, githubMessage(answer));
}
