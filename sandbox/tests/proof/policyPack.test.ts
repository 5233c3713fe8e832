import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { previewDigest, renderDisplay } from "../../engine";
import type { EngineEvent } from "../../engine/events";
import { makeWorkspace, messagesOf, recorded, stepsOf, type Workspace } from "../engine/support/workspace";

/** Every test runs a program and a policy pack, each in a process of its own. */
jest.setTimeout(120_000);

let workspace: Workspace;
let pack: string;
beforeEach(() => {
  workspace = makeWorkspace();
  pack = join(workspace.dir, "pack");
  mkdirSync(pack);
  workspace.file("pack/PulumiPolicy.yaml", "runtime: nodejs\n");
  workspace.file("pack/package.json", `{ "name": "rules", "version": "1.0.0", "main": "index.js" }`);
});
afterEach(() => {
  workspace.remove();
});

const POLICIES = `
  {
    name: "no-red", description: "No thing is red.", enforcementLevel: "mandatory", severity: "high",
    validateResource: ({ props }, report) => { if (props.colour === "red") report("It is red."); },
  },
  {
    name: "short", description: "A value is short.", enforcementLevel: "advisory",
    validateResource: ({ type, props }, report) => { if (type === "cloud:index/thing:Thing" && props.value.length > 3) report("It is long."); },
  },
  {
    name: "two-at-most", description: "There are two things at most.", enforcementLevel: "mandatory",
    validateStack: ({ resources }, report) => {
      const things = resources.filter(({ type, props }) => type === "cloud:index/thing:Thing" && "length" in props);
      if (things.length > 2) report("There are " + things.length + ".");
    },
  },`;
const policies = (source: string): void => {
  workspace.file("pack/index.js", `new (require("@pulumi/policy").PolicyPack)("rules", { policies: [${source}] });`);
};
const found = (events: readonly EngineEvent[]): string[] =>
  events.flatMap((event) =>
    event.kind === "policy"
      ? [`${event.violation.enforcement} ${event.violation.policy} ${event.violation.urn?.split("::").pop() ?? "-"}`]
      : [],
  );

it("shows what policies find, and a mandatory finding stops an update before anything is made", async () => {
  policies(POLICIES);
  workspace.program(`
    const red = new Thing("red", { key: "red", colour: "red", value: "one" });
    new Thing("after", { key: "after", value: red.token });`);
  const stack = await workspace.open();
  const preview = await recorded((how) => stack.preview(how), { policyPacks: [pack] });
  expect(preview).toMatchObject({ failed: true, reason: "step" });
  // The second value is not known yet: Pulumi's SDK says so and goes on.
  expect(found(preview.events)).toEqual(["mandatory no-red red", "advisory short after"]);
  expect(messagesOf(preview)).toEqual(["preview failed"]);
  expect(JSON.stringify(previewDigest(preview.events))).not.toContain("It is red.");
  const text = renderDisplay(preview.events);
  expect(text).toContain(`Policies:
    ❌ rules@v1.0.0 (local: ${pack})
        - [mandatory] [severity: high]  no-red  (cloud:index:Thing: red)
          No thing is red.
          It is red.
        - [advisory]  short  (cloud:index:Thing: after)
          can't run policy 'short' from policy pack 'rules@v1.0.0' during preview: `);
  expect(text).not.toContain("Resources:");
  expect(renderDisplay(preview.events, { diff: true })).toContain("Policies:\n    ❌ rules@v1.0.0");

  const up = await recorded((how) => stack.up(how), { policyPacks: [pack] });
  expect(up).toMatchObject({ failed: true, reason: "step" });
  expect(messagesOf(up)).toEqual(["update failed"]);
  expect(workspace.things()).toEqual({});
});

it("goes on with advisory findings, gives secrets in clear, judges the stack by its outputs at the end", async () => {
  policies(POLICIES);
  workspace.program(`
    for (const key of ["a", "b", "c"]) new Thing(key, { key, value: pulumi.secret("secret-" + key) });
    new Group("group");`);
  const stack = await workspace.open();
  const up = await recorded((how) => stack.up(how), { policyPacks: [pack] });
  expect(found(up.events)).toEqual([
    "advisory short a",
    "advisory short b",
    "advisory short c",
    "mandatory two-at-most -",
  ]);
  // Too late: everything is there. Pulumi is no better, so a preview comes first.
  expect(up.failed).toBe(true);
  expect(Object.keys(workspace.things())).toEqual(["a", "b", "c"]);
  expect(renderDisplay(up.events)).toContain("two-at-most  (pulumi:pulumi:Stack: test-dev)");

  workspace.program(`new Thing("a", { key: "a", value: "abc" });`);
  const fine = await recorded((how) => stack.up(how), { policyPacks: [pack] });
  expect(fine.failed).toBe(false);
  expect(stepsOf(fine)).toEqual(expect.arrayContaining(["update a", "delete b"]));
  expect(renderDisplay(fine.events)).toContain("✅ rules@v1.0.0");
});

it("fails as Pulumi does when a policy throws, an advisory one too, and hides secrets that its message quotes", async () => {
  policies(`
    {
      name: "throws", description: "Throws.", enforcementLevel: "advisory",
      validateResource: ({ type, props }) => { if (type === "cloud:index/thing:Thing") throw new Error("seen " + props.value); },
    },`);
  workspace.program(`new Thing("a", { key: "a", value: pulumi.secret("very-secret-value") });`);
  const stack = await workspace.open();
  const preview = await recorded((how) => stack.preview(how), { policyPacks: [pack] });
  expect(preview.failed).toBe(true);
  expect(messagesOf(preview).join("\n")).toMatch(
    /the policy pack \S+ failed: Error validating [\s\S]*Error: seen \[secret\]$/m,
  );
  expect(messagesOf(preview).join("\n")).not.toMatch(/very-secret-value|node_modules/);
});

it("says what is wrong with a pack that cannot run", async () => {
  workspace.program(`new Thing("a", { key: "a" });`);
  const stack = await workspace.open();
  await expect(stack.preview({ policyPacks: [workspace.cloudDir] })).rejects.toThrow("it has no PulumiPolicy.yaml");
  policies(`{ name: "broken" `);
  await expect(stack.preview({ policyPacks: [pack] })).rejects.toThrow(/did not start: [\s\S]*SyntaxError/);
  policies(
    `{ name: "mends", description: "Mends.", enforcementLevel: "remediate", remediateResource: () => undefined },`,
  );
  await expect(stack.preview({ policyPacks: [pack] })).rejects.toThrow("the policy mends, which changes resources");
});
