/** What resolvers hand to each other: the objects of the state, each with the name of its GraphQL type. */
import type { Auth } from "../auth";
import type { Commit } from "../git/repository";
import type {
  App,
  BranchProtection,
  CheckRun,
  CheckSuite,
  Comment,
  CommitStatus,
  Issue,
  Label,
  Milestone,
  Organization,
  ProtectionActor,
  Repository,
  Review,
  ReviewComment,
  Team,
  User,
} from "../state";
import type { World } from "../world";
import type { Measure } from "./measure";

/** Everything a query needs: the state, and who asks. */
export interface GraphqlContext {
  world: World;
  auth: Auth;
  /** The hourly limit of the asker, for the field `rateLimit`. */
  rate?: { limit: number; used: number; resetAt: number };
  /** What the document may cost and how much it may answer. */
  measured?: Measure;
}

/** A value of a GraphQL object type. Plain objects without resolvers answer with their own properties. */
export interface Source {
  type: string;
}

export interface RepositorySource extends Source {
  type: "Repository";
  repo: Repository;
}
export interface IssueSource extends Source {
  type: "Issue" | "PullRequest";
  repo: Repository;
  issue: Issue;
}
export interface CommentSource extends Source {
  type: "IssueComment";
  repo: Repository;
  comment: Comment;
}
export interface ReviewSource extends Source {
  type: "PullRequestReview";
  repo: Repository;
  issue: Issue;
  review: Review;
}
export interface ReviewCommentSource extends Source {
  type: "PullRequestReviewComment";
  repo: Repository;
  issue: Issue;
  comment: ReviewComment;
}
export interface ThreadSource extends Source {
  type: "PullRequestReviewThread";
  repo: Repository;
  issue: Issue;
  first: ReviewComment;
}
export interface RefSource extends Source {
  type: "Ref";
  repo: Repository;
  name: string;
  sha: string;
  objectType: string;
}
export interface CommitSource extends Source {
  type: "Commit";
  repo: Repository;
  commit: Commit;
}
export interface TreeSource extends Source {
  type: "Tree";
  repo: Repository;
  sha: string;
  path: string;
}
export interface BlobSource extends Source {
  type: "Blob";
  repo: Repository;
  sha: string;
}
export interface TagSource extends Source {
  type: "Tag";
  repo: Repository;
  sha: string;
}
export interface LabelSource extends Source {
  type: "Label";
  repo: Repository;
  label: Label;
}
export interface MilestoneSource extends Source {
  type: "Milestone";
  repo: Repository;
  milestone: Milestone;
}
export interface AccountSource extends Source {
  type: "User" | "Bot";
  user: User;
}
export interface OrganizationSource extends Source {
  type: "Organization";
  org: Organization;
}
export interface TeamSource extends Source {
  type: "Team";
  team: Team;
}
export interface AppSource extends Source {
  type: "App";
  app: App;
}
export interface ProtectionSource extends Source {
  type: "BranchProtectionRule";
  repo: Repository;
  protection: BranchProtection;
}
export interface AllowanceSource extends Source {
  repo: Repository;
  protection: BranchProtection;
  actor: ProtectionActor;
}
export interface CheckRunSource extends Source {
  type: "CheckRun";
  repo: Repository;
  run: CheckRun;
}
export interface CheckSuiteSource extends Source {
  type: "CheckSuite";
  repo: Repository;
  suite: CheckSuite;
}
export interface StatusContextSource extends Source {
  type: "StatusContext";
  repo: Repository;
  status: CommitStatus;
}

/** One field: a function of the object, the arguments and the context. */
export type FieldResolver<S> = (source: S, args: Args, context: GraphqlContext) => unknown;
export type Resolvers<S> = Readonly<Record<string, FieldResolver<S>>>;
// Arguments were checked against the schema before a resolver sees them, so their types are known to the resolver's author.
// oxlint-disable-next-line typescript/no-explicit-any
export type Args = Record<string, any>;

export const repositorySource = (repo: Repository): RepositorySource => ({ type: "Repository", repo });
export const issueSource = (repo: Repository, issue: Issue): IssueSource => ({
  type: issue.pull ? "PullRequest" : "Issue",
  repo,
  issue,
});
export const accountSource = (user: User): AccountSource => ({ type: user.type === "Bot" ? "Bot" : "User", user });
export const organizationSource = (org: Organization): OrganizationSource => ({ type: "Organization", org });
export const teamSource = (team: Team): TeamSource => ({ type: "Team", team });
export const labelSource = (repo: Repository, label: Label): LabelSource => ({ type: "Label", repo, label });

/** The account behind an id, or null for one that is gone ("ghost"). */
export function accountById(context: GraphqlContext, id: number | null): AccountSource | null {
  const user = id === null ? undefined : context.world.users.get(id);
  return user ? accountSource(user) : null;
}
