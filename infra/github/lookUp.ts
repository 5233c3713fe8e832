import * as github from "@pulumi/github";
import { namedTeams, PostureError, type Environment, type PostureProblem } from "../posture";

/** What must be known about GitHub before anything is declared. */
export interface GitHubFacts {
  readonly repositories: readonly RepositoryFacts[];
  /** Numeric ids of the teams that the environment names, by slug. */
  readonly teamIds: Readonly<Record<string, number>>;
}

export interface RepositoryFacts {
  readonly name: string;
  readonly id: number;
  readonly nodeId: string;
  /** Push rulesets exist only here. */
  readonly isPrivate: boolean;
}

/**
 * Looks up every repository and team of an environment; nothing is created or changed.
 * @throws PostureError naming all that do not exist, are archived, or belong to another owner than the environment's.
 */
export async function lookUpGitHub(environment: Environment, file: string): Promise<GitHubFacts> {
  const [organization, repositories, teams] = await Promise.all([
    environment.agent.credential.kind === "ghes-impersonation" ? [await settle(() => checkOrganization(environment), "gatehouse:organization", environment.organization)] : [],
    Promise.all(environment.repositories.map((repository, index) => settle(() => lookUpRepository(environment, index), `gatehouse:repositories[${index}].name`, repository.name))),
    Promise.all(namedTeams(environment).map((slug) => settle(() => lookUpTeam(environment, slug), teamPath(environment, slug), slug))),
  ]);
  const problems = [...organization, ...repositories, ...teams].flatMap((result) => ("problem" in result ? [result.problem] : []));
  if (problems.length > 0) throw new PostureError(problems, file);
  return {
    repositories: repositories.flatMap((result) => ("value" in result ? [result.value] : [])),
    teamIds: Object.fromEntries(teams.flatMap((result) => ("value" in result ? [[result.value.slug, result.value.id]] : []))),
  };
}

type Settled<T> = { readonly value: T } | { readonly problem: PostureProblem };
/** A look-up whose answer does not fit the environment. */
class Unfit extends Error {
  constructor(readonly wrong: string, readonly right: string) { super(wrong); }
}

async function lookUpRepository({ organization, repositories }: Environment, index: number): Promise<RepositoryFacts> {
  const { name, defaultBranch } = repositories[index]!;
  const found = await github.getRepository({ name });
  if (!found.nodeId || !found.repoId) throw new Unfit(`no such repository in ${organization}: ${name}`, "the name of an existing repository that the deployment can see");
  if (found.fullName.toLowerCase() !== `${organization}/${name}`.toLowerCase()) {
    throw new Unfit(`the deployment looks at ${found.fullName}`, `GITHUB_OWNER=${organization} or github:owner, so that it acts on the organization of this file`);
  }
  if (found.archived) throw new Unfit(`${name} is archived`, "a repository that still takes rules, or none");
  if (found.defaultBranch !== defaultBranch) throw new Unfit(`the default branch of ${name} is ${found.defaultBranch}`, `defaultBranch: ${found.defaultBranch}`);
  return { name, id: found.repoId, nodeId: found.nodeId, isPrivate: found.visibility !== "public" };
}

/**
 * An impersonation token can do whatever the account can, so two of its locks are settings of the organization. No resource of the
 * provider owns them one by one; they are checked before each update instead.
 */
async function checkOrganization({ organization }: Environment): Promise<void> {
  const found = await github.getOrganization({ name: organization, summaryOnly: true });
  if (found.membersCanForkPrivateRepositories) throw new Unfit("members may fork private repositories", "that setting off: an impersonation token could fork too");
  if (found.membersCanCreateRepositories) throw new Unfit("members may create repositories", "that setting off: an impersonation token could create some too");
}

async function lookUpTeam({ organization }: Environment, slug: string): Promise<{ slug: string; id: number }> {
  const found = await github.getTeam({ slug, summaryOnly: true });
  const id = Number(found.id);
  if (!Number.isSafeInteger(id) || id <= 0) throw new Unfit(`no such team in ${organization}: ${slug}`, "the slug of an existing team of people");
  if (found.privacy === "secret") throw new Unfit(`the team ${slug} is secret, so it can own no code`, "a team that is visible to the organization");
  return { slug, id };
}

async function settle<T>(look: () => Promise<T>, path: string, what: string): Promise<Settled<T>> {
  try {
    return { value: await look() };
  } catch (error) {
    if (error instanceof Unfit) return { problem: { path, wrong: error.wrong, right: error.right } };
    const message = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ").trim();
    const absent = /\b404\b|not found|could not find/i.test(message);
    return { problem: absent
      ? { path, wrong: `not found on GitHub: ${what}`, right: "an existing name that the deployment can see" }
      : { path, wrong: `${what} could not be looked up: ${message.slice(0, 300) || "no reason given"}`, right: "a working GITHUB_TOKEN, GITHUB_OWNER and GITHUB_BASE_URL" } };
  }
}

/** Where the environment names a team first. */
function teamPath({ repositories, review }: Environment, slug: string): string {
  for (const [index, repository] of repositories.entries()) {
    for (const list of ["reviewers", "contributors"] as const) {
      const at = repository[list].indexOf(slug);
      if (at >= 0) return `gatehouse:repositories[${index}].${list}[${at}]`;
    }
  }
  return review.team === slug ? "gatehouse:review.team" : "gatehouse:review.securityTeam";
}
