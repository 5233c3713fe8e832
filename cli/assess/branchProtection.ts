import { writable, type Repository } from "../../infra/model";
import { branchProtection, type ManyFacts } from "../../infra/plans";
import { ASKED_OF_MANY, toldOf } from "../live/many";
import { type Context, repositoryPath, repositorySubject } from "../live/context";
import { asList, asRecord, asText, cannotTellFrom, judged, type Question } from "./question";
import { onGitHub } from "./systems";

const protection: Question = {
  id: "branch-protection",
  section: "review",
  title: "The default branch has the declared branch protection, beside the rulesets",
  controls: [
    "Scorecard tier 1",
    "Scorecard tier 2",
    "Scorecard tier 4",
    "CIS 1.1.3",
    "CIS 1.1.5",
    "CIS 1.1.14",
    "CIS 1.1.15",
  ],
  ask: (context) =>
    onGitHub(context, (github) =>
      Promise.all(
        writable(context.environment).map(async (repository) => {
          const subject = `${repositorySubject(context, repository)} ${repository.defaultBranch}`;
          const told = await toldOf(context, github, repository);
          const shown =
            told?.defaultBranch === repository.defaultBranch ? protectionBody(shownProtection(told)) : undefined;
          if (shown) return judged(subject, protectionGaps(context, repository, shown), "as declared", [ASKED_OF_MANY]);
          const response = await github.get(
            `${repositoryPath(context, repository)}/branches/${encodeURIComponent(repository.defaultBranch)}/protection`,
          );
          const body = asRecord(response.json());
          if (response.call.status === 404 && /not protected/i.test(asText(body.message)))
            return judged(subject, ["the branch is not protected"], "", [response.call]);
          if (response.call.status !== 200) return cannotTellFrom(subject, response, "administration: read");
          return judged(subject, protectionGaps(context, repository, body), "as declared", [response.call]);
        }),
      ),
    ),
};

const shownProtection = ({ shown }: ManyFacts): unknown => asRecord(shown.defaultBranchRef).branchProtectionRule;

/**
 * A branch protection that GraphQL shows, in the words of the REST API; undefined when it shows none, or not all of it.
 * None may also mean that it hides one: only the REST API says which.
 */
export function protectionBody(protection: unknown): Readonly<Record<string, unknown>> | undefined {
  const shown = asRecord(protection);
  const actors = (key: string) => {
    const { nodes, pageInfo } = asRecord(shown[key]);
    const all = asList(nodes).map((node) => asRecord(asRecord(node).actor));
    const of = (type: string) => all.filter(({ __typename }) => __typename === type);
    return asRecord(pageInfo).hasNextPage === false && all.every(({ __typename }) => typeof __typename === "string")
      ? { teams: of("Team"), users: of("User"), apps: of("App") }
      : undefined;
  };
  const [pushers, dismissers, passing] = [
    actors("pushAllowances"),
    actors("reviewDismissalAllowances"),
    actors("bypassPullRequestAllowances"),
  ];
  if (!pushers || !dismissers || !passing) return undefined;
  const enabled = (key: string) => ({ enabled: shown[key] === true });
  return {
    enforce_admins: enabled("isAdminEnforced"),
    allow_force_pushes: enabled("allowsForcePushes"),
    allow_deletions: enabled("allowsDeletions"),
    required_conversation_resolution: enabled("requiresConversationResolution"),
    required_linear_history: enabled("requiresLinearHistory"),
    required_signatures: enabled("requiresCommitSignatures"),
    ...(shown.requiresApprovingReviews === true
      ? {
          required_pull_request_reviews: {
            required_approving_review_count: shown.requiredApprovingReviewCount,
            require_code_owner_reviews: shown.requiresCodeOwnerReviews,
            dismiss_stale_reviews: shown.dismissesStaleReviews,
            require_last_push_approval: shown.requireLastPushApproval,
            bypass_pull_request_allowances: passing,
            ...(shown.restrictsReviewDismissals === true ? { dismissal_restrictions: dismissers } : {}),
          },
        }
      : {}),
    ...(shown.requiresStatusChecks === true
      ? {
          required_status_checks: {
            strict: shown.requiresStrictStatusChecks,
            contexts: shown.requiredStatusCheckContexts,
          },
        }
      : {}),
    ...(shown.restrictsPushes === true ? { restrictions: pushers } : {}),
  };
}

function protectionGaps(
  { environment }: Context,
  repository: Repository,
  body: Readonly<Record<string, unknown>>,
): string[] {
  const plan = branchProtection(environment, repository);
  const on = (key: string): boolean => asRecord(body[key]).enabled === true;
  const reviews = asRecord(body.required_pull_request_reviews);
  const checks = asRecord(body.required_status_checks);
  const pushers = body.restrictions === undefined ? undefined : asRecord(body.restrictions);
  const handles = (teams: unknown): string[] =>
    asList(teams).map((team) => `${environment.organization}/${asText(asRecord(team).slug)}`);
  const beyond = (holder: Readonly<Record<string, unknown>> | undefined, declared: readonly string[]): string[] => [
    ...handles(holder?.teams).filter((team) => !declared.includes(team)),
    ...[...asList(holder?.users), ...asList(holder?.apps)].map(
      (who) => asText(asRecord(who).login) || asText(asRecord(who).slug),
    ),
  ];
  const passing = asRecord(reviews.bypass_pull_request_allowances);
  const gap = (wrong: boolean, says: string): string[] => (wrong ? [says] : []);
  return [
    ...gap(plan.enforceAdmins && !on("enforce_admins"), "administrators may bypass it"),
    ...gap(on("allow_force_pushes"), "force pushes are allowed"),
    ...gap(on("allow_deletions"), "deletion is allowed"),
    ...gap(!on("required_conversation_resolution"), "unresolved conversations do not block a merge"),
    ...gap(plan.linearHistory && !on("required_linear_history"), "linear history is not required"),
    ...gap(plan.signedCommits && !on("required_signatures"), "signed commits are not required"),
    ...gap(
      Number(reviews.required_approving_review_count ?? 0) < plan.approvals,
      `${asText(reviews.required_approving_review_count) || "0"} approvals, declared ${plan.approvals}`,
    ),
    ...gap(reviews.require_code_owner_reviews !== true, "a review of code owners is not required"),
    ...gap(reviews.dismiss_stale_reviews !== true, "stale reviews are not dismissed"),
    ...gap(reviews.require_last_push_approval !== true, "approval of the last push is not required"),
    ...gap(beyond(passing, []).length > 0, `${beyond(passing, []).join(", ")} may bypass the review`),
    ...gap(reviews.dismissal_restrictions === undefined, "anybody with write access may dismiss reviews"),
    ...gap(
      beyond(asRecord(reviews.dismissal_restrictions), plan.dismissers).length > 0,
      `${beyond(asRecord(reviews.dismissal_restrictions), plan.dismissers).join(", ")} may dismiss reviews`,
    ),
    ...plan.checks
      .filter((context) => !asList(checks.contexts).includes(context))
      .map((context) => `the check ${context} is not required`),
    ...gap(plan.checks.length > 0 && checks.strict !== true, "branches are not required to be up to date"),
    ...gap(pushers === undefined, "anybody with write access may push and merge"),
    ...gap(beyond(pushers, plan.pushers).length > 0, `${beyond(pushers, plan.pushers).join(", ")} may push and merge`),
  ];
}

const workflows: Question = {
  id: "workflow-permissions",
  section: "review",
  title: "The token of workflows is read-only by default and cannot approve pull requests",
  controls: ["Scorecard Token-Permissions"],
  ask: (context) =>
    onGitHub(context, (github) =>
      Promise.all(
        writable(context.environment).map(async (repository) => {
          const subject = repositorySubject(context, repository);
          const response = await github.get(`${repositoryPath(context, repository)}/actions/permissions/workflow`);
          if (response.call.status !== 200) return cannotTellFrom(subject, response, "administration: read");
          const body = asRecord(response.json());
          return judged(
            subject,
            [
              ...(body.default_workflow_permissions === "read" ? [] : ["the token of workflows may write by default"]),
              ...(body.can_approve_pull_request_reviews === false ? [] : ["workflows may approve pull requests"]),
            ],
            "read, and no approval",
            [response.call],
          );
        }),
      ),
    ),
};

/** Branch protection beside the rulesets, and what workflows may do. */
export const BRANCH_PROTECTION: readonly Question[] = [protection, workflows];
