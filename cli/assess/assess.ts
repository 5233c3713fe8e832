import { AUDIT } from "./audit";
import { BRANCH_PROTECTION } from "./branchProtection";
import { BRANCH_RULES } from "./branchRules";
import { CLOUDFLARE } from "./cloudflare";
import type { Context } from "../live/context";
import { GATE } from "./gate";
import { OWNERS } from "./owners";
import { RULESETS } from "./rulesets";
import { SCOPE } from "./scope";
import { TOKEN } from "./token";
import { cannotTell, SECTIONS, type Answer, type Question, type Result, type Section } from "./question";

/** Every question, in the order of a report: by section, and within one as they build on each other. */
export const QUESTIONS: readonly Question[] = (Object.keys(SECTIONS) as Section[]).flatMap((section) =>
  [
    ...TOKEN,
    ...SCOPE,
    ...BRANCH_RULES,
    ...RULESETS,
    ...BRANCH_PROTECTION,
    ...OWNERS,
    ...GATE,
    ...CLOUDFLARE,
    ...AUDIT,
  ].filter((question) => question.section === section),
);

export interface Assessment {
  readonly stack: string;
  readonly organization: string;
  /** ISO, when it was asked. */
  readonly at: string;
  readonly holds: boolean;
  readonly counts: Readonly<Record<Result, number>>;
  readonly answers: readonly Answer[];
}

/** Asks everything. A question that breaks says so as its own answer: the others are not lost for it. */
export async function assess(context: Context, questions: readonly Question[] = QUESTIONS): Promise<Assessment> {
  const answers = (
    await Promise.all(
      questions.map(async ({ id, section, title, controls, ask }): Promise<Answer[]> => {
        const findings = await ask(context).catch((error: unknown) => [
          cannotTell(
            context.environment.organization,
            `the question itself failed: ${error instanceof Error ? error.message : String(error)}`,
          ),
        ]);
        return findings.map((one) => ({ question: id, section, title, ...(controls ? { controls } : {}), ...one }));
      }),
    )
  ).flat();
  const count = (result: Result): number => answers.filter((answer) => answer.result === result).length;
  const counts = { pass: count("pass"), fail: count("fail"), "cannot tell": count("cannot tell") };
  return {
    stack: context.stack,
    organization: context.environment.organization,
    at: new Date(context.now).toISOString(),
    holds: counts.fail === 0,
    counts,
    answers,
  };
}
