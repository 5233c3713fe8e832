import { renderHtml } from "../../cli/audit/explain/render";
import type { Step, Story } from "../../cli/audit/explain/story";
import { itInBrowser, wrongs } from "../support/browser";

jest.setTimeout(300_000);

const LONG = "/repos/acme/api/contents/src/a/very/long/path/of/a/file/that/no/browser/breaks/by/itself.ts";
const step = (minute: number, kind: Step["kind"], what: string, changes: Partial<Step> = {}): Step => ({
  at: `2026-11-30T12:0${minute}:00.000Z`,
  kind,
  who: "claude-bot",
  what,
  requestId: "",
  link: "",
  count: 1,
  ...changes,
});
const URL = "https://github.com/acme/api/pull/17";
const STORY: Story = {
  pull: "acme/api#17",
  title: "Add a cache to the look-up of customers <script>alert(1)</script>",
  url: URL,
  state: "merged",
  author: "claude-bot",
  agent: "agent",
  head: "claude/add-a-cache",
  base: "main",
  requestId: "5f2a-1c",
  approvedBy: ["alice", "bob"],
  mergedBy: "alice",
  tokens: ["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
  addresses: ["203.0.113.7", "2001:db8::1"],
  sessions: [
    {
      session: "sesn_01ABCDEFGHIJKLMNOP",
      source: "claude",
      from: "2026-11-30T12:00:00.000Z",
      until: "2026-11-30T12:05:00.000Z",
      agent: "gate-coder",
      version: "3",
      by: "request id",
      askedBy: "",
      calls: 12,
      confirmed: 2,
      denied: 1,
      alarms: ["session sesn_01ABCDEFGHIJKLMNOP: it was started with its own tools"],
    },
  ],
  notes: ["GitHub's events name no token and no reads"],
  steps: [
    step(0, "session", "started session sesn_01ABCDEFGHIJKLMNOP"),
    step(1, "read", `read 34 addresses: ${LONG}`, { requestId: "5f2a-10" }),
    step(2, "refused", "PUT /repos/acme/api/pulls/17/merge: pull-request-merge", { requestId: "5f2a-11" }),
    step(3, "write", "opened the pull request", { requestId: "5f2a-1c", link: URL }),
    step(4, "around", "git.push in acme/api: the gate has no record of it"),
    step(5, "review", "approved", { who: "alice", link: `${URL}#pullrequestreview-1` }),
    step(6, "merge", "merged", { who: "alice", link: URL }),
  ],
};

for (const [name, story] of [
  ["a story", STORY],
  ["a trail that has nothing of it", { ...STORY, title: "", url: "", sessions: [], notes: [], steps: [] }],
] as const)
  itInBrowser(`${name}: no violation in light, dark, narrow and on paper, and no request`, async () => {
    expect(await wrongs(`explain ${name}`, await renderHtml(story))).toEqual([]);
  });
