/** Who may see or do what, asked with the same functions as the REST API, answered in GraphQL's words. */
import { allowedOn, roleOn } from "../permissions";
import type { Repository, Role, User } from "../state";
import { atLeast } from "../world";
import { FieldRefusal, unresolved } from "./errors";
import type { GraphqlContext } from "./source";

/** Whether the repository exists for the asker. */
export const sees = ({ world, auth }: GraphqlContext, repo: Repository): boolean =>
  roleOn(world, auth, repo) !== undefined;

/** A repository by name. @throws FieldRefusal NOT_FOUND when there is none, or none for the asker */
export function repositoryNamed(context: GraphqlContext, owner: string, name: string): Repository {
  const repo = context.world.repoByName(owner, name);
  if (!repo || !sees(context, repo)) throw unresolved(`a Repository with the name '${owner}/${name}'`);
  return repo;
}

/** Holds a token against what an operation needs. @throws FieldRefusal FORBIDDEN */
export function demandToken(context: GraphqlContext, repo: Repository, requirement: string): void {
  if (!allowedOn(context.world, context.auth, repo, requirement))
    throw new FieldRefusal("FORBIDDEN", inaccessible(context));
}

/**
 * Holds role and token against a mutation.
 * @throws FieldRefusal FORBIDDEN, and for archived repositories UNPROCESSABLE
 */
export function demand(
  context: GraphqlContext,
  repo: Repository,
  role: Role,
  requirement: string,
  mutation: string,
): void {
  demandToken(context, repo, requirement);
  if (!atLeast(roleOn(context.world, context.auth, repo), role)) throw incorrectPermissions(context, mutation);
  if (repo.archived) throw new FieldRefusal("UNPROCESSABLE", "Repository was archived so is read-only.");
}

/** The same for what an author may do to their own issue or pull request, whatever their role. */
export function demandAuthorOr(
  context: GraphqlContext,
  repo: Repository,
  authorId: number,
  role: Role,
  requirement: string,
  mutation: string,
): void {
  demand(context, repo, context.auth.user?.id === authorId ? "read" : role, requirement, mutation);
}

/** @param mutation as the schema writes it, such as `mergePullRequest` */
export function incorrectPermissions({ auth }: GraphqlContext, mutation: string): FieldRefusal {
  const operation = mutation.charAt(0).toUpperCase() + mutation.slice(1);
  return new FieldRefusal(
    "FORBIDDEN",
    `${auth.user?.login ?? "This account"} does not have the correct permissions to execute \`${operation}\``,
  );
}

/** The sentence for a token without the permission, by its kind. */
export function inaccessible({ auth }: GraphqlContext): string {
  return `Resource not accessible by ${auth.token?.kind === "app-installation" || auth.token?.kind === "app-user-token" ? "integration" : "personal access token"}`;
}

/** The account that acts. @throws FieldRefusal for a credential without one */
export function demandUser({ auth }: GraphqlContext): User {
  if (!auth.user) throw new FieldRefusal("FORBIDDEN", "Resource not accessible by integration");
  return auth.user;
}
