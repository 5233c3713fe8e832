/**
 * Matches protected file paths. The globs are the commonly used part of .gitignore: `*` and `?` within one segment,
 * `**` over segments, a leading `/` anchors, a pattern without any other slash matches at every depth, a trailing `/`
 * or `/**` means everything below. Matching ignores case and Unicode composition, because a case-insensitive checkout
 * takes such spellings for the same file.
 */
export class PathMatcher {
  private readonly patterns: readonly Pattern[];

  constructor(globs: readonly string[]) {
    this.patterns = globs.map(compileGlob);
  }

  /** Whether the file at this path is protected. */
  matches(path: string): boolean {
    const folded = fold(path);
    return this.patterns.some((p) => p.test(folded));
  }

  /**
   * Whether a file at this path is protected, or would replace a directory with protected paths, which writing it would
   * remove.
   */
  touches(path: string): boolean {
    return this.matches(path) || this.holds(path);
  }

  private holds(path: string): boolean {
    const parts = fold(path).split("/");
    return this.patterns.some((p) => p.heldBy(parts));
  }

  /**
   * Whether a file at this path could replace a directory with protected paths. A pattern with a wildcard
   * (`apps/*\/deploy`, `*.pem`) leads through a directory of that name; only the repository tells whether there is one.
   */
  couldHold(path: string): boolean {
    return !this.touches(path) && this.mayMatchBelow(path);
  }

  /** Whether something at or below this directory could be protected. Then a whole tree there must be inspected. */
  mayMatchBelow(directory: string): boolean {
    const parts = fold(directory).split("/");
    return this.patterns.some((p) => p.mayMatchBelow(parts));
  }
}

interface Pattern {
  test(path: string): boolean;
  mayMatchBelow(directory: readonly string[]): boolean;
  /**
   * Whether the pattern leads through exactly this directory, without a wildcard. A wildcard would take every file
   * beside it for a directory.
   */
  heldBy(directory: readonly string[]): boolean;
}

function fold(path: string): string {
  return path.normalize("NFKC").toLowerCase();
}

function compileGlob(glob: string): Pattern {
  const folded = fold(glob);
  const anchored = folded.replace(/\/$/, "").includes("/");
  const text = folded.endsWith("/") ? `${folded}**` : folded;
  const segments = text.split("/").filter((s) => s !== "");
  if (!anchored) segments.unshift("**");
  const exact = segments.some((s) => /[*?]/.test(s)) ? undefined : segments.join("/");
  return {
    test: (path) =>
      exact !== undefined
        ? path === exact || path.startsWith(`${exact}/`)
        : matchSegments(segments, 0, path.split("/"), 0, false),
    mayMatchBelow: (directory) => matchSegments(segments, 0, directory, 0, true),
    heldBy: (directory) => directory.length < segments.length && directory.every((part, i) => segments[i] === part),
  };
}

/** @param partial the parts are a directory; asks whether the pattern could match something at or below it */
function matchSegments(
  pattern: readonly string[],
  p: number,
  parts: readonly string[],
  i: number,
  partial: boolean,
): boolean {
  if (i === parts.length) return partial || pattern.slice(p).every((s) => s === "**");
  const want = pattern[p];
  if (want === undefined) return true; // the pattern named a directory above: all below belongs to it
  if (want === "**") {
    if (p === pattern.length - 1) return true;
    return matchSegments(pattern, p + 1, parts, i, partial) || matchSegments(pattern, p, parts, i + 1, partial);
  }
  return matchSegment(want, parts[i] ?? "") && matchSegments(pattern, p + 1, parts, i + 1, partial);
}

/** Matches `*` and `?` within one segment. One restart point keeps it fast for any input. */
function matchSegment(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let mark = 0;
  while (t < text.length) {
    if (p < pattern.length && (pattern[p] === "?" || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (p < pattern.length && pattern[p] === "*") {
      star = p++;
      mark = t;
    } else if (star >= 0) {
      p = star + 1;
      t = ++mark;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}
