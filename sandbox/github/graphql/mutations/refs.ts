/** Branches and commits by API: rules are judged by the same function as pushes. */
import { commitToBranch, type FileEdit } from "../../domain/commits";
import { personOf, webFlow } from "../../domain/pulls";
import { gitOf, moveRefs } from "../../domain/refs";
import { ZERO } from "../../git/repository";
import { demand, demandUser, repositoryNamed } from "../access";
import { FieldRefusal, unprocessable } from "../errors";
import { nodeOf } from "../nodes";
import type { Args, GraphqlContext, RefSource, RepositorySource, Resolvers } from "../source";
import { commitAt } from "../types/commitSource";
import { refNamed } from "../types/git";

const NEEDED = "contents=write";
const REF =
  /^refs\/(?:heads|tags)\/(?!.*(?:\.\.|\/\/|@\{|[\s~^:?*[\\]))[^/.][^\0]*[^/.]$|^refs\/(?:heads|tags)\/[^/.\s~^:?*[\\]$/;

export const refMutations: Resolvers<unknown> = {
  createRef: async (_source, args, context) => {
    const { input } = args;
    const { repo } = await nodeOf<RepositorySource>(context, input.repositoryId, "Repository");
    demand(context, repo, "write", NEEDED, "createRef");
    const name = String(input.name);
    if (!REF.test(name)) throw unprocessable(`'${name}' is not a valid ref name.`);
    const git = gitOf(repo);
    if (await git.ref(name)) throw unprocessable(`A ref named "${name}" already exists in the repository.`);
    if (!(await git.typeOf(String(input.oid))))
      throw unprocessable(`Object with oid '${String(input.oid)}' does not exist in the repository.`);
    await moveRefs(context.world, { repo, git, auth: context.auth, via: "api" }, [
      { ref: name, old: ZERO, new: String(input.oid) },
    ]);
    return { ref: await refNamed(context, repo, name), clientMutationId: input.clientMutationId ?? null };
  },
  updateRef: async (_source, args, context) => {
    const { input } = args;
    const { repo, name, sha } = await nodeOf<RefSource>(context, input.refId, "Ref");
    demand(context, repo, "write", NEEDED, "updateRef");
    const git = gitOf(repo);
    if (!(await git.typeOf(String(input.oid))))
      throw unprocessable(`Object with oid '${String(input.oid)}' does not exist in the repository.`);
    if (input.force !== true && !(await git.isAncestor(sha, String(input.oid))))
      throw unprocessable("Reference cannot be updated because it is not a fast forward.");
    await moveRefs(context.world, { repo, git, auth: context.auth, via: "api" }, [
      { ref: name, old: sha, new: String(input.oid) },
    ]);
    return { ref: await refNamed(context, repo, name), clientMutationId: input.clientMutationId ?? null };
  },
  deleteRef: async (_source, args, context) => {
    const { repo, name, sha } = await nodeOf<RefSource>(context, args.input.refId, "Ref");
    demand(context, repo, "write", NEEDED, "deleteRef");
    if (name === `refs/heads/${repo.defaultBranch}`) throw unprocessable("Cannot delete the default branch.");
    await moveRefs(context.world, { repo, git: gitOf(repo), auth: context.auth, via: "api" }, [
      { ref: name, old: sha, new: ZERO },
    ]);
    return { clientMutationId: args.input.clientMutationId ?? null };
  },
  createCommitOnBranch: async (_source, args, context) => {
    const { input } = args;
    const { repo, branch } = await branchOf(context, input.branch);
    demand(context, repo, "write", NEEDED, "createCommitOnBranch");
    const git = gitOf(repo);
    const head = await git.resolve(`refs/heads/${branch}`);
    if (!head) throw unprocessable(`No such branch: ${branch}`);
    if (head !== input.expectedHeadOid)
      throw new FieldRefusal(
        "STALE_DATA",
        `Expected branch to point to "${String(input.expectedHeadOid)}" but it did not. Pull and try again.`,
      );
    const edits: FileEdit[] = [
      ...(input.fileChanges?.additions ?? []).map(({ path, contents }: { path: string; contents: string }) => ({
        path,
        content: Buffer.from(contents, "base64"),
      })),
      ...(input.fileChanges?.deletions ?? []).map(({ path }: { path: string }) => ({ path, content: null })),
    ];
    if (edits.length === 0) throw unprocessable("A commit must change at least one file.");
    for (const edit of edits)
      if (edit.content === null && !(await git.entry(head, edit.path)))
        throw unprocessable(
          `A path was requested for deletion which does not exist as of commit oid \`${head}\`: ${edit.path}`,
        );
    const { headline, body } = input.message as { headline: string; body?: string | null };
    const sha = await commitToBranch(
      context.world,
      repo,
      git,
      context.auth,
      branch,
      head,
      edits,
      {
        message: body ? `${headline}\n\n${body}` : headline,
        author: personOf(context.world, demandUser(context)),
        committer: webFlow(context.world),
        signed: true,
      },
      422,
    );
    return {
      commit: await commitAt(repo, sha),
      ref: await refNamed(context, repo, `refs/heads/${branch}`),
      clientMutationId: input.clientMutationId ?? null,
    };
  },
};

/** A branch by node id, or by repository and name. */
async function branchOf(context: GraphqlContext, branch: Args): Promise<{ repo: RefSource["repo"]; branch: string }> {
  if (branch.id) {
    const { repo, name } = await nodeOf<RefSource>(context, branch.id, "Ref");
    return { repo, branch: name.replace(/^refs\/heads\//, "") };
  }
  const [owner = "", name = ""] = String(branch.repositoryNameWithOwner ?? "").split("/");
  if (!branch.branchName)
    throw unprocessable("A branch must be given by id, or by repositoryNameWithOwner and branchName");
  return {
    repo: repositoryNamed(context, owner, name),
    branch: String(branch.branchName).replace(/^refs\/heads\//, ""),
  };
}
