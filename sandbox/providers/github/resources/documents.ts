/** The GraphQL documents of branch protection, minified as the plugin's client writes them. */

const ACTOR = "nodes{actor{... on App{id,name,slug},... on Team{id,name,slug},... on User{id,name,login}}}";
const ALLOWANCES = [
  "pushAllowances",
  "reviewDismissalAllowances",
  "bypassForcePushAllowances",
  "bypassPullRequestAllowances",
].map((name) => `${name}(first: 100){${ACTOR}}`);
const SETTINGS = [
  "allowsDeletions",
  "allowsForcePushes",
  "blocksCreations",
  "dismissesStaleReviews",
  "id",
  "isAdminEnforced",
  "pattern",
  "requiredApprovingReviewCount",
  "requiredStatusCheckContexts",
  "requiresApprovingReviews",
  "requiresCodeOwnerReviews",
  "requiresCommitSignatures",
  "requiresLinearHistory",
  "requiresConversationResolution",
  "requiresStatusChecks",
  "requiresStrictStatusChecks",
  "restrictsPushes",
  "restrictsReviewDismissals",
  "requireLastPushApproval",
  "lockBranch",
];

/** One rule with everything that can be set. */
export const READ_RULE = `query($id:ID!){node(id: $id){... on BranchProtectionRule{${["repository{id,name}", ...ALLOWANCES, ...SETTINGS].join(",")}}}}`;

/** The rules of a repository, to find one by its pattern. */
export const RULES_OF_REPOSITORY =
  "query($cursor:String$first:Int!$id:ID!){node(id: $id){... on Repository{branchProtectionRules(first: $first, after: $cursor)" +
  "{nodes{id,pattern},pageInfo{startCursor,endCursor,hasNextPage,hasPreviousPage}},id}}}";

export const PATTERNS_OF_REPOSITORY =
  "query($cursor:String$first:Int!$name:String!$owner:String!){repository(name: $name, owner: $owner){id," +
  "branchProtectionRules(first:$first, after:$cursor){nodes{pattern},pageInfo{startCursor,endCursor,hasNextPage,hasPreviousPage}}}}";

/** The people whose membership of a team is its own, not inherited from a child team. */
export const IMMEDIATE_MEMBERS =
  "query($memberCursor:String$owner:String!$slug:String!){organization(login:$owner){team(slug:$slug)" +
  "{members(first:100,after:$memberCursor,membership:IMMEDIATE){nodes{login},pageInfo{endCursor,hasNextPage}}}}}";

export const MEMBERS_WITH_ROLE =
  "query($after:String$login:String!){organization(login: $login){membersWithRole(first: 100, after: $after)" +
  "{edges{role,node{id,login,email}},pageInfo{endCursor,hasNextPage}}}}";
