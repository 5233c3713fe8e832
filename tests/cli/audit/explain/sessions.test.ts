import { joinSessions, type Traces } from "../../../../cli/audit/explain/sessions";
import { tellStory } from "../../../../cli/audit/explain/story";
import { renderHtml, renderMarkdown, renderText } from "../../../../cli/audit/explain/render";
import { chainLine, entryText, GENESIS, type AuditRecord } from "../../../../gate/policy/audit";
import { agentLine, event, REVIEWED, SAVED, session } from "../support/agent";
import { at, entry } from "../support/trail";

const traces = (changes: Partial<Traces> = {}): Traces => ({
  requestIds: new Set(["ab-9"]),
  branch: "claude/fix",
  repository: "acme/api",
  number: 17,
  from: Date.parse(at(0)),
  until: Date.parse(at(600)),
  ...changes,
});
const bash = (command: string, changes = {}) =>
  event({ type: "agent.tool_use", name: "bash", input: { command } }, changes);
const joined = (...lines: Parameters<typeof joinSessions>[0]) => joinSessions([session(), ...lines], [], traces());

describe("a session joins", () => {
  it("surely by a request's id in what a tool answered", () => {
    expect(joined(event({ type: "agent.tool_result" }, { requestIds: ["zz-1", "ab-9"] }))).toMatchObject([
      { session: "sesn_1", by: "request id", agent: "gate-coder", version: "3" },
    ]);
  });
  it("likely by its branch or by repository and number, near in time", () => {
    expect(joined(bash("git push origin claude/fix"))).toMatchObject([{ by: "branch" }]);
    expect(joined(bash("gh pr view 17 -R acme/api"))).toMatchObject([{ by: "number" }]);
  });
  it.each([
    ["a longer branch", bash("git push origin claude/fix-more")],
    ["another number", bash("gh pr view 170 -R acme/api")],
    ["the number alone", bash("head -17 file")],
    ["the branch a year before", bash("git push origin claude/fix", { at: "2025-11-30T12:00:00.000Z" })],
    ["another request's id", event({ type: "agent.tool_result" }, { requestIds: ["ab-99"] })],
  ])("not by %s", (_, line) => {
    expect(joined(line)).toEqual([]);
  });
});

it("tells in the story which session and version asked, who confirmed what, and what was not reviewed", async () => {
  const opening = entry({
    ts: at(5),
    method: "POST",
    path: "/repos/acme/api/pulls",
    route: "pulls.create",
    status: 201,
    requestId: "ab-9",
  });
  const { line } = await chainLine(1, entryText(opening), GENESIS);
  const log = [
    agentLine("agent", SAVED),
    session({ agent: { ...SAVED, system: "x" } }),
    event(
      {
        id: "sevt_1",
        type: "agent.mcp_tool_use",
        mcp_server_name: "gatehouse",
        name: "create_pull_request",
        input: {},
      },
      { at: at(3) },
    ),
    event({ type: "user.tool_confirmation", tool_use_id: "sevt_1", result: "allow" }, { at: at(4) }),
    event({ type: "agent.mcp_tool_result", mcp_tool_use_id: "sevt_1" }, { at: at(6), requestIds: ["ab-9"] }),
  ];
  const story = tellStory({
    repository: "acme/api",
    number: 17,
    pull: { body: "Fix.\n\nGatehouse-Request: ab-9\n", created_at: at(5), state: "open", head: { ref: "claude/fix" } },
    reviews: [],
    records: [JSON.parse(line) as AuditRecord],
    github: [],
    around: [],
    machineUser: "claude-bot",
    agentLog: log,
    reviewed: REVIEWED,
  });
  expect(story.sessions).toMatchObject([
    {
      session: "sesn_1",
      version: "3",
      by: "request id",
      calls: 1,
      confirmed: 1,
      denied: 0,
      alarms: [expect.stringContaining("its own system")],
    },
  ]);
  expect(story.steps.map(({ kind, what }) => [kind, what])).toEqual([
    ["session", "started session sesn_1 of gate-coder, version 3 (Fix the build)"],
    ["confirmation", "allowed gatehouse/create_pull_request in session sesn_1"],
    ["write", "opened the pull request"],
  ]);
  for (const text of [renderText(story), renderMarkdown(story), await renderHtml(story)]) {
    expect(text.replaceAll("\\", "")).toContain("sesn_1, gate-coder, version 3; known by a request");
    expect(text.replaceAll("\\", "")).toContain("it was started with its own system");
  }
});
