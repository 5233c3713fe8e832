import type { LockId } from "../../infra/model";
import type { Fixture } from "./fixture";
import { widenVault } from "./vault";
import { openBucket, showTokenKey } from "./cloudflare";
import { widenHosts } from "./network";

/** How an administrator opens one lock, or why nobody can. */
export type Unlock = { readonly how: string; open(fixture: Fixture): Promise<void> } | { readonly fixed: string };

const around: Unlock = { how: "go straight to GitHub", open: () => Promise.resolve() };
const team = (permission: string): Unlock => ({
  how: `the team may ${permission}`,
  open: (fixture) =>
    fixture.admin.ask("PUT", `/orgs/${fixture.organization}/teams/${fixture.environment.agent.team}${fixture.path}`, {
      permission,
    }),
});
const wideToken: Unlock = {
  how: "a token with every permission on every repository",
  open: (fixture) => fixture.takeToken("wide"),
};
const rules: Unlock = { how: "switch the rulesets off", open: (fixture) => fixture.isolate(undefined) };
const protection: Unlock = { how: "delete the branch protection", open: (fixture) => fixture.isolate(undefined) };
const organization = (settings: Record<string, boolean>, how: string): Unlock => ({
  how,
  open: async (fixture) => {
    await fixture.admin.ask("PATCH", `/orgs/${fixture.organization}`, settings);
  },
});

/** Every lock of the model. The compiler refuses a lock that has no line here. */
export const UNLOCK: Readonly<Record<LockId, Unlock>> = {
  "gate-key": around,
  "gate-route": around,
  "gate-repository": around,
  "gate-access": around,
  "gate-ref": around,
  "gate-path": around,
  "gate-review": around,
  "gate-graphql": around,
  "gate-upstream": around,
  "gate-answer": around,

  "role-none": {
    how: "the team may administer the repository",
    open: (fixture) =>
      fixture.admin.ask("PUT", `/orgs/${fixture.organization}/teams/${fixture.environment.agent.team}${fixture.path}`, {
        permission: "admin",
      }),
  },
  "role-pull": team("push"),
  "role-no-admin": team("admin"),
  "role-member": {
    how: "the account owns the organization",
    open: async (fixture) => {
      await fixture.admin.ask("PUT", `/orgs/${fixture.organization}/memberships/${fixture.machineUser}`, {
        role: "admin",
      });
    },
  },

  "token-repositories": wideToken,
  "token-permission": wideToken,
  "token-read": wideToken,
  "token-workflows": wideToken,
  "token-scope": wideToken,

  "ruleset-branches": rules,
  "ruleset-tags": rules,
  "ruleset-history": rules,
  "ruleset-closed": rules,
  "ruleset-paths": rules,
  "ruleset-checks": rules,
  "ruleset-reviewers": rules,
  "protection-push": protection,
  "protection-history": protection,
  "protection-dismissal": protection,
  "owners-review": { how: "ask for no code owner", open: (fixture) => fixture.isolate(undefined) },
  "workflows-read": {
    how: "workflows may write and approve",
    open: async (fixture) => {
      await fixture.admin.ask("PUT", `${fixture.path}/actions/permissions/workflow`, {
        default_workflow_permissions: "write",
        can_approve_pull_request_reviews: true,
      });
    },
  },
  "organization-forks": organization({ members_can_fork_private_repositories: true }, "members may fork"),
  "organization-repositories": organization(
    { members_can_create_repositories: true },
    "members may create repositories",
  ),

  "vault-policy": { how: "a policy that reads the token's path", open: widenVault },
  "cloudflare-binding": { how: "the key as plain text among the bindings", open: showTokenKey },
  "bucket-lock": { how: "take the lock rule away", open: openBucket },
  "network-hosts": { how: "add the host to the list", open: widenHosts },

  "github-self-approval": { fixed: "GitHub offers nobody a switch" },
  "github-no-minting": { fixed: "GitHub has no such call" },
  "github-write-only": { fixed: "GitHub keeps no way to read it" },
};
