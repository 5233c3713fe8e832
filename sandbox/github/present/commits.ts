import { gitNodeId } from "../ids";
import type { Commit, FileChange, Ref } from "../git/repository";
import { isVerified } from "../rules/evaluate";
import type { Repository, User } from "../state";
import type { World } from "../world";
import { presentUser } from "./accounts";

/** The account behind a commit's address: its own, or GitHub's private form `id+login@users.noreply.github.com`. */
export function accountOf(world: World, email: string): User | undefined {
  const hidden = /^(?:\d+\+)?([\w-]+(?:\[bot\])?)@users\.noreply\.github\.com$/.exec(email);
  return hidden ? world.userByLogin(hidden[1]!) : [...world.users.values()].find((u) => u.email === email);
}
export const noreply = (user: User): string => `${user.id}+${user.login}@users.noreply.github.com`;

const repoUrl = (world: World, repo: Repository): string => `${world.api}/repos/${world.fullName(repo)}`;
const shown = (world: World, email: string) => {
  const user = accountOf(world, email);
  return user ? presentUser(world, user) : null;
};

function verification(world: World, repo: Repository, c: Commit) {
  const verified = isVerified(world, repo, c);
  return {
    verified,
    reason: verified ? "valid" : c.signature ? "unknown_key" : "unsigned",
    signature: c.signature,
    payload: c.payload,
    verified_at: verified ? c.committer.date : null,
  };
}

/** `commit`: lists of commits, and without files what branches show. */
export function presentCommit(world: World, repo: Repository, c: Commit) {
  const url = repoUrl(world, repo);
  return {
    sha: c.sha,
    node_id: gitNodeId("commit", repo.id, c.sha),
    commit: {
      author: c.author,
      committer: c.committer,
      message: c.message.trimEnd(),
      tree: { sha: c.tree, url: `${url}/git/trees/${c.tree}` },
      url: `${url}/git/commits/${c.sha}`,
      comment_count: repo.commitComments.filter((x) => x.sha === c.sha).length,
      verification: verification(world, repo, c),
    },
    url: `${url}/commits/${c.sha}`,
    html_url: `${world.origin}/${world.fullName(repo)}/commit/${c.sha}`,
    comments_url: `${url}/commits/${c.sha}/comments`,
    author: shown(world, c.author.email),
    committer: shown(world, c.committer.email),
    parents: c.parents.map((sha) => ({
      sha,
      url: `${url}/commits/${sha}`,
      html_url: `${world.origin}/${world.fullName(repo)}/commit/${sha}`,
    })),
  };
}

export function presentFile(world: World, repo: Repository, head: string, f: FileChange) {
  const path = f.filename.split("/").map(encodeURIComponent).join("/");
  return {
    sha: f.sha,
    filename: f.filename,
    status: f.status,
    additions: f.additions,
    deletions: f.deletions,
    changes: f.additions + f.deletions,
    blob_url: `${world.origin}/${world.fullName(repo)}/blob/${head}/${path}`,
    raw_url: `${world.origin}/${world.fullName(repo)}/raw/${head}/${path}`,
    contents_url: `${repoUrl(world, repo)}/contents/${path}?ref=${head}`,
    ...(f.patch === undefined ? {} : { patch: f.patch }),
    ...(f.previousFilename ? { previous_filename: f.previousFilename } : {}),
  };
}

export function presentCommitWithFiles(world: World, repo: Repository, c: Commit, files: readonly FileChange[]) {
  const additions = files.reduce((n, f) => n + f.additions, 0);
  const deletions = files.reduce((n, f) => n + f.deletions, 0);
  return {
    ...presentCommit(world, repo, c),
    stats: { total: additions + deletions, additions, deletions },
    files: files.slice(0, 300).map((f) => presentFile(world, repo, c.sha, f)),
  };
}

/** `git-commit`: the git data API. */
export function presentGitCommit(world: World, repo: Repository, c: Commit) {
  const url = repoUrl(world, repo);
  const html = `${world.origin}/${world.fullName(repo)}/commit`;
  return {
    sha: c.sha,
    node_id: gitNodeId("commit", repo.id, c.sha),
    url: `${url}/git/commits/${c.sha}`,
    html_url: `${html}/${c.sha}`,
    author: c.author,
    committer: c.committer,
    tree: { sha: c.tree, url: `${url}/git/trees/${c.tree}` },
    message: c.message.trimEnd(),
    parents: c.parents.map((sha) => ({ sha, url: `${url}/git/commits/${sha}`, html_url: `${html}/${sha}` })),
    verification: verification(world, repo, c),
  };
}

export function presentRef(world: World, repo: Repository, ref: Ref) {
  const url = repoUrl(world, repo);
  return {
    ref: ref.name,
    node_id: gitNodeId("ref", repo.id, ref.name),
    url: `${url}/git/${ref.name}`,
    object: { sha: ref.sha, type: ref.type, url: `${url}/git/${ref.type}s/${ref.sha}` },
  };
}

/** A commit in the payload of a push event. */
export function presentCommitForPush(world: World, repo: Repository, c: Commit) {
  const who = (p: Commit["author"]) => ({ name: p.name, email: p.email, username: accountOf(world, p.email)?.login });
  return {
    id: c.sha,
    tree_id: c.tree,
    distinct: true,
    message: c.message.trimEnd(),
    timestamp: c.committer.date,
    url: `${world.origin}/${world.fullName(repo)}/commit/${c.sha}`,
    author: who(c.author),
    committer: who(c.committer),
    added: [],
    removed: [],
    modified: [],
  };
}
export function presentSimpleCommit(c: Commit) {
  return {
    id: c.sha,
    tree_id: c.tree,
    message: c.message.trimEnd(),
    timestamp: c.committer.date,
    author: { name: c.author.name, email: c.author.email },
    committer: { name: c.committer.name, email: c.committer.email },
  };
}
