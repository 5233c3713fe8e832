import { z } from "zod";
import { RULES } from "./rules";

/** Why one rule may be broken in one place, who answers for it, and for how long. */
export interface PolicyException {
  /** Name of the exception, such as `EXC-12`. */
  readonly id: string;
  readonly rule: string;
  /** URN of the resource; a trailing `*` stands for any rest. Of a finding about the whole stack: `stack`. */
  readonly target: string;
  /** Who answers for it: a team or a person's login. */
  readonly owner: string;
  readonly reason: string;
  /** Last day on which it holds, UTC, `YYYY-MM-DD`. */
  readonly until: string;
}

const MOST_DAYS = 366;
const rules = new Set(RULES.map(({ id }) => id));

const entry = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "is a short name such as EXC-12"),
  rule: z.string().refine((id) => rules.has(id), { error: "names no rule; docs/policy.md lists them" }),
  target: z.string().min(1, "is the URN of a resource, or stack"),
  owner: z.string().trim().min(1, "says who answers for it"),
  reason: z.string().trim().min(10, "says why, in a sentence"),
  until: z.iso.date("is a day such as 2027-03-01"),
});
const file = z.array(entry);

/** A file of exceptions that cannot be used: nothing of it holds. */
export class ExceptionsError extends Error {
  override readonly name = "ExceptionsError";
}

/**
 * Checks a list of exceptions as YAML or JSON gave it.
 * @param today day in UTC; an exception further away than 366 days is refused, for somebody has to look at it again
 * @throws ExceptionsError with every mistake and its place
 */
export function readExceptions(raw: unknown, name: string, today: string): PolicyException[] {
  const read = file.safeParse(raw ?? []);
  const problems = read.success
    ? [...repeated(read.data), ...tooLong(read.data, today)]
    : read.error.issues.map(
        ({ path: [index, ...keys], message }) => `[${String(index)}] ${keys.map(String).join(".")} ${message}`,
      );
  if (problems.length > 0) throw new ExceptionsError(problems.map((problem) => `${name}: ${problem}`).join("\n"));
  return read.data ?? [];
}

const repeated = (all: readonly PolicyException[]): string[] =>
  all.filter(({ id }, i) => all.findIndex((one) => one.id === id) !== i).map(({ id }) => `the id ${id} stands twice`);

const tooLong = (all: readonly PolicyException[], today: string): string[] =>
  all
    .filter(({ until }) => Date.parse(until) - Date.parse(today) > MOST_DAYS * 86_400_000)
    .map(({ id }) => `${id} holds longer than ${MOST_DAYS} days; choose an earlier day`);

export const isExpired = ({ until }: PolicyException, today: string): boolean => until < today;

/** Whether an exception lets a finding pass. */
export function exempts({ rule, target }: PolicyException, id: string, urn: string | undefined): boolean {
  if (rule !== id) return false;
  if (urn === undefined) return target === "stack";
  return target.endsWith("*") ? urn.startsWith(target.slice(0, -1)) : urn === target;
}

/**
 * The configuration of the pack for `--policy-pack-config`, version 2 (Pulumi CLI 3.272 and later): enforcement of each
 * rule, and the exceptions that hold today. Pulumi knows neither owner nor expiry outside its cloud, so both stand in
 * the reason, and an expired exception is left out. Pulumi matches whole URNs: one with `*` is written for those of
 * `urns` that it covers.
 */
export function pulumiConfig({
  enforcement,
  exceptions,
  urns,
  stackUrn,
  today,
}: {
  enforcement: Readonly<Record<string, "mandatory" | "advisory" | "disabled">>;
  exceptions: readonly PolicyException[];
  urns: readonly string[];
  stackUrn: string;
  today: string;
}): object {
  const current = exceptions.filter((exception) => !isExpired(exception, today));
  return {
    version: 2,
    policies: enforcement,
    exceptions: Object.fromEntries(
      current.flatMap((exception) => {
        const targets =
          exception.target === "stack" ? [stackUrn] : urns.filter((urn) => exempts(exception, exception.rule, urn));
        if (targets.length === 0) return [];
        const reason = `${exception.reason} (${exception.owner}, until ${exception.until})`;
        return [[exception.id, { reason, match: [{ policies: [exception.rule], targets }] }]];
      }),
    ),
  };
}
