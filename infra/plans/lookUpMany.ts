/**
 * Looks up all repositories of an environment, and all teams that own something there, by a few questions. It sends
 * nothing itself: the program asks by the provider's settings, the assessment by its own reader.
 */
import type { Environment } from "../model/schema";
import { namedTeams, writable } from "../model/access";
import { keptOwners, keptTeams, ownerRules } from "./codeowners";
import {
  REPOSITORIES_AT_ONCE,
  TEAMS_AT_ONCE,
  askInBatches,
  readRepositories,
  readTeams,
  repositoriesQuery,
  teamsQuery,
  type GraphqlQuery,
  type ManyFacts,
  type MoreFields,
} from "./manyRepositories";

/** Sends one question. @returns the parsed answer, or undefined when none came that could be read */
export type AskGraphql = (question: GraphqlQuery) => Promise<unknown>;

/** What a few questions told of many repositories and teams. What they did not tell is asked one by one. */
export interface Told {
  /** By the name that the environment gives. */
  readonly repositories: ReadonlyMap<string, ManyFacts>;
  /** By slug. */
  readonly teams: ReadonlyMap<string, ToldTeam>;
}

export interface ToldTeam {
  readonly id: number;
  readonly visible: boolean;
  /** Roles by full names of repositories, in lower case, as far as they were read. */
  readonly roles: ReadonlyMap<string, string>;
}

export const NOTHING_TOLD: Told = { repositories: new Map(), teams: new Map() };

/** @param more What is wanted beside what every look-up needs; it is in `shown`. */
export async function lookUpMany(environment: Environment, ask: AskGraphql, more: MoreFields = {}): Promise<Told> {
  const { organization } = environment;
  const repositories = await askInBatches(
    environment.repositories.map(({ name }) => name),
    REPOSITORIES_AT_ONCE,
    async (names) => readRepositories(names, await ask(repositoriesQuery(organization, names, more))),
  );
  return { repositories, teams: await lookUpTeams(environment, repositories, ask) };
}

async function lookUpTeams(
  environment: Environment,
  repositories: ReadonlyMap<string, ManyFacts>,
  ask: AskGraphql,
): Promise<Map<string, ToldTeam>> {
  const owned = ownedBy(environment, repositories);
  const teams = new Map<string, ToldTeam>();
  let waiting = [...new Set([...namedTeams(environment), ...owned.keys()])].map(
    (slug): { slug: string; after: string | undefined } => ({ slug, after: undefined }),
  );
  while (waiting.length > 0) {
    const begins = new Map(waiting.map(({ slug, after }) => [slug, after]));
    const pages = await askInBatches([...begins.keys()], TEAMS_AT_ONCE, async (slugs) =>
      readTeams(
        slugs,
        await ask(
          teamsQuery(
            environment.organization,
            slugs.map((slug) => ({ slug, after: begins.get(slug) })),
          ),
        ),
      ),
    );
    for (const [slug, { id, visible, roles }] of pages)
      teams.set(slug, { id, visible, roles: new Map([...(teams.get(slug)?.roles ?? []), ...roles]) });
    waiting = [...pages].flatMap(([slug, { next, total }]) => {
      const more = next !== undefined && (teams.get(slug)?.roles.size ?? 0) < total;
      // Where a team reaches far more than the environment lists, each repository is asked for its teams instead.
      return more && total / 100 <= (owned.get(slug)?.size ?? 0) ? [{ slug, after: next }] : [];
    });
  }
  return teams;
}

/** Repositories in which a team owns something, by the environment or by the repository's own lines. */
function ownedBy(
  environment: Environment,
  repositories: ReadonlyMap<string, ManyFacts>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const owned = new Map<string, Set<string>>();
  for (const repository of writable(environment)) {
    const kept = keptOwners(repositories.get(repository.name)?.owners?.found);
    const slugs = [
      ...ownerRules(environment, repository).flatMap(({ teams }) => teams),
      ...keptTeams(environment, kept.text),
    ];
    for (const slug of slugs) owned.set(slug, (owned.get(slug) ?? new Set()).add(repository.name));
  }
  return owned;
}
