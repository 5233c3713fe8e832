/** `search`: the qualifiers that agents use, over what the asker sees. */
import type { Issue, Repository } from "../../state";
import { sees } from "../access";
import { allowedOn } from "../../permissions";
import { connection } from "../connection";
import { notImplemented } from "../errors";
import { accountSource, issueSource, repositorySource, type Args, type GraphqlContext } from "../source";

interface Query {
  words: string[];
  /** Lower-case qualifier to its values; a leading "-" negates. */
  qualifiers: { name: string; value: string; not: boolean }[];
}

/** Splits a search into words and qualifiers; quoted values may hold spaces. */
export function parseSearch(text: string): Query {
  const query: Query = { words: [], qualifiers: [] };
  for (const match of text.matchAll(/(-?)([a-z-]+):("[^"]*"|\S+)|"([^"]*)"|(\S+)/gi)) {
    const [, minus, name, value, quoted, word] = match;
    if (name && value)
      query.qualifiers.push({ name: name.toLowerCase(), value: value.replace(/^"|"$/g, ""), not: minus === "-" });
    else {
      // Parentheses group; around words alone, as gh writes them, they change nothing.
      const plain = quoted ?? (word ?? "").replace(/^\(+|\)+$/g, "");
      if (plain !== "") query.words.push(plain.toLowerCase());
    }
  }
  return query;
}

type Test = (context: GraphqlContext, repo: Repository, issue: Issue, value: string) => boolean;

const login = ({ world }: GraphqlContext, id: number): string => world.users.get(id)?.login.toLowerCase() ?? "";
/** `@me` is the asker. */
const named = (context: GraphqlContext, value: string): string =>
  (value === "@me" ? (context.auth.user?.login ?? "") : value).toLowerCase();

const IS: Readonly<Record<string, (issue: Issue, repo: Repository) => boolean>> = {
  pr: (issue) => issue.pull !== null,
  issue: (issue) => issue.pull === null,
  open: (issue) => issue.state === "open",
  closed: (issue) => issue.state === "closed",
  merged: (issue) => issue.pull?.merged === true,
  unmerged: (issue) => issue.pull !== null && !issue.pull.merged,
  draft: (issue) => issue.pull?.draft === true,
  public: (_issue, repo) => repo.visibility === "public",
  private: (_issue, repo) => repo.visibility !== "public",
};

const TESTS: Readonly<Record<string, Test>> = {
  is: (_context, repo, issue, value) => IS[value]?.(issue, repo) ?? false,
  type: (_context, repo, issue, value) => IS[value]?.(issue, repo) ?? false,
  state: (_context, _repo, issue, value) => issue.state === value,
  draft: (_context, _repo, issue, value) => String(issue.pull?.draft ?? false) === value,
  repo: ({ world }, repo, _issue, value) => world.fullName(repo).toLowerCase() === value.toLowerCase(),
  org: ({ world }, repo, _issue, value) => world.ownerLogin(repo).toLowerCase() === value.toLowerCase(),
  user: ({ world }, repo, _issue, value) => world.ownerLogin(repo).toLowerCase() === value.toLowerCase(),
  author: (context, _repo, issue, value) => login(context, issue.userId) === named(context, value),
  assignee: (context, _repo, issue, value) =>
    issue.assigneeIds.some((id) => login(context, id) === named(context, value)),
  "review-requested": (context, _repo, issue, value) =>
    issue.pull?.requestedReviewerIds.some((id) => login(context, id) === named(context, value)) ?? false,
  "reviewed-by": (context, _repo, issue, value) =>
    issue.pull?.reviews.some((review) => login(context, review.userId) === named(context, value)) ?? false,
  involves: (context, repo, issue, value) =>
    TESTS.author?.(context, repo, issue, value) === true || TESTS.assignee?.(context, repo, issue, value) === true,
  label: (_context, _repo, issue, value) => issue.labels.some((label) => label.toLowerCase() === value.toLowerCase()),
  head: (_context, _repo, issue, value) => issue.pull?.headRef === value,
  base: (_context, _repo, issue, value) => issue.pull?.baseRef === value,
  archived: (_context, repo, _issue, value) => String(repo.archived) === value,
  no: (_context, _repo, issue, value) =>
    value === "assignee"
      ? issue.assigneeIds.length === 0
      : value === "label"
        ? issue.labels.length === 0
        : issue.milestone === null,
};

const WHERE = new Set(["in", "sort"]);

function issues(context: GraphqlContext, query: Query): { repo: Repository; issue: Issue }[] {
  const tests = query.qualifiers
    .filter(({ name }) => !WHERE.has(name))
    .map(({ name, value, not }) => {
      const test = TESTS[name];
      if (!test) throw notImplemented(`the search qualifier "${name}:"`);
      return (repo: Repository, issue: Issue): boolean => test(context, repo, issue, value) !== not;
    });
  const found = [...context.world.repos.values()]
    .filter((repo) => sees(context, repo))
    .flatMap((repo) =>
      [...repo.issues.values()]
        .filter((issue) =>
          allowedOn(context.world, context.auth, repo, issue.pull ? "pull_requests=read" : "issues=read"),
        )
        .filter((issue) =>
          query.words.every((word) => `${issue.title}\n${issue.body ?? ""}`.toLowerCase().includes(word)),
        )
        .filter((issue) => tests.every((test) => test(repo, issue)))
        .map((issue) => ({ repo, issue })),
    );
  const sort = query.qualifiers.find(({ name }) => name === "sort")?.value ?? "created-desc";
  const key = sort.startsWith("updated") ? "updatedAt" : "createdAt";
  found.sort((a, b) => (a.issue[key] < b.issue[key] ? -1 : a.issue[key] > b.issue[key] ? 1 : a.issue.id - b.issue.id));
  return sort.endsWith("-asc") ? found : found.reverse();
}

function repositories(context: GraphqlContext, query: Query): Repository[] {
  const owner = query.qualifiers.find(({ name }) => name === "org" || name === "user")?.value.toLowerCase();
  const exact = query.qualifiers.find(({ name }) => name === "repo")?.value.toLowerCase();
  return [...context.world.repos.values()]
    .filter((repo) => sees(context, repo))
    .filter((repo) => !owner || context.world.ownerLogin(repo).toLowerCase() === owner)
    .filter((repo) => !exact || context.world.fullName(repo).toLowerCase() === exact)
    .filter((repo) =>
      query.words.every((word) => `${repo.name} ${repo.description ?? ""}`.toLowerCase().includes(word)),
    );
}

/** The search connection, whose counts are by kind. */
export function search(context: GraphqlContext, args: Args): Record<string, unknown> {
  const query = parseSearch(String(args.query));
  const counts = { issueCount: 0, repositoryCount: 0, userCount: 0, codeCount: 0, discussionCount: 0, wikiCount: 0 };
  switch (args.type) {
    case "ISSUE":
    case "ISSUE_ADVANCED": {
      const found = issues(context, query);
      return connection("search", args, found, ({ repo, issue }) => issueSource(repo, issue), {
        edge: () => ({ textMatches: [] }),
        extra: { ...counts, issueCount: found.length },
      });
    }
    case "REPOSITORY": {
      const found = repositories(context, query);
      return connection("search", args, found, repositorySource, {
        edge: () => ({ textMatches: [] }),
        extra: { ...counts, repositoryCount: found.length },
      });
    }
    case "USER": {
      const found = [...context.world.users.values()].filter((user) =>
        query.words.every((word) => user.login.toLowerCase().includes(word)),
      );
      return connection("search", args, found, accountSource, {
        edge: () => ({ textMatches: [] }),
        extra: { ...counts, userCount: found.length },
      });
    }
    default:
      throw notImplemented(`search of the type ${String(args.type)}`);
  }
}
