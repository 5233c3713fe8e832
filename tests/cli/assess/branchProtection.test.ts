import { protectionBody } from "../../../cli/assess/branchProtection";

const actors = (nodes: object[], hasNextPage = false) => ({ nodes, pageInfo: { hasNextPage } });
const shown = (more: object = {}) => ({
  isAdminEnforced: true,
  requiresApprovingReviews: true,
  requiredApprovingReviewCount: 2,
  requiresCodeOwnerReviews: true,
  restrictsReviewDismissals: true,
  restrictsPushes: true,
  requiresStatusChecks: true,
  requiresStrictStatusChecks: true,
  requiredStatusCheckContexts: ["ci"],
  pushAllowances: actors([{ actor: { __typename: "Team", slug: "backend" } }]),
  reviewDismissalAllowances: actors([{ actor: { __typename: "User", login: "alice" } }]),
  bypassPullRequestAllowances: actors([]),
  ...more,
});

it("says what GraphQL shows in the words of the REST API", () => {
  expect(protectionBody(shown())).toMatchObject({
    enforce_admins: { enabled: true },
    allow_force_pushes: { enabled: false },
    required_pull_request_reviews: {
      required_approving_review_count: 2,
      dismissal_restrictions: { teams: [], users: [{ login: "alice" }], apps: [] },
    },
    required_status_checks: { strict: true, contexts: ["ci"] },
    restrictions: { teams: [{ slug: "backend" }], users: [], apps: [] },
  });
});

it.each(["restrictsPushes", "requiresApprovingReviews", "requiresStatusChecks"])(
  "leaves out what %s does not ask",
  (key) => {
    const part = {
      restrictsPushes: "restrictions",
      requiresApprovingReviews: "required_pull_request_reviews",
      requiresStatusChecks: "required_status_checks",
    }[key]!;
    expect(protectionBody(shown({ [key]: false }))).not.toHaveProperty(part);
  },
);

it.each([
  ["there is none to see", null],
  ["a list is cut", shown({ pushAllowances: actors([], true) })],
  ["somebody in a list is hidden", shown({ pushAllowances: actors([{ actor: null }]) })],
  ["a list is not shown", shown({ bypassPullRequestAllowances: null })],
])("leaves it to the REST API when %s", (_why, protection) => {
  expect(protectionBody(protection)).toBeUndefined();
});
