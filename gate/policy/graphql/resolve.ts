import type { CompiledPolicy } from "../compiled";
import { Refusal } from "../refusals";
import { HOME } from "./gateFields";

const WITH_REPOSITORY = [
  "PullRequest",
  "Issue",
  "IssueComment",
  "PullRequestReview",
  "PullRequestReviewComment",
  "PullRequestReviewThread",
  "Label",
  "Milestone",
  "Ref",
  "Release",
  "Commit",
  "Tree",
  "Blob",
  "CheckSuite",
]
  .map((type) => `...on ${type}{repository{databaseId}}`)
  .join(" ");
const asking = (more: string): string =>
  `query($ids:[ID!]!){nodes(ids:$ids){__typename ${WITH_REPOSITORY} ...on CheckRun{repository{databaseId}} ...on Repository{databaseId}${more}}}`;

/** Asks GitHub which repository each node id belongs to. Kinds of objects that are not named here do not resolve. */
export const RESOLVE_QUERY = asking("");

/** Asks for text and labels as well: the gate's own must stay (see updates.ts). */
export const RESOLVE_WITH_CONTENT = asking(
  ` ${["PullRequest", "Issue"].map((type) => `...on ${type}{body labels(first:100){nodes{id name}}}`).join(" ")} ...on Label{name}`,
);

/**
 * Guard `graphql-node-id`: judges that answer. Every id must belong to a listed repository, and for a write to one that
 * may be written.
 */
export function judgeResolved(
  policy: CompiledPolicy,
  ids: readonly string[],
  answer: unknown,
  write: boolean,
): Refusal | undefined {
  const nodes = nodesOf(answer);
  if (nodes.length !== ids.length) return new Refusal("graphql-id");
  for (const [index, node] of (
    nodes as readonly ({ databaseId?: unknown; repository?: { databaseId?: unknown } } | null)[]
  ).entries()) {
    const id = node?.repository?.databaseId ?? node?.databaseId;
    const repository = typeof id === "number" ? policy.byId.get(String(id)) : undefined;
    if (repository === undefined) return new Refusal("graphql-id", ids[index]);
    if (write && repository.access !== "write") return new Refusal("access-read-only", repository.fullName);
  }
  return undefined;
}

export function nodesOf(answer: unknown): readonly unknown[] {
  const nodes = (answer as { data?: { nodes?: unknown } } | null)?.data?.nodes;
  return Array.isArray(nodes) ? (nodes as readonly unknown[]) : [];
}

/**
 * Guard `graphql-elsewhere`: takes what belongs to repositories that are not listed out of an answer, at the places
 * where such may stand: entries of a list are left out, other objects are null. What the gate asked for itself, to
 * know, goes too.
 */
export function removeForeign(policy: CompiledPolicy, data: unknown, paths: readonly (readonly string[])[]): void {
  for (const path of paths) empty(policy, data, path, 0);
}

function empty(policy: CompiledPolicy, value: unknown, path: readonly string[], at: number): void {
  if (Array.isArray(value)) {
    for (const item of value) empty(policy, item, path, at);
    return;
  }
  const key = path[at];
  if (value === null || typeof value !== "object" || key === undefined || !Object.hasOwn(value, key)) return;
  const holder = value as Record<string, unknown>;
  if (at < path.length - 1) return empty(policy, holder[key], path, at + 1);
  const found = holder[key];
  holder[key] = Array.isArray(found)
    ? found.filter((item) => isListed(policy, item))
    : isListed(policy, found)
      ? found
      : null;
}

/** Whether an object says of itself that it belongs to a listed repository. */
function isListed(policy: CompiledPolicy, value: unknown): boolean {
  if (value === null || typeof value !== "object" || !Object.hasOwn(value, HOME)) return false;
  const holder = value as Record<string, unknown>;
  const home = holder[HOME];
  delete holder[HOME];
  const id = typeof home === "string" ? home : (home as { id?: unknown } | null)?.id;
  return typeof id === "string" && policy.byNodeId.has(id);
}
