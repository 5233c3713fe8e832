import { renderDisplay, type EngineEvent, type StepInfo } from "../../../engine";

describe("the progress of a run", () => {
  const step = (name: string, op: StepInfo["op"]): StepInfo => ({
    op,
    urn: `urn:pulumi:dev::p::a:b/c:C::${name}`,
    type: "a:b/c:C",
    logical: true,
    internal: false,
    new: { urn: name, custom: true, type: "a:b/c:C", inputs: {}, dependencies: [] },
  });
  const events = (...some: EngineEvent[]): EngineEvent[] => [
    { kind: "prelude", operation: "update", preview: false, stack: "dev", project: "p", config: {} },
    ...some,
    { kind: "summary", changes: { create: 2, same: 1 }, durationMs: 61_200, preview: false, failed: false },
  ];

  it("leaves out what stays the same, and closes with diagnostics by resource, counts and the time", () => {
    const text = renderDisplay(
      events(
        { kind: "resource-pre", step: { ...step("still", "same"), old: step("still", "same").new! } },
        { kind: "resource-pre", step: step("made", "create") },
        {
          kind: "diagnostic",
          diagnostic: { severity: "warning", urn: step("made", "create").urn, message: "two\nlines\n" },
        },
        { kind: "diagnostic", diagnostic: { severity: "debug", message: "not to be seen" } },
        { kind: "diagnostic", diagnostic: { severity: "info", message: "passing", ephemeral: true } },
        { kind: "resource-outputs", step: step("made", "create") },
      ),
    );
    expect(text.replace(/\(\d[\d.]*s\)/g, "(T)")).toBe(`Updating (dev):

 +  a:b:C made creating (T) 
 +  a:b:C made creating (T) warning: two
    pulumi:pulumi:Stack p-dev running passing
 +  a:b:C made created (T) warning: two
    pulumi:pulumi:Stack p-dev  
Diagnostics:
  a:b:C (made):
    warning: two
    lines

Resources:
    + 2 created
    1 unchanged

Duration: 1m2s

`);
  });
});
