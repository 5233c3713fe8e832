import { lookUpMany, type ManyFacts, type MoreFields, type Told } from "../../infra/plans";
import type { Repository } from "../../infra/model";
import type { Context } from "./context";
import type { Call, GitHubReader } from "./reader";

/** The question that told of many, as it stands beside an answer. */
export const ASKED_OF_MANY: Call = { system: "GitHub", method: "POST", path: "/graphql", status: 200 };

const ALLOWED = `(first: 100) { nodes { actor { __typename ... on Team { slug } ... on User { login } ... on App { slug } } } pageInfo { hasNextPage } }`;
/** Everything of a repository that the questions ask and GraphQL can tell. */
const FIELDS: MoreFields = {
  repository: `codeowners { errors { line kind } } rulesets(first: 30) { nodes { ...ruleset } pageInfo { hasNextPage } }`,
  protection: `allowsForcePushes allowsDeletions requiresConversationResolution requiresLinearHistory
    requiresCommitSignatures requiredApprovingReviewCount requiresCodeOwnerReviews dismissesStaleReviews
    requireLastPushApproval restrictsReviewDismissals requiresStatusChecks requiresStrictStatusChecks
    requiredStatusCheckContexts restrictsPushes
    pushAllowances${ALLOWED} reviewDismissalAllowances${ALLOWED} bypassPullRequestAllowances${ALLOWED}`,
  rule: "...rule",
  fragments: `
fragment rule on RepositoryRule { type parameters {
  ... on PullRequestParameters { dismissStaleReviewsOnPush requireCodeOwnerReview requireLastPushApproval requiredApprovingReviewCount requiredReviewThreadResolution }
  ... on RequiredStatusChecksParameters { requiredStatusChecks { context integrationId } strictRequiredStatusChecksPolicy }
  ... on FilePathRestrictionParameters { restrictedFilePaths }
} }
fragment ruleset on RepositoryRuleset {
  databaseId name target enforcement source { __typename } conditions { refName { include exclude } }
  bypassActors(first: 30) {
    nodes { organizationAdmin deployKey enterpriseOwner repositoryRoleDatabaseId actor { __typename ... on Team { databaseId } ... on App { databaseId } } }
    pageInfo { hasNextPage }
  }
  rules(first: 30) { nodes { ...rule } pageInfo { hasNextPage } }
}`,
};

const asked = new WeakMap<GitHubReader, Promise<Told>>();

/** What a few questions tell of all repositories and teams, asked once for each reader. */
export function toldOfMany({ environment }: Context, github: GitHubReader): Promise<Told> {
  const known =
    asked.get(github) ??
    lookUpMany(
      environment,
      async (question) => {
        const response = await github.graphql(question);
        return response.call.status === 200 ? response.json() : undefined;
      },
      FIELDS,
    );
  asked.set(github, known);
  return known;
}

/** The same of one repository; undefined where it must be asked by itself, as one that was renamed. */
export async function toldOf(
  context: Context,
  github: GitHubReader,
  repository: Repository,
): Promise<ManyFacts | undefined> {
  const facts = (await toldOfMany(context, github)).repositories.get(repository.name);
  const fullName = `${context.environment.organization}/${repository.name}`;
  return facts?.fullName.toLowerCase() === fullName.toLowerCase() ? facts : undefined;
}
