import type { LfsBatch } from "../../policy/git/lfs";
import type { Refusal, RuleId } from "../../policy/refusals";

/** How long an object is remembered, and how many. */
const REMEMBERED_MS = 5 * 60_000;
const MAX_REMEMBERED = 1000;

/** Refusals that the same object would meet again. What broke off or failed may well pass the next time. */
const LASTING: ReadonlySet<RuleId> = new Set(["secret-in-content", "canary-token"]);

/**
 * LFS objects that were refused a short time ago. git-lfs sends an object that was refused nine times, with a new batch
 * before each; an error in the batch's answer ends that. Known to this isolate alone: another one refuses the object
 * once more by itself.
 */
export class RefusedObjects {
  private readonly known = new Map<string, { readonly refusal: Refusal; readonly until: number }>();

  remember(
    { repository, oid, action }: { readonly repository: string; readonly oid: string; readonly action: string },
    refusal: Refusal,
    now: number,
  ): void {
    if (!LASTING.has(refusal.rule)) return;
    const key = keyOf(repository, action === "download", oid);
    this.known.delete(key);
    this.known.set(key, { refusal, until: now + REMEMBERED_MS });
    const [oldest] = this.known.keys();
    if (this.known.size > MAX_REMEMBERED && oldest !== undefined) this.known.delete(oldest);
  }

  /** The objects of a batch that were refused, with why. */
  among(repository: string, { write, sizes }: LfsBatch, now: number): ReadonlyMap<string, Refusal> {
    const found = new Map<string, Refusal>();
    for (const oid of this.known.size === 0 ? [] : sizes.keys()) {
      const known = this.known.get(keyOf(repository, !write, oid));
      if (known !== undefined && now <= known.until) found.set(oid, known.refusal);
    }
    return found;
  }
}

const keyOf = (repository: string, download: boolean, oid: string): string =>
  `${repository} ${download ? "download" : "upload"} ${oid}`;
