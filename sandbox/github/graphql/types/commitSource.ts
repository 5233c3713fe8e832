import { gitOf } from "../../domain/refs";
import type { Commit } from "../../git/repository";
import type { Repository } from "../../state";
import type { CommitSource } from "../source";

export const commitSource = (repo: Repository, commit: Commit): CommitSource => ({ type: "Commit", repo, commit });

/** A commit by its hash, null when there is none. */
export async function commitAt(repo: Repository, sha: string): Promise<CommitSource | null> {
  const commit = await gitOf(repo).commit(sha);
  return commit ? commitSource(repo, commit) : null;
}
