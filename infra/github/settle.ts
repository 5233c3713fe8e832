import type { Environment, PostureProblem } from "../posture";

/** A look-up whose answer does not fit the environment. */
export class Unfit extends Error {
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
export class Unfits extends Error {
  constructor(readonly all: readonly Unfit[]) {
    super(all.map(({ message }) => message).join("; "));
  }
}

export type Settled<T> = { readonly value: T } | { readonly problems: readonly PostureProblem[] };

/** Waits for a look-up; what is wrong becomes problems at `path`, so that all look-ups can end before anything is said. */
export async function settle<T>(look: () => Promise<T>, path: string, what: string): Promise<Settled<T>> {
  try {
    return { value: await look() };
  } catch (error) {
    const misfits = error instanceof Unfits ? error.all : error instanceof Unfit ? [error] : [];
    if (misfits.length > 0)
      return {
        problems: misfits.map((misfit) => ({ path: misfit.path ?? path, wrong: misfit.wrong, right: misfit.right })),
      };
    const message = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ").trim();
    const absent = /\b404\b|not found|could not find/i.test(message);
    return {
      problems: [
        absent
          ? { path, wrong: `not found on GitHub: ${what}`, right: "an existing name that the deployment can see" }
          : {
              path,
              wrong: `${what} could not be looked up: ${message.slice(0, 300) || "no reason given"}`,
              right: "a working GITHUB_TOKEN, GITHUB_OWNER and GITHUB_BASE_URL",
            },
      ],
    };
  }
}

/** Where the environment names a team first. */
export function teamPath({ repositories, review }: Environment, slug: string): string {
  for (const [index, repository] of repositories.entries()) {
    for (const list of ["reviewers", "contributors"] as const) {
      const at = repository[list].indexOf(slug);
      if (at >= 0) return `gatehouse:repositories[${index}].${list}[${at}]`;
    }
  }
  return review.team === slug ? "gatehouse:review.team" : "gatehouse:review.securityTeam";
}
