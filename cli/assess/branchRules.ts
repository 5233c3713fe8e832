import { AGENT_BRANCHES, AGENT_REF_PREFIX, type ControlId, type Repository } from "../../infra/model";
import type { RulesetPlan } from "../../infra/plans";
import { AGENT_BRANCH_PREFIX } from "../../gate/contract";
import { repositorySubject } from "../live/context";
import { branchRules, declaredRules, fenced, missingRules, plansOf, rulesIn, teamIds, type Rule } from "./liveRulesets";
import { cannotTellFromList, hasFailed, judged, type Question } from "./question";
import { onGitHub } from "./systems";

/** Rules that the plans put on a branch. The agent's branches are the only ones that a plan leaves out. */
function declaredFor(
  plans: readonly RulesetPlan[],
  branch: string,
  defaultBranch: string,
  ids: ReadonlyMap<string, number>,
): Rule[] {
  const ref = `refs/heads/${branch}`;
  return plans
    .filter(
      ({ target, refs }) =>
        target === "branch" &&
        refs !== undefined &&
        (refs.includes.includes("~ALL") || (branch === defaultBranch && refs.includes.includes("~DEFAULT_BRANCH"))) &&
        !(refs.excludes.includes(AGENT_BRANCHES) && ref.startsWith(AGENT_REF_PREFIX)),
    )
    .flatMap(({ rules }) => declaredRules(rules, ids));
}

const PROBE = "gatehouse-assess/probe";

function branchQuestion(
  id: string,
  title: string,
  branchOf: (repository: Repository) => string,
  controls: readonly ControlId[],
): Question {
  return {
    id,
    title,
    section: "review",
    controls,
    ask: (context) =>
      onGitHub(context, async (github) => {
        const ids = await teamIds(context, github);
        return Promise.all(
          fenced(context).map(async (repository) => {
            const branch = branchOf(repository);
            const subject = `${repositorySubject(context, repository)} ${branch}`;
            const found = await branchRules(context, github, repository, branch);
            if (hasFailed(found)) return cannotTellFromList(subject, found, "to read the repository");
            const live = rulesIn(found.items);
            const declared = declaredFor(plansOf(context, repository), branch, repository.defaultBranch, ids);
            const closing = branch.startsWith(AGENT_BRANCH_PREFIX)
              ? ["creation", "update"].filter(
                  (type) => !declared.some((rule) => rule.type === type) && live.some((rule) => rule.type === type),
                )
              : [];
            return judged(
              subject,
              [
                ...missingRules(declared, live),
                ...closing.map((type) => `the rule ${type} also stops the agent on its own branches`),
              ],
              declared.length === 0
                ? "open to the agent, as declared"
                : `${[...new Set(declared.map(({ type }) => type))].join(", ")} in force`,
              found.calls,
            );
          }),
        );
      }),
  };
}

/** Which rules are in force on a branch, whichever ruleset they come from. */
export const BRANCH_RULES: readonly Question[] = [
  branchQuestion(
    "rules-default-branch",
    "The default branch has the declared rules, of the repository or the organization",
    ({ defaultBranch }) => defaultBranch,
    [
      "Scorecard tier 1",
      "Scorecard tier 2",
      "Scorecard tier 3",
      "Scorecard tier 4",
      "Scorecard tier 5",
      "CIS 1.1.3",
      "CIS 1.1.4",
      "CIS 1.1.7",
      "CIS 1.1.9",
      "CIS 1.1.10",
      "CIS 1.1.11",
      "CIS 1.1.16",
      "CIS 1.1.17",
    ],
  ),
  branchQuestion(
    "rules-agent-branch",
    "The agent's branches are as open as declared",
    () => `${AGENT_BRANCH_PREFIX}${PROBE}`,
    [],
  ),
  branchQuestion(
    "rules-other-branch",
    "The agent cannot change other branches than its own",
    () => `feature/${PROBE}`,
    ["CIS 1.1.15"],
  ),
];
