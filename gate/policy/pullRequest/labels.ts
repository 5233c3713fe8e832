import type { CompiledPolicy } from "../compiled";
import { Refusal } from "../refusals";
import type { Json } from "../text/json";
import { requestOf, tooLong, withTrailer } from "./trailer";

/** What an issue or a pull request has now, as far as the gate's marks go. */
export interface LabelledItem {
  readonly isPullRequest: boolean;
  readonly body: string;
  /** Names of its labels, or their node ids where those are what a request lists. */
  readonly labels: readonly string[];
  /** The gate's label as it stands among `labels`; undefined when it is not on it. */
  readonly label: string | undefined;
}

/** Whether a label's name is that of the agent's pull requests. GitHub does not tell labels apart by case. */
export function isAgentLabel(policy: CompiledPolicy, label: string): boolean {
  return label.trim().toLowerCase() === policy.label.trim().toLowerCase();
}

/**
 * Reads GitHub's answer about an issue or a pull request; undefined when it is none. `pull`: it was asked for as a pull
 * request.
 */
export function readItem(policy: CompiledPolicy, answer: unknown, pull: boolean): LabelledItem | undefined {
  const {
    body,
    labels,
    pull_request: link,
  } = (answer ?? {}) as { body?: unknown; labels?: unknown; pull_request?: unknown };
  if ((body !== null && typeof body !== "string") || !Array.isArray(labels)) return undefined;
  const names = (labels as readonly unknown[])
    .map((label) => (typeof label === "string" ? label : (label as { name?: unknown } | null)?.name))
    .filter((name): name is string => typeof name === "string");
  return {
    isPullRequest: pull || (link !== undefined && link !== null),
    body: body ?? "",
    labels: names,
    label: names.find((name) => isAgentLabel(policy, name)),
  };
}

/** Names in a list of labels as REST takes it. */
export function labelNames(value: Json | undefined): readonly string[] {
  const list = Array.isArray(value)
    ? value
    : value !== null && typeof value === "object"
      ? (value["labels"] ?? [])
      : [];
  return (Array.isArray(list) ? list : []).map((label) =>
    typeof label === "string" ? label : ((label as { name?: string } | null)?.name ?? ""),
  );
}

/**
 * Guard `pull-request-label`: what must be added to a new set of labels so that a pull request keeps the gate's. A
 * client that sets labels says what it wants on it, not what it wants gone; who names the label to take it off is
 * refused elsewhere.
 */
export function missingLabel(
  now: LabelledItem,
  labels: readonly string[],
  isSame: (a: string, b: string) => boolean,
): readonly string[] {
  const { label } = now;
  return now.isPullRequest && label !== undefined && !labels.some((l) => isSame(l, label)) ? [label] : [];
}

/**
 * Guard `pull-request-trailer`: the body as it is sent. Of a pull request it keeps the trailer that is there; neither
 * there nor in an issue can one be made up.
 */
export function bodyFor(now: LabelledItem, body: string): string | Refusal {
  const sent = withTrailer(body, now.isPullRequest ? requestOf(now.body) : undefined);
  const long = now.isPullRequest ? tooLong(body, sent) : undefined;
  return long === undefined ? sent : new Refusal("body-value", long);
}
