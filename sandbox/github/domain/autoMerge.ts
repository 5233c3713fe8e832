import type { Auth } from "../auth";
import { HttpError } from "../http/errors";
import type { Issue, Repository } from "../state";
import type { World } from "../world";
import { mergePull, pullFigures } from "./pulls";

/**
 * Pull requests that wait to be merged by themselves, by repository and number: what they stand for may be replaced
 * meanwhile, or be gone.
 */
const waiting = new WeakMap<World, Set<`${number}/${number}`>>();
const waitingIn = (world: World): Set<`${number}/${number}`> => {
  const known = waiting.get(world) ?? new Set();
  waiting.set(world, known);
  return known;
};

/** Whoever has asked for the merge has also been checked: may write, and the repository allows it. */
export function waitForMerge(world: World, repo: Repository, issue: Issue): void {
  waitingIn(world).add(`${repo.id}/${issue.number}`);
}

/**
 * Merges what has become mergeable, in the name of whoever asked for it ("About auto-merge": when all required reviews
 * are met and status checks have passed). Called after everything that may have changed that; costs nothing while
 * nothing waits.
 */
export async function settleAutoMerges(world: World): Promise<void> {
  for (const key of waitingIn(world)) {
    const [id, number] = key.split("/").map(Number) as [number, number];
    const repo = world.repos.get(id);
    const issue = repo?.issues.get(number);
    const autoMerge = issue?.pull?.autoMerge;
    if (!repo || !issue || !autoMerge || issue.state !== "open") {
      waitingIn(world).delete(key);
      continue;
    }
    const { mergeableState } = await pullFigures(world, repo, issue);
    if (mergeableState !== "clean" && mergeableState !== "unstable") continue;
    const user = world.user(autoMerge.enabledById);
    const auth: Auth = { kind: "token", user };
    try {
      await mergePull(world, repo, auth, issue, {
        method: autoMerge.method,
        ...(autoMerge.title === null ? {} : { title: autoMerge.title }),
        ...(autoMerge.message === null ? {} : { message: autoMerge.message }),
      });
      waitingIn(world).delete(key);
    } catch (error) {
      // A rule that holds for who asked, such as a restricted update: it goes on waiting.
      if (!(error instanceof HttpError)) throw error;
    }
  }
}
