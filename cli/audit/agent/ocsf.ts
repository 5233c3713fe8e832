import { asRecord, asText, type JsonRecord } from "../../../infra/config/json";
import {
  classified,
  CRITICAL,
  DETECTION,
  ENTITY,
  API_ACTIVITY,
  HIGH,
  INFORMATIONAL,
  LOW,
  MEDIUM,
  OCSF_VERSION,
  OTHER,
  type OcsfEvent,
} from "../ocsf";
import { actOf, type AgentLine, type SessionAgent } from "./lines";
import type { AgentAlarm } from "./reviewed";

const CLAUDE = { name: "Claude Managed Agents", vendor_name: "Anthropic" };
const LOG = { name: "agent log" };
const AUDIT = { name: "gatehouse audit", vendor_name: "Gatehouse" };

const DECISIONS = {
  allow: { action_id: 1, action: "Allowed", disposition_id: 1, disposition: "Allowed" },
  deny: { action_id: 2, action: "Denied", disposition_id: 2, disposition: "Blocked" },
  ask: { action_id: OTHER, action: "Asked", disposition_id: OTHER, disposition: "Waits for a person" },
} as const;

/**
 * A line of the agent's side; undefined for what is no act, such as a message or a model's request.
 * @param agent which agent the session runs, when that is known
 */
export function agentEvent(line: AgentLine, agent: SessionAgent | undefined): OcsfEvent | undefined {
  const time = Date.parse(line.at);
  const act = actOf(line);
  const common = {
    metadata: {
      version: OCSF_VERSION,
      product: line.source === "claude" ? CLAUDE : LOG,
      log_name: "agent",
      uid: line.id,
      original_time: line.at,
      ...(act === undefined || act.call === "" ? {} : { correlation_uid: act.call }),
    },
    actor: {
      user: { name: agent?.name || "unknown", ...(agent?.id ? { uid: agent.id } : {}) },
      session: { uid: line.session },
    },
    unmapped: {
      session: line.session,
      ...(line.thread === undefined ? {} : { thread: line.thread }),
      ...(agent?.version ? { agentVersion: agent.version } : {}),
      ...(line.requestIds === undefined ? {} : { requestIds: line.requestIds }),
      ...(act === undefined || act.input === "" ? {} : { input: act.input }),
    },
  };
  if (act === undefined) return stateEvent(line, time, common);
  const decision = act.decision === "" ? undefined : DECISIONS[act.decision];
  const by =
    act.kind === "confirmation"
      ? { user: { name: act.by || "not recorded" }, session: { uid: line.session } }
      : common.actor;
  return {
    ...classified(
      API_ACTIVITY,
      OTHER,
      act.kind === "error" ? MEDIUM : act.decision === "deny" ? LOW : INFORMATIONAL,
      time,
    ),
    ...common,
    metadata: { ...common.metadata, ...(decision === undefined ? {} : { profiles: ["security_control"] }) },
    ...decision,
    actor: by,
    src_endpoint: { name: "not recorded" },
    api: {
      operation: OPERATIONS[act.kind] ?? act.tool,
      service: { name: act.tool.includes("/") ? (act.tool.split("/")[0] ?? "") : "agent sandbox" },
    },
    status_id: act.failed ? 2 : 1,
    message: act.says || [OPERATIONS[act.kind], act.tool, act.decision].filter(Boolean).join(" "),
  };
}

const OPERATIONS: Readonly<Record<string, string>> = {
  result: "tool result",
  confirmation: "tool confirmation",
  error: "session error",
};

/** Sessions and threads that begin, change and go. */
function stateEvent(line: AgentLine, time: number, common: JsonRecord): OcsfEvent | undefined {
  const { kind, event } = line;
  const entity = (activity: number, severity: number, what: JsonRecord, message: string): OcsfEvent => ({
    ...classified(ENTITY, activity, severity, time),
    ...common,
    entity: { type_id: OTHER, ...what },
    message,
  });
  const agent = asRecord(event.agent);
  if (kind === "session")
    return entity(
      1,
      INFORMATIONAL,
      { type: "Session", name: asText(event.title) || line.session, uid: line.session },
      `session of the agent ${asText(agent.name)}`,
    );
  if (kind === "thread" && event.parent_thread_id != null)
    return entity(
      1,
      agent.type === "inline" ? HIGH : LOW,
      { type: "Thread", name: asText(agent.name) || "thread", uid: asText(event.id) },
      `thread of the agent ${asText(agent.name)}`,
    );
  if (kind === "deleted")
    return entity(
      4,
      MEDIUM,
      { type: "Session", name: line.session, uid: line.session },
      "the session and its events were deleted",
    );
  if (event.type === "session.updated" && event.agent != null)
    return entity(
      3,
      HIGH,
      { type: "Session", name: line.session, uid: line.session },
      "tools or MCP servers of the session were changed",
    );
  return undefined;
}

/** A session is not what was reviewed. */
export function agentAlarmEvent(alarm: AgentAlarm, now: number): OcsfEvent {
  return {
    ...classified(DETECTION, 1, CRITICAL, now),
    metadata: { version: OCSF_VERSION, product: AUDIT, log_name: "audit", uid: alarm.id },
    finding_info: {
      uid: alarm.id,
      title: "A session of the agent is not what was reviewed",
      desc: alarm.says,
      first_seen_time: Date.parse(alarm.at),
      types: [alarm.rule],
    },
    is_alert: true,
    status_id: 1,
    message: alarm.says,
  };
}
