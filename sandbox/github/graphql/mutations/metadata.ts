/** Labels, assignees and milestones, by node id. */
import { addLabels, removeLabel } from "../../domain/issues";
import { roleOn } from "../../permissions";
import { atLeast } from "../../world";
import { demandUser, incorrectPermissions } from "../access";
import { nodeOf } from "../nodes";
import type { AccountSource, Args, GraphqlContext, IssueSource, LabelSource, MilestoneSource } from "../source";

export async function labelNames(context: GraphqlContext, ids: readonly string[]): Promise<string[]> {
  return (await Promise.all(ids.map((id) => nodeOf<LabelSource>(context, id, "Label")))).map(({ label }) => label.name);
}

export async function peopleIds(context: GraphqlContext, ids: readonly string[]): Promise<number[]> {
  return (await Promise.all(ids.map((id) => nodeOf<AccountSource>(context, id, "User")))).map(({ user }) => user.id);
}

export function setLabels(context: GraphqlContext, { repo, issue }: IssueSource, names: readonly string[]): void {
  const actor = demandUser(context).id;
  for (const name of [...issue.labels]) if (!names.includes(name)) removeLabel(context.world, repo, issue, name, actor);
  addLabels(context.world, repo, issue, names, actor);
}

/**
 * What `updateIssue` and `updatePullRequest` set besides the text. An author may change their text, but labels,
 * assignees and milestones are for those who triage. Everything is looked up before anything changes.
 */
export async function metadataOf(
  context: GraphqlContext,
  source: IssueSource,
  input: Args,
  mutation: string,
): Promise<() => void> {
  const asked = ["labelIds", "assigneeIds", "milestoneId"].some(
    (name) => input[name] !== undefined && input[name] !== null,
  );
  if (!asked) return () => undefined;
  if (!atLeast(roleOn(context.world, context.auth, source.repo), "triage"))
    throw incorrectPermissions(context, mutation);
  const labels = Array.isArray(input.labelIds) ? await labelNames(context, input.labelIds as string[]) : undefined;
  const assignees = Array.isArray(input.assigneeIds)
    ? await peopleIds(context, input.assigneeIds as string[])
    : undefined;
  const milestone = input.milestoneId
    ? (await nodeOf<MilestoneSource>(context, input.milestoneId, "Milestone")).milestone.number
    : undefined;
  return () => {
    if (labels) setLabels(context, source, labels);
    if (assignees) source.issue.assigneeIds = assignees;
    if (milestone !== undefined) source.issue.milestone = milestone;
  };
}
