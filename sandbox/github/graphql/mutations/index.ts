/**
 * Every mutation that is implemented. Any other answers an error that names it, and so does an input that would be
 * passed over.
 */
import { notImplemented } from "../errors";
import type { FieldResolver } from "../source";
import { issueMutations } from "./issues";
import { protectionMutations } from "./protection";
import { pullMutations } from "./pulls";
import { refMutations } from "./refs";
import { reviewMutations } from "./reviews";

/** Inputs that the schema has and these mutations do not act on. */
const UNSUPPORTED: Readonly<Record<string, readonly string[]>> = {
  createIssue: ["parentIssueId", "projectIds", "issueTemplate"],
  updateIssue: ["projectIds"],
  closeIssue: ["duplicateIssueId"],
  updatePullRequest: ["projectIds"],
  mergePullRequest: ["authorEmail"],
  enablePullRequestAutoMerge: ["authorEmail"],
  addPullRequestReviewThreadReply: ["pullRequestReviewId"],
  createBranchProtectionRule: ["requiresDeployments", "requiredDeploymentEnvironments"],
  updateBranchProtectionRule: ["requiresDeployments", "requiredDeploymentEnvironments"],
};

const isSet = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== false && !(Array.isArray(value) && value.length === 0);

function strict(mutation: string, resolver: FieldResolver<unknown>): FieldResolver<unknown> {
  return (source, args, context) => {
    const passedOver = (UNSUPPORTED[mutation] ?? []).find((name) => isSet(args.input[name]));
    if (passedOver) throw notImplemented(`the input ${passedOver} of ${mutation}`);
    return resolver(source, args, context);
  };
}

export const mutations: Readonly<Record<string, FieldResolver<unknown>>> = Object.fromEntries(
  Object.entries({
    ...issueMutations,
    ...protectionMutations,
    ...pullMutations,
    ...refMutations,
    ...reviewMutations,
  }).map(([name, resolver]) => [name, strict(name, resolver)]),
);
