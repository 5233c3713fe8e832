import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { Repository } from "./state";
import type { World } from "./world";

/** The stand-in as it was at one moment. */
export interface Checkpoint {
  /**
   * Puts everything back: accounts, organizations, rules, repositories, their references and objects. Tokens live on as
   * they are.
   */
  restore(): Promise<void>;
  /** Forgets the copies; nothing can be restored after. */
  drop(): Promise<void>;
}

/** The maps that hold state. Tokens, the audit log and the request log are records of what happened and stay. */
const stateOf = (world: World) => ({
  users: world.users,
  orgs: world.orgs,
  teams: world.teams,
  repos: world.repos,
  gists: world.gists,
  installations: world.installations,
  renamed: world.renamed,
});
type State = ReturnType<typeof stateOf>;

/**
 * Remembers the whole organization, so that a rehearsal can break it and put it back exactly.
 * Only for a world at rest: a request that runs meanwhile would write into what is replaced.
 */
export async function takeCheckpoint(world: World): Promise<Checkpoint> {
  const saved = copyOf(stateOf(world));
  const copies = await mkdtemp(join(dirname(world.gitRoot), "checkpoint-"));
  const kept = await Promise.all(
    [...saved.repos.values()].map(async (repo) => {
      const copy = join(copies, `${repo.id}.git`);
      await cp(repo.gitDir, copy, { recursive: true });
      return { repo, copy, refs: await refsOf(repo) };
    }),
  );
  return {
    restore: async () => {
      for (const repo of world.repos.values())
        if (!saved.repos.has(repo.id)) await rm(repo.gitDir, { recursive: true, force: true });
      const fresh = copyOf(saved);
      for (const [name, map] of Object.entries(stateOf(world)) as [keyof State, Map<unknown, unknown>][]) {
        map.clear();
        for (const [key, value] of fresh[name]) map.set(key, value);
      }
      await Promise.all(
        kept.map(async ({ repo, copy, refs }) => {
          if ((await refsOf(repo)) === refs) return;
          await rm(repo.gitDir, { recursive: true, force: true });
          await cp(copy, repo.gitDir, { recursive: true });
        }),
      );
    },
    drop: () => rm(copies, { recursive: true, force: true }),
  };
}

/** A copy that shares nothing. Buffers would come out as plain byte arrays, which they must not. */
function copyOf(state: State): State {
  const copy = structuredClone(state);
  for (const repo of copy.repos.values())
    for (const release of repo.releases.values())
      for (const asset of release.assets) asset.content = Buffer.from(asset.content);
  return copy;
}

/**
 * Every reference with what it points to, HEAD included, as git keeps them in files; empty when the repository is gone.
 * Asking git would start two processes for each repository.
 */
async function refsOf({ gitDir }: Repository): Promise<string> {
  const read = (file: string): Promise<string> => readFile(join(gitDir, file), "utf8").catch(() => "");
  const loose = await readdir(join(gitDir, "refs"), { recursive: true, withFileTypes: true }).catch(() => []);
  const files = loose
    .filter((entry) => entry.isFile())
    .map((entry) => relative(gitDir, join(entry.parentPath, entry.name)))
    .sort();
  return (
    await Promise.all(["HEAD", "packed-refs", ...files].map(async (file) => `${file}\n${await read(file)}`))
  ).join("\n");
}
