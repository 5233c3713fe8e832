import { closeSync, openSync, truncateSync, writeSync } from "node:fs";
import { agentLines, sessionAgents } from "./agent/lines";
import { agentAlarmEvent, agentEvent } from "./agent/ocsf";
import { agentAlarms } from "./agent/reviewed";
import { around } from "./completeness";
import { githubEvents } from "./github";
import { alarmEvent, gitHubEvent, lockEvent, recordEvent, type OcsfEvent } from "./ocsf";
import { recordsIn } from "./records";
import { sizeOf, type EventsState, type PullState, type TrailFiles } from "./trail";

/**
 * Appends what the last pull brought to the one stream, in the order of time, then the findings. What is in it already
 * is never written again, so whoever follows the file sees every event once. An event that GitHub tells late comes with
 * the pull that saw it.
 */
export function writeEvents(files: TrailFiles, state: PullState): EventsState {
  const before = state.events ?? { bytes: 0, gate: 0, github: 0, alarms: [] };
  if (sizeOf(files.events) > before.bytes) truncateSync(files.events, before.bytes);
  const fd = openSync(files.events, "a");
  let text = "";
  let bytes = before.bytes;
  const write = (event: OcsfEvent | undefined): void => {
    if (event !== undefined) text += `${JSON.stringify(event)}\n`;
    if (text.length < 1 << 20) return;
    bytes += writeSync(fd, text);
    text = "";
  };
  try {
    const lines = githubEvents(files.github);
    const agent = agentLines(files.agent);
    const agents = sessionAgents(agent);
    const theirs = [
      ...lines.slice(before.github).map(gitHubEvent),
      ...agent.slice(before.agent ?? 0).map((line) => agentEvent(line, agents.get(line.session))),
    ]
      .filter((event) => event !== undefined)
      .sort((a, b) => a.time - b.time);
    let next = 0;
    for (const record of recordsIn(files.gate, before.gate)) {
      const event = recordEvent(record, state.machineUser);
      for (let other = theirs[next]; other !== undefined && other.time < event.time; other = theirs[++next])
        write(other);
      write(event);
    }
    theirs.slice(next).forEach(write);
    const now = Date.parse(state.pulledAt);
    const { events: alarms } = around(files, state, lines);
    const uidOf = (one: (typeof alarms)[number]): string => `${one.at} ${one.action} ${one.detail}`;
    alarms.filter((one) => !before.alarms.includes(uidOf(one))).forEach((one) => write(alarmEvent(one, now)));
    const strange = agentAlarms(agent, state.agent?.reviewed);
    strange.filter(({ id }) => !before.alarms.includes(id)).forEach((one) => write(agentAlarmEvent(one, now)));
    if (state.lock?.found !== undefined) write(lockEvent(state.lock, now));
    bytes += writeSync(fd, text);
    return {
      bytes,
      gate: state.cursor.bytes,
      github: lines.length,
      agent: agent.length,
      alarms: [...alarms.map(uidOf), ...strange.map(({ id }) => id)],
    };
  } finally {
    closeSync(fd);
  }
}
