import { refusedByName } from "./agentEnvironment";
import { DATE_PATHS, environmentSchema, type Environment } from "../model/schema";
import { PostureError, type PostureProblem } from "../model/errors";
import { isGoTime } from "../model/goTime";
import { NO_SENTENCE, keyPath, problemsOf } from "./problems";
import { lockProblems } from "../model/matrix";
import { crossProblems, tooManyRulesets, type ParseContext } from "./rules";
import { readable } from "./walk";

/** What `parseEnvironment` has made: nobody needs to validate it again. */
const parsed = new WeakSet<object>();

/** Whether a value is an environment that `parseEnvironment` made. */
export function isParsed(value: object): value is Environment {
  return parsed.has(value);
}

/**
 * Validates the `gatehouse:` keys of one environment and fills in every default.
 * @param raw The keys without their `gatehouse:` prefix, values as YAML or JSON gives them.
 * @param file Name of the file that a person has to edit; it starts every line of the error.
 * @throws PostureError with every mistake at once, in the order of the file's keys.
 */
export function parseEnvironment(
  raw: Record<string, unknown>,
  file: string,
  context: ParseContext = { now: new Date() },
): Environment {
  const result = environmentSchema.safeParse(raw, { error: () => NO_SENTENCE });
  const problems = result.success ? [] : result.error.issues.flatMap((issue) => problemsOf(issue, raw));
  const all = firstPerPath([
    ...strayDates(raw),
    ...refusedByName(raw),
    ...problems,
    ...crossProblems(readable(environmentSchema, raw) ?? {}, context),
  ]);
  if (all.length > 0 || !result.success) throw new PostureError(all, file);
  // Only a whole environment can be judged for its locks and rulesets.
  const open = [...lockProblems(result.data), ...tooManyRulesets(result.data)];
  if (open.length > 0) throw new PostureError(open, file);
  const environment = asListed(result.data);
  parsed.add(environment);
  return environment;
}

/**
 * GitHub ignores case in a repository's name; Vault, which compares what GitHub puts into identity tokens, does not.
 */
function asListed(environment: Environment): Environment {
  const { repository } = environment.rotation;
  const listed = environment.repositories.find(({ name }) => name.toLowerCase() === repository?.toLowerCase());
  return listed ? { ...environment, rotation: { ...environment.rotation, repository: listed.name } } : environment;
}

function firstPerPath(problems: readonly PostureProblem[]): PostureProblem[] {
  const seen = new Set<string>();
  return problems.filter((problem) => !seen.has(problem.path) && seen.add(problem.path));
}

/** Texts that stood without quotes and became times, such as a label of 2026-01-31: what was meant is a text. */
function strayDates(value: unknown, path: readonly (string | number)[] = []): PostureProblem[] {
  if (typeof value === "string")
    return isGoTime(value) && !DATE_PATHS.has(path.map((part) => (typeof part === "number" ? "[]" : part)).join("."))
      ? [
          {
            path: keyPath(path),
            wrong: "an unquoted date, which YAML reads as a time",
            right: "the same text in quotes",
          },
        ]
      : [];
  if (typeof value !== "object" || value === null) return [];
  return Array.isArray(value)
    ? value.flatMap((part, index) => strayDates(part, [...path, index]))
    : Object.entries(value).flatMap(([key, part]) => strayDates(part, [...path, key]));
}
