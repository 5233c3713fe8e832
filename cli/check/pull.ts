import type { PullFacts } from "./agentChange";
import type { Reader, Response } from "../live/reader";
import { CouldNotRun } from "../support/exit";
import type { Logins } from "./facts";

/** A pull request as GitHub has it, and the two commits that are judged. */
export interface Pull {
  readonly number: number;
  readonly base: string;
  readonly head: string;
  readonly facts: PullFacts;
}

interface Raw {
  number?: number;
  body?: string | null;
  user?: { login?: string } | null;
  labels?: { name?: string }[];
  head?: { sha?: string; ref?: string; repo?: { full_name?: string } | null };
  base?: { sha?: string; ref?: string; repo?: { full_name?: string } | null };
}

/**
 * The form in which GitHub's API and its events give a pull request. A head whose repository is gone counts as a fork.
 */
export function readPull(value: unknown): Pull | undefined {
  const { number, body, user, labels, head, base } = (value ?? {}) as Raw;
  if (
    typeof number !== "number" ||
    typeof head?.sha !== "string" ||
    typeof base?.sha !== "string" ||
    !user?.login ||
    !base.repo?.full_name
  )
    return undefined;
  return {
    number,
    base: base.sha,
    head: head.sha,
    facts: {
      author: user.login,
      body: body ?? "",
      labels: (labels ?? []).flatMap(({ name }) => (name === undefined ? [] : [name])),
      fork: head.repo?.full_name?.toLowerCase() !== base.repo.full_name.toLowerCase(),
      ...(head.ref === undefined ? {} : { branch: head.ref }),
      ...(base.ref === undefined ? {} : { base: base.ref }),
    },
  };
}

function reasonOf({ call, failure }: Response): string {
  if (call.status === 0) return `${failure}.`;
  if (call.status === 401) return "GitHub does not accept GITHUB_TOKEN (401).";
  return `GitHub answered ${call.status}. Check the number and the repository; GITHUB_TOKEN needs pull-requests: read and contents: read.`;
}

/** Asks GitHub for a pull request. @throws CouldNotRun when it does not give it */
export async function askPull(github: Reader, owner: string, repository: string, number: number): Promise<Pull> {
  const answer = await github.get(`/repos/${owner}/${repository}/pulls/${number}`);
  const pull = answer.call.status === 200 ? readPull(answer.json()) : undefined;
  if (!pull)
    throw new CouldNotRun(`Pull request ${number} of ${owner}/${repository} cannot be read: ${reasonOf(answer)}`);
  return pull;
}

/** Whom GitHub takes a pull request's commits for. It lists the first 250; the rest is judged by its addresses. */
export async function askLogins(
  github: Reader,
  owner: string,
  repository: string,
  number: number,
): Promise<Map<string, Logins>> {
  const { items } = await github.list(`/repos/${owner}/${repository}/pulls/${number}/commits`);
  const login = (who: unknown): string | undefined => (who as { login?: string } | null | undefined)?.login;
  return new Map(
    items.map(({ sha, author, committer }) => {
      const [a, c] = [login(author), login(committer)];
      return [String(sha), { ...(a === undefined ? {} : { author: a }), ...(c === undefined ? {} : { committer: c }) }];
    }),
  );
}
