import { agentsPull, approved, merge, place } from "../../drill/attempts/kit";
import { isRefusalBy, fullText } from "../../drill/refusalPatterns";
import type { Pair } from "../../drill/pairs";
import { Fixture, type Harness } from "../../drill/fixture";
import type { Protection, Ruleset } from "../../drill/isolate";
import { viaFetch, type Outcome } from "../../drill/connection";

type Parameters = Readonly<Record<string, unknown>>;

/** Something that a merge by people waits for, whoever of two systems asks for it. */
export interface Condition {
  readonly name: string;
  /** What GitHub says while it waits. */
  readonly says: RegExp;
  readonly run: (fixture: Fixture) => Promise<Outcome>;
  /** The rule with this demand alone. */
  readonly rule: (ruleset: Ruleset) => Ruleset["rules"];
  readonly protection: (protection: Protection & Parameters) => Record<string, unknown> | undefined;
}

const OFF = {
  required_approving_review_count: 0,
  require_code_owner_review: false,
  dismiss_stale_reviews_on_push: false,
  require_last_push_approval: false,
  required_review_thread_resolution: false,
};
const review =
  (keep: (p: Parameters) => Parameters) =>
  (ruleset: Ruleset): Ruleset["rules"] =>
    ruleset.rules
      .filter(({ type }) => type === "pull_request")
      .map(({ type, parameters = {} }) => ({ type, parameters: { ...OFF, ...keep(parameters) } }));
const checks = (ruleset: Ruleset): Ruleset["rules"] =>
  ruleset.rules.filter(({ type }) => type === "required_status_checks");
const BARE = {
  enforce_admins: false,
  required_status_checks: null,
  required_pull_request_reviews: null,
  restrictions: null,
};
const reviews =
  (keep: (r: Parameters) => Parameters) =>
  (protection: Protection & Parameters): Record<string, unknown> | undefined => {
    const asked = protection.required_pull_request_reviews as Parameters | undefined;
    return asked && { ...BARE, required_pull_request_reviews: { required_approving_review_count: 0, ...keep(asked) } };
  };

const person = (fixture: Fixture, number: number): Promise<Outcome> => merge(fixture, fixture.harness.person, number);

const unapproved = async (fixture: Fixture): Promise<Outcome> => person(fixture, (await agentsPull(fixture)).number);

const stale = async (fixture: Fixture): Promise<Outcome> => {
  const { number, branch } = await agentsPull(fixture);
  await approved(fixture, fixture.harness.owner, number);
  await fixture.admin.ask("PUT", `${fixture.path}/contents/drill/${fixture.fresh("late-")}.md`, {
    message: "late",
    content: "bGF0ZQo=",
    branch,
  });
  return person(fixture, number);
};

/** Whoever pushed last has the last word on nothing: here the person who then approves. */
const lastPusher = async (fixture: Fixture): Promise<Outcome> => {
  const { number, branch } = await agentsPull(fixture);
  const pushed = await viaFetch(
    fixture.harness.person,
    "PUT",
    `${fixture.path}/contents/drill/${fixture.fresh("late-")}.md`,
    {
      message: "late",
      content: "bGF0ZQo=",
      branch,
    },
  );
  if (!pushed.ok) throw new Error(`the person's push was refused: ${fullText(pushed)}`);
  await approved(fixture, fixture.harness.person, number);
  return person(fixture, number);
};

const unresolved = async (fixture: Fixture): Promise<Outcome> => {
  const path = `drill/${fixture.fresh("talk-")}.md`;
  const { number, sha } = await agentsPull(fixture, path);
  await fixture.admin.ask("POST", `${fixture.path}/pulls/${number}/comments`, {
    body: "Why?",
    commit_id: sha,
    path,
    line: 1,
    side: "RIGHT",
  });
  return person(fixture, number);
};

const unchecked = async (fixture: Fixture): Promise<Outcome> => {
  await fixture.admin.ask("PUT", `${fixture.path}/actions/permissions`, { enabled: false });
  return person(fixture, (await agentsPull(fixture)).number);
};

const outdated = async (fixture: Fixture): Promise<Outcome> => {
  const { number, sha } = await agentsPull(fixture);
  for (const { context, integrationId } of fixture.environment.review.requiredChecks)
    await fixture.harness.control("POST", "/checks", { repo: fixture.repository, sha, context, appId: integrationId });
  await place(fixture, `drill/${fixture.fresh("meanwhile-")}.md`, "meanwhile\n");
  return person(fixture, number);
};

export const CONDITIONS = {
  approvals: {
    name: "an approval",
    says: /approving reviews? (?:is|are) required/,
    run: unapproved,
    rule: review((p) => ({ required_approving_review_count: p.required_approving_review_count })),
    protection: reviews((r) => ({ required_approving_review_count: r.required_approving_review_count })),
  },
  stale: {
    name: "a fresh approval after a push",
    says: /approving reviews? (?:is|are) required/,
    run: stale,
    rule: review((p) => ({
      required_approving_review_count: 1,
      dismiss_stale_reviews_on_push: p.dismiss_stale_reviews_on_push,
    })),
    protection: reviews((r) => ({
      required_approving_review_count: 1,
      dismiss_stale_reviews: r.dismiss_stale_reviews,
    })),
  },
  lastPush: {
    name: "an approval by somebody else than the last pusher",
    says: /other than the last pusher/,
    run: lastPusher,
    rule: review((p) => ({
      required_approving_review_count: 1,
      require_last_push_approval: p.require_last_push_approval,
    })),
    protection: reviews((r) => ({
      required_approving_review_count: 1,
      require_last_push_approval: r.require_last_push_approval,
    })),
  },
  threads: {
    name: "resolved conversations",
    says: /conversation must be resolved/,
    run: unresolved,
    rule: review((p) => ({ required_review_thread_resolution: p.required_review_thread_resolution })),
    protection: (p) => ({
      ...BARE,
      required_conversation_resolution:
        (p.required_conversation_resolution as { enabled?: boolean } | undefined)?.enabled === true,
    }),
  },
  checks: {
    name: "the required checks",
    says: /[Rr]equired status check/,
    run: unchecked,
    rule: checks,
    protection: (p) =>
      p.required_status_checks ? { ...BARE, required_status_checks: statusChecks(p, false) } : undefined,
  },
  upToDate: {
    name: "a branch that is up to date",
    says: /up to date|out of date/,
    run: outdated,
    rule: checks,
    protection: (p) =>
      p.required_status_checks
        ? {
            ...BARE,
            required_status_checks: statusChecks(p, (p.required_status_checks as { strict?: boolean }).strict === true),
          }
        : undefined,
  },
} as const satisfies Record<string, Condition>;

const statusChecks = (p: Parameters, strict: boolean): Parameters => ({
  strict,
  contexts: (p.required_status_checks as { contexts?: string[] }).contexts ?? [],
});

/** Whether a merge still waits for it when one of the two systems alone asks. `before` makes the hole. */
export async function waits(
  harness: Harness,
  pair: Pair,
  condition: Condition,
  by: "rulesets" | "protection",
  before: (fixture: Fixture) => Promise<void> = () => Promise.resolve(),
): Promise<{ readonly waits: boolean; readonly answer: string }> {
  const fixture = await Fixture.at(harness, pair);
  try {
    await before(fixture);
    await fixture.leave(
      (ruleset) => (by === "rulesets" ? condition.rule(ruleset) : []),
      (protection) => (by === "protection" ? condition.protection(protection as Protection & Parameters) : undefined),
    );
    const answer = await condition.run(fixture);
    return { waits: !answer.ok && isRefusalBy("owners-review", answer, condition.says), answer: fullText(answer) };
  } finally {
    await fixture.putBack();
  }
}
