/**
 * How GitHub decides, case by case as its documents have it, tried against the stand-in over HTTP and with the real
 * git.
 */
import type { Case } from "../github/cases/case";
import { BRANCHES, FILES, type NameCase } from "../github/cases/names";
import { OWNER_CASES } from "../github/cases/owners";
import { REVIEW_CASES } from "../github/cases/reviews";
import { PLAN_CASES, RULESET_CASES } from "../github/cases/rulesets";
import { Stage } from "../github/cases/stage";
import { pushRules, restrictedPaths } from "../github/cases/case";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
}, 60_000);
afterAll(() => stage.close());

const TABLES: Readonly<Record<string, readonly Case[]>> = {
  "rulesets and branch protection": RULESET_CASES,
  "reviews, checks and merging": REVIEW_CASES,
  "code owners": OWNER_CASES,
  plans: PLAN_CASES,
};

describe.each(Object.entries(TABLES))("%s", (_table, cases) => {
  it.each(cases.map((what) => [what.title, what.see, what] as const))("%s (%s)", async (_title, _see, what) => {
    expect(await stage.play(what)).toEqual([]);
  });
});

describe("names of branches", () => {
  it.each(BRANCHES)("%s and %s: %s (%s)", async (pattern, name, matches) => {
    const listed = matches ? /"type":"creation"/ : /^\[\]$/;
    expect(
      await stage.play({
        title: pattern,
        see: "",
        rulesets: [
          {
            rules: [{ type: "creation" }],
            conditions: { ref_name: { include: [`refs/heads/${pattern}`], exclude: [] } },
          },
        ],
        steps: [[`claude-bot gets {repo}/rules/branches/${encodeURIComponent(name)}`, listed]],
      }),
    ).toEqual([]);
  });
});

describe("names of files", () => {
  it.each(FILES)("%s and %s: %s (%s)", async (pattern, path, matches) => {
    const step = `claude-bot makes a tree with ${path}`;
    expect(
      await stage.play({
        title: pattern,
        see: "",
        rulesets: [pushRules([restrictedPaths(pattern)])],
        steps: [matches ? [step, /restricted paths/] : step],
      }),
    ).toEqual([]);
  });
});

describe("the table itself", () => {
  const cases = Object.values(TABLES).flat();
  const names: readonly NameCase[] = [...BRANCHES, ...FILES];
  it("has a title and a reference for each case, no title twice, and every case expects something", () => {
    expect(cases.filter(({ see, steps }) => see === "" || steps.length === 0)).toEqual([]);
    expect(names.filter(([, , , see]) => see === "")).toEqual([]);
    const titles = cases.map(({ title }) => title);
    expect(titles.filter((title, i) => titles.indexOf(title) !== i)).toEqual([]);
  });
  it("can fail: what GitHub refuses is not taken for done, nor what it does for refused", async () => {
    const see = "none";
    expect(
      await stage.play({ title: "a", see, rules: [{ type: "update" }], steps: ["reviewer-one commits a.c to {base}"] }),
    ).toEqual([expect.stringContaining("409")]);
    expect(await stage.play({ title: "b", see, steps: [["reviewer-one commits a.c to {base}", /refused/]] })).toEqual([
      expect.stringContaining("expected /refused/"),
    ]);
    expect(
      await stage.play({ title: "c", see, steps: ["claude-bot opens a.c", "merged", "asked: security"] }),
    ).toHaveLength(2);
    expect(
      await stage.play({
        title: "d",
        see,
        rules: [{ type: "update" }],
        steps: [["reviewer-one commits a.c to {base}", /another reason/]],
      }),
    ).toEqual([expect.stringContaining("expected /another reason/")]);
  });
});
