import { rulesetActive } from "../../../policy/rules/rulesetActive";
import { declare, said } from "../support/declare";

const ruleset = (enforcement: unknown) =>
  declare("github:index/organizationRuleset:OrganizationRuleset", { enforcement });

describe("ruleset-active", () => {
  it("holds for an active ruleset", () => expect(said(rulesetActive, ruleset("active"))).toEqual([]));

  it.each(["disabled", "evaluate"])("refuses %s", (enforcement) => {
    expect(said(rulesetActive, ruleset(enforcement))).toEqual([`The ruleset is ${enforcement}, not active.`]);
  });

  it("refuses none", () =>
    expect(said(rulesetActive, ruleset(undefined))).toEqual(["The ruleset is not set, not active."]));
});
