import fc from "fast-check";
import { bundleGate } from "../../infra";
import { evaluate, RULES, SECRET, UNKNOWN, withUnknowns, type DeclaredResource, type Rule } from "../../policy/library";
import { environment } from "../support/environment";
import { deployPosture } from "../support/posture";
import { access, agent, declare } from "./support/declare";

const TODAY = "2026-06-15";

/** What a whole posture declares, each resource below the component that its name belongs to. */
async function declared(change: Parameters<typeof environment>[0] = {}): Promise<DeclaredResource[]> {
  const { resources } = await deployPosture(environment(change), bundleGate());
  const components = resources.filter(({ type }) => type.startsWith("gatehouse:"));
  return resources.map(({ type, name, inputs }) => ({
    urn: `urn:pulumi:test::gatehouse::${[
      ...components
        .filter((component) => name !== component.name && name.startsWith(`${component.name}-`))
        .map((component) => component.type),
      type,
    ].join("$")}::${name}`,
    type,
    name,
    inputs: inputs as Record<string, unknown>,
  }));
}

it("finds nothing in what a posture declares, with a person's token or an App's", async () => {
  expect(evaluate(await declared(), { today: TODAY })).toEqual([]);
  const installation = { kind: "app-installation", appId: 7, installationId: 8 };
  expect(
    evaluate(await declared({ agent: { machineUser: "claude-bot", credential: installation } }), { today: TODAY }),
  ).toEqual([]);
});

it("finds nothing that cannot be read as a sentence, and gives each rule all that a reader needs", () => {
  for (const { id, description, remediation, controls } of RULES) {
    expect(id).toMatch(/^[a-z]+(-[a-z]+)+$/);
    expect(description).toMatch(/^[A-Z@].{20,}\.$/);
    expect(remediation).toMatch(/^[A-Z].{20,}\.$/);
    expect(controls.length).toBeGreaterThan(0);
  }
  expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
});

it("marks what an exception lets pass, until its day", () => {
  const resources = [...agent(), access("api", "admin")];
  const exception = {
    id: "EXC-1",
    rule: "machine-user-no-admin",
    target: "urn:pulumi:dev::*",
    owner: "platform",
    reason: "until the move of the repository is over",
    until: "2026-06-15",
  };
  const found = (today: string) =>
    evaluate(resources, { today, exceptions: [exception] }).filter(({ rule }) => rule === exception.rule);
  expect(found("2026-06-15")).toMatchObject([{ exception: { id: "EXC-1" } }]);
  expect(found("2026-06-16")).toMatchObject([{ rule: "machine-user-no-admin" }]);
  expect(found("2026-06-16")[0]).not.toHaveProperty("exception");
});

it("counts what a rule cannot judge as a finding, and does not pass on the error", () => {
  const broken: Rule = {
    kind: "resource",
    id: "a-rule",
    severity: "low",
    description: "",
    remediation: "",
    controls: [],
    check: () => {
      throw new Error("a value that nobody should see");
    },
  };
  expect(evaluate([declare("a:b:C", {})], { today: TODAY, rules: [broken] })).toMatchObject([
    { message: "The rule cannot judge this: its inputs have an unexpected shape." },
  ]);
});

it("takes Pulumi's markers for values that are not known yet", () => {
  expect(withUnknowns({ a: ["04da6b54-80e4-46f7-96ec-b56ff0331ba9", "known"] })).toEqual({ a: [UNKNOWN, "known"] });
});

it("judges whatever the inputs are, without failing and without quoting them", () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constant(SECRET),
      fc.constant(UNKNOWN),
      fc.array(tie("any"), { maxLength: 3 }),
      fc.dictionary(fc.string(), tie("any"), { maxKeys: 3 }),
    ),
  })).any;
  const types = [...new Set(RULES.flatMap((rule) => (rule.kind === "resource" ? (rule.types ?? []) : [])))];
  const inputs = fc.dictionary(
    fc.constantFrom("rules", "policy", "content", "bindings", "bypassActors", "configuration", "permission", "other"),
    value,
    { maxKeys: 4 },
  );
  fc.assert(
    fc.property(fc.constantFrom(...types), inputs, (type, given) => {
      const found = evaluate([...agent(), declare(type, given)], { today: TODAY });
      for (const { message } of found) expect(message).not.toContain("cannot judge");
    }),
    { numRuns: 300 },
  );
});
