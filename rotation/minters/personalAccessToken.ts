import { NeedsPerson } from "../errors";
import { DAY_MS } from "../../edge/time";
import type { RotationPlan } from "../plan";
import { revokeCredential } from "./revoke";
import type { Effects } from "../effects";
import type { TokenMinter } from "./types";

/**
 * Fine-grained personal access tokens. No API of github.com creates one: a person opens a pre-filled page, signed in
 * as the machine user, and pastes the result once. Everything before and after that click is automatic.
 */
export function personalAccessTokenMinter(effects: Effects, plan: RotationPlan): TokenMinter {
  const days = plan.expiryDays ?? 30;
  const link = mintLink(plan, effects.now());
  return {
    declaration: {
      kind: "personal-access-token",
      unattended: false,
      lifetime: `${days} days`,
      lifetimeMs: days * DAY_MS,
      needs: [`a person signed in as ${plan.login}, once every ${plan.everyDays} days`],
      asks: plan.permissions,
      overlaps: true,
      limits: [
        "GitHub has no API that creates a personal access token; DELETE /authorizations/:id answers 404 since 2020-11-13.",
        "A fine-grained token can always read public repositories.",
        "GitHub does not list what a fine-grained token may do to its holder; only a GitHub App can read the organization's grants.",
      ],
    },
    intend: () => {
      throw new NeedsPerson(`GitHub lets only a person create a token for ${plan.login}`, [
        `Sign in to GitHub as ${plan.login} and open: ${link}`,
        `Under "Only select repositories" choose: ${plan.repositories.map((r) => r.name).join(", ")}`,
        "Generate the token, and give it to: gatehouse token rotate (or: gatehouse token put)",
      ]);
    },
    mint: () => Promise.reject(new Error("a personal access token is placed, not minted")),
    revoke: (token) => revokeCredential(effects, plan, token),
    link: () => link,
  };
}

/** Permissions whose parameter on the token page is not their name; every other is used as it is. */
const NOT_ON_THE_PAGE = new Set(["metadata"]); // granted with any repository permission and not asked for

/**
 * The token page with everything filled in that GitHub lets a link fill in: name, description, resource owner, expiry
 * and permissions. The choice of repositories has no parameter.
 */
export function mintLink(plan: RotationPlan, now: number): string {
  const query = new URLSearchParams({
    name: `gatehouse-${plan.login}-${new Date(now).toISOString().slice(0, 10)}`.slice(0, 40),
    description: `Gatehouse: access of ${plan.login} to ${plan.repositories.length} repositories of ${plan.organization}`,
    target_name: plan.organization,
    expires_in: String(plan.expiryDays ?? 30),
  });
  for (const [permission, level] of Object.entries(plan.permissions).sort())
    if (!NOT_ON_THE_PAGE.has(permission)) query.set(permission, level);
  return `${plan.endpoints.origin}/settings/personal-access-tokens/new?${query.toString()}`;
}
