import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { CouldNotRun } from "../../../../cli/support/exit";
import { actOf, agentLines, keptLine, requestIdsIn } from "../../../../cli/audit/agent/lines";
import { readAgentLog } from "../../../../cli/audit/agent/log";
import { at } from "../support/trail";
import { event } from "../support/agent";

const file = (text: string): string => {
  const path = join(mkdtempSync(join(tmpdir(), "gatehouse-agent-")), "agent.ndjson");
  writeFileSync(path, text);
  return path;
};

it.each([
  ["< x-gatehouse-request-id: 5f2a-1c", ["5f2a-1c"]],
  ['{"gatehouse":{"decision":"deny","requestId":"a1b2-9"}}', ["a1b2-9"]],
  ["remote: refused (request a1-2)\nGatehouse-Request: a1-3\n", ["a1-2", "a1-3"]],
  ["a pull request for the well-known bug", []],
])("finds the gate's ids in %j, also inside JSON", (text, ids) => {
  expect(requestIdsIn(text)).toEqual(ids);
  expect(requestIdsIn(JSON.stringify({ text }))).toEqual(ids);
});

it("keeps no text of messages and results, and no credential of a call", () => {
  const token = `ghp_${"k3Jd9sLq2Wm8Zx1Vb7Nc4Rt6Yp0Hf5Ag"}Qe2u`;
  const result = keptLine(
    event({
      id: "sevt_1",
      type: "agent.tool_result",
      tool_use_id: "sevt_0",
      content: [{ type: "text", text: "the secret plan\nx-gatehouse-request-id: ab-1" }],
    }),
  );
  expect(JSON.stringify(result)).not.toContain("secret plan");
  expect(result).toMatchObject({
    requestIds: ["ab-1"],
    event: { tool_use_id: "sevt_0", content: [{ type: "text", bytes: 44, sha256: expect.any(String) }] },
  });
  const call = keptLine(
    event({ type: "agent.tool_use", name: "bash", input: { command: `curl -H "auth: ${token}" x` } }),
  );
  expect(JSON.stringify(call)).not.toContain(token);
  expect(actOf(call)).toMatchObject({ kind: "call", tool: "bash", input: expect.stringContaining("curl") });
});

describe("another agent's log", () => {
  it("is read with what a line says, and what it does not say gets an id", () => {
    const lines = readAgentLog(
      file(
        [
          {
            at: "2026-11-30T13:00:00+01:00",
            session: "s1",
            type: "session",
            by: "alice",
            agent: { name: "robot", version: 2 },
          },
          {
            at: at(2),
            session: "s1",
            type: "tool_use",
            id: "c1",
            tool: "bash",
            input: { command: "git push" },
            decision: "ask",
          },
          { at: at(3), session: "s1", type: "confirmation", call: "c1", decision: "allow", by: "bob" },
          { at: at(4), session: "s1", type: "tool_result", call: "c1", text: "remote: ok (request ab-7)" },
        ]
          .map((line) => JSON.stringify(line))
          .join("\n"),
      ),
    );
    expect(lines.map(({ id, kind, at: time }) => [id.slice(0, 6), kind, time])).toEqual([
      [expect.stringMatching(/^log:/), "session", at(0)],
      ["log:c1", "event", at(2)],
      [expect.stringMatching(/^log:/), "event", at(3)],
      [expect.stringMatching(/^log:/), "event", at(4)],
    ]);
    expect(lines.map(actOf)).toMatchObject([
      undefined,
      { kind: "call", tool: "bash", decision: "ask" },
      { kind: "confirmation", call: "c1", decision: "allow", by: "bob" },
      { kind: "result", call: "c1" },
    ]);
    expect(lines[3]?.requestIds).toEqual(["ab-7"]);
    expect(JSON.stringify(lines)).not.toContain("remote: ok");
  });

  it.each([
    ["not json", /:1: this is not JSON/],
    [JSON.stringify({ at: "yesterday", session: "s", type: "message" }), /:1: at: /],
    [JSON.stringify({ at: at(1), session: "s", type: "message", colour: "red" }), /:1: colour: /],
    [
      `${JSON.stringify({ at: at(1), session: "s", type: "message" })}\n${JSON.stringify({ at: at(1), type: "x" })}`,
      /:2: /,
    ],
  ])("is refused at %j, with the line", (text, message) => {
    expect(() => readAgentLog(file(text))).toThrow(message);
  });
});

it("reads or refuses any line of a log with its number, and loses none", () => {
  const path = file("");
  const value = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        at: fc.constantFrom(at(1), "2026-11-30", "x"),
        session: fc.string(),
        type: fc.constantFrom("session", "tool_use", "tool_result", "confirmation", "message", "error", "other"),
        id: fc.string(),
        tool: fc.string(),
        input: fc.jsonValue(),
        text: fc.string(),
        requestIds: fc.array(fc.string()),
      },
      { requiredKeys: ["at", "session", "type"] },
    ),
  );
  fc.assert(
    fc.property(fc.array(value, { maxLength: 5 }), (values) => {
      writeFileSync(path, values.map((one) => JSON.stringify(one)).join("\n"));
      let read;
      try {
        read = readAgentLog(path);
      } catch (error) {
        expect(error).toBeInstanceOf(CouldNotRun);
        expect((error as Error).message).toMatch(/agent\.ndjson:\d+: /);
        return;
      }
      expect(read).toHaveLength(values.length);
      for (const line of read) expect(JSON.parse(JSON.stringify(line))).toEqual(line);
    }),
  );
});

it("names the line of the folder's file that no pull wrote", () => {
  expect(() => agentLines(file(`${JSON.stringify(event({ type: "x" }))}\n{"at":1}\n`))).toThrow(/:2: this is no line/);
});
