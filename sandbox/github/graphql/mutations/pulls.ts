/** What is done to pull requests. The rules of the base branch are the domain's part, as for the REST API. */
import { waitForMerge } from "../../domain/autoMerge";
import { eventOf, pullEvent } from "../../domain/events";
import { setIssueState } from "../../domain/issues";
import {
  createPull,
  mayPropose,
  mergePull,
  pullFigures,
  requestReviewers,
  retarget,
  setDraft,
  updateBranch,
} from "../../domain/pulls";
import { demand, demandAuthorOr, demandUser, incorrectPermissions } from "../access";
import { notImplemented, unprocessable } from "../errors";
import { nodeOf, subjectOf } from "../nodes";
import {
  accountSource,
  issueSource,
  type AccountSource,
  type Args,
  type GraphqlContext,
  type IssueSource,
  type RepositorySource,
  type Resolvers,
  type TeamSource,
} from "../source";
import { pullOf } from "../types/pulls";
import { metadataOf } from "./metadata";

const NEEDED = "pull_requests=write";

const pull = async (context: GraphqlContext, id: string): Promise<IssueSource> =>
  nodeOf<IssueSource>(context, id, "PullRequest");
const answer = (source: IssueSource, { input }: Args, context: GraphqlContext): Record<string, unknown> => ({
  pullRequest: issueSource(source.repo, source.issue),
  actor: context.auth.user ? accountSource(context.auth.user) : null,
  clientMutationId: input.clientMutationId ?? null,
});

export const pullMutations: Resolvers<unknown> = {
  createPullRequest: async (_source, args, context) => {
    const { input } = args;
    const { repo } = await nodeOf<RepositorySource>(context, input.repositoryId, "Repository");
    demand(context, repo, "read", NEEDED, "createPullRequest");
    const headRepository = input.headRepositoryId
      ? (await nodeOf<RepositorySource>(context, input.headRepositoryId, "Repository")).repo
      : undefined;
    const { world, auth } = context;
    const headRef = String(input.headRefName).replace(/^refs\/heads\//, "");
    const sameRepository = !headRef.includes(":") && (!headRepository || headRepository === repo);
    if (sameRepository && !mayPropose(world, auth, repo)) throw incorrectPermissions(context, "createPullRequest");
    const issue = await createPull(world, repo, auth, {
      title: input.title,
      body: input.body ?? null,
      base: String(input.baseRefName).replace(/^refs\/heads\//, ""),
      draft: input.draft ?? false,
      maintainerCanModify: input.maintainerCanModify ?? true,
      head:
        headRepository && headRepository !== repo && !headRef.includes(":")
          ? `${world.ownerLogin(headRepository)}:${headRef}`
          : headRef,
      ...(headRepository && headRepository !== repo ? { headRepository: headRepository.name } : {}),
    });
    return answer({ type: "PullRequest", repo, issue }, args, context);
  },
  updatePullRequest: async (_source, args, context) => {
    const { input } = args;
    const source = await pull(context, input.pullRequestId);
    const { repo, issue } = source;
    demandAuthorOr(context, repo, issue.userId, "write", NEEDED, "updatePullRequest");
    if (typeof input.title === "string" && input.title.trim() === "") throw unprocessable("Title can't be blank");
    const setMetadata = await metadataOf(context, source, input, "updatePullRequest");
    const actor = demandUser(context).id;
    if (typeof input.baseRefName === "string" && input.baseRefName !== pullOf(source).baseRef)
      await retarget(context.world, repo, context.auth, issue, input.baseRefName);
    if (typeof input.title === "string") issue.title = input.title;
    if (typeof input.body === "string") issue.body = input.body;
    if (typeof input.maintainerCanModify === "boolean") pullOf(source).maintainerCanModify = input.maintainerCanModify;
    setMetadata();
    if (input.state === "CLOSED" || input.state === "OPEN")
      changeState(context, source, input.state === "OPEN" ? "open" : "closed");
    issue.updatedAt = context.world.clock.iso();
    pullEvent(context.world, repo, issue, "edited", actor);
    return answer(source, args, context);
  },
  closePullRequest: async (_source, args, context) => {
    const source = await pull(context, args.input.pullRequestId);
    demandAuthorOr(context, source.repo, source.issue.userId, "triage", NEEDED, "closePullRequest");
    changeState(context, source, "closed");
    return answer(source, args, context);
  },
  reopenPullRequest: async (_source, args, context) => {
    const source = await pull(context, args.input.pullRequestId);
    demandAuthorOr(context, source.repo, source.issue.userId, "triage", NEEDED, "reopenPullRequest");
    changeState(context, source, "open");
    return answer(source, args, context);
  },
  markPullRequestReadyForReview: async (_source, args, context) => {
    const source = await pull(context, args.input.pullRequestId);
    demandAuthorOr(context, source.repo, source.issue.userId, "write", NEEDED, "markPullRequestReadyForReview");
    await setDraft(context.world, source.repo, source.issue, false, demandUser(context).id);
    return answer(source, args, context);
  },
  convertPullRequestToDraft: async (_source, args, context) => {
    const source = await pull(context, args.input.pullRequestId);
    demandAuthorOr(context, source.repo, source.issue.userId, "write", NEEDED, "convertPullRequestToDraft");
    await setDraft(context.world, source.repo, source.issue, true, demandUser(context).id);
    return answer(source, args, context);
  },
  mergePullRequest: async (_source, args, context) => {
    const { input } = args;
    const source = subjectOf(context, input.pullRequestId, { PullRequest: "pull_requests=read;contents=write" });
    demand(context, source.repo, "write", "contents=write", "mergePullRequest");
    await mergePull(context.world, source.repo, context.auth, source.issue, {
      method: String(input.mergeMethod ?? "MERGE").toLowerCase() as "merge" | "squash" | "rebase",
      ...(input.commitHeadline ? { title: input.commitHeadline } : {}),
      ...(input.commitBody ? { message: input.commitBody } : {}),
      ...(input.expectedHeadOid ? { sha: input.expectedHeadOid } : {}),
    });
    return answer(source, args, context);
  },
  enablePullRequestAutoMerge: async (_source, args, context) => {
    const { input } = args;
    const source = await pull(context, input.pullRequestId);
    const { repo, issue } = source;
    demand(context, repo, "write", "pull_requests=write,contents=write", "enablePullRequestAutoMerge");
    if (!repo.settings.allow_auto_merge)
      throw unprocessable("Pull request Auto merge is not allowed for this repository");
    if (issue.state !== "open") throw unprocessable("Pull request is closed");
    const state = (await pullFigures(context.world, repo, issue)).mergeableState;
    if (state === "clean" || state === "unstable")
      throw unprocessable(`Pull request Pull request is in ${state} status`);
    if (input.expectedHeadOid && input.expectedHeadOid !== pullOf(source).headSha)
      throw unprocessable("Head branch was modified. Review and try the merge again.");
    pullOf(source).autoMerge = {
      enabledById: demandUser(context).id,
      method: String(input.mergeMethod ?? "MERGE").toLowerCase() as "merge" | "squash" | "rebase",
      title: input.commitHeadline ?? null,
      message: input.commitBody ?? null,
    };
    waitForMerge(context.world, repo, issue);
    eventOf(context.world, repo, issue, "auto_merge_enabled", demandUser(context).id);
    pullEvent(context.world, repo, issue, "auto_merge_enabled", demandUser(context).id);
    return answer(source, args, context);
  },
  disablePullRequestAutoMerge: async (_source, args, context) => {
    const source = await pull(context, args.input.pullRequestId);
    demandAuthorOr(context, source.repo, source.issue.userId, "write", NEEDED, "disablePullRequestAutoMerge");
    if (!pullOf(source).autoMerge) throw unprocessable("Pull request Can't disable auto-merge for this pull request.");
    pullOf(source).autoMerge = null;
    pullEvent(context.world, source.repo, source.issue, "auto_merge_disabled", demandUser(context).id);
    return answer(source, args, context);
  },
  updatePullRequestBranch: async (_source, args, context) => {
    const source = await pull(context, args.input.pullRequestId);
    demand(context, source.repo, "write", "pull_requests=write,contents=write", "updatePullRequestBranch");
    if (args.input.updateMethod === "REBASE")
      throw notImplemented("the input updateMethod: REBASE of updatePullRequestBranch");
    await updateBranch(context.world, source.repo, context.auth, source.issue, args.input.expectedHeadOid ?? undefined);
    return answer(source, args, context);
  },
  requestReviews: async (_source, args, context) => {
    const { input } = args;
    const source = await pull(context, input.pullRequestId);
    demandAuthorOr(context, source.repo, source.issue.userId, "write", NEEDED, "requestReviews");
    const people = await Promise.all(
      (input.userIds ?? []).map((id: string) => nodeOf<AccountSource>(context, id, "User")),
    );
    const teams = await Promise.all((input.teamIds ?? []).map((id: string) => nodeOf<TeamSource>(context, id, "Team")));
    if (input.union !== true) {
      pullOf(source).requestedReviewerIds = [];
      pullOf(source).requestedTeamIds = [];
    }
    requestReviewers(
      context.world,
      source.repo,
      source.issue,
      people.map(({ user }: AccountSource) => user.login),
      teams.map(({ team }: TeamSource) => team.slug),
    );
    return { ...answer(source, args, context), requestedReviewersEdge: null };
  },
};

function changeState(context: GraphqlContext, source: IssueSource, state: "open" | "closed"): void {
  const { world } = context;
  const { repo, issue } = source;
  const found = pullOf(source);
  if (issue.state === state) return;
  if (found.merged) throw unprocessable("Could not change the state of a merged pull request.");
  const actor = demandUser(context).id;
  setIssueState(world, repo, issue, state, actor);
  pullEvent(world, repo, issue, state === "closed" ? "closed" : "reopened", actor);
}
