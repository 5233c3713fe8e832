import { tokenPermissions, tokenScopes } from "../../../infra/plans";
import { environment } from "../../support/environment";

describe("the token's permissions", () => {
  it("are what the access needs and no more, for each kind", () => {
    expect(tokenPermissions(environment())).toEqual({
      actions: "read",
      contents: "write",
      issues: "write",
      metadata: "read",
      pull_requests: "write",
      statuses: "read",
    });
    expect(
      tokenPermissions(environment({ "agent.credential": { kind: "app-user-token", clientId: "Iv1.example" } })),
    ).toEqual({
      actions: "read",
      checks: "read",
      contents: "write",
      issues: "write",
      metadata: "read",
      pull_requests: "write",
      statuses: "read",
    });
    const readOnly = tokenPermissions(environment({ repositories: [{ name: "docs", access: "read" }] }));
    expect(new Set(Object.values(readOnly))).toEqual(new Set(["read"]));
  });

  it("never open workflows, settings or secrets", () => {
    for (const name of [
      "workflows",
      "administration",
      "secrets",
      "variables",
      "environments",
      "pages",
      "repository_hooks",
      "deployments",
    ])
      expect(tokenPermissions(environment())).not.toHaveProperty(name);
  });

  it("are scopes only for kinds that know no permissions", () => {
    expect(tokenScopes(environment())).toEqual([]);
    expect(
      tokenScopes(
        environment({ "agent.credential": { kind: "ghes-impersonation" }, githubUrl: "https://ghe.acme.dev" }),
      ),
    ).toEqual(["repo"]);
  });
});
