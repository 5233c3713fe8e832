import { Octokit } from "@octokit/rest";
import { API_VERSIONS } from "../../../gate/policy/rest/apiVersion";
import { quiet, startPositive, type Positive } from "./support/world";

/**
 * GitHub's REST API has two versions whose answers differ. An agent may ask for either; what the gate reads for itself
 * is always the older one.
 */

let t: Positive;
const at = { owner: "acme", repo: "api" };
beforeAll(async () => {
  t = await startPositive();
}, 90_000);
afterAll(() => t?.stop());

type Seen = { readonly headers: Readonly<Record<string, string>> };
const seen = async (): Promise<readonly Seen[]> => (await t.github.sandbox("GET", "/requests")).body as readonly Seen[];

const client = (version?: string): Octokit => {
  const octokit = new Octokit({ baseUrl: `${t.gate.url}/api/v3`, auth: t.gate.key, log: quiet });
  if (version !== undefined)
    octokit.hook.before("request", (options) => {
      options.headers["x-github-api-version"] = version;
    });
  return octokit;
};

it.each(API_VERSIONS)(
  "all that the gate reads and marks is the same for an agent that asks for %s",
  async (version) => {
    const octokit = client(version);
    const old = version === "2022-11-28";
    const repository = await octokit.repos.get(at);
    expect(repository.headers["x-github-api-version-selected"]).toBe(version);
    expect("has_downloads" in repository.data).toBe(old);
    expect("rate" in (await octokit.rateLimit.get()).data).toBe(old);

    const branch = `claude/version-${version}`;
    const main = (await octokit.git.getRef({ ...at, ref: "heads/main" })).data.object.sha;
    await octokit.git.createRef({ ...at, ref: `refs/heads/${branch}`, sha: main });
    const content = Buffer.from("text\n").toString("base64");
    await octokit.repos.createOrUpdateFileContents({ ...at, path: `${version}.md`, message: "m", content, branch });

    const { data: opened } = await octokit.pulls.create({ ...at, title: version, head: branch, base: "main" });
    const pull_number = opened.number;
    const { data: pull } = await octokit.pulls.get({ ...at, pull_number });
    expect(pull).toMatchObject({ draft: true, labels: [{ name: "agent" }] });
    expect(pull.requested_teams?.length).toBeGreaterThan(0);
    expect(["merge_commit_sha" in pull, "assignee" in pull]).toEqual([old, old]);
    const { data: labels } = await octokit.issues.setLabels({
      ...at,
      issue_number: pull_number,
      labels: ["bug", "agent"],
    });
    expect(labels.map((l) => l.name).sort()).toEqual(["agent", "bug"]);
  },
);

it("a request without a version gets the older one, whatever GitHub's default becomes", async () => {
  const { headers } = await client().repos.get(at);
  expect(headers["x-github-api-version-selected"]).toBe("2022-11-28");
  expect((await seen()).at(-1)?.headers["x-github-api-version"]).toBe("2022-11-28");
});

it.each(["2022-11-29", "2026-03-10, 2022-11-28", " 2099-01-01", "latest", "2021-01-01"])(
  "the version %j is refused, and the message names those that are open",
  async (version) => {
    const before = (await seen()).length;
    await expect(client(version).repos.get(at)).rejects.toMatchObject({
      status: 400,
      response: {
        data: {
          message: expect.stringMatching(/2022-11-28.*2026-03-10/) as string,
          gatehouse: { rule: "api-version-not-allowed" },
        },
      },
    });
    expect(await seen()).toHaveLength(before);
  },
);
