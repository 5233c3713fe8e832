/** Where one GitHub is reached: all without a trailing slash. */
export interface Endpoints {
  readonly origin: string;
  readonly api: string;
  readonly graphql: string;
  readonly git: string;
  /** Issuer of the identity tokens that GitHub Actions hands to a workflow. */
  readonly oidcIssuer: string;
}

const GITHUB_COM: Endpoints = {
  origin: "https://github.com",
  api: "https://api.github.com",
  graphql: "https://api.github.com/graphql",
  git: "https://github.com",
  oidcIssuer: "https://token.actions.githubusercontent.com",
};

/**
 * The addresses of one GitHub, from the base URL that a person knows.
 * @param githubUrl Base URL of a GitHub Enterprise Server; absent, empty or github.com's own for github.com.
 *   The forms that the GitHub provider takes (`…/`, `…/api/v3`, `…/api/v3/`) mean the same server.
 */
export function endpoints(githubUrl?: string): Endpoints {
  const base = (githubUrl ?? "")
    .trim()
    .replace(/\/+$/, "")
    .replace(/\/api\/v3$/i, "")
    .replace(/\/+$/, "");
  if (base === "" || isGitHubDotCom(base)) return GITHUB_COM;
  return {
    origin: base,
    api: `${base}/api/v3`,
    graphql: `${base}/api/graphql`,
    git: base,
    oidcIssuer: `${base}/_services/token`,
  };
}

/** Whether a base URL is github.com under one of the names that GitHub's provider accepts for it. */
export function isGitHubDotCom(githubUrl: string | undefined): boolean {
  return githubUrl === undefined || githubUrl === "" || /^https:\/\/(?:api\.)?github\.com\/?$/i.test(githubUrl);
}
