import type { RefUpdate } from "../git/repository";
import { permissionsOf, roleOfUser } from "../permissions";
import type { BranchProtection, RuleSuite } from "../state";
import type { World } from "../world";
import { checksProblem } from "./checks";
import { isAmong, isExempt, protectionOf } from "./protection";
import { requirementsOf } from "./requirements";
import { reviewProblems } from "./review";
import { pushRuleProblem, type TouchedFile } from "./pushRules";
import { Facts, hasMerges, hasUnsigned, ruleProblem, type Movement } from "./ruleProblems";
import { bypassOf, pushRulesetsOf, rulesetsForRef } from "./rulesets";

export type { Movement } from "./ruleProblems";
export { isVerified } from "./ruleProblems";

export interface Violation {
  ref: string;
  rule: string;
  message: string;
  source: "ruleset" | "protection" | "token";
}
export interface Verdict {
  violations: Violation[];
  suites: RuleSuite[];
}

/**
 * "When utilizing push rulesets, a maximum of 1000 reference updates are allowed per push" ("Troubleshooting rules").
 */
const MOST_UPDATES = 1000;

/** Judges all updates together. Nothing moves unless `violations` is empty. */
export async function judge(world: World, move: Movement, updates: readonly RefUpdate[]): Promise<Verdict> {
  const verdict: Verdict = { violations: [], suites: [] };
  if (move.via === "push" && updates.length > MOST_UPDATES && pushRulesetsOf(world, move.repo).length > 0) {
    const message = `Pushes of more than ${MOST_UPDATES} reference updates are not allowed.`;
    return { ...verdict, violations: [{ ref: updates[0]!.ref, rule: "push", message, source: "ruleset" }] };
  }
  for (const update of updates) {
    const facts = new Facts(move, update);
    verdict.violations.push(...(await tokenViolations(move, update, facts)));
    verdict.violations.push(...(await protectionViolations(world, move, update, facts)));
    const suite: RuleSuite = {
      id: world.ids.next(),
      actorId: move.auth.user?.id ?? null,
      actorName: move.auth.user?.login ?? null,
      beforeSha: update.old,
      afterSha: update.new,
      ref: update.ref,
      repositoryId: move.repo.id,
      pushedAt: world.clock.iso(),
      result: "pass",
      evaluationResult: null,
      evaluations: [],
    };
    for (const ruleset of rulesetsForRef(world, move.repo, update.ref)) {
      const mode = bypassOf(world, ruleset, move.auth, move.repo);
      if (mode === "exempt") continue;
      if (ruleset.target === "push" && move.via === "merge") continue; // what is merged was pushed before, and judged then
      const bypassed = mode === "always" || (mode === "pull_request" && move.via === "merge");
      for (const rule of ruleset.rules) {
        const details = await ruleProblem(world, move, update, ruleset, rule, facts);
        suite.evaluations.push({
          ruleSource: {
            type: ruleset.sourceType === "Repository" ? "ruleset" : "Organization",
            id: ruleset.id,
            name: ruleset.name,
          },
          enforcement: ruleset.enforcement,
          result: details === undefined ? "pass" : "fail",
          ruleType: rule.type,
          details: details ?? null,
        });
        if (details === undefined) continue;
        if (ruleset.enforcement === "evaluate") suite.evaluationResult = "fail";
        else if (bypassed) {
          if (suite.result === "pass") suite.result = "bypass";
        } else {
          suite.result = "fail";
          verdict.violations.push({ ref: update.ref, rule: rule.type, message: details, source: "ruleset" });
        }
      }
    }
    if (suite.evaluations.length > 0) verdict.suites.push(suite);
  }
  return verdict;
}

/** What a protection asks of a push or an API call, for which no merge has asked it yet. */
async function withoutMerging(
  world: World,
  move: Movement,
  update: RefUpdate,
  facts: Facts,
  rule: BranchProtection,
): Promise<string[]> {
  const found: string[] = [];
  const pullRequests = !isAmong(world, rule.bypassPullRequestActors, move.auth);
  const pull = await facts.pull();
  if (rule.requiresApprovingReviews && pullRequests) {
    if (!pull) found.push("Changes must be made through a pull request.");
    else
      found.push(
        ...(await reviewProblems(world, move.repo, move.git, pull, requirementsOf([], { rule, pullRequests }))),
      );
  }
  const problem = rule.requiresStatusChecks
    ? checksProblem(move.repo, pull?.pull?.headSha ?? update.new, rule.requiredStatusChecks)
    : undefined;
  if (problem) found.push(problem);
  return found;
}

/**
 * "People and apps with admin permissions to a repository are always able to push to a protected branch" ("Restrict who
 * can push to matching branches").
 */
function isAdministrator(world: World, { auth, repo }: Movement): boolean {
  if (auth.token?.kind === "app-installation") return auth.token.permissions["administration"] === "write";
  return auth.user !== undefined && roleOfUser(world, auth.user, repo) === "admin";
}

/**
 * Push rules also hold for objects that the API makes ("Troubleshooting rulesets": creating a blob, creating a tree). A
 * deleted path has no size.
 * @throws nothing; answers what is wrong
 */
export function objectProblems(
  world: World,
  move: Pick<Movement, "repo" | "auth">,
  files: readonly TouchedFile[],
): string[] {
  return pushRulesetsOf(world, move.repo)
    .filter((ruleset) => ruleset.enforcement === "active" && bypassOf(world, ruleset, move.auth, move.repo) === "never")
    .flatMap((ruleset) => ruleset.rules.flatMap((rule) => pushRuleProblem(rule, files) ?? []));
}

/** Workflows may be changed only by tokens that say so, whatever the branch. */
async function tokenViolations(move: Movement, update: RefUpdate, facts: Facts): Promise<Violation[]> {
  const { token } = move.auth;
  if (!token || facts.deletes) return [];
  const permissions = permissionsOf(move.auth);
  if (permissions ? permissions["workflows"] === "write" : token.scopes!.includes("workflow")) return [];
  const path = (await facts.touched()).find((t) => /^\.github\/workflows\/[^/]+$/.test(t.path))?.path;
  if (path === undefined) return [];
  const who =
    token.kind === "app-installation" || token.kind === "app-user-token" ? "a GitHub App" : "a Personal Access Token";
  return [
    {
      ref: update.ref,
      rule: "workflows",
      source: "token",
      message: `refusing to allow ${who} to create or update workflow \`${path}\` without ${permissions ? "`workflows` permission" : "`workflow` scope"}`,
    },
  ];
}

async function protectionViolations(
  world: World,
  move: Movement,
  update: RefUpdate,
  facts: Facts,
): Promise<Violation[]> {
  if (!update.ref.startsWith("refs/heads/")) return [];
  const protection = protectionOf(world, move.repo, update.ref.slice("refs/heads/".length));
  if (!protection) return [];
  const found: string[] = [];
  const exempt = isExempt(world, protection, move.auth, move.repo);
  if (protection.lockBranch && !exempt) found.push("Cannot change this locked branch");
  if (facts.deletes && !protection.allowsDeletions) found.push("Cannot delete a protected branch");
  if (
    (await facts.forced()) &&
    !protection.allowsForcePushes &&
    !isAmong(world, protection.bypassForcePushActors, move.auth)
  )
    found.push("Cannot force-push to this protected branch");
  if (!exempt) {
    const mayPush = isAdministrator(world, move) || isAmong(world, protection.pushActors, move.auth);
    if (protection.restrictsPushes && !mayPush && (!facts.creates || protection.blocksCreations) && !facts.deletes)
      found.push("You're not authorized to push to this branch.");
    if (!facts.deletes && !facts.creates) {
      if (move.via !== "merge") found.push(...(await withoutMerging(world, move, update, facts, protection)));
      if (protection.requiresLinearHistory && (await hasMerges(move, facts)))
        found.push("This branch must not contain merge commits.");
      if (protection.requiresCommitSignatures && (await hasUnsigned(world, move, facts)))
        found.push("Commits must have verified signatures.");
    }
  }
  return found.map((message) => ({ ref: update.ref, rule: "protected_branch", message, source: "protection" }));
}
