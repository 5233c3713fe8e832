import type { Environment, Repository } from "./schema";
import { owners, securityTeam } from "./access";
import { CODEOWNERS_PATH } from "./names";
import { PROTECTED_PATHS } from "./gate/policy";
import { sorted } from "./text";

/** GitHub does not load a larger file at all, which would leave everything without owners. */
export const CODEOWNERS_MAX_BYTES = 3 * 1024 * 1024;

/** One rule: the last one whose pattern matches a path decides who owns it. */
export interface OwnerRule {
  readonly pattern: string;
  /** Team slugs; an approval by any one of them is enough. */
  readonly teams: readonly string[];
}

/**
 * Who owns what in a repository, weakest rule first. The file that says so comes last: whoever could change it unseen could
 * take every other rule away.
 */
export function ownerRules(environment: Environment, repository: Repository): OwnerRule[] {
  const security = [securityTeam(environment)];
  const decisive = sorted([...PROTECTED_PATHS.map(ownable), ...repository.protectedPaths]).filter((pattern) => pattern !== `/${CODEOWNERS_PATH}`);
  const rules = [
    { pattern: "*", teams: owners(environment, repository) },
    ...decisive.map((pattern) => ({ pattern, teams: security })),
    { pattern: `/${CODEOWNERS_PATH}`, teams: security },
  ];
  // A protected path may name a pattern that stands already, "*" for one: the stronger line alone remains.
  return rules.filter(({ pattern }, index) => !rules.slice(index + 1).some((later) => later.pattern === pattern));
}

/** The text of CODEOWNERS. All owners of a pattern stand on its line, since a later line with the same pattern would replace them. */
export function codeOwnersText(environment: Environment, repository: Repository): string {
  const handle = (team: string) => `@${environment.organization}/${team}`;
  return [
    "# Made by Gatehouse from the environment file; a change made here is undone by the next update.",
    ...ownerRules(environment, repository).map(({ pattern, teams }) => `${pattern} ${teams.map(handle).join(" ")}`),
    "",
  ].join("\n");
}

/** A folder pattern instead of `…/**`: it owns the folder's files at any depth in both readings. */
function ownable(glob: string): string {
  return glob.replace(/\/\*\*(?:\/\*)?$/, "/");
}
