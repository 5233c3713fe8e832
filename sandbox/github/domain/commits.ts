import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Auth } from "../auth";
import { ZERO, type GitRepository, type Person } from "../git/repository";
import { HttpError } from "../http/errors";
import type { Repository } from "../state";
import type { World } from "../world";
import { moveRefs } from "./refs";

export interface FileEdit {
  path: string;
  /** null: the file goes */ content: Buffer | null;
  mode?: string;
}

/**
 * One commit on top of `parent` with these files changed, not yet on any branch.
 * @param parent null for the first commit of an empty repository
 */
async function commitFiles(
  repo: Repository,
  git: GitRepository,
  parent: string | null,
  edits: readonly FileEdit[],
  commit: { message: string; author: Person; committer: Person; signed: boolean },
): Promise<string> {
  const index = join(repo.gitDir, `index-${randomBytes(8).toString("hex")}`);
  try {
    const changes = [];
    for (const edit of edits) {
      if (!pathHolds(edit.path))
        throw new HttpError(422, "path contains a malformed path component", {
          errors: [
            { resource: "Commit", code: "invalid", field: "path", message: "path contains a malformed path component" },
          ],
        });
      const before = parent ? await git.entry(parent, edit.path) : undefined;
      changes.push({
        path: edit.path,
        mode: edit.mode ?? (before?.type === "blob" ? before.mode : "100644"),
        sha: edit.content === null ? null : await git.writeBlob(edit.content),
      });
    }
    const tree = await git.editTree(parent, changes, index);
    const sha = await git.writeCommit({
      tree,
      parents: parent ? [parent] : [],
      author: commit.author,
      committer: commit.committer,
      message: commit.message,
    });
    if (commit.signed) repo.signedByGitHub.add(sha);
    return sha;
  } finally {
    await rm(index, { force: true });
    await rm(`${index}.lock`, { force: true });
  }
}

/** Paths that git itself would refuse, or that leave the repository. */
export function pathHolds(path: string): boolean {
  return (
    path !== "" &&
    path.split("/").every((part) => part !== "" && part !== "." && part !== ".." && part.toLowerCase() !== ".git") &&
    !path.includes("\0")
  );
}

/** Writes files to a branch as one commit, under its rules. @returns the commit @throws RuleViolation with `status` */
export async function commitToBranch(
  world: World,
  repo: Repository,
  git: GitRepository,
  auth: Auth,
  branch: string,
  head: string | null,
  edits: readonly FileEdit[],
  commit: { message: string; author: Person; committer: Person; signed: boolean },
  status = 409,
): Promise<string> {
  const sha = await commitFiles(repo, git, head, edits, commit);
  await moveRefs(
    world,
    { repo, git, auth, via: "api" },
    [{ ref: `refs/heads/${branch}`, old: head ?? ZERO, new: sha }],
    status,
  );
  return sha;
}
