import type { AccessLevel, Environment, Repository } from "./schema";
import { sorted } from "./text";

/** What the machine user's team may do in a repository. Never triage, maintain or admin: they change settings. */
export type TeamPermission = "pull" | "push";

/** The team permission of an access level. */
export function teamPermission(access: AccessLevel): TeamPermission {
  switch (access) {
    case "read":
      return "pull";
    case "write":
      return "push";
  }
}

/** The team that owns what decides over security: CODEOWNERS, workflows, protected paths. */
export function securityTeam(environment: Environment): string {
  return environment.review.securityTeam ?? environment.review.team;
}

/** Teams that own a repository's code; the reviewers of last resort when it names none. */
export function owners(environment: Environment, repository: Repository): string[] {
  return repository.reviewers.length > 0 ? sorted(repository.reviewers) : [environment.review.team];
}

/** Teams of people that may push and merge in a repository beside the agent. */
export function people(environment: Environment, repository: Repository): string[] {
  return sorted([
    ...owners(environment, repository),
    ...repository.contributors,
    environment.review.team,
    securityTeam(environment),
  ]);
}

/** Every team of people that the environment names; they exist already and are looked up. */
export function namedTeams(environment: Environment): string[] {
  return sorted([
    environment.review.team,
    securityTeam(environment),
    ...environment.repositories.flatMap((r) => [...r.reviewers, ...r.contributors]),
  ]);
}

/** The repositories the agent may write to, sorted by name. */
export function writable(environment: Environment): Repository[] {
  return environment.repositories.filter((r) => r.access === "write").sort((a, b) => (a.name < b.name ? -1 : 1));
}
