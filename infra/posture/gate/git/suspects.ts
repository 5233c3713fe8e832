import { SecretRefusal } from "../body";
import { Refusal } from "../refusals";
import { allowedBy, refusing, type Finding, type SecretMatch } from "../secrets";
import type { ObjectSource, Pushed } from "./history";
import { differing, TreeLoader } from "./trees";

/** A place at which a commit puts a blob that holds what looks like a credential. */
interface Stand {
  readonly path: string;
  readonly id: string;
}

/** Places that are looked at in all; trees that hold one another many times have more than anybody could walk. */
const MAX_PLACES = 50_000;

/**
 * Guard `push-secret-place`: judges blobs in which something looks like a credential by every place at which a commit of the push puts them.
 * A place may be one where the posture allows it. A blob that no commit shows at a place of its own stays refused.
 * @param allowed why a path may hold such a thing; undefined when it may not
 * @returns what is allowed, for the record; or the refusal
 */
export async function judgeSuspects(
  suspects: ReadonlyMap<string, readonly SecretMatch[]>,
  pushed: Pushed,
  source: ObjectSource,
  allowed: (path: string) => string | undefined,
): Promise<readonly Finding[] | Refusal> {
  const trees = new TreeLoader(pushed.trees, (id) => source.tree(id));
  const open = new Set(suspects.keys());
  const findings: Finding[] = [];
  let places = 0;
  for (const commit of pushed.commits.values()) {
    const parents: string[] = [];
    for (const parent of commit.parents) {
      const below = pushed.commits.get(parent) ?? (await source.commit(parent));
      if (below === undefined) return new Refusal("pack-not-inspectable", "a parent that GitHub does not have");
      parents.push(below.tree);
    }
    const stands: Stand[] = [];
    const refused = await differing(
      trees,
      commit.tree,
      parents,
      () => true,
      ({ path, id, isFile }) => {
        if (isFile && id !== undefined && suspects.has(id)) stands.push({ path, id });
        return ++places > MAX_PLACES ? new Refusal("pack-not-inspectable", "too many changed places") : undefined;
      },
    );
    if (refused !== undefined) return refused;
    for (const { path, id } of stands) {
      const matches = suspects.get(id) ?? [];
      const reason = allowed(path);
      if (reason === undefined) return new SecretRefusal(withoutValues(matches));
      open.delete(id);
      findings.push(...withoutValues(matches).map((finding) => allowedBy(reason, finding)));
    }
  }
  const [lost] = open;
  return lost === undefined ? findings : new SecretRefusal(withoutValues(refusing(suspects.get(lost) ?? [])));
}

const withoutValues = (matches: readonly SecretMatch[]): Finding[] =>
  matches.map(({ value: _, ...finding }) => finding);
