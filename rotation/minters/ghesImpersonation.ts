import { RequestRefused, Unavailable } from "../errors";
import { isTransientAuthFailure, GitHubApi, githubMessage } from "../github";
import { tokenHash } from "../../edge/encoding";
import { DAY_MS } from "../../edge/time";
import type { RotationPlan } from "../plan";
import type { Effects } from "../effects";
import type { TokenMinter } from "./types";

/**
 * Impersonation tokens of a GitHub Enterprise Server, made by a site administrator. The server keeps one authorization
 * for an account: asked again it may answer 200 with the existing token, and `DELETE` ends whatever there is. Where
 * it makes a second token (201), old and new overlap; where it does not, the old one ends a moment before the new one
 * is born, and the gate bridges that moment by asking the store again on a 401.
 */
export function ghesImpersonationMinter(effects: Effects, plan: RotationPlan, adminToken: string): TokenMinter {
  const days = plan.expiryDays ?? 30;
  const admin = GitHubApi.as(effects, plan, adminToken);
  const path = `/admin/users/${plan.login}/authorizations`;
  const { scopes } = plan;

  const create = async (once: boolean) =>
    admin.send("POST", path, "mint an impersonation token", {
      json: { scopes },
      retryWhen: isTransientAuthFailure,
      once,
    });
  const replace = async () => {
    const gone = await admin.send("DELETE", path, "end the impersonation token", { retryWhen: isTransientAuthFailure });
    if (gone.status !== 204 && gone.status !== 404)
      throw new RequestRefused("GitHub", "end the impersonation token", gone.status, githubMessage(gone));
    const made = await create(false);
    // The old token is gone: from here on there is only forward, so a "no" is not the end of the rotation.
    if (made.status !== 201 && made.status !== 200)
      throw new Unavailable("GitHub", "mint an impersonation token", `answer ${made.status}: ${githubMessage(made)}`);
    return made;
  };

  return {
    declaration: {
      kind: "ghes-impersonation",
      unattended: true,
      lifetime: `${days} days by schedule (the server sets no end)`,
      lifetimeMs: days * DAY_MS,
      needs: ["a site administrator's token of the GitHub Enterprise Server (scope site_admin)"],
      asks: plan.permissions,
      overlaps: false,
      limits: [
        `Impersonation tokens know scopes, not fine-grained permissions: it asks for ${scopes.join(", ")}; the team's role, the rulesets and the gate narrow it.`,
        "The server may keep a single authorization for the account; then old and new do not overlap.",
      ],
    },
    intend: () => ({}),
    mint: async ({ old, resumed }) => {
      // After a lost answer a token may exist that nobody knows. Replacing everything is the only way to end it.
      let answer = resumed ? await replace() : await create(true);
      if (answer.status === 200) {
        const existing = String(answer.json().token ?? "");
        if (existing === "" || !old || (await tokenHash(existing)) === old.sha256) answer = await replace();
      }
      const token = answer.json().token;
      if ((answer.status !== 201 && answer.status !== 200) || typeof token !== "string" || token === "") {
        throw new RequestRefused("GitHub", "mint an impersonation token", answer.status, githubMessage(answer));
      }
      return { token, expiresAt: "" };
    },
    revoke: async (token) => {
      const body = { credentials: [token] };
      const anonymous = await new GitHubApi(effects, plan).send("POST", "/credentials/revoke", "revoke a token", {
        json: body,
      });
      if (anonymous.status === 202) return;
      // Servers differ: one source says that an Enterprise Server wants this call authenticated.
      const answer = await admin.send("POST", "/credentials/revoke", "revoke a token", {
        json: body,
        retryWhen: isTransientAuthFailure,
      });
      if (answer.status !== 202)
        throw new RequestRefused("GitHub", "revoke a token", answer.status, githubMessage(answer));
    },
  };
}
