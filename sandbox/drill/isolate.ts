import type { LockId } from "../../infra/model";

/** A ruleset as GitHub's REST API shows it, as far as the drill reads it. */
export interface Ruleset {
  readonly id: number;
  readonly name: string;
  readonly target: string;
  readonly enforcement: string;
  readonly source_type?: string;
  readonly bypass_actors?: readonly unknown[];
  readonly conditions?: unknown;
  readonly rules: readonly { readonly type: string; readonly parameters?: Readonly<Record<string, unknown>> }[];
}
type Rule = Ruleset["rules"][number];

const has = (ruleset: Ruleset, type: string): boolean => ruleset.rules.some((rule) => rule.type === type);
const whole = (ruleset: Ruleset): readonly Rule[] => ruleset.rules;
const none: readonly Rule[] = [];

/**
 * The pull request rule with one demand left: whatever else it asks (approvals, fresh reviews) would stop the attempt
 * as well and hide whether the demand holds by itself.
 */
const onlyReviewBy =
  (keep: (parameters: Readonly<Record<string, unknown>>) => Record<string, unknown>) =>
  (ruleset: Ruleset): readonly Rule[] =>
    ruleset.rules
      .filter(({ type }) => type === "pull_request")
      .map((rule) => ({
        type: rule.type,
        parameters: {
          required_approving_review_count: 0,
          require_code_owner_review: false,
          dismiss_stale_reviews_on_push: false,
          require_last_push_approval: false,
          required_review_thread_resolution: false,
          ...keep(rule.parameters ?? {}),
        },
      }));

/** Which rules of a ruleset are a lock's own. By what a rule does, not by its name: names are for people. */
const OWN: Partial<Record<string, (ruleset: Ruleset) => readonly Rule[]>> = {
  "ruleset-branches": (r) => (r.target === "branch" && has(r, "update") ? whole(r) : none),
  "ruleset-tags": (r) => (r.target === "tag" ? whole(r) : none),
  "ruleset-closed": (r) => (r.target === "tag" || (r.target === "branch" && has(r, "update")) ? whole(r) : none),
  "ruleset-history": (r) => (r.target === "branch" && !has(r, "update") && !has(r, "pull_request") ? whole(r) : none),
  "ruleset-paths": (r) => r.rules.filter(({ type }) => type === "file_path_restriction"),
  "ruleset-checks": (r) => r.rules.filter(({ type }) => type === "required_status_checks"),
  "ruleset-reviewers": onlyReviewBy((p) => ({ required_reviewers: p.required_reviewers ?? [] })),
  "owners-review": onlyReviewBy((p) => ({
    required_approving_review_count: 1,
    require_code_owner_review: p.require_code_owner_review === true,
  })),
};

/**
 * What is left of a ruleset while one lock stands alone: the lock's own rules. None means that an administrator
 * switches it off.
 */
export function rulesOfLock(lock: LockId, ruleset: Ruleset): readonly Rule[] {
  return OWN[lock]?.(ruleset) ?? none;
}

/** A branch protection as GitHub's REST API shows it, as far as the drill reads it. */
export interface Protection {
  readonly enforce_admins?: { readonly enabled: boolean };
  readonly restrictions?: Actors;
  readonly allow_force_pushes?: { readonly enabled: boolean };
  readonly allow_deletions?: { readonly enabled: boolean };
  readonly block_creations?: { readonly enabled: boolean };
  readonly required_pull_request_reviews?: {
    readonly require_code_owner_reviews?: boolean;
    readonly dismissal_restrictions?: Actors;
  };
}
interface Actors {
  readonly users?: readonly { readonly login: string }[];
  readonly teams?: readonly { readonly slug: string }[];
  readonly apps?: readonly { readonly slug: string }[];
}

const named = (actors: Actors) => ({
  users: (actors.users ?? []).map(({ login }) => login),
  teams: (actors.teams ?? []).map(({ slug }) => slug),
  apps: (actors.apps ?? []).map(({ slug }) => slug),
});
const reviews = (extra: Record<string, unknown>) => ({
  dismiss_stale_reviews: false,
  require_code_owner_reviews: false,
  require_last_push_approval: false,
  required_approving_review_count: 1,
  ...extra,
});

/**
 * What is left of the branch protection while one lock stands alone, as GitHub takes it; undefined where it is deleted.
 */
export function protectionOfLock(
  lock: LockId,
  by: "rulesets" | "protection",
  protection: Protection,
): Record<string, unknown> | undefined {
  const base = {
    enforce_admins: protection.enforce_admins?.enabled === true,
    required_status_checks: null,
    required_pull_request_reviews: null,
    restrictions: null,
  };
  const asked = protection.required_pull_request_reviews;
  switch (lock as string) {
    case "protection-push":
      return {
        ...base,
        block_creations: protection.block_creations?.enabled === true,
        restrictions: protection.restrictions ? named(protection.restrictions) : null,
      };
    case "protection-history":
      return {
        ...base,
        allow_force_pushes: protection.allow_force_pushes?.enabled === true,
        allow_deletions: protection.allow_deletions?.enabled === true,
      };
    case "protection-dismissal":
      return {
        ...base,
        required_pull_request_reviews: reviews(
          asked?.dismissal_restrictions ? { dismissal_restrictions: named(asked.dismissal_restrictions) } : {},
        ),
      };
    case "owners-review":
      return by === "protection"
        ? {
            ...base,
            required_pull_request_reviews: reviews({
              require_code_owner_reviews: asked?.require_code_owner_reviews === true,
            }),
          }
        : undefined;
    default:
      return undefined;
  }
}
