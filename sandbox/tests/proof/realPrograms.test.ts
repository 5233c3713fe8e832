import { readFileSync } from "node:fs";
import { join } from "node:path";
import { renderDisplay } from "../../engine";
import { applyOutside, callsOf, comparable, outcomeOf, type Outcome } from "../engine/real/outcome";
import { CASES } from "../engine/real/programs";
import { makeWorkspace, messagesOf, recorded, type Workspace } from "../engine/support/workspace";

jest.setTimeout(180_000);

const FIXTURE = join(__dirname, "../../../tests/fixtures/pulumi/small-programs.json");
const expected = JSON.parse(readFileSync(FIXTURE, "utf8")) as Record<string, Outcome[]>;

let workspace: Workspace;
beforeEach(() => {
  workspace = makeWorkspace();
});
afterEach(() => {
  workspace.remove();
});

describe("what the real engine did, called, stored and showed", () => {
  it.each(CASES.map((one) => [one.name, one] as const))("%s", async (name, { steps }) => {
    let source = "";
    const real = expected[name];
    expect(real).toHaveLength(steps.length);
    for (const [index, step] of steps.entries()) {
      source = step.program ?? source;
      workspace.program(source);
      applyOutside(workspace.cloudDir, step.outside ?? {});
      const before = workspace.log().length;
      const stack = await workspace.open({ stack: step.stack ?? "dev" });
      const result = await recorded((how) => stack[step.op]({ ...how, parallel: 1 }));
      const ours = outcomeOf({
        failed: result.failed,
        steps: result.events.flatMap((event) => (event.kind === "resource-pre" ? [event.step] : [])),
        calls: callsOf(workspace.log().slice(before)),
        errors: messagesOf(result),
        shown: renderDisplay(result.events),
        exported: (await stack.export({ showSecrets: true })) as never,
      });
      expect({ step: index, ...comparable(ours) }).toEqual({ step: index, ...comparable(real![index]!) });
    }
  });
});
