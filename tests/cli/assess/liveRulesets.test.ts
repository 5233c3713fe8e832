import fc from "fast-check";
import { atLeast, declaredRules } from "../../../cli/assess/liveRulesets";
import { rulesets } from "../../../infra/plans";
import { environment } from "../../support/environment";

const posture = environment();

describe("rules", () => {
  const api = posture.repositories[0]!;
  const ids = new Map([["security", 7]]);
  it("are declared in GitHub's words", () => {
    const rules = rulesets(posture, api).flatMap((plan) => declaredRules(plan.rules, ids));
    expect(rules.map(({ type }) => type)).toEqual(
      expect.arrayContaining([
        "creation",
        "update",
        "deletion",
        "non_fast_forward",
        "pull_request",
        "required_status_checks",
        "file_path_restriction",
      ]),
    );
    expect(rules.find(({ type }) => type === "required_status_checks")?.parameters).toEqual({
      strict_required_status_checks_policy: true,
      required_status_checks: [{ context: "ci", integration_id: 15368 }],
    });
  });
  it("name required reviewers by id, where GitHub has no push rules", () => {
    const open = environment({
      repositories: [{ name: "api", access: "write", visibility: "public", reviewers: ["backend"] }],
    });
    const rule = rulesets(open, open.repositories[0]!)
      .flatMap((plan) => declaredRules(plan.rules, ids))
      .find(({ type }) => type === "pull_request");
    const reviewers = rule?.parameters.required_reviewers as {
      reviewer: unknown;
      file_patterns: string[];
      minimum_approvals: number;
    }[];
    expect(reviewers[0]).toMatchObject({ reviewer: { id: 7, type: "Team" }, minimum_approvals: 1 });
    const standing = {
      ...rule!.parameters,
      required_reviewers: [
        {
          ...reviewers[0]!,
          minimum_approvals: 2,
          file_patterns: [...reviewers[0]!.file_patterns, "/more/**"].reverse(),
        },
      ],
    };
    expect(atLeast(rule!.parameters, standing)).toBe(true);
    expect(
      atLeast(rule!.parameters, {
        ...standing,
        required_reviewers: [{ ...reviewers[0]!, reviewer: { id: 8, type: "Team" } }],
      }),
    ).toBe(false);
    expect(
      atLeast(rule!.parameters, { ...standing, required_reviewers: [{ ...reviewers[0]!, minimum_approvals: 0 }] }),
    ).toBe(false);
  });
  it("hold when they are as declared or stricter, never when weaker", () => {
    fc.assert(
      fc.property(
        fc.nat(6),
        fc.nat(6),
        fc.boolean(),
        fc.array(fc.string(), { maxLength: 4 }),
        fc.array(fc.string(), { maxLength: 4 }),
        (declared, standing, flag, paths, more) => {
          expect(atLeast({ n: declared }, { n: standing })).toBe(standing >= declared);
          expect(atLeast({ on: true }, { on: flag })).toBe(flag);
          expect(atLeast({ paths }, { paths: [...more, ...paths], other: 1 })).toBe(true);
          expect(atLeast({ paths: [...paths, "never-there"] }, { paths: more })).toBe(
            more.includes("never-there") && paths.every((path) => more.includes(path)),
          );
        },
      ),
    );
  });
});
