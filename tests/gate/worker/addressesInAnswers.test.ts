import { compilePolicy } from "../../../infra/plans/gatePolicy";
import { onboard, standIn, type StandIn } from "../../../sandbox/tests/github/support/standin";
import { environment } from "../../support/environment";
import { startGate, type Gate } from "../support/gate";

let github: StandIn;
let gate: Gate;
beforeAll(async () => {
  github = await standIn({});
  const { bot } = await onboard(github);
  const { api, graphql, git, world } = github.gh;
  const repositories = ["api", "docs"].map((name) => {
    const repository = world.repoByName("acme", name);
    return { name, id: repository?.id ?? 0, nodeId: repository?.nodeId ?? "" };
  });
  const policy = compilePolicy(environment({ "gate.requestsPerMinute": 100_000, "gate.requestsPerHour": 1_000_000 }), {
    repositories,
    endpoints: { api, graphql, git },
  });
  gate = await startGate({ policy: () => policy });
  await gate.putToken(bot.token ?? "");
}, 60_000);
afterAll(async () => {
  await gate?.stop();
  await github?.stop();
});

/** Every text in an answer that is an address of the API, by its key. */
function addresses(value: unknown, into = new Map<string, string>()): Map<string, string> {
  if (Array.isArray(value)) value.forEach((item) => addresses(item, into));
  else if (typeof value === "object" && value !== null)
    for (const [key, item] of Object.entries(value))
      if (typeof item === "string" && /^https?:/.test(item) && /(^|_)url$/.test(key)) into.set(key, item);
      else addresses(item, into);
  return into;
}

/** A template as a client fills it: without what may be left away, and with what must be there. */
const filled = (template: string): string =>
  template
    .replace(/\{[/?][^}]*\}/g, "")
    .replace(/\{\+path\}/g, "README.md")
    .replace(/\{[^}]*\}/g, "main");

/**
 * GitHub's schema has these addresses as texts that are always there, and clients rely on it (octokit's types,
 * PyGithub, Terraform), so those of closed things stay too. They lead to the gate, which refuses with a sentence, and
 * never past it.
 */
it("hands out no API address that leads past the gate; those of closed things are refused by name", async () => {
  const closed = new Set<string>();
  for (const path of [
    "/repos/acme/api",
    "/repos/acme/api/pulls?state=all",
    "/repos/acme/api/issues?state=all",
    "/user",
  ]) {
    const answer = await gate.ask(path);
    expect(answer.status).toBe(200);
    for (const [key, address] of addresses(await answer.json())) {
      expect([key, address.startsWith(github.gh.api)]).toEqual([key, false]);
      // Downloads and git have tests of their own.
      if (!address.startsWith(`${gate.url}/`) || key === "archive_url" || key === "clone_url") continue;
      const target = filled(address.slice(gate.url.length));
      await github.sandbox("DELETE", "/requests");
      const led = await gate.ask(target.replace(/^\/api\/v3/, ""));
      const body = (await led.json().catch(() => ({}))) as { message?: string; gatehouse?: { rule: string } };
      if (body.gatehouse === undefined) continue;
      closed.add(key);
      expect([key, led.status, (body.message ?? "").length > 40]).toEqual([key, 403, true]);
      expect((await github.sandbox("GET", "/requests")).body).toEqual([]);
    }
  }
  // Without what may be left away; a blob, a commit or a tree by its id is open.
  const names =
    "blobs collaborators comments deployments downloads events followers following forks gists git_commits git_refs git_tags hooks issue_events keys " +
    "merges notifications organizations received_events repos stargazers starred subscribers subscription subscriptions teams trees";
  expect([...closed].sort()).toEqual(names.split(" ").map((name) => `${name}_url`));
});
