import { viaOctokit } from "../connection";
import { type Attempt, byTool, split, viaRest } from "./kit";

const get = (tried: string, path: (repository: string) => string): Attempt =>
  viaRest(tried, "GET", (fixture) => path(fixture.path));

const repository: Attempt = {
  tried: "read a listed repository",
  client: "octokit",
  run: (fixture, connection) => viaOctokit(connection, (o) => o.rest.repos.get(split(fixture))),
};
const file: Attempt = {
  tried: "read a file",
  client: "octokit",
  run: (fixture, connection) =>
    viaOctokit(connection, (o) => o.rest.repos.getContent({ ...split(fixture), path: "README.md" })),
};
const archive: Attempt = viaRest(
  "download an archive",
  "GET",
  (fixture) => `${fixture.path}/tarball/${fixture.defaultBranch}`,
);
const byGraphql: Attempt = viaRest(
  "ask GraphQL for a listed repository",
  "POST",
  () => "/graphql",
  (fixture) => ({
    query: `query { repository(owner: "${fixture.organization}", name: "${fixture.repository}") { name defaultBranchRef { name } } }`,
  }),
);
const clone: Attempt = {
  tried: "clone",
  client: "git",
  run: async (fixture, connection) => (await fixture.workingCopy).clone(connection, fixture.fullName),
};
const checks: Attempt = viaRest(
  "read the status of a commit",
  "GET",
  (fixture) => `${fixture.path}/commits/${fixture.defaultBranch}/status`,
);

/** What the agent is there to read, wherever it has read access. */
export const READING: Readonly<Record<string, Readonly<Record<string, readonly Attempt[]>>>> = {
  "read-service": { any: [viaRest("ask for its limits", "GET", () => "/rate_limit")] },
  "read-identity": { any: [viaRest("look an account up", "GET", (fixture) => `/users/${fixture.machineUser}`)] },
  "read-repository": {
    any: [
      repository,
      file,
      byTool("read a file", "get_file_contents", () => ({ path: "README.md" }), file),
      byGraphql,
      archive,
      clone,
    ],
  },
  "read-issues": { any: [get("list issues", (path) => `${path}/issues?state=open`)] },
  "read-pull-requests": { any: [get("list pull requests", (path) => `${path}/pulls?state=all`)] },
  "read-checks": { any: [checks] },
  "read-actions": { any: [get("list workflow runs", (path) => `${path}/actions/runs`)] },
  "read-releases": { any: [get("list releases", (path) => `${path}/releases`)] },
  search: {
    any: [
      viaRest(
        "search in it",
        "GET",
        (fixture) => `/search/issues?q=${encodeURIComponent(`repo:${fixture.fullName} is:issue`)}`,
      ),
    ],
  },
};
