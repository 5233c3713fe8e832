import type { Environment, PostureProblem } from "../model";

/** A look-up whose answer does not fit the environment. */
export class LookUpError extends Error {
  /** @param path Key path that must change, when it is not the one that named what was looked up. */
  constructor(
    readonly wrong: string,
    readonly right: string,
    readonly path?: string,
  ) {
    super(wrong);
  }
}

/** Several of them at once. */
export class LookUpErrors extends Error {
  constructor(readonly all: readonly LookUpError[]) {
    super(all.map(({ message }) => message).join("; "));
  }
}

export type LookUpResult<T> = { readonly value: T } | { readonly problems: readonly PostureProblem[] };

/**
 * Waits for a look-up; what is wrong becomes problems, so that all look-ups can end before anything is said.
 * @param places Key paths that name what is looked up; each of them gets the problem.
 */
export async function collectProblems<T>(
  look: () => Promise<T>,
  places: readonly string[],
  what: string,
): Promise<LookUpResult<T>> {
  try {
    return { value: await look() };
  } catch (error) {
    return { problems: places.flatMap((path) => problemsAt(path, error, what)) };
  }
}

function problemsAt(path: string, error: unknown, what: string): PostureProblem[] {
  const errors = error instanceof LookUpErrors ? error.all : error instanceof LookUpError ? [error] : [];
  if (errors.length > 0)
    return errors.map((error) => ({ path: error.path ?? path, wrong: error.wrong, right: error.right }));
  const message = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ").trim();
  const absent = /\b404\b|not found|could not find/i.test(message);
  return [
    absent
      ? { path, wrong: `not found on GitHub: ${what}`, right: "an existing name that the deployment can see" }
      : {
          path,
          wrong: `${what} could not be looked up: ${message.slice(0, 300) || "no reason given"}`,
          right: "a working GITHUB_TOKEN, GITHUB_OWNER and GITHUB_BASE_URL",
        },
  ];
}

/** Every place where the environment names a team, in the order of its keys. */
export function teamPaths({ repositories, review }: Environment, slug: string): string[] {
  const listed = repositories.flatMap((repository, index) =>
    (["reviewers", "contributors"] as const).flatMap((list) =>
      repository[list].flatMap((name, at) =>
        name === slug ? [`gatehouse:repositories[${index}].${list}[${at}]`] : [],
      ),
    ),
  );
  const general = (["team", "securityTeam"] as const).flatMap((key) =>
    review[key] === slug ? [`gatehouse:review.${key}`] : [],
  );
  return [...listed, ...general];
}

/** The place that makes a team an owner of one repository's code. */
export function ownerPath({ repositories, review }: Environment, index: number, slug: string): string {
  const at = repositories[index]!.reviewers.indexOf(slug);
  if (at >= 0) return `gatehouse:repositories[${index}].reviewers[${at}]`;
  return `gatehouse:review.${review.securityTeam === slug ? "securityTeam" : "team"}`;
}
