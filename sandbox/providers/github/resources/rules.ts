/** The rules of a ruleset: properties, the wire form that the plugin sends, and the way back. */
import type { Props } from "../../types";
import { flag, list, num, str } from "../kind";
import { isPlain, type Field, type Fields } from "../fields";
import { hashedBlocks, hashedValues } from "../sets";
import { defined } from "./shared";

/** One rule on the wire. */
export interface WireRule {
  type: string;
  parameters?: Props;
}

const optional = { kind: "boolean" } as const;
const off = { kind: "boolean", default: false } as const;
const strings: Field = { kind: "list", required: true };
const pattern: Field = {
  kind: "object",
  fields: {
    name: { kind: "string" },
    negate: { kind: "boolean" },
    operator: { kind: "string", required: true, oneOf: ["starts_with", "ends_with", "contains", "regex"] },
    pattern: { kind: "string", required: true },
  },
};

const pullRequest: Field = {
  kind: "object",
  fields: {
    allowedMergeMethods: { kind: "list", oneOf: ["merge", "squash", "rebase"], computed: true },
    dismissStaleReviewsOnPush: off,
    requireCodeOwnerReview: off,
    requireLastPushApproval: off,
    requiredApprovingReviewCount: { kind: "number", between: [0, 10], default: 0 },
    requiredReviewThreadResolution: off,
    requiredReviewers: {
      kind: "list",
      fields: {
        reviewer: {
          kind: "object",
          required: true,
          fields: { id: { kind: "number", required: true }, type: { kind: "string", required: true, oneOf: ["Team"] } },
        },
        filePatterns: strings,
        minimumApprovals: { kind: "number", required: true },
      },
    },
  },
};

const statusChecks: Field = {
  kind: "object",
  fields: {
    requiredChecks: {
      kind: "set",
      required: true,
      fields: { context: { kind: "string", required: true }, integrationId: { kind: "number", default: 0 } },
    },
    strictRequiredStatusChecksPolicy: optional,
    doNotEnforceOnCreate: off,
  },
};

const mergeQueue: Field = {
  kind: "object",
  fields: {
    checkResponseTimeoutMinutes: { kind: "number", between: [0, 360], default: 60 },
    groupingStrategy: { kind: "string", oneOf: ["ALLGREEN", "HEADGREEN"], default: "ALLGREEN" },
    maxEntriesToBuild: { kind: "number", between: [0, 100], default: 5 },
    maxEntriesToMerge: { kind: "number", between: [0, 100], default: 5 },
    mergeMethod: { kind: "string", oneOf: ["MERGE", "SQUASH", "REBASE"], default: "MERGE" },
    minEntriesToMerge: { kind: "number", between: [0, 100], default: 1 },
    minEntriesToMergeWaitMinutes: { kind: "number", between: [0, 360], default: 5 },
  },
};

const shared: Fields = {
  creation: optional,
  update: optional,
  deletion: optional,
  requiredLinearHistory: optional,
  requiredSignatures: optional,
  pullRequest,
  requiredStatusChecks: statusChecks,
  nonFastForward: optional,
  commitMessagePattern: pattern,
  commitAuthorEmailPattern: pattern,
  committerEmailPattern: pattern,
  branchNamePattern: pattern,
  tagNamePattern: pattern,
  requiredCodeScanning: {
    kind: "object",
    fields: {
      requiredCodeScanningTools: {
        kind: "set",
        required: true,
        fields: {
          alertsThreshold: { kind: "string", required: true },
          securityAlertsThreshold: { kind: "string", required: true },
          tool: { kind: "string", required: true },
        },
      },
    },
  },
  filePathRestriction: { kind: "object", fields: { restrictedFilePaths: strings } },
  maxFilePathLength: {
    kind: "object",
    fields: { maxFilePathLength: { kind: "number", required: true, between: [1, 32767] } },
  },
  fileExtensionRestriction: { kind: "object", fields: { restrictedFileExtensions: { kind: "set", required: true } } },
  maxFileSize: { kind: "object", fields: { maxFileSize: { kind: "number", required: true, between: [1, 100] } } },
  copilotCodeReview: { kind: "object", fields: { reviewOnPush: off, reviewDraftPullRequests: off } },
};

export const repositoryRuleFields: Fields = {
  ...shared,
  updateAllowsFetchAndMerge: off,
  requiredDeployments: { kind: "object", fields: { requiredDeploymentEnvironments: strings } },
  mergeQueue,
};

export const organizationRuleFields: Fields = {
  ...shared,
  requiredWorkflows: {
    kind: "object",
    fields: {
      doNotEnforceOnCreate: off,
      requiredWorkflows: {
        kind: "set",
        required: true,
        fields: {
          repositoryId: { kind: "number", required: true },
          path: { kind: "string", required: true },
          ref: { kind: "string", default: "master" },
        },
      },
    },
  },
};

/** A rule type's name in the program and its parameters there and back. Rules go out in the order of this table. */
interface Translation {
  property: string;
  type: string;
  out?: (block: Props) => Props;
  back?: (parameters: Props) => Props;
}

/** Parameters that differ from the properties in spelling only. */
const renamed = (pairs: readonly (readonly [string, string])[]): Pick<Translation, "out" | "back"> => ({
  out: (block) => Object.fromEntries(pairs.map(([property, wire]) => [wire, block[property]])),
  back: (parameters) => Object.fromEntries(pairs.map(([property, wire]) => [property, parameters[wire]])),
});

const patternRule = (property: string, type: string): Translation => ({
  property,
  type,
  out: (block) => ({
    name: str(block, "name"),
    negate: flag(block, "negate"),
    operator: block.operator,
    pattern: block.pattern,
  }),
  back: (parameters) =>
    defined({
      name: parameters.name,
      negate: parameters.negate,
      operator: parameters.operator,
      pattern: parameters.pattern,
    }),
});

const TABLE: readonly Translation[] = [
  { property: "creation", type: "creation" },
  { property: "update", type: "update" },
  { property: "deletion", type: "deletion" },
  { property: "requiredLinearHistory", type: "required_linear_history" },
  {
    property: "mergeQueue",
    type: "merge_queue",
    ...renamed([
      ["checkResponseTimeoutMinutes", "check_response_timeout_minutes"],
      ["groupingStrategy", "grouping_strategy"],
      ["maxEntriesToBuild", "max_entries_to_build"],
      ["maxEntriesToMerge", "max_entries_to_merge"],
      ["mergeMethod", "merge_method"],
      ["minEntriesToMerge", "min_entries_to_merge"],
      ["minEntriesToMergeWaitMinutes", "min_entries_to_merge_wait_minutes"],
    ]),
  },
  {
    property: "requiredDeployments",
    type: "required_deployments",
    ...renamed([["requiredDeploymentEnvironments", "required_deployment_environments"]]),
  },
  { property: "requiredSignatures", type: "required_signatures" },
  { property: "pullRequest", type: "pull_request", out: pullRequestOut, back: pullRequestBack },
  { property: "requiredStatusChecks", type: "required_status_checks", out: statusChecksOut, back: statusChecksBack },
  { property: "nonFastForward", type: "non_fast_forward" },
  patternRule("commitMessagePattern", "commit_message_pattern"),
  patternRule("commitAuthorEmailPattern", "commit_author_email_pattern"),
  patternRule("committerEmailPattern", "committer_email_pattern"),
  patternRule("branchNamePattern", "branch_name_pattern"),
  patternRule("tagNamePattern", "tag_name_pattern"),
  {
    property: "filePathRestriction",
    type: "file_path_restriction",
    ...renamed([["restrictedFilePaths", "restricted_file_paths"]]),
  },
  {
    property: "maxFilePathLength",
    type: "max_file_path_length",
    ...renamed([["maxFilePathLength", "max_file_path_length"]]),
  },
  {
    property: "fileExtensionRestriction",
    type: "file_extension_restriction",
    out: (block) => ({ restricted_file_extensions: hashedValues(list<string>(block, "restrictedFileExtensions")) }),
    back: (parameters) => ({ restrictedFileExtensions: parameters.restricted_file_extensions }),
  },
  { property: "maxFileSize", type: "max_file_size", ...renamed([["maxFileSize", "max_file_size"]]) },
  { property: "requiredWorkflows", type: "workflows", out: workflowsOut, back: workflowsBack },
  { property: "requiredCodeScanning", type: "code_scanning", out: codeScanningOut, back: codeScanningBack },
  {
    property: "copilotCodeReview",
    type: "copilot_code_review",
    ...renamed([
      ["reviewOnPush", "review_on_push"],
      ["reviewDraftPullRequests", "review_draft_pull_requests"],
    ]),
  },
];

/** The rules as they are sent. */
export function toWire(rules: Props): WireRule[] {
  const wire: WireRule[] = [];
  for (const { property, type, out } of TABLE) {
    const block = rules[property];
    if (block === true) {
      wire.push(
        type === "update" && flag(rules, "updateAllowsFetchAndMerge")
          ? { type, parameters: { update_allows_fetch_and_merge: true } }
          : { type },
      );
    } else if (isPlain(block) && out) {
      wire.push({ type, parameters: out(block) });
    }
  }
  return wire;
}

/** The rules as they are kept in state: the switches always, the others when the server has them. */
export function fromWire(wire: readonly WireRule[], fields: Fields): Props {
  const rules: Props = {};
  for (const { property, type, back } of TABLE) {
    if (!fields[property]) continue;
    const rule = wire.find((candidate) => candidate.type === type);
    if (fields[property]?.kind === "boolean") rules[property] = rule !== undefined;
    else if (rule && back) rules[property] = back(rule.parameters ?? {});
  }
  if (fields.updateAllowsFetchAndMerge) {
    rules.updateAllowsFetchAndMerge = flag(
      wire.find((rule) => rule.type === "update")?.parameters ?? {},
      "update_allows_fetch_and_merge",
    );
  }
  return rules;
}

function pullRequestOut(block: Props): Props {
  const methods = list<string>(block, "allowedMergeMethods");
  const reviewers = list<Props>(block, "requiredReviewers");
  return {
    ...(methods.length > 0 ? { allowed_merge_methods: methods } : {}),
    dismiss_stale_reviews_on_push: flag(block, "dismissStaleReviewsOnPush"),
    require_code_owner_review: flag(block, "requireCodeOwnerReview"),
    require_last_push_approval: flag(block, "requireLastPushApproval"),
    required_approving_review_count: num(block, "requiredApprovingReviewCount"),
    ...(reviewers.length > 0
      ? {
          required_reviewers: reviewers.map((item) => {
            const reviewer = isPlain(item.reviewer) ? item.reviewer : {};
            return {
              minimum_approvals: item.minimumApprovals,
              file_patterns: item.filePatterns,
              reviewer: { id: reviewer.id, type: reviewer.type },
            };
          }),
        }
      : {}),
    required_review_thread_resolution: flag(block, "requiredReviewThreadResolution"),
  };
}

function pullRequestBack(parameters: Props): Props {
  return {
    allowedMergeMethods: list(parameters, "allowed_merge_methods"),
    dismissStaleReviewsOnPush: flag(parameters, "dismiss_stale_reviews_on_push"),
    requireCodeOwnerReview: flag(parameters, "require_code_owner_review"),
    requireLastPushApproval: flag(parameters, "require_last_push_approval"),
    requiredApprovingReviewCount: num(parameters, "required_approving_review_count"),
    requiredReviewThreadResolution: flag(parameters, "required_review_thread_resolution"),
    requiredReviewers: list<Props>(parameters, "required_reviewers").map((item) => ({
      filePatterns: item.file_patterns,
      minimumApprovals: num(item, "minimum_approvals"),
      ...(isPlain(item.reviewer) ? { reviewer: { id: item.reviewer.id, type: item.reviewer.type } } : {}),
    })),
  };
}

function statusChecksOut(block: Props): Props {
  const checks = hashedBlocks(
    list<Props>(block, "requiredChecks"),
    (check) => `context:${str(check, "context")};integration_id:${num(check, "integrationId")};`,
  );
  return {
    do_not_enforce_on_create: flag(block, "doNotEnforceOnCreate"),
    required_status_checks: checks.map((check) => ({
      context: check.context,
      ...(num(check, "integrationId") ? { integration_id: check.integrationId } : {}),
    })),
    strict_required_status_checks_policy: flag(block, "strictRequiredStatusChecksPolicy"),
  };
}

function statusChecksBack(parameters: Props): Props {
  return {
    requiredChecks: list<Props>(parameters, "required_status_checks").map((check) => ({
      context: check.context,
      integrationId: num(check, "integration_id"),
    })),
    strictRequiredStatusChecksPolicy: flag(parameters, "strict_required_status_checks_policy"),
    doNotEnforceOnCreate: flag(parameters, "do_not_enforce_on_create"),
  };
}

function workflowsOut(block: Props): Props {
  const serialize = (item: Props): string =>
    `path:${str(item, "path")};ref:${str(item, "ref")};repository_id:${num(item, "repositoryId")};`;
  return {
    do_not_enforce_on_create: flag(block, "doNotEnforceOnCreate"),
    workflows: hashedBlocks(list<Props>(block, "requiredWorkflows"), serialize).map((item) => ({
      path: item.path,
      ref: str(item, "ref"),
      repository_id: item.repositoryId,
    })),
  };
}

function workflowsBack(parameters: Props): Props {
  return {
    doNotEnforceOnCreate: flag(parameters, "do_not_enforce_on_create"),
    requiredWorkflows: list<Props>(parameters, "workflows").map((item) => ({
      path: item.path,
      ref: str(item, "ref"),
      repositoryId: item.repository_id,
    })),
  };
}

function codeScanningOut(block: Props): Props {
  const serialize = (item: Props): string =>
    `alerts_threshold:${str(item, "alertsThreshold")};security_alerts_threshold:${str(item, "securityAlertsThreshold")};tool:${str(item, "tool")};`;
  return {
    code_scanning_tools: hashedBlocks(list<Props>(block, "requiredCodeScanningTools"), serialize).map((item) => ({
      alerts_threshold: item.alertsThreshold,
      security_alerts_threshold: item.securityAlertsThreshold,
      tool: item.tool,
    })),
  };
}

function codeScanningBack(parameters: Props): Props {
  return {
    requiredCodeScanningTools: list<Props>(parameters, "code_scanning_tools").map((item) => ({
      alertsThreshold: item.alerts_threshold,
      securityAlertsThreshold: item.security_alerts_threshold,
      tool: item.tool,
    })),
  };
}

/** `rules` with what the program leaves to the server as the server gave it before: the update sends it back. */
export function keepComputed(rules: Props, before: Props): Props {
  const [wanted, known] = [rules.pullRequest, before.pullRequest];
  if (
    !isPlain(wanted) ||
    !isPlain(known) ||
    wanted.allowedMergeMethods !== undefined ||
    list(known, "allowedMergeMethods").length === 0
  )
    return rules;
  return { ...rules, pullRequest: { ...wanted, allowedMergeMethods: known.allowedMergeMethods } };
}
