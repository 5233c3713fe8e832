import { TEAM, known, text } from "../read";
import { resourceRule } from "../rule";

/** GitHub: "About code owners", a team must be visible and have explicit write access. */
export const ownerTeamsVisible = resourceRule({
  id: "owner-teams-visible",
  severity: "medium",
  description: "A team that the stack declares is visible: GitHub passes over secret teams as code owners.",
  remediation: "Set the team's privacy to closed.",
  controls: ["CIS 1.1.6"],
  types: [TEAM],
  check: ({ inputs: { privacy } }) =>
    known(privacy) && privacy !== undefined && text(privacy) !== "closed" ? [`The team is ${text(privacy)}.`] : [],
});
