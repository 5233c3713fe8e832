/** Refs, commits, trees, blobs and tags. Reading any of them needs the contents permission. */
import { gitOf } from "../../domain/refs";
import type { Commit } from "../../git/repository";
import { gitNodeId } from "../../ids";
import { accountOf } from "../../present/commits";
import { isVerified } from "../../rules/evaluate";
import { protectionOf } from "../../rules/protection";
import { activeRules } from "../../rules/rulesets";
import type { Repository } from "../../state";
import { demandToken } from "../access";
import { connection, fetchedConnection } from "../connection";
import {
  accountSource,
  issueSource,
  repositorySource,
  type Args,
  type BlobSource,
  type CommitSource,
  type GraphqlContext,
  type RefSource,
  type Resolvers,
  type TagSource,
  type TreeSource,
} from "../source";
import { rollup } from "./checks";
import { commitAt, commitSource } from "./commitSource";
import { protectionSource, seesProtection } from "./protection";
import { activeRulesOf } from "./rulesets";

const HEADS = "refs/heads/";
const short = (name: string): string => name.replace(/^refs\/(?:heads|tags)\//, "");
const prefixOf = (name: string): string => /^refs\/(?:heads|tags)\//.exec(name)?.[0] ?? "refs/";

/** Any object by its hash. */
export async function objectAt(repo: Repository, sha: string, path = ""): Promise<unknown> {
  switch (await gitOf(repo).typeOf(sha)) {
    case "commit":
      return commitAt(repo, sha);
    case "tree":
      return { type: "Tree", repo, sha, path } satisfies TreeSource;
    case "blob":
      return { type: "Blob", repo, sha } satisfies BlobSource;
    case "tag":
      return { type: "Tag", repo, sha } satisfies TagSource;
    default:
      return null;
  }
}

/** A ref by its full or short name. */
export async function refNamed(context: GraphqlContext, repo: Repository, name: string): Promise<RefSource | null> {
  demandToken(context, repo, "contents=read");
  const git = gitOf(repo);
  for (const full of name.startsWith("refs/") ? [name] : [`${HEADS}${name}`, `refs/tags/${name}`]) {
    const ref = await git.ref(full);
    if (ref) return { type: "Ref", repo, name: ref.name, sha: ref.sha, objectType: ref.type };
  }
  return null;
}

/** What `expression` names: a revision, or `revision:path`. */
export async function objectNamed(context: GraphqlContext, repo: Repository, args: Args): Promise<unknown> {
  demandToken(context, repo, "contents=read");
  if (typeof args.oid === "string") return objectAt(repo, args.oid);
  const [revision = "", ...rest] = String(args.expression ?? "").split(":");
  const path = rest.join(":").replace(/^\.\//, "").replace(/\/+$/, "");
  const git = gitOf(repo);
  const commit = await git.resolve(revision || "HEAD");
  if (!commit) return null;
  if (rest.length === 0) return commitAt(repo, commit);
  const entry = path === "" ? undefined : await git.entry(commit, path);
  const sha = path === "" ? await git.resolve(commit, "^{tree}") : entry?.sha;
  return sha ? objectAt(repo, sha, path) : null;
}

/** Refs below a prefix, as `refs(refPrefix:)` lists them. */
export async function refsOf(context: GraphqlContext, repo: Repository, args: Args): Promise<Record<string, unknown>> {
  demandToken(context, repo, "contents=read");
  const wanted = typeof args.query === "string" ? args.query.toLowerCase() : "";
  const refs = (await gitOf(repo).refs(String(args.refPrefix))).filter((ref) =>
    short(ref.name).toLowerCase().includes(wanted),
  );
  if ((args.orderBy?.direction ?? args.direction) === "DESC") refs.reverse();
  return connection("refs", args, refs, (ref): RefSource => ({
    type: "Ref",
    repo,
    name: ref.name,
    sha: ref.sha,
    objectType: ref.type,
  }));
}

const ref: Resolvers<RefSource> = {
  id: ({ repo, name }) => gitNodeId("ref", repo.id, name),
  name: ({ name }) => short(name),
  prefix: ({ name }) => prefixOf(name),
  repository: ({ repo }) => repositorySource(repo),
  target: ({ repo, sha }) => objectAt(repo, sha),
  branchProtectionRule: ({ repo, name }, _args, context) => {
    const found =
      name.startsWith(HEADS) && seesProtection(context, repo)
        ? protectionOf(context.world, repo, short(name))
        : undefined;
    return found ? protectionSource(repo, found) : null;
  },
  rules: ({ repo, name }, args, context) =>
    activeRulesOf(context, name.startsWith(HEADS) ? activeRules(context.world, repo, short(name)) : [], args),
  associatedPullRequests: ({ repo, name }, args) => {
    const pulls = [...repo.issues.values()]
      .filter((issue) => issue.pull?.headRef === short(name) && issue.pull.headRepositoryId === repo.id)
      .filter(
        (issue) => !args.states || args.states.includes(issue.pull?.merged ? "MERGED" : issue.state.toUpperCase()),
      );
    return connection("associatedPullRequests", args, pulls, (issue) => issueSource(repo, issue));
  },
  refUpdateRule: ({ repo, name }, _args, { world }) => {
    const rules = activeRules(world, repo, short(name));
    if (!name.startsWith(HEADS) || (rules.length === 0 && !protectionOf(world, repo, short(name)))) return null;
    const has = (type: string): boolean => rules.some(({ rule }) => rule.type === type);
    return {
      pattern: short(name),
      requiresLinearHistory: has("required_linear_history"),
      requiresSignatures: has("required_signatures"),
      requiresConversationResolution: false,
      allowsDeletions: !has("deletion"),
      allowsForcePushes: !has("non_fast_forward"),
      blocksCreations: has("creation"),
      viewerCanPush: !has("update"),
      requiredApprovingReviewCount: Math.max(
        0,
        ...rules.map(({ rule }) => Number(rule.parameters?.required_approving_review_count ?? 0)),
      ),
    };
  },
  compare: async ({ repo, name, sha }, args) => {
    const git = gitOf(repo);
    const head = await git.resolve(String(args.headRef));
    if (!head) return null;
    const [ahead, behind] = await Promise.all([git.count(`${sha}..${head}`), git.count(`${head}..${sha}`)]);
    const status =
      ahead === 0 && behind === 0 ? "IDENTICAL" : behind === 0 ? "AHEAD" : ahead === 0 ? "BEHIND" : "DIVERGED";
    return {
      id: gitNodeId("ref", repo.id, `${name}...${String(args.headRef)}`),
      aheadBy: ahead,
      behindBy: behind,
      status,
      baseTarget: () => objectAt(repo, sha),
      headTarget: () => objectAt(repo, head),
      commits: (inner: Args) =>
        fetchedConnection(
          "commits",
          inner,
          ahead,
          async ({ start, end }) => git.commits((await git.log(["--reverse", `${sha}..${head}`])).slice(start, end)),
          (commit) => commitSource(repo, commit),
        ),
    };
  },
};

const object: Resolvers<CommitSource | TreeSource | BlobSource | TagSource> = {
  id: (source) =>
    gitNodeId(source.type.toLowerCase() as "commit" | "tree" | "blob" | "tag", source.repo.id, oidOf(source)),
  oid: (source) => oidOf(source),
  abbreviatedOid: (source) => oidOf(source).slice(0, 7),
  repository: (source) => repositorySource(source.repo),
  commitUrl: (source, _args, { world }) => `${world.origin}/${world.fullName(source.repo)}/commit/${oidOf(source)}`,
  commitResourcePath: (source, _args, { world }) => `/${world.fullName(source.repo)}/commit/${oidOf(source)}`,
};
const oidOf = (source: CommitSource | TreeSource | BlobSource | TagSource): string =>
  source.type === "Commit" ? source.commit.sha : source.sha;

const person = (context: GraphqlContext, who: Commit["author"]): Record<string, unknown> => {
  const account = accountOf(context.world, who.email);
  return {
    name: who.name,
    email: who.email,
    date: who.date,
    avatarUrl: `${context.world.origin}/avatars/e`,
    user: account ? accountSource(account) : null,
  };
};
const headline = (message: string): string => message.split("\n", 1)[0] ?? "";

const commit: Resolvers<CommitSource> = {
  message: (source) => source.commit.message.trimEnd(),
  messageHeadline: (source) => headline(source.commit.message),
  messageBody: (source) => source.commit.message.split("\n").slice(1).join("\n").trim(),
  url: (source, _args, { world }) => `${world.origin}/${world.fullName(source.repo)}/commit/${source.commit.sha}`,
  resourcePath: (source, _args, { world }) => `/${world.fullName(source.repo)}/commit/${source.commit.sha}`,
  author: (source, _args, context) => person(context, source.commit.author),
  committer: (source, _args, context) => person(context, source.commit.committer),
  authors: (source, args, context) =>
    connection("authors", args, [source.commit.author], (who) => person(context, who)),
  authoredDate: (source) => source.commit.author.date,
  committedDate: (source) => source.commit.committer.date,
  pushedDate: () => null,
  authoredByCommitter: (source) => source.commit.author.email === source.commit.committer.email,
  committedViaWeb: (source) => source.repo.signedByGitHub.has(source.commit.sha),
  tree: (source): TreeSource => ({ type: "Tree", repo: source.repo, sha: source.commit.tree, path: "" }),
  parents: (source, args) =>
    fetchedConnection(
      "parents",
      args,
      source.commit.parents.length,
      ({ start, end }) => gitOf(source.repo).commits(source.commit.parents.slice(start, end)),
      (parent) => commitSource(source.repo, parent),
    ),
  additions: async (source) => (await changes(source)).reduce((sum, file) => sum + file.additions, 0),
  deletions: async (source) => (await changes(source)).reduce((sum, file) => sum + file.deletions, 0),
  changedFiles: async (source) => (await changes(source)).length,
  changedFilesIfAvailable: async (source) => (await changes(source)).length,
  history: async (source, args) => {
    const git = gitOf(source.repo);
    const limits = { path: args.path ?? undefined, since: args.since ?? undefined, until: args.until ?? undefined };
    const shas = await git.log([source.commit.sha], limits);
    return fetchedConnection(
      "history",
      args,
      shas.length,
      ({ start, end }) => git.commits(shas.slice(start, end)),
      (found) => commitSource(source.repo, found),
    );
  },
  file: async (source, args) => {
    const entry = await gitOf(source.repo).entry(source.commit.sha, String(args.path));
    return entry ? { ...treeEntry(source.repo, "", entry), path: String(args.path) } : null;
  },
  signature: (source, _args, { world }) => {
    const valid = isVerified(world, source.repo, source.commit);
    if (!valid && !source.commit.signature) return null;
    return {
      type: "GpgSignature",
      isValid: valid,
      state: valid ? "VALID" : "UNKNOWN_KEY",
      email: source.commit.committer.email,
      payload: source.commit.payload ?? "",
      signature: source.commit.signature ?? "",
      wasSignedByGitHub: source.repo.signedByGitHub.has(source.commit.sha),
      verifiedAt: null,
      signer: null,
      keyId: null,
    };
  },
  statusCheckRollup: (source, _args, context) => rollup(context, source.repo, source.commit.sha),
  associatedPullRequests: async (source, args) => {
    const git = gitOf(source.repo);
    const pulls = [];
    for (const issue of source.repo.issues.values()) {
      const pull = issue.pull;
      if (!pull) continue;
      const holds =
        pull.mergeCommitSha === source.commit.sha ||
        pull.headSha === source.commit.sha ||
        ((await git.isAncestor(source.commit.sha, pull.headSha).catch(() => false)) &&
          !(await git.isAncestor(source.commit.sha, pull.baseSha).catch(() => true)));
      if (holds) pulls.push(issue);
    }
    return connection("associatedPullRequests", args, pulls, (issue) => issueSource(source.repo, issue));
  },
};

async function changes({ repo, commit: found }: CommitSource): Promise<{ additions: number; deletions: number }[]> {
  return gitOf(repo).diff(found.parents[0] ?? null, found.sha, false);
}

function treeEntry(
  repo: Repository,
  within: string,
  entry: { mode: string; type: string; sha: string; size: number | null; path: string },
): Record<string, unknown> {
  const name = entry.path.split("/").at(-1) ?? entry.path;
  const extension = /\.[^.]+$/.exec(name)?.[0] ?? "";
  const path = within ? `${within}/${entry.path}` : entry.path;
  return {
    name,
    path,
    mode: Number.parseInt(entry.mode, 8),
    type: entry.type,
    oid: entry.sha,
    size: entry.size ?? 0,
    extension,
    isGenerated: false,
    object: () =>
      entry.type === "blob"
        ? ({ type: "Blob", repo, sha: entry.sha } satisfies BlobSource)
        : objectAt(repo, entry.sha, path),
    repository: () => repositorySource(repo),
  };
}

const tree: Resolvers<TreeSource> = {
  entries: async ({ repo, sha, path }) =>
    ((await gitOf(repo).tree(sha)) ?? []).map((entry) => treeEntry(repo, path, entry)),
};

const SHOWN_BYTES = 512 * 1024;
const contents = new WeakMap<BlobSource, Promise<Buffer>>();
/** Read once for all fields that are asked of a blob. */
function content(source: BlobSource): Promise<Buffer> {
  const known =
    contents.get(source) ??
    gitOf(source.repo)
      .blob(source.sha)
      .then((bytes) => bytes ?? Buffer.alloc(0));
  contents.set(source, known);
  return known;
}

const blob: Resolvers<BlobSource> = {
  byteSize: async (source) => (await content(source)).length,
  isBinary: async (source) => (await content(source)).includes(0),
  isTruncated: async (source) => (await content(source)).length > SHOWN_BYTES,
  text: async (source) => {
    const bytes = await content(source);
    return bytes.includes(0) ? null : bytes.subarray(0, SHOWN_BYTES).toString("utf8");
  },
};

const tagText = async ({ repo, sha }: TagSource): Promise<string> =>
  (await gitOf(repo).git(["cat-file", "tag", sha])).stdout.toString();

const tag: Resolvers<TagSource> = {
  name: async (source) => /^tag (.*)$/m.exec(await tagText(source))?.[1] ?? "",
  message: async (source) => (await tagText(source)).split("\n\n").slice(1).join("\n\n").trimEnd(),
  target: async (source) => objectAt(source.repo, /^object ([0-9a-f]+)$/m.exec(await tagText(source))?.[1] ?? ""),
};

export const gitTypes = {
  Ref: ref,
  Commit: { ...object, ...commit },
  Tree: { ...object, ...tree },
  Blob: { ...object, ...blob },
  Tag: { ...object, ...tag },
};
