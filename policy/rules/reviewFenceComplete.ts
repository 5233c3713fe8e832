import { BRANCH_PROTECTION, ORGANIZATION_RULESET, REPOSITORY_RULESET, agentOf, list, object, text } from "../read";
import { stackRule, type DeclaredResource } from "../rule";

const isRuleset = ({ type }: DeclaredResource): boolean => type === REPOSITORY_RULESET || type === ORGANIZATION_RULESET;
const rulesOf = ({ inputs }: DeclaredResource) => object(inputs.rules);

/**
 * What two kinds of locks must be there where the agent writes: rulesets that hold it, and one that asks for people.
 */
const NEEDED: readonly { readonly what: string; readonly has: (ruleset: DeclaredResource) => boolean }[] = [
  {
    what: "keeps the agent on its own branches",
    has: (r) => text(r.inputs.target) === "branch" && rulesOf(r).update === true && rulesOf(r).creation === true,
  },
  { what: "lets the agent make no tags", has: (r) => text(r.inputs.target) === "tag" && rulesOf(r).creation === true },
  { what: "asks for a reviewed pull request", has: (r) => "pullRequest" in rulesOf(r) },
  {
    what: "keeps the history of the default branch",
    has: (r) =>
      text(r.inputs.target) === "branch" && rulesOf(r).nonFastForward === true && rulesOf(r).deletion === true,
  },
];

/** Every dangerous action needs two independent locks; on GitHub's side they are rulesets and branch protection. */
export const reviewFenceComplete = stackRule({
  id: "review-fence-complete",
  severity: "critical",
  description:
    "Where the agent may write, the stack declares every ruleset that holds it, and branch protection beside them.",
  remediation:
    "Declare the repository in the environment file and let the stack make its rules; do not leave single ones out.",
  controls: ["NIST SP 800-53 AC-3", "NIST SP 800-53 CM-3", "SLSA Source L3", "NIST AI RMF MAP 3.5"],
  check: (resources) => {
    const byRepository = new Map<string, DeclaredResource[]>();
    const forMany: DeclaredResource[] = [];
    for (const ruleset of resources.filter(isRuleset)) {
      const repository = text(ruleset.inputs.repository);
      if (ruleset.type === ORGANIZATION_RULESET) forMany.push(...(coversSome(ruleset.inputs) ? [ruleset] : []));
      else byRepository.set(repository, [...(byRepository.get(repository) ?? []), ruleset]);
    }
    const protections = resources.filter(({ type }) => type === BRANCH_PROTECTION).map(({ name }) => name);
    const ours = new Set(protections);
    return [...agentOf(resources).writable].flatMap((repository) => {
      const own = [...(byRepository.get(repository) ?? []), ...forMany];
      const missing = NEEDED.filter(({ has }) => !own.some(has)).map(({ what }) => `no ruleset ${what}`);
      // Branch protection names a repository by its node id; the resource's name carries the repository's.
      if (
        !ours.has(`gatehouse-fence-${repository}-protection`) &&
        !protections.some((name) => name.includes(repository))
      )
        missing.push("no branch protection");
      return missing.map((what) => ({ message: `${repository}: the agent may write, and ${what}.` }));
    });
  },
});

/**
 * An organization's ruleset names repositories by numbers, which a stack need not know: then it counts for all of them.
 */
const coversSome = (inputs: DeclaredResource["inputs"]): boolean =>
  list(object(inputs.conditions).repositoryIds).length > 0 || "repositoryName" in object(inputs.conditions);
