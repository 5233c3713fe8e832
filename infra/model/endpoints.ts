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
 * @param githubUrl Base URL of a GitHub Enterprise Server or of an enterprise on GHE.com; absent, empty or github.com's
 *   own for github.com. The forms that the GitHub provider takes (`…/`, `…/api/v3`, `…/api/v3/`,
 *   `https://api.acme.ghe.com`) mean the same GitHub.
 * @example endpoints("https://acme.ghe.com").api // "https://api.acme.ghe.com"
 */
export function endpoints(githubUrl?: string): Endpoints {
  const base = bare(githubUrl);
  if (base === "" || isGitHubDotCom(base)) return GITHUB_COM;
  const tenant = tenantOf(base);
  if (tenant !== undefined)
    return {
      origin: `https://${tenant}`,
      api: `https://api.${tenant}`,
      graphql: `https://api.${tenant}/graphql`,
      git: `https://${tenant}`,
      oidcIssuer: `https://token.actions.${tenant}`,
    };
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

/**
 * Whether a base URL is a GitHub Enterprise Server, which its owner runs: neither github.com nor an enterprise on
 * GHE.com.
 */
export function isEnterpriseServer(githubUrl: string | undefined): boolean {
  return !isGitHubDotCom(githubUrl) && tenantOf(bare(githubUrl)) === undefined;
}

/** Whether a base URL lies on GHE.com without being an enterprise's address there. */
export function isMisspelledTenant(githubUrl: string): boolean {
  return /^https?:\/\/(?:[^/]*[.@])?ghe\.com\.?(?::|\/|$)/i.test(githubUrl) && tenantOf(bare(githubUrl)) === undefined;
}

function bare(githubUrl: string | undefined): string {
  return (githubUrl ?? "")
    .trim()
    .replace(/\/+$/, "")
    .replace(/\/api\/v3$/i, "")
    .replace(/\/+$/, "");
}

/**
 * The host of an enterprise with data residency, such as `acme.ghe.com`: its REST API is at `api.acme.ghe.com`, its
 * pages and git at `acme.ghe.com`, and its workflows' identity tokens come from an issuer of its own ("About GitHub
 * Enterprise Cloud with data residency").
 */
function tenantOf(base: string): string | undefined {
  const name = /^https:\/\/(?:api\.)?([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.ghe\.com$/i.exec(base)?.[1]?.toLowerCase();
  return name === undefined || name === "api" ? undefined : `${name}.ghe.com`;
}
