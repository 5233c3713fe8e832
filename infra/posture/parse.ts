import { environmentSchema, type Environment } from "./schema";
import { PostureError, type PostureProblem } from "./errors";
import { NO_SENTENCE, problemsOf } from "./problems";
import { crossProblems, type Draft } from "./rules";

/** What a check of the environment depends on beside the file. */
export interface ParseContext {
  /** Today; only the end of `observe` depends on it. */
  readonly now: Date;
}

/**
 * Validates the `gatehouse:` keys of one environment and fills in every default.
 * @param raw The keys without their `gatehouse:` prefix, values as YAML or JSON gives them.
 * @param file Name of the file that a person has to edit; it starts every line of the error.
 * @throws PostureError with every mistake at once, in the order of the file's keys.
 */
export function parseEnvironment(raw: Record<string, unknown>, file: string, context: ParseContext = { now: new Date() }): Environment {
  const result = environmentSchema.safeParse(raw, { error: () => NO_SENTENCE });
  const problems = result.success ? [] : result.error.issues.flatMap((issue) => problemsOf(issue, raw));
  const all = firstPerPath([...problems, ...crossProblems(draftOf(raw), context)]);
  if (result.success && all.length === 0) return result.data;
  throw new PostureError(all, file);
}

/** What can be read of an environment that may have mistakes elsewhere: rules still see the parts that are right. */
function draftOf(raw: Record<string, unknown>): Draft {
  const shape = environmentSchema.shape;
  const draft: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(shape)) {
    const part = schema.safeParse(raw[key]);
    if (part.success) draft[key] = part.data;
  }
  const repositories = Array.isArray(raw.repositories) ? raw.repositories : [];
  const element = shape.repositories.element;
  return { ...draft, repositories: repositories.map((entry) => { const one = element.safeParse(entry); return one.success ? one.data : undefined; }) } as Draft;
}

function firstPerPath(problems: readonly PostureProblem[]): PostureProblem[] {
  const seen = new Set<string>();
  return problems.filter((problem) => !seen.has(problem.path) && seen.add(problem.path));
}
