/** Objects by their global id. What the asker may not see does not exist. */
import { parseGitNodeId, parseNodeId } from "../ids";
import { allowedOn } from "../permissions";
import type { Repository } from "../state";
import { sees } from "./access";
import { unresolved } from "./errors";
import {
  accountSource,
  issueSource,
  labelSource,
  organizationSource,
  repositorySource,
  teamSource,
  type CommentSource,
  type GraphqlContext,
  type IssueSource,
  type ReviewCommentSource,
  type ReviewSource,
  type ThreadSource,
} from "./source";
import { seesTeam } from "./types/accounts";
import { objectAt, refNamed } from "./types/git";
import { protectionSource, seesProtection } from "./types/protection";
import { parseThreadId } from "./types/pulls";

/** @throws FieldRefusal NOT_FOUND with the words that clients look for */
export async function nodeById(context: GraphqlContext, id: string): Promise<unknown> {
  const found = (await plainNode(context, id)) ?? (await gitNode(context, id)) ?? threadNode(context, id);
  if (found === undefined || found === null) throw unresolved(`a node with the global id of '${id}'`);
  return found;
}

async function plainNode(context: GraphqlContext, id: string): Promise<unknown> {
  const parsed = parseNodeId(id);
  if (!parsed) return undefined;
  const { world } = context;
  const [first = 0, second = 0] = parsed.ids;
  const last = parsed.ids.length > 1 ? second : first;
  switch (parsed.kind) {
    case "user":
    case "bot": {
      const user = world.users.get(first);
      return user && accountSource(user);
    }
    case "organization": {
      const org = world.orgs.get(first);
      return org && organizationSource(org);
    }
    case "team": {
      const team = [...world.teams.values()].find((candidate) => candidate.nodeId === id);
      return team && seesTeam(context, team) ? teamSource(team) : undefined;
    }
    case "app": {
      const app = [...world.apps.values()].find((candidate) => candidate.nodeId === id);
      return app && { type: "App", app };
    }
    case "repository": {
      const repo = world.repos.get(first);
      return repo && sees(context, repo) ? repositorySource(repo) : undefined;
    }
    default: {
      const repo = world.repos.get(first);
      return repo && sees(context, repo) ? withinRepository(context, repo, parsed.kind, last, id) : undefined;
    }
  }
}

function withinRepository(
  context: GraphqlContext,
  repo: Repository,
  kind: string,
  number: number,
  id: string,
): unknown {
  const may = (requirement: string): boolean => allowedOn(context.world, context.auth, repo, requirement);
  switch (kind) {
    case "issue":
    case "pullRequest": {
      const issue = [...repo.issues.values()].find(
        (candidate) => (candidate.pull ? candidate.pull.nodeId : candidate.nodeId) === id,
      );
      return issue && may(issue.pull ? "pull_requests=read" : "issues=read") ? issueSource(repo, issue) : undefined;
    }
    case "comment": {
      const comment = repo.comments.get(number);
      return comment && may("issues=read;pull_requests=read")
        ? ({ type: "IssueComment", repo, comment } satisfies CommentSource)
        : undefined;
    }
    case "review":
    case "reviewComment": {
      for (const issue of repo.issues.values()) {
        const review = issue.pull?.reviews.find((candidate) => candidate.nodeId === id);
        if (review && may("pull_requests=read"))
          return { type: "PullRequestReview", repo, issue, review } satisfies ReviewSource;
        const comment = issue.pull?.reviewComments.find((candidate) => candidate.nodeId === id);
        if (comment && may("pull_requests=read"))
          return { type: "PullRequestReviewComment", repo, issue, comment } satisfies ReviewCommentSource;
      }
      return undefined;
    }
    case "protectionRule": {
      const protection = repo.protections.get(number);
      return protection && seesProtection(context, repo) ? protectionSource(repo, protection) : undefined;
    }
    case "label": {
      const label = [...repo.labels.values()].find((candidate) => candidate.nodeId === id);
      return label && labelSource(repo, label);
    }
    case "milestone": {
      const milestone = [...repo.milestones.values()].find((candidate) => candidate.nodeId === id);
      return milestone && { type: "Milestone", repo, milestone };
    }
    case "checkRun": {
      const run = repo.checkRuns.get(number);
      return run && may("checks=read") ? { type: "CheckRun", repo, run } : undefined;
    }
    case "checkSuite": {
      const suite = repo.checkSuites.get(number);
      return suite && may("checks=read") ? { type: "CheckSuite", repo, suite } : undefined;
    }
    default:
      return undefined;
  }
}

async function gitNode(context: GraphqlContext, id: string): Promise<unknown> {
  const parsed = parseGitNodeId(id);
  const repo = parsed && context.world.repos.get(parsed.repositoryId);
  if (!parsed || !repo || !sees(context, repo) || !allowedOn(context.world, context.auth, repo, "contents=read"))
    return undefined;
  return parsed.kind === "ref" ? refNamed(context, repo, parsed.name) : objectAt(repo, parsed.name);
}

function threadNode(context: GraphqlContext, id: string): ThreadSource | undefined {
  const number = parseThreadId(id);
  if (number === undefined) return undefined;
  for (const repo of context.world.repos.values()) {
    for (const issue of repo.issues.values()) {
      const first = issue.pull?.reviewComments.find((comment) => comment.id === number);
      if (first && sees(context, repo) && allowedOn(context.world, context.auth, repo, "pull_requests=read"))
        return { type: "PullRequestReviewThread", repo, issue, first };
    }
  }
  return undefined;
}

/**
 * An issue or pull request that a mutation names, for tokens that may change it without being able to read all of it
 * (an `issues` permission is enough to comment on a pull request, `contents` to merge one), as in the REST API.
 * @throws FieldRefusal NOT_FOUND
 */
export function subjectOf(
  context: GraphqlContext,
  id: string,
  needed: Partial<Record<IssueSource["type"], string>>,
): IssueSource {
  const parsed = parseNodeId(id);
  const repo = parsed && context.world.repos.get(parsed.ids[0] ?? 0);
  const issue =
    repo && sees(context, repo)
      ? [...repo.issues.values()].find(
          (candidate) => (candidate.pull ? candidate.pull.nodeId : candidate.nodeId) === id,
        )
      : undefined;
  const found = repo && issue ? issueSource(repo, issue) : undefined;
  const requirement = found && needed[found.type];
  if (!found || !requirement || !allowedOn(context.world, context.auth, found.repo, requirement))
    throw unresolved(`a node with the global id of '${id}'`);
  return found;
}

/** An object of one type by its id. @throws FieldRefusal NOT_FOUND, also for an object of another type */
export async function nodeOf<T extends { type: string }>(
  context: GraphqlContext,
  id: string,
  ...types: T["type"][]
): Promise<T> {
  const found = (await nodeById(context, id)) as T;
  if (!types.includes(found.type)) throw unresolved(`${types[0] ?? "a"} node with the global id of '${id}'`);
  return found;
}
