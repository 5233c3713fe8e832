/**
 * Questions to GitHub's GraphQL API about many repositories or teams at once, and what their answers tell. Whatever an
 * answer does not tell whole is left out, so that it is asked again for that one repository by REST: an error, a file
 * that is cut, a link, a name that has changed.
 */
import { asList, asRecord, asText } from "../config/json";
import { CODEOWNERS_PLACES, type FoundOwners } from "./codeowners";

export interface GraphqlQuery {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** So many are asked about in one question. GitHub ends a question after ten seconds ("Query limits"). */
export const REPOSITORIES_AT_ONCE = 25;
export const TEAMS_AT_ONCE = 10;
/** Items of one page; GitHub gives no more. */
const PAGE = 100;

/** What one question tells of a repository. */
export interface ManyFacts {
  readonly id: number;
  readonly nodeId: string;
  /** With its owner, as GitHub spells it. */
  readonly fullName: string;
  readonly archived: boolean;
  readonly defaultBranch: string;
  readonly visibility: string;
  /** CODEOWNERS of the default branch, where GitHub looks first; absent when it must be read by itself. */
  readonly owners?: { readonly found: FoundOwners | undefined };
  /** What stands in the way of a push to the default branch; absent when there is more than one page of it. */
  readonly demands?: {
    /** Whether branch protection demands a pull request of administrators too. */
    readonly byProtection: boolean;
    /** Rulesets of which a rule demands one, whoever may bypass them. */
    readonly byRulesets: readonly number[];
  };
  /** All that was asked for, in GraphQL's words. */
  readonly shown: Readonly<Record<string, unknown>>;
}

/** What is wanted of each repository beside what every look-up needs. */
export interface MoreFields {
  /** Fields of the repository. */
  readonly repository?: string;
  /** Fields of the protection of its default branch. */
  readonly protection?: string;
  /** Fields of each rule on its default branch. */
  readonly rule?: string;
  /** Fragments that these use. */
  readonly fragments?: string;
}

const PLACES = CODEOWNERS_PLACES.map((path, at) => `place${at}: file(path: ${JSON.stringify(path)}) { ...entry }`);
const ENTRY = `fragment entry on TreeEntry { mode object { ... on Blob { byteSize isBinary isTruncated text } } }`;

export function repositoriesQuery(
  organization: string,
  names: readonly string[],
  { repository = "", protection = "", rule = "", fragments = "" }: MoreFields = {},
): GraphqlQuery {
  return {
    query: `query(${["$owner: String!", ...names.map((_, at) => `$n${at}: String!`)].join(", ")}) {
${names.map((_, at) => `  r${at}: repository(owner: $owner, name: $n${at}) { ...facts }`).join("\n")}
}
fragment facts on Repository {
  databaseId id nameWithOwner isArchived visibility ${repository}
  defaultBranchRef {
    name
    target { ... on Commit { ${PLACES.join(" ")} } }
    branchProtectionRule { isAdminEnforced requiresApprovingReviews ${protection} }
    rules(first: ${PAGE}) { nodes { type repositoryRuleset { databaseId } ${rule} } pageInfo { hasNextPage } }
  }
}
${ENTRY}
${fragments}`,
    variables: { owner: organization, ...Object.fromEntries(names.map((name, at) => [`n${at}`, name])) },
  };
}

/** @returns what is told, by the name that was asked for; undefined when the question as a whole came to nothing */
export function readRepositories(names: readonly string[], answer: unknown): Map<string, ManyFacts> | undefined {
  const told = toldAliases(answer);
  if (!told) return undefined;
  return new Map(
    names.flatMap((name, at) => {
      const facts = factsOf(asRecord(told(`r${at}`)));
      return facts ? [[name, facts] as const] : [];
    }),
  );
}

/** Answers by alias, without those that an error concerns; undefined when there is no telling what an error concerns. */
function toldAliases(answer: unknown): ((alias: string) => unknown) | undefined {
  const { data, errors } = asRecord(answer);
  const paths = asList(errors).map((error) => asList(asRecord(error).path).map(asText));
  if (data === null || typeof data !== "object" || paths.some((path) => path.length === 0)) return undefined;
  const broken = new Set(paths.flat());
  return (alias) => (broken.has(alias) ? undefined : asRecord(data)[alias]);
}

function factsOf(repository: Readonly<Record<string, unknown>>): ManyFacts | undefined {
  const branch = asRecord(repository.defaultBranchRef);
  const [nodeId, fullName] = [asText(repository.id), asText(repository.nameWithOwner)];
  const [id, defaultBranch] = [idOf(repository.databaseId), asText(branch.name)];
  if (id === undefined || nodeId === "" || fullName === "" || defaultBranch === "") return undefined;
  const owners = ownersIn(asRecord(branch.target));
  const demands = demandsOf(branch);
  return {
    id,
    nodeId,
    fullName,
    archived: repository.isArchived === true,
    defaultBranch,
    visibility: asText(repository.visibility).toLowerCase(),
    shown: repository,
    ...(owners ? { owners } : {}),
    ...(demands ? { demands } : {}),
  };
}

/** GitHub's numbers begin at 1. */
const idOf = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : undefined;

/** Modes of git for a file; a link or a folder has another. */
const FILES = new Set([0o100644, 0o100755]);

function ownersIn(commit: Readonly<Record<string, unknown>>): { found: FoundOwners | undefined } | undefined {
  for (const [at, path] of CODEOWNERS_PLACES.entries()) {
    const entry = commit[`place${at}`];
    if (entry === null) continue;
    const { mode, object } = asRecord(entry);
    const { byteSize, isBinary, isTruncated, text } = asRecord(object);
    const whole =
      FILES.has(Number(mode)) &&
      isBinary === false &&
      isTruncated === false &&
      typeof text === "string" &&
      new TextEncoder().encode(text).length === byteSize;
    return whole ? { found: { path, text } } : undefined;
  }
  return { found: undefined };
}

const DEMANDING = new Set(["PULL_REQUEST", "UPDATE", "MERGE_QUEUE"]);

function demandsOf(branch: Readonly<Record<string, unknown>>): ManyFacts["demands"] {
  const { nodes, pageInfo } = asRecord(branch.rules);
  if (!Array.isArray(nodes) || asRecord(pageInfo).hasNextPage !== false) return undefined;
  const rulesets = nodes
    .map(asRecord)
    .filter(({ type }) => DEMANDING.has(asText(type)))
    .map(({ repositoryRuleset }) => idOf(asRecord(repositoryRuleset).databaseId));
  const { isAdminEnforced, requiresApprovingReviews } = asRecord(branch.branchProtectionRule);
  return rulesets.every((id) => id !== undefined)
    ? {
        byProtection: isAdminEnforced === true && requiresApprovingReviews === true,
        byRulesets: [...new Set(rulesets)],
      }
    : undefined;
}

/** What one page tells of a team. */
export interface TeamPage {
  readonly id: number;
  readonly visible: boolean;
  /** Roles by full names of repositories, in lower case; of this page. */
  readonly roles: ReadonlyMap<string, string>;
  /** How many repositories it reaches in all. */
  readonly total: number;
  /** Where the next page begins; absent after the last one. */
  readonly next?: string;
}

/** @param teams Each with the place where its page begins, as `next` names it. */
export function teamsQuery(
  organization: string,
  teams: readonly { readonly slug: string; readonly after?: string | undefined }[],
): GraphqlQuery {
  const variables = teams.flatMap((_, at) => [`$s${at}: String!`, `$a${at}: String`]);
  return {
    query: `query($owner: String!, ${variables.join(", ")}) { organization(login: $owner) {
${teams
  .map(
    (_, at) =>
      `t${at}: team(slug: $s${at}) { databaseId privacy repositories(first: ${PAGE}, after: $a${at}) { ...reach } }`,
  )
  .join("\n")}
} }
fragment reach on TeamRepositoryConnection { totalCount pageInfo { hasNextPage endCursor } edges { permission node { nameWithOwner } } }`,
    variables: {
      owner: organization,
      ...Object.fromEntries(
        teams.flatMap(({ slug, after }, at) => [
          [`s${at}`, slug],
          [`a${at}`, after ?? null],
        ]),
      ),
    },
  };
}

/** GraphQL's names of roles, in REST's words. */
const ROLES: Readonly<Record<string, string>> = {
  READ: "pull",
  TRIAGE: "triage",
  WRITE: "push",
  MAINTAIN: "maintain",
  ADMIN: "admin",
};

/** @returns a page each, by slug; undefined when the question as a whole came to nothing */
export function readTeams(slugs: readonly string[], answer: unknown): Map<string, TeamPage> | undefined {
  const { data, errors } = asRecord(answer);
  const told = toldAliases({ data: asRecord(asRecord(data).organization), errors });
  if (!told) return undefined;
  return new Map(
    slugs.flatMap((slug, at) => {
      const { databaseId, privacy, repositories } = asRecord(told(`t${at}`));
      const { totalCount, pageInfo, edges } = asRecord(repositories);
      const id = idOf(databaseId);
      if (id === undefined || !Array.isArray(edges)) return [];
      const { hasNextPage, endCursor } = asRecord(pageInfo);
      const page: TeamPage = {
        id,
        visible: privacy === "VISIBLE",
        total: Number(totalCount),
        roles: new Map(
          edges
            .map(asRecord)
            .map(({ permission, node }) => [
              asText(asRecord(node).nameWithOwner).toLowerCase(),
              ROLES[asText(permission)] ?? "",
            ]),
        ),
        ...(hasNextPage === true && asText(endCursor) !== "" ? { next: asText(endCursor) } : {}),
      };
      return [[slug, page] as const];
    }),
  );
}

/**
 * Asks about many things in turn, so many at once. A question that comes to nothing is asked in two halves; what fails
 * alone, and all the rest when nothing ever succeeded, is left out.
 * @param ask The answers by name; undefined when the question as a whole came to nothing.
 */
export async function askInBatches<T>(
  names: readonly string[],
  atOnce: number,
  ask: (names: readonly string[]) => Promise<ReadonlyMap<string, T> | undefined>,
): Promise<Map<string, T>> {
  const found = new Map<string, T>();
  let waiting = Array.from({ length: Math.ceil(names.length / atOnce) }, (_, at) =>
    names.slice(at * atOnce, (at + 1) * atOnce),
  );
  let answered = false;
  for (let batch = waiting.shift(); batch; batch = waiting.shift()) {
    const answers = await ask(batch);
    if (answers) {
      answered = true;
      for (const [name, answer] of answers) found.set(name, answer);
    } else if (batch.length > 1) {
      const half = Math.ceil(batch.length / 2);
      waiting = [batch.slice(0, half), batch.slice(half), ...waiting];
    } else if (!answered) break;
  }
  return found;
}
