import type { CompiledPolicy, CompiledRepository } from "./compiled";
import { Refusal } from "./refusals";

/** GitHub lists at most this many files in a comparison; a longer list cannot be seen whole. */
const VISIBLE_FILES = 300;

/** A fact about GitHub's state that decides whether a request may pass: how `head` differs from `base`, both in what it touches and in how large it is. */
export interface Lookup {
  readonly kind: "compare";
  readonly repository: CompiledRepository;
  readonly base: string;
  readonly head: string;
  /** Files that the request itself adds to the difference. They have been judged; so was what is there, when it came, and only the size of both is left. */
  readonly adds?: readonly string[];
}

/** The REST path of a look-up, with its query. */
export function lookupPath(c: CompiledPolicy, lookup: Lookup): string {
  const end = (ref: string): string => encodeURIComponent(ref);
  return `/repos/${c.policy.organization}/${lookup.repository.name}/compare/${end(lookup.base)}...${end(lookup.head)}?per_page=1`;
}

/**
 * Guards `lookup-protected-path` and `lookup-change-size`: judges GitHub's comparison. Whatever cannot be seen whole is refused.
 * Of what a request adds the lines are not known, so a branch is closed to more once it is over the limit of lines.
 */
export function judgeComparison(c: CompiledPolicy, { repository, adds }: Lookup, answer: unknown): Refusal | undefined {
  const files = (answer as { files?: unknown } | null)?.files;
  if (!Array.isArray(files) || files.length >= VISIBLE_FILES) return new Refusal("change-not-inspectable");
  const names = new Set(adds);
  let lines = 0;
  for (const file of files as readonly { filename?: unknown; previous_filename?: unknown; changes?: unknown }[]) {
    if (typeof file?.filename !== "string") return new Refusal("change-not-inspectable");
    if (adds === undefined) {
      if (repository.guarded.touches(file.filename)) return new Refusal("protected-path", file.filename);
      if (typeof file.previous_filename === "string" && repository.guarded.matches(file.previous_filename)) return new Refusal("protected-path", file.previous_filename);
    }
    names.add(file.filename);
    lines += typeof file.changes === "number" ? file.changes : 0;
  }
  if (names.size > c.policy.limits.maxChangedFiles) return new Refusal("change-too-large", `${names.size} files`);
  if (lines > c.policy.limits.maxChangedLines) return new Refusal("change-too-large", `${lines} lines`);
  return undefined;
}
