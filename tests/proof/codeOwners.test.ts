import { gatehouse, type Ready, type Running, serve } from "../support/sandbox";

jest.setTimeout(300_000);

/*
 * Two repositories with owners of their own before Gatehouse comes. In `api` nothing stands in the way of the
 * deployment at first; in `docs` a rule that nobody passes demands a pull request from the first moment. Nobody passes
 * the review afterwards.
 */
const SETTINGS = [
  "--config",
  "gatehouse:review.administrators=bound",
  "--config",
  "gatehouse:repositories[1].access=write",
  "--config",
  "gatehouse:rotation.repository=elsewhere",
];
const OWNERS = ".github/CODEOWNERS";

let ready: Ready;
let running: Running;
let security: string;

beforeAll(async () => {
  ({ ready, running } = await serve("--bare", ...SETTINGS));
  security = (
    (await hub(
      "POST",
      "/_sandbox/tokens",
      {
        login: "security-one",
        kind: "personal-access-token",
        permissions: { contents: "write", pull_requests: "write", metadata: "read" },
        repositories: ["api", "docs"],
        expiresInDays: 1,
      },
      "",
    )) as { token: string }
  ).token;
  await hub("PUT", `/repos/acme/docs/contents/${OWNERS}`, {
    message: "Own the guides",
    content: Buffer.from("# our own\n/guides/ @acme/agent-reviewers\n").toString("base64"),
    branch: "main",
  });
  await hub("POST", "/repos/acme/docs/rulesets", {
    name: "people review",
    target: "branch",
    enforcement: "active",
    conditions: { ref_name: { include: ["~DEFAULT_BRANCH"], exclude: [] } },
    rules: [
      {
        type: "pull_request",
        parameters: {
          required_approving_review_count: 1,
          dismiss_stale_reviews_on_push: false,
          require_code_owner_review: false,
          require_last_push_approval: false,
          required_review_thread_resolution: false,
        },
      },
    ],
  });
});
afterAll(async () => {
  running.child.kill("SIGTERM");
  await running.exited;
});

async function hub(method: string, path: string, body?: unknown, token = ready.github.token): Promise<unknown> {
  const response = await fetch(`${ready.github.api}${path}`, {
    method,
    headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}

async function engine(command: string, ...more: string[]): Promise<string> {
  const run = gatehouse(["sandbox", command, "--stack", "dev", ...SETTINGS, ...more], { env: ready.env });
  const code = await run.exited;
  if (code !== 0) throw new Error(`${command} ended with ${code}\n${run.stdout()}\n${run.stderr()}`);
  return run.stdout();
}

const owners = async (repository: string): Promise<string[]> => {
  const { content } = (await hub("GET", `/repos/acme/${repository}/contents/${OWNERS}`)) as { content: string };
  return Buffer.from(content, "base64").toString().split("\n");
};
const pulls = async (repository: string, state = "open") =>
  (await hub("GET", `/repos/acme/${repository}/pulls?state=${state}`)) as {
    number: number;
    title: string;
    head: { ref: string };
  }[];
const changes = async (...more: string[]): Promise<string[]> =>
  (JSON.parse(await engine("preview", "--json", ...more)) as { steps: { op: string; urn: string }[] }).steps
    .filter(({ op }) => op !== "same")
    .map(({ op, urn }) => `${op} ${urn.split("::").at(-1)!}`);

async function approveAndMerge(repository: string, number: number): Promise<void> {
  const { head } = (await hub("GET", `/repos/acme/${repository}/pulls/${number}`)) as { head: { sha: string } };
  await hub(
    "POST",
    "/_sandbox/checks",
    { owner: "acme", repo: repository, sha: head.sha, context: "ci", conclusion: "success" },
    "",
  );
  await hub("POST", `/repos/acme/${repository}/pulls/${number}/reviews`, { event: "APPROVE" }, security);
  await hub("PUT", `/repos/acme/${repository}/pulls/${number}/merge`, {}, security);
}

it("come straight where they may and by pull request where they must, keep what was there, and change by pull request once nobody passes", async () => {
  await engine("up");
  expect(await changes()).toEqual([]);
  const api = await owners("api");
  expect(api.slice(1, 4)).toEqual([
    "* @acme/backend",
    "# --- the repository's own lines (first found in CODEOWNERS) ---",
    "* @acme/agent-reviewers",
  ]);
  expect(api.at(-2)).toBe("/.github/CODEOWNERS @acme/security");
  expect(await pulls("api")).toEqual([]);
  expect(await owners("docs")).toEqual(["# our own", "/guides/ @acme/agent-reviewers", ""]);
  const [first] = await pulls("docs");
  expect(first?.head.ref).toMatch(/^gatehouse\/code-owners-/);

  // People accept it; nothing of the stack is left to do but to forget the proposal.
  await approveAndMerge("docs", first!.number);
  expect((await owners("docs")).slice(2, 6)).toEqual([
    "# --- the repository's own lines (first found in .github/CODEOWNERS) ---",
    "# our own",
    "/guides/ @acme/agent-reviewers",
    "# --- end of the repository's own lines ---",
  ]);
  await engine("up");
  expect(await changes()).toEqual([]);

  // The environment changes: both files change by pull request, since nobody passes the review any more.
  const other = [
    "--config",
    "gatehouse:repositories[0].protectedPaths[0]=/migrations/",
    "--config",
    "gatehouse:repositories[1].protectedPaths[0]=/migrations/",
  ];
  await engine("up", ...other);
  expect(await changes(...other)).toEqual([]);
  expect(await owners("api")).toEqual(api);
  for (const repository of ["api", "docs"]) {
    const [proposal] = await pulls(repository);
    await approveAndMerge(repository, proposal!.number);
    expect(await owners(repository)).toContain("/migrations/ @acme/security");
  }
  await engine("up", ...other);
  expect(await changes(...other)).toEqual([]);

  // Without the stack the repositories keep their own lines: in the place where they always were, or in the file that
  // holds them now. The stack remembers the file as it wrote it; GitHub deletes none that has changed since, so the
  // state is refreshed first.
  await engine("refresh", ...other);
  await engine("destroy", ...other);
  await expect(owners("api")).rejects.toThrow("404");
  expect(await owners("docs")).toContain("/guides/ @acme/agent-reviewers");
});
