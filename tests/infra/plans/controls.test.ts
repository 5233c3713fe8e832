import { type Environment } from "../../../infra/model";
import { CHECKED_CONTROLS, controls } from "../../../infra/plans";
import { environment } from "../../support/environment";

const STRICT = {
  "review.administrators": "bound",
  "review.linearHistory": true,
  "review.signedCommits": true,
  "review.approvals": 2,
};
const met = (posture: Environment): string[] =>
  controls(posture)
    .filter((verdict) => verdict.met)
    .map(({ id }) => id);
const why = (posture: Environment, id: string): string | undefined =>
  controls(posture).find((verdict) => verdict.id === id)?.why;

it("meets everything that is Gatehouse's to meet where the environment asks for it", () => {
  expect(CHECKED_CONTROLS.filter((id) => !met(environment(STRICT)).includes(id))).toEqual(["CIS 1.1.8"]);
});

it.each([
  ["review.administrators", "bypass", ["Scorecard tier 1", "CIS 1.1.14"], "review.administrators: bound"],
  ["review.linearHistory", false, ["CIS 1.1.13"], "review.linearHistory: true"],
  ["review.signedCommits", false, ["CIS 1.1.12"], "review.signedCommits: true"],
  ["review.approvals", 1, ["Scorecard tier 4", "CIS 1.1.3"], "review.approvals: 2 or more"],
  [
    "review.requiredChecks",
    [],
    ["Scorecard tier 2", "Scorecard tier 3", "CIS 1.1.9", "CIS 1.1.10"],
    "review.requiredChecks: at least one",
  ],
])("says what would meet a control: %s", (path, value, lost, remedy) => {
  const posture = environment({ ...STRICT, [path]: value });
  const gone = met(environment(STRICT)).filter((id) => !met(posture).includes(id));
  for (const id of lost) {
    expect(gone).toContain(id);
    expect(why(posture, id)).toContain(remedy);
  }
  for (const id of gone.filter((one) => !lost.includes(one))) expect(why(posture, id)).toBe("the tier before it");
});

it("counts a tier only on top of the one before it, as Scorecard does", () => {
  expect(
    met(environment({ ...STRICT, "review.administrators": "bypass" })).filter((id) => id.startsWith("Scorecard")),
  ).toEqual([]);
});
