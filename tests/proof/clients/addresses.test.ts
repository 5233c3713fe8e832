import { ruleIn } from "../../gate/support/gate";
import { startPositive, type Positive } from "./support/world";

let t: Positive;
beforeAll(async () => {
  t = await startPositive();
}, 120_000);
afterAll(() => t?.stop());

const R = "/repos/acme/api";

/**
 * Addresses of what is closed to every agent, by the key under which GitHub's answers name them: other people's lists,
 * administration, what starts or changes something. They lead to a refusal that says so.
 */
const CLOSED_BY_DESIGN = new Set(
  [
    "cancel_url rerun_url deployments_url downloads_url events_url followers_url forks_url hooks_url merges_url",
    "organizations_url protection_url received_events_url repos_url stargazers_url subscribers_url subscription_url",
    "subscriptions_url teams_url",
    // What the root of the API lists.
    "authorizations_url current_user_authorizations_html_url current_user_repositories_url emails_url emojis_url feeds_url",
    "following_url gists_url hub_url issues_url keys_url notifications_url public_gists_url starred_gists_url starred_url",
    "user_organizations_url",
  ].flatMap((keys) => keys.split(" ")),
);
/**
 * The repository as a remote of git, which is no request; a single event, which the timeline that names it holds whole.
 */
const NO_REQUEST = /^clone_url |^url \S+\/issues\/events\/N$/;
const CLOSED_RULES = new Set(["route-closed", "route-not-allowed", "protection-bypass", "pull-request-merge"]);

it("every address that an answer hands out leads somewhere open", async () => {
  const seen = new Map<string, string>();
  const waiting: [string, string][] = [
    "",
    "/issues?state=all",
    "/issues/1",
    "/issues/1/comments",
    "/issues/1/timeline",
    "/pulls?state=all",
    "/branches",
    "/branches/main",
    "/commits",
    "/commits/main",
    "/contents",
    "/git/ref/heads/main",
    "/git/matching-refs/heads",
    "/labels",
    "/milestones",
    "/releases",
    "/tags",
    "/actions/runs",
    "/actions/workflows",
    "/actions/artifacts",
    "/commits/main/check-runs",
    "/commits/main/status",
    "/readme",
    "/contributors",
    "/assignees",
  ].map((path) => [`${t.gate.url}${R}${path}`, "start"]);
  waiting.push(
    [`${t.gate.url}/user`, "start"],
    [`${t.gate.url}/search/issues?q=repo:acme/api`, "start"],
    [`${t.gate.url}/`, "start"],
  );
  const closed = new Map<string, string>();
  for (let next = waiting.shift(); next !== undefined && seen.size < 1500; next = waiting.shift()) {
    const [url, from] = next;
    if (seen.has(url)) continue;
    seen.set(url, from);
    const answer = await t.gate.ask(url.slice(t.gate.url.length));
    const text = await answer.text();
    if ([400, 401, 403, 415].includes(answer.status)) {
      const key = from.split(" ")[0] ?? "";
      const place = `${key} ${url
        .slice(t.gate.url.length)
        .replace(/[0-9a-f]{40}/g, "SHA")
        .replace(/\d+/g, "N")}`;
      if (NO_REQUEST.test(place) || (CLOSED_BY_DESIGN.has(key) && CLOSED_RULES.has(ruleIn(text)))) continue;
      closed.set(place, text);
      continue;
    }
    if (answer.headers.get("content-type")?.includes("json") !== true) continue;
    const walk = (value: unknown, key: string): void => {
      if (typeof value === "string" && value.startsWith(`${t.gate.url}/`)) {
        // A template is filled in by whoever uses it.
        if (!value.includes("{") && !seen.has(value))
          waiting.push([value, `${key} of ${url.slice(t.gate.url.length)}`]);
      } else if (Array.isArray(value)) for (const item of value) walk(item, key);
      else if (value !== null && typeof value === "object")
        for (const [name, item] of Object.entries(value)) walk(item, name);
    };
    walk(JSON.parse(text), "");
    for (const [, link = ""] of (answer.headers.get("link") ?? "").matchAll(/<([^>]+)>/g)) waiting.push([link, "link"]);
  }
  expect([...closed.keys()].sort()).toEqual([]);
  expect(seen.size).toBeGreaterThan(60);
}, 120_000);
