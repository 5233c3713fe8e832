import { QUESTIONS, type Assessment } from "../../../cli/assess/assess";
import { renderMarkdown, renderSarif, renderText } from "../../../cli/assess/render";
import { CHECKED_CONTROLS } from "../../../infra/plans";

describe("what is written", () => {
  const assessment: Assessment = {
    stack: "prod",
    organization: "acme",
    at: "2026-06-15T12:00:00.000Z",
    holds: false,
    counts: { pass: 1, fail: 1, "cannot tell": 1 },
    answers: (["pass", "fail", "cannot tell"] as const).map((result) => ({
      question: `q-${result}`,
      section: "review",
      title: "A title",
      subject: "acme/api",
      result,
      reason: "a | reason <b>\n`x`",
      calls: [{ system: "GitHub", method: "GET", path: "/repos/acme/api", status: 200 }],
      controls: ["CIS-1"],
    })),
  };
  it("is SARIF 2.1.0: a level says what fails, every result has its rule, place, and calls", () => {
    const {
      version,
      runs: [run],
    } = JSON.parse(renderSarif(assessment)) as {
      version: string;
      runs: {
        tool: { driver: { name: string; rules: { id: string }[] } };
        results: {
          ruleId: string;
          ruleIndex: number;
          level: string;
          message: { text: string };
          locations: unknown[];
          properties: { calls: string[] };
        }[];
      }[];
    };
    expect(version).toBe("2.1.0");
    // What holds is no result: GitHub's code scanning shows every result as an alert.
    expect(run!.results.map(({ level }) => level)).toEqual(["error", "note"]);
    for (const { ruleId, ruleIndex, message, locations, properties } of run!.results) {
      expect(run!.tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
      expect([typeof message.text, locations.length]).toEqual(["string", 1]);
      expect(properties.calls).toEqual(["GitHub: GET /repos/acme/api 200"]);
    }
  });
  it("stands on lines of its own, and in cells of its own", () => {
    expect(
      renderMarkdown(assessment)
        .split("\n")
        .filter((line) => /^\| (pass|\*\*fail|cannot)/.test(line))
        .map((line) => line.split(" | ").length),
    ).toEqual([6, 6, 6]);
    expect(renderText(assessment)).toContain("1 passed, 1 failed, 1 could not be answered.");
    expect(renderText(assessment)).not.toContain("<b>\n");
  });
  it("gives evidence for controls that the posture speaks of, and for most of them", () => {
    const named = new Set<string>(
      QUESTIONS.flatMap(({ controls = [] }) => controls).filter((id) => /^(?:CIS|Scorecard tier)/.test(id)),
    );
    const known: readonly string[] = CHECKED_CONTROLS;
    expect([...named].filter((id) => !known.includes(id))).toEqual([]);
    // Inactive branches are nobody's; signatures and linear history are asked with the rules where they are declared.
    expect(known.filter((id) => !named.has(id))).toEqual(["CIS 1.1.8", "CIS 1.1.12", "CIS 1.1.13"]);
  });
  it("names every question once", () => {
    const ids = QUESTIONS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
