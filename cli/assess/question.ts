import type { ControlId } from "../../infra/model";
import type { Call, Response, Listed } from "../live/reader";
import type { Context } from "../live/context";

export const SECTIONS = {
  token: "Token handling",
  scope: "Permission scoping",
  review: "Review rules",
  gate: "Gate",
  audit: "Audit-log completeness",
} as const;

export type Section = keyof typeof SECTIONS;
export type Result = "pass" | "fail" | "cannot tell";

/** One answer about one subject (a repository, a team, a script …), with what was asked for it. */
export interface Finding {
  readonly subject: string;
  readonly result: Result;
  readonly reason: string;
  readonly calls: readonly Call[];
}

/**
 * A question to a live organization. What is expected follows from the environment; a question states no expectation of
 * its own.
 */
export interface Question {
  readonly id: string;
  readonly section: Section;
  readonly title: string;
  /** Controls of the mapping (`infra/model/controls`) that it gives evidence for. */
  readonly controls?: readonly ControlId[];
  /** @returns one answer a subject; none where the environment declares nothing to ask about */
  ask(context: Context): Promise<readonly Finding[]>;
}

export interface Answer extends Finding {
  readonly question: string;
  readonly section: Section;
  readonly title: string;
  readonly controls?: readonly string[];
}

/** Passes unless something is wrong; the reason says what holds, or everything that does not. */
export const judged = (subject: string, wrong: readonly string[], holds: string, calls: readonly Call[]): Finding => ({
  subject,
  result: wrong.length === 0 ? "pass" : "fail",
  reason: wrong.length === 0 ? holds : wrong.join("; "),
  calls,
});

export const cannotTell = (subject: string, reason: string, calls: readonly Call[] = []): Finding => ({
  subject,
  result: "cannot tell",
  reason,
  calls,
});

/**
 * Why an answer says nothing: GitHub and Vault hide what one may not see behind 404 and 403. @param need what the
 * credential lacks
 */
export function cannotTellFrom(subject: string, { call, failure }: Response, need: string): Finding {
  if (call.status === 0) return cannotTell(subject, failure, [call]);
  if (call.status === 401) return cannotTell(subject, `${call.system} does not accept the credential (401)`, [call]);
  return cannotTell(subject, `${call.system} does not show it (${call.status}); the credential needs ${need}`, [call]);
}

export const cannotTellFromList = (
  subject: string,
  listed: Listed & { readonly failed: Response },
  need: string,
): Finding => ({
  ...cannotTellFrom(subject, listed.failed, need),
  calls: listed.calls,
});

export const hasFailed = (listed: Listed): listed is Listed & { readonly failed: Response } =>
  listed.failed !== undefined;

export { asRecord, asList, asText } from "../../infra/config/json";
export const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
