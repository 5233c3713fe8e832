import { ProviderError, type Props } from "../../types";
import { flag, idParts, list, num, str, type Api, type Kind } from "../kind";
import { hashedValues } from "../sets";
import { nodeId, teamId, userId, repositoryIdByName } from "./nodes";
import { READ_RULE, RULES_OF_REPOSITORY } from "./documents";

interface Actor {
  id: string;
  name?: string | null;
  slug?: string;
  login?: string;
}

interface Allowances {
  nodes: { actor: Actor }[];
}

interface Rule {
  id: string;
  pattern: string;
  repository: { id: string; name: string };
  pushAllowances: Allowances;
  reviewDismissalAllowances: Allowances;
  bypassForcePushAllowances: Allowances;
  bypassPullRequestAllowances: Allowances;
  allowsDeletions: boolean;
  allowsForcePushes: boolean;
  blocksCreations: boolean;
  dismissesStaleReviews: boolean;
  isAdminEnforced: boolean;
  requiredApprovingReviewCount: number | null;
  requiredStatusCheckContexts: string[] | null;
  requiresApprovingReviews: boolean;
  requiresCodeOwnerReviews: boolean;
  requiresCommitSignatures: boolean;
  requiresLinearHistory: boolean;
  requiresConversationResolution: boolean;
  requiresStatusChecks: boolean;
  requiresStrictStatusChecks: boolean;
  restrictsPushes: boolean;
  restrictsReviewDismissals: boolean;
  requireLastPushApproval: boolean;
  lockBranch: boolean;
}

const actors = { kind: "set" } as const;
const off = { kind: "boolean", default: false } as const;
const MANY = "error multiple";

export const branchProtection: Kind = {
  token: "github:index/branchProtection:BranchProtection",
  schemaVersion: 2,
  fields: {
    repositoryId: { kind: "string", required: true, replace: true },
    pattern: { kind: "string", required: true },
    allowsDeletions: off,
    allowsForcePushes: off,
    enforceAdmins: off,
    requireSignedCommits: off,
    requiredLinearHistory: off,
    requireConversationResolution: off,
    lockBranch: off,
    requiredPullRequestReviews: {
      kind: "list",
      fields: {
        requiredApprovingReviewCount: { kind: "number", between: [0, 6], default: 1 },
        requireCodeOwnerReviews: { kind: "boolean" },
        dismissStaleReviews: { kind: "boolean" },
        restrictDismissals: { kind: "boolean" },
        dismissalRestrictions: actors,
        pullRequestBypassers: actors,
        requireLastPushApproval: off,
      },
    },
    requiredStatusChecks: {
      kind: "list",
      fields: { strict: { kind: "boolean" }, contexts: actors },
    },
    restrictPushes: {
      kind: "list",
      fields: { blocksCreations: { kind: "boolean", default: true }, pushAllowances: actors },
    },
    forcePushBypassers: actors,
  },
  async create(api, planned) {
    const repositoryId = await repositoryNode(api, str(planned, "repositoryId"));
    const input = { repositoryId, ...(await ruleInput(api, planned)) };
    const document =
      "mutation($input:CreateBranchProtectionRuleInput!){createBranchProtectionRule(input: $input){branchProtectionRule{id}}}";
    const data = await api.client.graphql<{ createBranchProtectionRule: { branchProtectionRule: { id: string } } }>(
      document,
      { input },
    );
    const id = data.createBranchProtectionRule.branchProtectionRule.id;
    return (await this.read(api, id, planned)) ?? { id, state: planned };
  },
  async update(api, id, planned) {
    // The plugin looks the repository up on every update although the mutation does not name it.
    await repositoryNode(api, str(planned, "repositoryId"));
    const input = { branchProtectionRuleId: id, ...(await ruleInput(api, planned)) };
    const document =
      "mutation($input:UpdateBranchProtectionRuleInput!){updateBranchProtectionRule(input: $input){branchProtectionRule{id}}}";
    await api.client.graphql(document, { input });
    return (await this.read(api, id, planned)) ?? { id, state: planned };
  },
  async read(api, id, state) {
    const rule = await readRule(api, id);
    return rule && { id, state: stateOf(api, rule, state) };
  },
  async delete(api, id) {
    const document =
      "mutation($input:DeleteBranchProtectionRuleInput!){deleteBranchProtectionRule(input: $input){clientMutationId}}";
    await api.client.graphql(document, { input: { branchProtectionRuleId: id } });
  },
  async importState(api, id) {
    const [repository = "", pattern = ""] = idParts(id, 2, "repository:pattern");
    const found = await findRule(api, await repositoryNode(api, repository), pattern);
    if (!found) throw new ProviderError(`could not find a branch protection rule with the pattern '${pattern}'`);
    return { id: found, state: { repositoryId: repository } };
  },
  async find(api, inputs) {
    return findRule(api, await repositoryNode(api, str(inputs, "repositoryId")), str(inputs, "pattern"));
  },
};

/** The node id of what the program calls `repositoryId`: a node id, or a repository's name. */
async function repositoryNode(api: Api, given: string): Promise<string> {
  const found = await nodeId(api, given);
  if (found) return found;
  // The plugin tries a value that could be base64 a second time (it means the old form of node ids).
  if (given.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(given)) {
    const second = await nodeId(api, given);
    if (second) return second;
  }
  return repositoryIdByName(api, given);
}

const one = (planned: Props, name: string): Props | undefined => {
  const blocks = list<Props>(planned, name);
  if (blocks.length > 1) throw new ProviderError(`${MANY} ${name} declarations`);
  return blocks[0];
};

async function ruleInput(api: Api, planned: Props): Promise<Props> {
  const reviews = one(planned, "requiredPullRequestReviews");
  const checks = one(planned, "requiredStatusChecks");
  const pushes = one(planned, "restrictPushes");
  const dismissal = await actorIds(api, list<string>(reviews ?? {}, "dismissalRestrictions"));
  const push = await actorIds(api, list<string>(pushes ?? {}, "pushAllowances"));
  const forcePush = await actorIds(api, list<string>(planned, "forcePushBypassers"));
  const pullRequest = await actorIds(api, list<string>(reviews ?? {}, "pullRequestBypassers"));
  return {
    pattern: str(planned, "pattern"),
    requiresApprovingReviews: reviews !== undefined,
    requiredApprovingReviewCount: num(reviews ?? {}, "requiredApprovingReviewCount"),
    requiresCommitSignatures: flag(planned, "requireSignedCommits"),
    requiresLinearHistory: flag(planned, "requiredLinearHistory"),
    blocksCreations: flag(pushes ?? {}, "blocksCreations"),
    allowsForcePushes: forcePush.length > 0 ? false : flag(planned, "allowsForcePushes"),
    allowsDeletions: flag(planned, "allowsDeletions"),
    isAdminEnforced: flag(planned, "enforceAdmins"),
    requiresStatusChecks: checks !== undefined,
    requiresStrictStatusChecks: flag(checks ?? {}, "strict"),
    requiresCodeOwnerReviews: flag(reviews ?? {}, "requireCodeOwnerReviews"),
    dismissesStaleReviews: flag(reviews ?? {}, "dismissStaleReviews"),
    restrictsReviewDismissals: dismissal.length > 0 || flag(reviews ?? {}, "restrictDismissals"),
    reviewDismissalActorIds: dismissal.length > 0 ? dismissal : null,
    bypassPullRequestActorIds: pullRequest,
    bypassForcePushActorIds: forcePush,
    restrictsPushes: pushes !== undefined,
    pushActorIds: push.length > 0 ? push : null,
    requiredStatusCheckContexts: hashedValues(list<string>(checks ?? {}, "contexts")),
    requiresConversationResolution: flag(planned, "requireConversationResolution"),
    requireLastPushApproval: flag(reviews ?? {}, "requireLastPushApproval"),
    lockBranch: flag(planned, "lockBranch"),
  };
}

/** `acme/security` is a team, `/alice` a person, anything else a node id already. */
async function actorIds(api: Api, names: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const name of hashedValues(names)) {
    const [organization, slug] = name.split("/");
    ids.push(
      slug === undefined
        ? name
        : organization === ""
          ? await userId(api, slug)
          : await teamId(api, organization ?? "", slug),
    );
  }
  return ids;
}

async function readRule(api: Api, id: string): Promise<Rule | undefined> {
  try {
    const data = await api.client.graphql<{ node: Rule | null }>(READ_RULE, { id });
    return data.node ?? undefined;
  } catch (error) {
    if (/Could not resolve to a node with the global id/.test((error as Error).message)) return undefined;
    throw error;
  }
}

function stateOf(api: Api, rule: Rule, state: Props): Props {
  const reviews = list<Props>(state, "requiredPullRequestReviews")[0] ?? {};
  const pushes = list<Props>(state, "restrictPushes")[0] ?? {};
  const named = (allowances: Allowances, known: string[]): string[] =>
    allowances.nodes.map(({ actor }) => actorName(api, actor, known));
  return {
    ...state,
    pattern: rule.pattern,
    allowsDeletions: rule.allowsDeletions,
    allowsForcePushes: rule.allowsForcePushes,
    enforceAdmins: rule.isAdminEnforced,
    requireSignedCommits: rule.requiresCommitSignatures,
    requiredLinearHistory: rule.requiresLinearHistory,
    requireConversationResolution: rule.requiresConversationResolution,
    lockBranch: rule.lockBranch,
    requiredPullRequestReviews: rule.requiresApprovingReviews
      ? [
          {
            requiredApprovingReviewCount: rule.requiredApprovingReviewCount ?? 0,
            requireCodeOwnerReviews: rule.requiresCodeOwnerReviews,
            dismissStaleReviews: rule.dismissesStaleReviews,
            restrictDismissals: rule.restrictsReviewDismissals,
            dismissalRestrictions: named(rule.reviewDismissalAllowances, list(reviews, "dismissalRestrictions")),
            pullRequestBypassers: named(rule.bypassPullRequestAllowances, list(reviews, "pullRequestBypassers")),
            requireLastPushApproval: rule.requireLastPushApproval,
          },
        ]
      : [],
    requiredStatusChecks: rule.requiresStatusChecks
      ? [{ strict: rule.requiresStrictStatusChecks, contexts: rule.requiredStatusCheckContexts ?? [] }]
      : [],
    restrictPushes: rule.restrictsPushes
      ? [
          {
            blocksCreations: rule.blocksCreations,
            pushAllowances: named(rule.pushAllowances, list(pushes, "pushAllowances")),
          },
        ]
      : [],
    forcePushBypassers: rule.allowsForcePushes
      ? []
      : named(rule.bypassForcePushAllowances, list(state, "forcePushBypassers")),
  };
}

/**
 * An actor in the form that the program used: its node id when the state has that, else `organization/team` or
 * `/login`.
 */
function actorName(api: Api, actor: Actor, known: string[]): string {
  if (known.includes(actor.id)) return actor.id;
  if (actor.login) return `/${actor.login}`;
  // An App has a slug too; the plugin knows teams by it and writes both so.
  return actor.slug ? `${api.owner}/${actor.slug}` : actor.id;
}

async function findRule(api: Api, repository: string, pattern: string): Promise<string | undefined> {
  interface Page {
    node: {
      branchProtectionRules: {
        nodes: { id: string; pattern: string }[];
        pageInfo: { endCursor: string | null; hasNextPage: boolean };
      };
    };
  }
  for (let cursor: string | null = null; ;) {
    const data: Page = await api.client.graphql<Page>(RULES_OF_REPOSITORY, { cursor, first: 100, id: repository });
    const rules = data.node.branchProtectionRules;
    const found = rules.nodes.find((rule) => rule.pattern === pattern);
    if (found || !rules.pageInfo.hasNextPage) return found?.id;
    cursor = rules.pageInfo.endCursor;
  }
}
