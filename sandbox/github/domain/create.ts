import type { Context } from "../http/context";
import { HttpError, invalid } from "../http/errors";
import { GitRepository } from "../git/repository";
import { noreply } from "../present/commits";
import { presentFullRepository } from "../present/repositories";
import type { Repository, RepositorySettings, User } from "../state";
import type { World } from "../world";
import { newRepository, SETTINGS } from "./repositories";

const NAME = /^[-\w.]{1,100}$/;

export function checkName(world: World, owner: Repository["owner"], name: string): void {
  if (!NAME.test(name) || name === "." || name === ".." || name.endsWith(".git"))
    throw new HttpError(422, "Repository creation failed.", {
      errors: [{ resource: "Repository", code: "custom", field: "name", message: "name is invalid" }],
    });
  if (world.reposOf(owner).some((r) => r.name.toLowerCase() === name.toLowerCase()))
    throw new HttpError(422, "Repository creation failed.", {
      errors: [
        { resource: "Repository", code: "custom", field: "name", message: "name already exists on this account" },
      ],
    });
}

/** POST /orgs/{org}/repos and POST /user/repos. */
export async function createRepository(c: Context, owner: Repository["owner"]): Promise<Repository> {
  const name = c.string("name");
  if (name === undefined) throw invalid("Repository", "name", "missing_field");
  checkName(c.world, owner, name);
  const visibility =
    c.oneOf("visibility", ["public", "private", "internal"] as const) ?? (c.bool("private") ? "private" : "public");
  const repo = newRepository(c.world, owner, name, visibility, "main");
  applySettings(c, repo);
  await GitRepository.init(repo.gitDir, repo.defaultBranch, c.world.hooksDir);
  if (c.bool("auto_init")) await firstCommit(c.world, repo, c.me);
  c.world.webhooks.emit("repository", "created", { repo, senderId: c.me.id });
  return repo;
}

/** Settings as PATCH /repos/{owner}/{repo} and the creating calls take them. */
export function applySettings(c: Context, repo: Repository): void {
  for (const key of Object.keys(SETTINGS) as (keyof RepositorySettings)[]) {
    const value = typeof SETTINGS[key] === "boolean" ? c.bool(key) : c.string(key);
    if (value !== undefined) Object.assign(repo.settings, { [key]: value });
  }
  if (c.sent("description")) repo.description = c.string("description") ?? null;
  if (c.sent("homepage")) repo.homepage = c.string("homepage") ?? null;
  repo.isTemplate = c.bool("is_template") ?? repo.isTemplate;
  if (c.strings("topics")) repo.topics = c.strings("topics")!;
  const security = c.body["security_and_analysis"];
  if (typeof security === "object" && security !== null) {
    for (const [name, value] of Object.entries(security as Record<string, { status?: string } | null>))
      if (value?.status === "enabled" || value?.status === "disabled")
        repo.securityAndAnalysis[name] = { status: value.status };
  }
}

async function firstCommit(world: World, repo: Repository, by: User): Promise<void> {
  const git = new GitRepository(repo.gitDir);
  const blob = await git.writeBlob(Buffer.from(`# ${repo.name}\n`));
  const tree = await git.writeTree([{ mode: "100644", type: "blob", sha: blob, name: "README.md" }]);
  const who = { name: by.name ?? by.login, email: noreply(by), date: world.clock.iso() };
  const sha = await git.writeCommit({
    tree,
    parents: [],
    author: who,
    committer: { name: "GitHub", email: "noreply@github.com", date: who.date },
    message: "Initial commit",
  });
  repo.signedByGitHub.add(sha);
  await git.setRef(`refs/heads/${repo.defaultBranch}`, sha);
}

/** A fork carries the whole history, and lives in the account of whoever forks. */
export async function forkRepository(
  world: World,
  source: Repository,
  owner: Repository["owner"],
  name: string,
): Promise<Repository> {
  checkName(world, owner, name);
  const fork = newRepository(world, owner, name, source.visibility, source.defaultBranch);
  fork.forkOf = source.id;
  fork.description = source.description;
  await GitRepository.init(fork.gitDir, fork.defaultBranch, world.hooksDir);
  await new GitRepository(fork.gitDir).git([
    "fetch",
    "--quiet",
    source.gitDir,
    "refs/heads/*:refs/heads/*",
    "refs/tags/*:refs/tags/*",
  ]);
  world.webhooks.emit("fork", null, {
    repo: source,
    senderId: owner.id,
    payload: { forkee: presentFullRepository(world, fork, "read") },
  });
  return fork;
}
