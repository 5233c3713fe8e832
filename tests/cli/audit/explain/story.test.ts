import { renderHtml, renderMarkdown, renderText } from "../../../../cli/audit/explain/render";
import { tellStory, type StoryInput } from "../../../../cli/audit/explain/story";
import type { AuditEntry, AuditRecord } from "../../../../gate/policy/audit";
import { around, at, entry, TOKEN } from "../support/trail";

const records = (...entries: Partial<AuditEntry>[]): AuditRecord[] =>
  entries.map((one, i) => ({ v: 1, seq: i + 1, prevHash: "", hash: "", ...entry({ requestId: `r-${i}`, ...one }) }));
const push = { method: "POST", path: "/acme/api.git/git-receive-pack" };
const suite = (second: number, ref: string): StoryInput["github"][number] => ({
  source: "rule-suites",
  at: at(second),
  id: `rule-suites:${second}`,
  event: { ref, actor_name: "claude-bot", repository: "acme/api", result: "pass" },
});
const PULL = {
  title: "Fix <b>the</b> parser",
  html_url: "https://github.com/acme/api/pull/7",
  body: "Text\n\nGatehouse-Request: open-7",
  state: "closed",
  created_at: at(100),
  closed_at: at(500),
  merged_at: at(500),
  merged_by: { login: "alice" },
  merge_commit_sha: "c".repeat(40),
  user: { login: "claude-bot" },
  head: { ref: "claude/parser" },
  base: { ref: "main" },
};
const input = (changes: Partial<StoryInput> = {}): StoryInput => ({
  repository: "acme/api",
  number: 7,
  pull: PULL,
  reviews: [
    { state: "CHANGES_REQUESTED", user: { login: "bob" }, submitted_at: at(200), commit_id: "a".repeat(40) },
    {
      state: "APPROVED",
      user: { login: "bob" },
      submitted_at: at(450),
      html_url: "https://github.com/acme/api/pull/7#r",
    },
  ],
  records: records(
    { ts: at(-200_000), path: "/repos/acme/api/long-ago" },
    { ts: at(10), path: "/repos/acme/api/contents/a" },
    { ts: at(20), path: "/repos/acme/api/contents/b" },
    { ts: at(30), path: "/repos/acme/api/issues/3" },
    { ts: at(90), ...push, requestId: "push-1" },
    { ts: at(95), ...push, requestId: "elsewhere" },
    { ts: at(100), method: "POST", path: "/repos/acme/api/pulls", requestId: "open-7", status: 201 },
    {
      ts: at(150),
      method: "PUT",
      path: "/repos/acme/api/pulls/7/merge",
      decision: "deny",
      reason: "pull-request-merge",
      status: 403,
    },
    { ts: at(160), path: "/repos/acme/api/pulls/7/files" },
    { ts: at(170), path: "/repos/acme/docs/pulls/7", repository: "acme/docs" },
  ),
  github: [suite(90, "refs/heads/claude/parser"), suite(120, "refs/heads/claude/other")],
  around: [],
  machineUser: "claude-bot",
  ...changes,
});

it("tells who read, wrote, was refused, approved and merged, in order", () => {
  const story = tellStory(input());
  expect(story).toMatchObject({
    pull: "acme/api#7",
    state: "merged",
    author: "claude-bot",
    agent: "agent",
    requestId: "open-7",
    tokens: [TOKEN],
    approvedBy: ["bob"],
    mergedBy: "alice",
    notes: [],
  });
  expect(story.steps.map(({ kind, who, what }) => `${kind} ${who} ${what}`)).toEqual([
    "read agent GET /repos/acme/api/contents/a, and 1 more read",
    "write agent pushed",
    "write agent opened the pull request",
    "refused agent PUT /repos/acme/api/pulls/7/merge: pull-request-merge",
    "read agent GET /repos/acme/api/pulls/7/files",
    "review bob asked for changes aaaaaaaaaaaa",
    "review bob approved",
    `merge alice merged claude/parser into main as ${"c".repeat(12)}`,
  ]);
});

it("takes a push for its own only when GitHub moved the branch then", () => {
  const apart = input({ github: [suite(400, "refs/heads/claude/parser")] });
  expect(tellStory(apart).steps.filter(({ what }) => what === "pushed")).toEqual([]);
});

it("shows what went around the gate, and says what it could not see", () => {
  expect(tellStory(input({ around: [around(300, "git.push: the gate has no record of it")] })).steps).toContainEqual(
    expect.objectContaining({ kind: "around", what: "git.push: the gate has no record of it" }),
  );
  expect(tellStory(input({ pull: undefined })).notes).toEqual([
    "GitHub was not asked: reviews, merge and branch are missing",
  ]);
  expect(tellStory(input({ pull: { ...PULL, body: "none" } })).notes[0]).toMatch(/no Gatehouse-Request line/);
  expect(tellStory(input({ pull: { ...PULL, body: "Gatehouse-Request: lost" } })).notes[0]).toMatch(
    /request lost opened it, and is not in this trail/,
  );
});

it("writes text, Markdown and a page, in which nothing of a title or a path is markup", async () => {
  const story = tellStory(
    input({
      pull: { ...PULL, title: "x [a](javascript:alert(1)) <script>\u001b[31m", html_url: "javascript:alert(1)" },
      records: records(
        { ts: at(50), path: "/repos/acme/api/pulls/7|`<img src=x>" },
        { ts: at(60), path: "/repos/acme/api/contents/\u202e|`<img>" },
      ),
    }),
  );
  const [text, md, page] = [renderText(story), renderMarkdown(story), await renderHtml(story)];
  expect(text).not.toContain("\u001b");
  expect(md).not.toMatch(/\]\(javascript|[^\\]<script>|[^\\]<img/);
  expect(page).not.toMatch(/<script|<img|href="javascript/);
  for (const one of [text, md, page]) expect(one).toContain("bob");
  expect(page).toContain('<meta name="viewport"');
});
