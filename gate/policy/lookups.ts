import type { CompiledPolicy, CompiledRepository } from "./compiled";
import { readBlob } from "./git/blob";
import { objectIdOf } from "./git/sha1";
import { Refusal } from "./refusals";
import type { Finding } from "./text/secrets";

/** GitHub lists at most this many files in a comparison; a longer list cannot be seen whole. */
const VISIBLE_FILES = 300;

/** A fact about GitHub's state that decides whether a request may pass. */
export type Lookup = Comparison | Directories | Standing;

/** How `head` differs from `base`, both in what it touches and in how large it is. */
export interface Comparison {
  readonly kind: "compare";
  readonly repository: CompiledRepository;
  readonly base: string;
  readonly head: string;
  /**
   * Files that the request itself adds to the difference. They have been judged; so was what is there, when it came,
   * and only the size of both is left.
   */
  readonly adds?: readonly string[];
}

/** Which of some files would stand in the place of a directory. `at`: a branch or a commit. */
export interface Directories {
  readonly kind: "directories";
  readonly repository: CompiledRepository;
  readonly at: string;
  readonly paths: readonly string[];
}

/** Whether what was found in a new content of a file stood there before. */
export interface Standing {
  readonly kind: "standing";
  readonly repository: CompiledRepository;
  /** A branch or a commit, at which the new content is to be the next. */
  readonly at: string;
  readonly path: string;
  /** Blob that the request says it replaces; it must be what is there. */
  readonly sha?: string;
  /** For the record, when it stood there. */
  readonly findings: readonly Finding[];
  /**
   * What of it is new, as a refusal. `before`: undefined when what is there cannot be read. A function, so that no
   * value stands in a decision.
   */
  readonly judge: (before: string | undefined) => Refusal | undefined;
}

/** Files that GitHub lists of a folder at most; a longer list is cut. */
const VISIBLE_ENTRIES = 1000;

/**
 * Guard `lookup-secret-before`: the id of the file as it is, from GitHub's list of its folder, which does not follow
 * links; undefined when there is none, or a refusal where that cannot be told. `answer`: undefined when there is no
 * folder.
 */
export function standingBlob({ path, sha, judge }: Standing, answer: unknown): string | Refusal | undefined {
  if (answer === undefined) return undefined;
  const unknown = (): Refusal | undefined => judge(undefined);
  if (!Array.isArray(answer)) return unknown();
  const entry = (answer as readonly { path?: unknown; type?: unknown; sha?: unknown }[]).find((e) => e?.path === path);
  if (entry === undefined) return answer.length >= VISIBLE_ENTRIES ? unknown() : undefined;
  const { type, sha: there } = entry;
  if (type !== "file" || typeof there !== "string" || !/^[0-9a-f]{40}$/.test(there)) return unknown();
  return sha === undefined || sha === there ? there : unknown();
}

/** Judges by the file's content. `answer`: GitHub's, about the blob. */
export function judgeStanding({ judge }: Standing, id: string, answer: unknown): Refusal | undefined {
  const content = readBlob(answer, MAX_BEFORE);
  return judge(content === undefined || objectIdOf("blob", content) !== id ? undefined : latin1.decode(content));
}

/** Bytes of a file that is read to see what stood in it. */
const MAX_BEFORE = 1024 * 1024;
const latin1 = new TextDecoder("latin1");

/**
 * The look-up for files that are written at these paths; none where no directory there could hold anything protected.
 */
export function directoryLookup(
  repository: CompiledRepository,
  at: string,
  paths: readonly string[],
): readonly Directories[] {
  const doubtful = paths.filter((path) => repository.guarded.couldHold(path));
  return doubtful.length === 0 ? [] : [{ kind: "directories", repository, at, paths: doubtful }];
}

/** The REST path of a blob in the look-up's repository. */
export function blobPath(policy: CompiledPolicy, { repository }: Standing, id: string): string {
  return `/repos/${policy.organization}/${repository.name}/git/blobs/${id}`;
}

/** The REST path of a look-up, with its query. */
export function lookupPath(policy: CompiledPolicy, lookup: Lookup): string {
  const end = (ref: string): string => encodeURIComponent(ref);
  if (lookup.kind === "standing") {
    const folder = lookup.path.split("/").slice(0, -1).map(end).join("/");
    return `/repos/${policy.organization}/${lookup.repository.name}/contents/${folder}?ref=${end(lookup.at)}`;
  }
  if (lookup.kind === "directories") {
    const [only = "", ...more] = lookup.paths;
    // Of one file its place alone is asked for, which is a file, nothing, or a short list; of more than one, the whole
    // tree.
    const what =
      more.length === 0
        ? `contents/${only.split("/").map(end).join("/")}?ref=${end(lookup.at)}`
        : `git/trees/${end(lookup.at)}?recursive=1`;
    return `/repos/${policy.organization}/${lookup.repository.name}/${what}`;
  }
  return `/repos/${policy.organization}/${lookup.repository.name}/compare/${end(lookup.base)}...${end(lookup.head)}?per_page=1`;
}

/**
 * Guards `lookup-protected-path` and `lookup-change-size`: judges GitHub's comparison. Whatever cannot be seen whole is
 * refused; otherwise the files. Of what a request adds the lines are not known, so a branch is closed to more once it
 * is over the limit of lines.
 */
export function judgeComparison(
  policy: CompiledPolicy,
  { repository, adds }: Comparison,
  answer: unknown,
): ReadonlySet<string> | Refusal {
  const files = (answer as { files?: unknown } | null)?.files;
  if (!Array.isArray(files) || files.length >= VISIBLE_FILES) return new Refusal("change-not-inspectable");
  const names = new Set(adds);
  let lines = 0;
  for (const file of files as readonly { filename?: unknown; previous_filename?: unknown; changes?: unknown }[]) {
    if (typeof file?.filename !== "string") return new Refusal("change-not-inspectable");
    if (adds === undefined) {
      if (repository.guarded.touches(file.filename)) return new Refusal("protected-path", file.filename);
      if (typeof file.previous_filename === "string" && repository.guarded.matches(file.previous_filename))
        return new Refusal("protected-path", file.previous_filename);
    }
    names.add(file.filename);
    lines += typeof file.changes === "number" ? file.changes : 0;
  }
  if (names.size > policy.limits.maxChangedFiles) return new Refusal("change-too-large", `${names.size} files`);
  if (lines > policy.limits.maxChangedLines) return new Refusal("change-too-large", `${lines} lines`);
  return names;
}

/**
 * Guard `lookup-directory`: no file replaces a directory below which something protected could lie. `answer`: undefined
 * when there is nothing at the place.
 */
export function judgeDirectories({ paths }: Directories, answer: unknown): Refusal | undefined {
  const [only = "", ...more] = paths;
  if (more.length === 0) return Array.isArray(answer) ? new Refusal("protected-path", only) : undefined;
  const { truncated, tree } = (answer ?? {}) as { truncated?: unknown; tree?: unknown };
  if (truncated !== false || !Array.isArray(tree))
    return new Refusal("change-not-inspectable", "the repository's tree");
  const wanted = new Set(paths);
  const replaced = (tree as readonly { path?: unknown; type?: unknown }[]).find(
    ({ path, type }) => type === "tree" && typeof path === "string" && wanted.has(path),
  );
  return replaced === undefined ? undefined : new Refusal("protected-path", String(replaced.path));
}
