import type { GateLimits, GatePolicy, GateRepository } from "./policy";
import { REFUSALS, type RuleId } from "./refusals";

/** What a guide is made from: a policy, compiled or not. */
export type GuideSource = Pick<
  GatePolicy,
  "organization" | "branchPrefix" | "protectedPaths" | "label" | "limits" | "lfs" | "mode"
> & { readonly repositories: Iterable<GateRepository> };

/** What the agent may do, as data: `{gate}/_gate/guide?format=json`. */
export interface Guide {
  readonly v: 1;
  readonly gate: string;
  readonly organization: string;
  readonly repositories: readonly {
    readonly name: string;
    readonly access: GateRepository["access"];
    readonly clone: string;
    readonly defaultBranch: string;
    /** Globs of what the agent may not change; of a repository to read, none are named. */
    readonly protectedPaths: readonly string[];
    /** Teams that the gate asks to review. */
    readonly reviewers: readonly string[];
  }[];
  readonly branches: { readonly prefix: string; readonly forcePush: false; readonly delete: false };
  readonly pullRequests: { readonly draft: true; readonly label: string };
  readonly limits: Omit<GateLimits, "tokenCacheSeconds" | "upstreamTimeoutSeconds">;
  readonly lfs: GatePolicy["lfs"];
  /** The last day on which the gate only records some refusals; absent when it refuses. */
  readonly observesUntil?: string;
  /** What to do instead, by rule: the refusals that an agent meets by what it wants, not by how it writes it. */
  readonly whenRefused: readonly { readonly rule: RuleId; readonly instead: string }[];
  /** Every rule: the page of the gate that needs no key. */
  readonly rules: string;
}

/** The refusals that follow from what an agent may do. Their sentences are those of the refusals themselves. */
const EXPLAINED: readonly RuleId[] = [
  "ref-outside-agent-space",
  "ref-force",
  "ref-delete",
  "protected-path",
  "change-too-large",
  "secret-in-content",
  "pull-request-ready",
  "pull-request-merge",
  "pull-request-label",
  "review-event",
  "access-read-only",
  "repository-not-listed",
  "search-not-scoped",
  "route-closed",
  "lfs-refused",
  "limit-requests-minute",
];

/**
 * What an agent may do by a policy. Pure: the same policy and address give the same guide. It holds nothing that the
 * agent could not learn by asking the gate.
 * @param origin address of the gate, such as `https://gate.acme.dev`
 */
export function guideOf(policy: GuideSource, origin: string): Guide {
  const { tokenCacheSeconds: _cache, upstreamTimeoutSeconds: _timeout, ...limits } = policy.limits;
  return {
    v: 1,
    gate: origin,
    organization: policy.organization,
    repositories: [...policy.repositories].map(({ name, access, defaultBranch, protectedPaths, reviewers }) => ({
      name: `${policy.organization}/${name}`,
      access,
      clone: `${origin}/${policy.organization}/${name}.git`,
      defaultBranch,
      protectedPaths: access === "write" ? [...policy.protectedPaths, ...protectedPaths] : [],
      reviewers,
    })),
    branches: { prefix: policy.branchPrefix, forcePush: false, delete: false },
    pullRequests: { draft: true, label: policy.label },
    limits,
    lfs: policy.lfs,
    ...(policy.mode.kind === "observe" ? { observesUntil: policy.mode.until } : {}),
    whenRefused: EXPLAINED.filter((rule) => rule !== "lfs-refused" || policy.lfs === "refuse").map((rule) => ({
      rule,
      instead: REFUSALS[rule][1],
    })),
    rules: `${origin}/_gate/docs`,
  };
}

const count = (value: number): string => value.toLocaleString("en-US");
const code = (value: string): string => `\`${value}\``;
const listed = (values: readonly string[]): string => values.map(code).join(", ");

/** The guide as Markdown: `{gate}/_gate/guide`. */
export function guideText(guide: Guide): string {
  const { limits, branches, pullRequests } = guide;
  const writes = guide.repositories.some(({ access }) => access === "write");
  return [
    "# What you may do on GitHub",
    "",
    `You reach GitHub through a gate at ${guide.gate}. Use its address wherever you would use github.com or api.github.com, and your gate key`,
    "wherever you would use a GitHub token. The key opens nothing else. The same guide as data: `/_gate/guide?format=json`.",
    "",
    "## Repositories",
    "",
    "You see these repositories and no others.",
    "",
    ...guide.repositories.flatMap(({ name, access, clone, defaultBranch, protectedPaths, reviewers }) => [
      `- **${name}**: ${access === "write" ? "read, and propose changes" : "read only"}. \`git clone ${clone}\`, default branch ${code(defaultBranch)}.`,
      ...(protectedPaths.length === 0 ? [] : [`  You may not change ${listed(protectedPaths)}.`]),
      ...(reviewers.length === 0 ? [] : [`  The gate asks ${listed(reviewers)} to review.`]),
    ]),
    ...(writes
      ? [
          "",
          "## How to propose a change",
          "",
          `1. Work on a branch whose name starts with ${code(branches.prefix)}, such as ${code(`${branches.prefix}my-change`)}. Only such branches can be pushed. You cannot`,
          "   force-push, and you cannot delete a branch or a tag.",
          `2. Push with git, or write through the REST API: at most ${count(limits.maxChangedLines)} lines and ${count(limits.maxChangedFiles)} files in a change,`,
          `   ${count(limits.maxPushBytes)} bytes and ${count(limits.maxPushObjects)} objects in a push.`,
          `3. Open a pull request. It becomes a draft with the label ${code(pullRequests.label)}, and a line in its text names the request that opened it. People`,
          "   review it, mark it as ready and merge it. You cannot do these three.",
        ]
      : []),
    "",
    "## Limits",
    "",
    `${count(limits.requestsPerMinute)} requests a minute, ${count(limits.requestsPerHour)} an hour; ${count(limits.writesPerMinute)} writes a minute; ${count(limits.bytesPerHour)} bytes an hour both ways;`,
    `a body of ${count(limits.maxBodyBytes)} bytes; a clone or download of ${count(limits.maxDownloadBytes)} bytes. A refusal for a limit says when to come again.`,
    `Git LFS ${guide.lfs === "proxy" ? "works through the gate" : "is not available"}.`,
    ...(guide.observesUntil === undefined
      ? []
      : ["", `Until ${guide.observesUntil} the gate only records some of its refusals. Work as if it refused.`]),
    "",
    "## When you are refused",
    "",
    "A refusal is a decision, not a fault: but for a limit, the same request is refused again. It names its rule; do what the rule says instead, or tell the person you",
    `work for. Every rule: ${guide.rules}`,
    "",
    ...guide.whenRefused.map(({ rule, instead }) => `- ${code(rule)}: ${instead}`),
    "",
  ].join("\n");
}

/** The guide as a skill of an agent: the text of its `SKILL.md`. */
export function guideSkill(guide: Guide): string {
  return [
    "---",
    "name: gatehouse",
    `description: How to reach the GitHub repositories of ${guide.organization} through the gate, what is allowed there, and what to do when a request is refused. Use it before any work with git, gh or GitHub's API.`,
    "---",
    "",
    guideText(guide),
  ].join("\n");
}
