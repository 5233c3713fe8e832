import { Refusal } from "../refusals";
import {
  allowedBy,
  CANARY,
  refusing,
  secretsIn,
  STOOD_BEFORE,
  withoutValue,
  type Finding,
  type SecretMatch,
  type SecretRules,
} from "../text/secrets";
import { SecretRefusal } from "../verdict";
import type { ObjectSource, Pushed } from "./history";
import { differing, TreeLoader } from "./trees";

/** Source of the previous contents of files. */
export interface BlobSource extends ObjectSource {
  /** The content of a file. Undefined also if too many or too large files are asked for. */
  blob(id: string): Promise<Uint8Array | undefined>;
}

/** A path at which a commit puts a blob with what looks like a credential. */
interface Stand {
  readonly path: string;
  readonly id: string;
  /** The files at this path in the parents. */
  readonly was: readonly string[];
}

/** Places that are looked at in all; trees that hold one another many times have more than anybody could walk. */
const MAX_PLACES = 50_000;

/**
 * Guard `push-secret-place`: judges blobs in which something looks like a credential by every place at which a commit
 * of the push puts them. A place may be one where the posture allows it, or where the same thing stood before the
 * commit: in a file of that place, or in one that the commit takes away, as a move does. What stood there is read from
 * the pack or, a few times, from GitHub; what cannot be read has known nothing. A blob that no commit shows at a place
 * of its own stays refused.
 * @param allowed why a path may hold such a thing; undefined when it may not
 * @param rules what is searched for beside the public formats
 * @returns what is allowed, for the record; or the refusal
 */
export async function judgeSuspects(
  suspects: ReadonlyMap<string, readonly SecretMatch[]>,
  pushed: Pushed,
  source: BlobSource,
  allowed: (path: string) => string | undefined,
  rules?: SecretRules,
): Promise<readonly Finding[] | Refusal> {
  const trees = new TreeLoader(pushed.trees, (id) => source.tree(id));
  const open = new Set(suspects.keys());
  const findings: Finding[] = [];
  const before = new Before(suspects, source, rules);
  let places = 0;
  for (const commit of pushed.commits.values()) {
    const parents: string[] = [];
    for (const parent of commit.parents) {
      const below = pushed.commits.get(parent) ?? (await source.commit(parent));
      if (below === undefined) return new Refusal("pack-not-inspectable", "a parent that GitHub does not have");
      parents.push(below.tree);
    }
    const stands: Stand[] = [];
    const removed: string[] = [];
    const refused = await differing(
      trees,
      commit.tree,
      parents,
      () => true,
      ({ path, id, was, isFile }) => {
        if (isFile && id !== undefined && suspects.has(id)) stands.push({ path, id, was });
        // What was allowed there alone is not carried out of it.
        if (id === undefined && allowed(path) === undefined) removed.push(...was);
        return ++places > MAX_PLACES ? new Refusal("pack-not-inspectable", "too many changed places") : undefined;
      },
    );
    if (refused !== undefined) return refused;
    for (const { path, id, was } of stands) {
      const matches = suspects.get(id) ?? [];
      // A canary token is allowed nowhere, but may have stood there.
      const reason = matches.some(({ rule }) => rule === CANARY) ? undefined : allowed(path);
      const refused = reason === undefined ? await before.judge(matches, [...was, ...removed]) : undefined;
      if (refused !== undefined) return refused;
      open.delete(id);
      findings.push(...matches.map((match) => allowedBy(reason ?? STOOD_BEFORE, withoutValue(match))));
    }
  }
  const [lost] = open;
  return lost === undefined ? findings : new SecretRefusal(refusing(suspects.get(lost) ?? []).map(withoutValue));
}

/** What stood somewhere before a commit. */
class Before {
  private readonly read = new Map<string, ReadonlySet<string>>();

  constructor(
    private readonly suspects: ReadonlyMap<string, readonly SecretMatch[]>,
    private readonly source: BlobSource,
    private readonly rules?: SecretRules,
  ) {}

  /** Refuses what is in none of the files; they are read one after the other, until nothing new is left. */
  async judge(matches: readonly SecretMatch[], files: readonly string[]): Promise<SecretRefusal | undefined> {
    let left = refusing(matches);
    let unread = false;
    for (const id of new Set(files)) {
      if (left.length === 0) break;
      const known = await this.secrets(id);
      if (known === undefined) unread = true;
      else left = left.filter(({ value }) => !known.has(value));
    }
    if (left.length === 0) return undefined;
    const why = unread ? "the previous content could not be read" : "";
    return new SecretRefusal(left.map(withoutValue), why);
  }

  /** A file of the pack in which something was found is known by that. */
  private async secrets(id: string): Promise<ReadonlySet<string> | undefined> {
    const pushed = this.suspects.get(id);
    if (pushed !== undefined) return new Set(pushed.map(({ value }) => value));
    const known = this.read.get(id);
    if (known !== undefined) return known;
    const content = await this.source.blob(id);
    if (content === undefined) return undefined;
    const found = secretsIn(latin1.decode(content), this.rules);
    this.read.set(id, found);
    return found;
  }
}

const latin1 = new TextDecoder("latin1");
