import * as github from "@pulumi/github";
import { namedTeams, type Environment, type Repository } from "../model";
import {
  NOTHING_TOLD,
  CODEOWNERS_MAX_BYTES,
  CODEOWNERS_PLACES,
  codeOwnersText,
  keptOwners,
  keptProblems,
  keptTeams,
  namesOwners,
  ownerRules,
  ownersDiffer,
  uncountedOwners,
  type FoundOwners,
  type ManyFacts,
  type OwnersError,
  type OwnersProblem,
  type Told,
} from "../plans";
import { restGet } from "./restGet";
import { LookUpError, LookUpErrors, ownerPath } from "./lookUpErrors";

/** GitHub's contents API gives a file's text up to this size. */
const READABLE_BYTES = 1_000_000;
/** Roles whose approval counts. */
const WRITING = new Set(["push", "maintain", "admin"]);

/**
 * The CODEOWNERS file of a repository, and whether the deployment may replace it. Every way in which GitHub would
 * silently ignore a line is looked for here, since an ignored line leaves code without owners.
 * @param told What many at once were asked for already; the rest is asked here.
 * @throws LookUpErrors naming all lines and teams that would not count.
 */
export async function lookUpOwners(
  environment: Environment,
  repository: Repository,
  index: number,
  told: Told = NOTHING_TOLD,
): Promise<{ codeOwners?: FoundOwners; demandsPullRequest: boolean }> {
  const facts = told.repositories.get(repository.name);
  const codeOwners = facts?.owners ? facts.owners.found : await find(environment, repository);
  const kept = keptOwners(codeOwners);
  const key = `gatehouse:repositories[${index}]`;
  const errors = [
    ...[...keptProblems(environment, kept.text), ...(await uncounted(environment, repository, kept.text))].map(
      ({ line, wrong, right }) =>
        new LookUpError(`${codeOwners?.path} of ${repository.name}, line ${line} of its own: ${wrong}`, right, key),
    ),
    ...(await teamErrors(environment, repository, keptTeams(environment, kept.text), index, told)),
  ];
  const bytes = Buffer.byteLength(codeOwnersText(environment, repository, kept));
  if (bytes > CODEOWNERS_MAX_BYTES)
    errors.push(
      new LookUpError(
        `CODEOWNERS of ${repository.name} would have ${bytes} bytes; GitHub ignores a file larger than 3 MB`,
        "fewer lines",
        key,
      ),
    );
  if (errors.length > 0) throw new LookUpErrors(errors);
  const demandsPullRequest =
    ownersDiffer(environment, repository, codeOwners) && (await demands(environment, repository, facts?.demands));
  return { ...(codeOwners ? { codeOwners } : {}), demandsPullRequest };
}

/**
 * What GitHub itself says of the repository's own lines; nothing where it cannot be asked, as on an older Enterprise
 * Server.
 */
async function uncounted(
  { organization }: Environment,
  { name, defaultBranch }: Repository,
  kept: string,
): Promise<OwnersProblem[]> {
  if (!namesOwners(kept)) return [];
  const answer = await restGet(
    `repos/${organization}/${name}/codeowners/errors?ref=${encodeURIComponent(defaultBranch)}`,
  );
  return uncountedOwners(kept, (answer as { errors?: OwnersError[] } | undefined)?.errors ?? []);
}

async function find(
  { organization }: Environment,
  { name, defaultBranch }: Repository,
): Promise<FoundOwners | undefined> {
  for (const path of CODEOWNERS_PLACES) {
    const answer = await restGet(
      `repos/${organization}/${name}/contents/${path}?ref=${encodeURIComponent(defaultBranch)}`,
    );
    if (answer === undefined) continue;
    const { type, encoding, content, size } = answer as {
      type?: string;
      encoding?: string;
      content?: string;
      size?: number;
    };
    if (type !== "file") throw new LookUpError(`${path} of ${name} is not a file`, "a file, or nothing, at this place");
    if (encoding !== "base64" || content === undefined || (size ?? 0) > READABLE_BYTES)
      throw new LookUpError(
        `${path} of ${name} is larger than 1 MB, so Gatehouse cannot read and keep it`,
        "a smaller file",
      );
    return { path, text: Buffer.from(content, "base64").toString("utf8") };
  }
  return undefined;
}

/** Teams that own something without being able to: GitHub skips them, so their approval would not be asked for. */
async function teamErrors(
  environment: Environment,
  repository: Repository,
  kept: readonly string[],
  index: number,
  told: Told,
): Promise<LookUpError[]> {
  const { name } = repository;
  const key = `gatehouse:repositories[${index}]`;
  const declared = [...new Set(ownerRules(environment, repository).flatMap(({ teams }) => teams))];
  const owners = [...declared, ...kept.filter((slug) => !declared.includes(slug))];
  const permissions = await permissionsOf(environment, name, owners, told);
  const errors = owners
    .filter((slug) => !WRITING.has(permissions.get(slug) ?? ""))
    .map(
      (slug) =>
        new LookUpError(
          `the team ${slug} cannot write to ${name}, so GitHub does not count it as an owner`,
          `write access to ${name} for that team`,
          declared.includes(slug) ? ownerPath(environment, index, slug) : key,
        ),
    );
  const lookedUp = new Set(namedTeams(environment)); // these are looked up for the whole environment
  const secret = await Promise.all(
    kept
      .filter((slug) => !lookedUp.has(slug) && permissions.has(slug) && told.teams.get(slug)?.visible !== true)
      .map(async (slug) => ((await github.getTeam({ slug, summaryOnly: true })).privacy === "secret" ? [slug] : [])),
  );
  return [
    ...errors,
    ...secret
      .flat()
      .map(
        (slug) =>
          new LookUpError(
            `the team ${slug} owns code of ${name} but is secret, so GitHub does not count it`,
            "a team that is visible to the organization",
            key,
          ),
      ),
  ];
}

/**
 * The teams' permissions in a repository. What was told of many at once counts where all of them may write; otherwise the
 * repository itself is asked, before anybody is told that a team cannot.
 */
async function permissionsOf(
  { organization }: Environment,
  name: string,
  owners: readonly string[],
  { teams }: Told,
): Promise<ReadonlyMap<string, string>> {
  const fullName = `${organization}/${name}`.toLowerCase();
  const known = new Map(owners.map((slug) => [slug, teams.get(slug)?.roles.get(fullName) ?? ""]));
  if ([...known.values()].every((permission) => WRITING.has(permission))) return known;
  const asked = await github.getRepositoryTeams({ name });
  return new Map(asked.teams.map(({ slug, permission }) => [slug, permission]));
}

interface Rule {
  readonly type?: string;
  readonly ruleset_id?: number;
}

/** Whether a rule of the default branch lets not even the deployment write to it without a pull request. */
async function demands(
  environment: Environment,
  repository: Repository,
  told: ManyFacts["demands"] | undefined,
): Promise<boolean> {
  const { byProtection, byRulesets } = told ?? (await askForDemands(environment, repository));
  if (byProtection) return true;
  const passed = await Promise.all(
    byRulesets.map(async (id) => {
      // Asked by way of the repository, which knows the organization's rulesets too, and what they are for the one who
      // asks.
      const ruleset = (await restGet(`repos/${environment.organization}/${repository.name}/rulesets/${id}`)) as
        { current_user_can_bypass?: string } | undefined;
      return ruleset?.current_user_can_bypass === "always" || ruleset?.current_user_can_bypass === "exempt";
    }),
  );
  return passed.includes(false);
}

async function askForDemands(
  { organization }: Environment,
  { name, defaultBranch }: Repository,
): Promise<NonNullable<ManyFacts["demands"]>> {
  const branch = encodeURIComponent(defaultBranch);
  const [rules, protection] = await Promise.all([
    restGet(`repos/${organization}/${name}/rules/branches/${branch}?per_page=100`),
    restGet(`repos/${organization}/${name}/branches/${branch}/protection`),
  ]);
  const { enforce_admins, required_pull_request_reviews } = (protection ?? {}) as {
    enforce_admins?: { enabled?: boolean };
    required_pull_request_reviews?: unknown;
  };
  return {
    byProtection: enforce_admins?.enabled === true && required_pull_request_reviews !== undefined,
    byRulesets: [
      ...new Set(
        ((rules ?? []) as Rule[])
          .filter(({ type }) => type === "pull_request" || type === "update" || type === "merge_queue")
          // A rule without a ruleset is none that anybody could pass: the question about it finds nothing.
          .map(({ ruleset_id }) => ruleset_id ?? 0),
      ),
    ],
  };
}
