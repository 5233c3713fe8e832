import { appendFileSync, readFileSync } from "node:fs";
import { writeEvents } from "../../../cli/audit/events";
import { readState } from "../../../cli/audit/trail";
import type { OcsfEvent } from "../../../cli/audit/ocsf";
import { at, chained, entry, headOf, pulled } from "./support/trail";

const suite = (second: number) => ({
  source: "rule-suites",
  at: at(second),
  id: `rule-suites:${second}`,
  event: { actor_name: "claude-bot", repository: "acme/api", ref: "refs/heads/claude/x", result: "pass" },
});
const push = { method: "POST", path: "/acme/api.git/git-receive-pack" };

it("is in order of time, and the next pull appends what is new and nothing else", async () => {
  const first = await chained([entry({ ts: at(1) }), entry({ ...push, ts: at(4) })]);
  const files = pulled(first, {
    github: [suite(3)],
    state: { github: { source: "events", until: at(60), missing: [] }, lock: { declared: 9, found: 9 } },
  });
  const seen = (): OcsfEvent[] =>
    readFileSync(files.events, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as OcsfEvent);
  const state = { ...readState(files), events: writeEvents(files, readState(files)) };
  expect(seen().map(({ class_uid: uid, time }) => [uid, time - Date.parse(at(0))])).toEqual([
    [6003, 1000],
    [6003, 3000],
    [6003, 4000],
    [2003, 60_000],
  ]);
  // What an interrupted run left behind is written anew.
  const whole = readFileSync(files.events, "utf8");
  appendFileSync(files.events, '{"cut');
  const more = await chained([entry({ ts: at(70), requestId: "new" })], headOf(first[1]!));
  appendFileSync(files.gate, `${more[0]!}\n`);
  appendFileSync(files.github, `${JSON.stringify(suite(200))}\n`);
  writeEvents(files, { ...state, pulledAt: at(300) });
  expect(readFileSync(files.events, "utf8").startsWith(whole)).toBe(true);
  // The new push has no request: the alarm comes behind what it is about.
  expect(
    seen()
      .slice(4)
      .map(({ class_uid: uid, metadata }) => [uid, (metadata as { uid?: string }).uid?.slice(0, 7)]),
  ).toEqual([
    [6003, "new"],
    [6003, "rule-su"],
    [2004, "around:"],
    [2003, undefined],
  ]);
});
