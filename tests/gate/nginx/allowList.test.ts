import { decide } from "../../../gate/policy";
import { routePatterns } from "../../../gate/nginx/allowList";
import { ROUTES } from "../../../gate/policy/rest/routes";
import { fuzz, literal } from "../../fuzz/support/fuzz";
import { requests } from "../../fuzz/support/targets";
import { policyFor } from "../support/policy";

const policy = policyFor();
const patterns = routePatterns(policy);
/** As PCRE reads them: `\z` is the end of the text and of nothing else. */
const compiled = (of: readonly { route: string; pattern: string }[]) =>
  of.map(({ route, pattern }) => ({ route, matches: new RegExp(pattern.replaceAll("\\z", "$"), "s") }));
const repository = compiled(patterns.repository);
const account = compiled(patterns.account);

/** What the maps of nginx.conf find: the route, or nothing. */
function routeOf(method: string, requested: string): string {
  const target = /^(?:\/api\/v3(?=\/))?(\/.*)$/s.exec(requested)?.[1] ?? "";
  const named = /^\/repos\/([A-Za-z0-9-]+\/[A-Za-z0-9._-]+)(?:[/?]|$)/.exec(target)?.[1] ?? "";
  const listed = policy.repositories.some(({ name }) => `acme/${name}` === named.toLowerCase());
  const rest = /^\/repos\/[^/?]+\/[^/?]+(.*)$/s.exec(target)?.[1] ?? "";
  const [routes, text] = listed ? [repository, rest] : [account, target];
  return routes.find(({ matches }) => matches.test(`${method} ${text}`))?.route ?? "";
}

describe("the allow-list of nginx", () => {
  fuzz("lets nothing through that the Worker refuses, and gives it the same route", {
    values: requests,
    holds: ({ method, target }) => {
      const route = routeOf(method, target);
      if (route === "") return false;
      const decision = decide(policy, { method, target });
      if (!decision.allow || decision.route !== route)
        throw new Error(`nginx: ${route}; the Worker: ${decision.rule ?? decision.route}`);
      return true;
    },
    accepted: 0.01,
    regression: { from: "nginx", call: (r) => `holds(${literal(r)})` },
  });

  it.each([
    "/repos/acme/api",
    "/repos/Acme/API/issues?state=open&per_page=50&page=2",
    "/repos/acme/api/contents/src%2Fserver/routes.ts?ref=claude%2Ffix",
    "/repos/acme/api/contents/a%20b%28c%29.ts",
    "/repos/acme/api/compare/main...claude/fix-1.2",
    "/repos/acme/api/compare/v1.0..v1.1?page=2",
    "/repos/acme/api/branches/claude%2Ffix",
    "/repos/acme/api/labels/good%20first%20issue",
    "/repos/acme/api/pulls?head=acme%3Aclaude%2Fx&state=all",
    "/repos/acme/api/actions/runs?branch=claude%2Ffix-login&per_page=20&created=%3E%3D2026-01-01",
    "/repos/acme/docs/git/trees/main?recursive=1",
    "/repos/acme/api/issues?since=2026-01-01T00%3A00%3A00Z&labels=bug%2Cp1",
    "/rate_limit",
    "/users/renovate%5Bbot%5D",
    "/api/v3/",
    "/",
  ])("takes what clients send: %s", (target) => {
    expect(routeOf("GET", target)).toBe(decide(policy, { method: "GET", target }).route);
    expect(routeOf("GET", target)).not.toBe("");
  });

  it.each([
    ["POST", "/repos/acme/api/issues"],
    ["GET", "/repos/acme/secrets"],
    ["GET", "/repos/evil/api"],
    ["GET", "/repos/acme/api/contents/a/../b"],
    ["GET", "/repos/acme/api/contents/.git/config"],
    ["GET", "/repos/acme/api/contents/%2e%2e/x"],
    ["GET", "/repos/acme/api/compare/main...evil:main"],
    ["GET", "/repos/acme/api/issues?page=1&page=2"],
    ["GET", "/repos/acme/api/issues?page=1&"],
    ["GET", "/repos/acme/api/issues?"],
    ["GET", "/repos/acme/api/pulls?head=evil:x"],
    ["GET", "/repos/acme/api/branches/x.lock"],
    ["GET", "/repos/acme/api/branches/x.lock%2Fy"],
    ["GET", "/repos/acme/api\n"],
    ["GET", "/repos/acme/api/issues/1\n"],
    ["GET", "//repos/acme/api"],
    ["GET", "/repos/acme/api/tarball/main"],
    ["GET", "/search/code?q=repo:acme/api+x"],
  ])("takes nothing else: %s %j", (method, target) => {
    expect(routeOf(method, target)).toBe("");
  });

  it("has a pattern for every parameter and every query of the routes that nginx judges, and each stands for itself", () => {
    const reads = ROUTES.filter((r) => r.method === "GET" && r.path !== "" && !r.download && !r.search);
    expect(patterns.repository.length + patterns.account.length).toBe(reads.length);
    for (const { pattern } of [...patterns.repository, ...patterns.account]) {
      expect(pattern).not.toMatch(/undefined|\{[a-z]/i);
      expect(() => new RegExp(pattern.replaceAll("\\z", "$"))).not.toThrow();
    }
  });
});
