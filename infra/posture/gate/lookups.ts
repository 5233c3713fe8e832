import type { CompiledPolicy, CompiledRepository } from "./compiled";
import { Refusal } from "./refusals";

/** GitHub lists at most this many files in a comparison; a longer list cannot be seen whole. */
const VISIBLE_FILES = 300;

/**
 * A fact about GitHub's state that decides whether a request may pass: how `head` differs from `base`.
 * `proposal`: the difference is what a person is asked to review, so its size is limited as well.
 */
export interface Lookup {
  readonly kind: "compare";
  readonly repository: CompiledRepository;
  readonly base: string;
  readonly head: string;
  readonly proposal: boolean;
}

/** The REST path of a look-up, with its query. */
export function lookupPath(c: CompiledPolicy, lookup: Lookup): string {
  const end = (ref: string): string => encodeURIComponent(ref);
  return `/repos/${c.policy.organization}/${lookup.repository.name}/compare/${end(lookup.base)}...${end(lookup.head)}?per_page=1`;
}

/** Guards `lookup-protected-path` and `lookup-change-size`: judges GitHub's comparison. Whatever cannot be seen whole is refused. */
export function judgeComparison(c: CompiledPolicy, lookup: Lookup, answer: unknown): Refusal | undefined {
  const files = (answer as { files?: unknown } | null)?.files;
  if (!Array.isArray(files) || files.length >= VISIBLE_FILES) return new Refusal("change-not-inspectable");
  let lines = 0;
  for (const file of files as readonly { filename?: unknown; previous_filename?: unknown; changes?: unknown }[]) {
    if (typeof file?.filename !== "string") return new Refusal("change-not-inspectable");
    if (lookup.repository.guarded.touches(file.filename)) return new Refusal("protected-path", file.filename);
    if (typeof file.previous_filename === "string" && lookup.repository.guarded.matches(file.previous_filename)) return new Refusal("protected-path", file.previous_filename);
    lines += typeof file.changes === "number" ? file.changes : 0;
  }
  if (!lookup.proposal) return undefined;
  if (files.length > c.policy.limits.maxChangedFiles) return new Refusal("change-too-large", `${files.length} files`);
  if (lines > c.policy.limits.maxChangedLines) return new Refusal("change-too-large", `${lines} lines`);
  return undefined;
}
