import type { CompiledPolicy } from "../compiled";
import { bodyFor, isAgentLabel, missingLabel, type LabelledItem } from "../pullRequest/labels";
import { Refusal } from "../refusals";
import type { Json } from "../text/json";

interface Node {
  readonly __typename?: unknown;
  readonly body?: unknown;
  readonly name?: unknown;
  readonly labels?: { readonly nodes?: readonly { readonly id?: unknown; readonly name?: unknown }[] } | null;
}

/** Mutations that set the text or the labels of what may be a pull request; it is the first node that they name. */
const SETTING = new Set(["updatePullRequest", "updateIssue"]);

/**
 * Guards `pull-request-trailer` and `pull-request-label` of GraphQL: what the gate has put on a pull request stays.
 * Undefined where a mutation cannot touch it. `write` makes the request's text of an input; the nodes are those of the
 * ids that the mutation names, in their order.
 */
export function deferredOf(
  policy: CompiledPolicy,
  name: string,
  input: Record<string, Json>,
  write: (input: Record<string, Json>) => string,
): ((nodes: readonly unknown[]) => string | Refusal) | undefined {
  if (name === "removeLabelsFromLabelable") {
    return (nodes) => {
      const label = (nodes as readonly (Node | null)[]).find(
        (node) => node?.__typename === "Label" && (typeof node.name !== "string" || isAgentLabel(policy, node.name)),
      );
      return label === undefined ? write(input) : new Refusal("pull-request-label", String(label?.name));
    };
  }
  if (!SETTING.has(name)) return undefined;
  const { body, labelIds } = input;
  // Null is no text, and no empty one either.
  const setsBody = typeof body === "string";
  if (!setsBody) delete input["body"];
  const setsLabels = Array.isArray(labelIds);
  if (!setsBody && !setsLabels) return undefined;
  return ([node]) => {
    const now = readNode(policy, node as Node | null | undefined);
    if (now === undefined) return new Refusal("lookup-failed");
    const sent = setsBody ? bodyFor(now, body) : undefined;
    if (sent instanceof Refusal) return sent;
    return write({
      ...input,
      ...(sent === undefined ? {} : { body: sent }),
      ...(setsLabels
        ? { labelIds: [...labelIds, ...missingLabel(now, labelIds as readonly string[], (a, b) => a === b)] }
        : {}),
    });
  };
}

function readNode(policy: CompiledPolicy, node: Node | null | undefined): LabelledItem | undefined {
  const labels = node?.labels?.nodes;
  if (node === null || node === undefined || typeof node.body !== "string" || !Array.isArray(labels)) return undefined;
  const entries = labels as readonly { readonly id?: unknown; readonly name?: unknown }[];
  const id = entries.find((label) => typeof label.name === "string" && isAgentLabel(policy, label.name))?.id;
  return {
    isPullRequest: node.__typename === "PullRequest",
    body: node.body,
    labels: entries.map((label) => String(label.id)),
    label: typeof id === "string" ? id : undefined,
  };
}
