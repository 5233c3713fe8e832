import { ok, page, type Context } from "../http/context";
import type { RateLimiter } from "../http/limits";
import type { Router } from "../http/router";
import { API_VERSIONS } from "../http/versions";

const PATHS: Record<string, string> = {
  current_user_url: "/user",
  current_user_authorizations_html_url: "/settings/connections/applications{/client_id}",
  authorizations_url: "/authorizations",
  code_search_url: "/search/code?q={query}{&page,per_page,sort,order}",
  commit_search_url: "/search/commits?q={query}{&page,per_page,sort,order}",
  emails_url: "/user/emails",
  emojis_url: "/emojis",
  events_url: "/events",
  feeds_url: "/feeds",
  followers_url: "/user/followers",
  following_url: "/user/following{/target}",
  gists_url: "/gists{/gist_id}",
  hub_url: "/hub",
  issue_search_url: "/search/issues?q={query}{&page,per_page,sort,order}",
  issues_url: "/issues",
  keys_url: "/user/keys",
  label_search_url: "/search/labels?q={query}&repository_id={repository_id}{&page,per_page}",
  notifications_url: "/notifications",
  organization_url: "/orgs/{org}",
  organization_repositories_url: "/orgs/{org}/repos{?type,page,per_page,sort}",
  organization_teams_url: "/orgs/{org}/teams",
  public_gists_url: "/gists/public",
  rate_limit_url: "/rate_limit",
  repository_url: "/repos/{owner}/{repo}",
  repository_search_url: "/search/repositories?q={query}{&page,per_page,sort,order}",
  current_user_repositories_url: "/user/repos{?type,page,per_page,sort}",
  starred_url: "/user/starred{/owner}{/repo}",
  starred_gists_url: "/gists/starred",
  user_url: "/users/{user}",
  user_organizations_url: "/user/orgs",
  user_repositories_url: "/users/{user}/repos{?type,page,per_page,sort}",
  user_search_url: "/search/users?q={query}{&page,per_page,sort,order}",
};

/** The API about itself. */
export function metaRoutes(router: Router, limiter: RateLimiter): void {
  router.on("GET", "/", { auth: "optional" }, (c) =>
    ok(Object.fromEntries(Object.entries(PATHS).map(([name, path]) => [name, `${c.world.api}${path}`]))),
  );
  router.on("GET", "/meta", { auth: "optional" }, () =>
    ok({
      verifiable_password_authentication: false,
      installed_version: "3.19.0",
      ssh_key_fingerprints: {},
      ssh_keys: [],
      hooks: ["127.0.0.1/32"],
      web: ["127.0.0.1/32"],
      api: ["127.0.0.1/32"],
      git: ["127.0.0.1/32"],
      packages: [],
      pages: [],
      importer: [],
      actions: [],
      dependabot: [],
    }),
  );
  router.on("GET", "/versions", { auth: "optional" }, () => ok([...API_VERSIONS]));
  router.on("GET", "/zen", { auth: "optional" }, () => ({
    status: 200,
    raw: Buffer.from("Keep it logically awesome."),
    headers: { "content-type": "text/plain;charset=utf-8" },
  }));
  router.on("GET", "/rate_limit", { auth: "optional" }, (c) => {
    const address = c.request.socket.remoteAddress ?? "";
    const show = (resource: "core" | "search" | "graphql" | "unauthenticated") => {
      const w = limiter.window(c.auth, address, resource);
      return {
        limit: w.limit,
        used: w.used,
        remaining: Math.max(0, w.limit - w.used),
        reset: Math.ceil(w.resetAt / 1000),
        resource: resource === "unauthenticated" ? "core" : resource,
      };
    };
    const core = show(c.auth.kind === "anonymous" ? "unauthenticated" : "core");
    return ok({
      resources: {
        core,
        search: show("search"),
        graphql: show("graphql"),
        integration_manifest: core,
        code_search: show("search"),
      },
      rate: core,
    });
  });
  router.on("POST", "/markdown", { auth: "optional" }, (c: Context) => ({
    status: 200,
    raw: Buffer.from(
      `<p>${(c.string("text") ?? "").replace(/[&<>]/g, (x) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[x]!)}</p>`,
    ),
    headers: { "content-type": "text/html;charset=utf-8" },
  }));
  router.on("GET", "/events", { auth: "optional" }, () => ok([]));
  router.on("GET", "/repos/{owner}/{repo}/events", {}, (c) => page(c, c.world.activity.of(c.repo), (e) => e));
  router.on("GET", "/repos/{owner}/{repo}/deployments", { permission: "deployments=read" }, () => ok([]));
}
