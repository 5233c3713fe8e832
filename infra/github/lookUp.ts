import * as github from "@pulumi/github";
import { environmentOf } from "../environment";
import { namedTeams, PostureError, type Environment, type EnvironmentInput } from "../model";
import { NOTHING_TOLD, lookUpMany, type FoundOwners, type Told } from "../plans";
import { graphqlApi } from "./graphql";
import { restGet } from "./restGet";
import { lookUpOwners } from "./lookUpOwners";
import { LookUpError, collectProblems, teamPaths } from "./lookUpErrors";

/** What must be known about GitHub before anything is declared. */
export interface GitHubFacts {
  readonly repositories: readonly RepositoryFacts[];
  /** Numeric ids of the teams that the environment names, by slug. */
  readonly teamIds: Readonly<Record<string, number>>;
}

/** What is known of one repository. */
export interface RepositoryFacts {
  readonly name: string;
  readonly id: number;
  readonly nodeId: string;
  /** CODEOWNERS as it is; looked up where the agent may write. */
  readonly codeOwners?: FoundOwners;
  /**
   * Whether the rules of the default branch demand a pull request of the deployment too; false when nobody needs to
   * know.
   */
  readonly demandsPullRequest: boolean;
}

/**
 * Looks up every repository and team of an environment; nothing is created or changed. Where the provider has a token,
 * a few GraphQL queries ask about all of them; what these do not tell is asked one by one.
 * @param file What starts every message about a mistake. Default: "environment".
 * @param ask Sends a GraphQL query; undefined asks everything one by one. Default: under the provider's settings.
 * @throws PostureError naming all that do not exist, are archived, or belong to another owner than the environment's.
 */
export async function lookUpGitHub(
  input: EnvironmentInput,
  file = "environment",
  ask = graphqlApi(),
): Promise<GitHubFacts> {
  const environment = environmentOf(input, file);
  const told = ask ? await lookUpMany(environment, ask) : NOTHING_TOLD;
  const [organization, repositories, teams] = await Promise.all([
    environment.agent.credential.kind === "ghes-impersonation"
      ? [
          await collectProblems(
            () => checkOrganization(environment),
            ["gatehouse:organization"],
            environment.organization,
          ),
        ]
      : [],
    Promise.all(
      environment.repositories.map((repository, index) =>
        collectProblems(
          () => lookUpRepository(environment, index, told),
          [`gatehouse:repositories[${index}].name`],
          repository.name,
        ),
      ),
    ),
    Promise.all(
      namedTeams(environment).map((slug) =>
        collectProblems(() => lookUpTeam(environment, slug, told), teamPaths(environment, slug), slug),
      ),
    ),
  ]);
  const problems = [...organization, ...repositories, ...teams].flatMap((result) =>
    "problems" in result ? result.problems : [],
  );
  if (problems.length > 0) throw new PostureError(problems, file);
  return {
    repositories: repositories.flatMap((result) => ("value" in result ? [result.value] : [])),
    teamIds: Object.fromEntries(
      teams.flatMap((result) => ("value" in result ? [[result.value.slug, result.value.id]] : [])),
    ),
  };
}

async function lookUpRepository(environment: Environment, index: number, told: Told): Promise<RepositoryFacts> {
  const { organization } = environment;
  const repository = environment.repositories[index]!;
  const { name, defaultBranch, visibility } = repository;
  const found = told.repositories.get(name) ?? (await askForRepository(organization, name));
  if (found.fullName.toLowerCase() !== `${organization}/${name}`.toLowerCase()) {
    throw new LookUpError(
      `the deployment acts on ${found.fullName}`,
      `GITHUB_OWNER=${organization} or github:owner, so that it acts on the organization of this file`,
    );
  }
  if (found.fullName !== `${organization}/${name}` && environment.rotation.repository === name)
    throw new LookUpError(
      `GitHub spells it ${found.fullName}`,
      "the same capitals: Vault compares them letter by letter when a workflow of that repository signs in",
    );
  if (found.archived)
    throw new LookUpError(`${name} is archived`, "a repository that is not archived, or no such entry");
  if (found.defaultBranch !== defaultBranch)
    throw new LookUpError(
      `the default branch of ${name} is ${found.defaultBranch}`,
      `defaultBranch: ${found.defaultBranch}`,
      `gatehouse:repositories[${index}].defaultBranch`,
    );
  if (found.visibility !== visibility)
    throw new LookUpError(
      `${name} is ${found.visibility}`,
      `visibility: ${found.visibility}, which decides what locks GitHub offers`,
      `gatehouse:repositories[${index}].visibility`,
    );
  const owners =
    repository.access === "write"
      ? await lookUpOwners(environment, repository, index, told)
      : { demandsPullRequest: false };
  return { name, id: found.id, nodeId: found.nodeId, ...owners };
}

async function askForRepository(organization: string, name: string) {
  const found = await github.getRepository({ name });
  if (!found.nodeId || !found.repoId)
    throw new LookUpError(
      `no such repository in ${organization}: ${name}`,
      "the name of an existing repository that the deployment can see",
    );
  return { ...found, id: found.repoId };
}

/**
 * An impersonation token can do whatever the account can, so two of its locks are settings of the organization. No
 * resource of the provider owns them one by one; they are checked before each update instead.
 */
async function checkOrganization({ organization }: Environment): Promise<void> {
  // Not getOrganization: its summary leaves these settings out, and it takes the one about forks from the one about
  // creating.
  const found = ((await restGet(`orgs/${organization}`)) ?? {}) as {
    members_can_fork_private_repositories?: boolean;
    members_can_create_repositories?: boolean;
  };
  // Only a "no" counts: GitHub shows these settings to owners alone.
  if (found.members_can_fork_private_repositories !== false)
    throw new LookUpError(
      "members may fork private repositories",
      "that setting off, and a deployment that can see it: an impersonation token could fork too",
    );
  if (found.members_can_create_repositories !== false)
    throw new LookUpError(
      "members may create repositories",
      "that setting off, and a deployment that can see it: an impersonation token could create some too",
    );
}

async function lookUpTeam(
  { organization }: Environment,
  slug: string,
  { teams }: Told,
): Promise<{ slug: string; id: number }> {
  const told = teams.get(slug);
  if (told?.visible === true) return { slug, id: told.id };
  const found = await github.getTeam({ slug, summaryOnly: true });
  const id = Number(found.id);
  if (!Number.isSafeInteger(id) || id <= 0)
    throw new LookUpError(`no such team in ${organization}: ${slug}`, "the slug of an existing team of people");
  if (found.privacy === "secret")
    throw new LookUpError(
      `the team ${slug} is secret, so it can own no code`,
      "a team that is visible to the organization",
    );
  return { slug, id };
}
