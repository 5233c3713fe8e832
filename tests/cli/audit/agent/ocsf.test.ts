import type { AgentLine } from "../../../../cli/audit/agent/lines";
import { agentAlarmEvent, agentEvent } from "../../../../cli/audit/agent/ocsf";
import { agentAlarms } from "../../../../cli/audit/agent/reviewed";
import { at } from "../support/trail";
import { agentLine, event, REVIEWED, SAVED, session } from "../support/agent";
import { ocsfProblems } from "../support/schema";

const AGENT = { id: "agent_1", name: "gate-coder", version: "3" };
const shown = (line: AgentLine, agent: typeof AGENT | undefined = AGENT) => {
  const made = agentEvent(line, agent);
  expect(made && ocsfProblems(made)).toEqual(made && []);
  return made;
};

it("maps calls, answers and errors, whatever was decided", () => {
  const call = { id: "sevt_1", type: "agent.mcp_tool_use", mcp_server_name: "gatehouse", name: "create_pull_request" };
  expect(
    shown(event({ ...call, input: { title: "x" }, evaluated_permission: "ask" }, { requestIds: ["ab-1"] })),
  ).toMatchObject({
    class_uid: 6003,
    action_id: 99,
    actor: { user: { name: "gate-coder", uid: "agent_1" }, session: { uid: "sesn_1" } },
    api: { operation: "gatehouse/create_pull_request", service: { name: "gatehouse" } },
    unmapped: { agentVersion: "3", input: '{"title":"x"}', requestIds: ["ab-1"] },
  });
  expect(shown(event({ type: "agent.tool_use", name: "bash", evaluated_permission: "allow" }))).toMatchObject({
    action_id: 1,
  });
  expect(shown(event({ type: "agent.tool_use", name: "bash", evaluated_permission: "deny" }))).toMatchObject({
    action_id: 2,
    severity_id: 2,
  });
  expect(shown(event({ type: "agent.custom_tool_use", name: "own" }), undefined)).not.toHaveProperty("action_id");
  expect(shown(event({ type: "agent.tool_result", tool_use_id: "sevt_1", is_error: true }))).toMatchObject({
    status_id: 2,
    metadata: { correlation_uid: "sevt_1" },
  });
  expect(
    shown(event({ type: "user.tool_confirmation", tool_use_id: "sevt_1", result: "deny", deny_message: "no" })),
  ).toMatchObject({
    action_id: 2,
    actor: { user: { name: "not recorded" } },
    message: "no",
  });
  expect(shown(event({ type: "session.error", error: { type: "unknown_error", message: "m" } }))).toMatchObject({
    status_id: 2,
    message: "unknown_error: m",
  });
});

it("maps sessions and threads that begin, change and go", () => {
  expect(shown(session())).toMatchObject({
    class_uid: 3004,
    activity_id: 1,
    entity: { uid: "sesn_1", type: "Session" },
  });
  expect(shown(event({ type: "session.updated", agent: SAVED }))).toMatchObject({ activity_id: 3, severity_id: 4 });
  expect(
    shown(agentLine("thread", { id: "t", parent_thread_id: "p", agent: { type: "inline", name: "h" } })),
  ).toMatchObject({
    entity: { type: "Thread" },
    severity_id: 4,
  });
  expect(shown(agentLine("deleted", { type: "deleted" }))).toMatchObject({ activity_id: 4 });
});

it("leaves out what is no act", () => {
  for (const type of [
    "agent.thinking",
    "agent.message",
    "user.message",
    "span.model_request_start",
    "session.status_idle",
  ])
    expect(shown(event({ type }))).toBeUndefined();
  expect(shown(event({ type: "session.updated", title: "new" }))).toBeUndefined();
});

it("maps the alarms as findings", () => {
  const alarms = agentAlarms([agentLine("agent", SAVED), session({ agent: { ...SAVED, system: "x" } })], REVIEWED);
  expect(alarms).toHaveLength(1);
  const made = agentAlarmEvent(alarms[0]!, Date.parse(at(9)));
  expect(ocsfProblems(made)).toEqual([]);
  expect(made).toMatchObject({ class_uid: 2004, severity_id: 5, finding_info: { types: ["agent-overridden"] } });
});
