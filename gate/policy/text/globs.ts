/**
 * Which file paths are protected. Globs as in .gitignore, the part people use: `*` and `?` within one segment, `**` over segments,
 * a leading `/` anchors, a pattern without any other slash matches at every depth, a trailing `/` or `/**` means all below.
 * Matching folds case and Unicode composition, so that no spelling a case-insensitive checkout would take for the same file gets by.
 */
export class PathMatcher {
  private readonly patterns: readonly Pattern[];

  constructor(globs: readonly string[]) {
    this.patterns = globs.map(compileGlob);
  }

  /** True when the file at this path is protected. */
  matches(path: string): boolean {
    const folded = fold(path);
    return this.patterns.some((p) => p.test(folded));
  }

  /** True when a file at this path is protected, or would stand in the place of a directory that holds protected paths: writing or deleting it would remove them. */
  touches(path: string): boolean {
    return this.matches(path) || this.holds(path);
  }

  private holds(path: string): boolean {
    const parts = fold(path).split("/");
    return this.patterns.some((p) => p.heldBy(parts));
  }

  /**
   * True when a file at this path could stand in the place of a directory that holds protected paths, which only the repository can tell: a pattern leads
   * by way of a wildcard (`apps/*\/deploy`, `*.pem`) through a directory of that name, if there is one.
   */
  couldHold(path: string): boolean {
    return !this.touches(path) && this.mayMatchBelow(path);
  }

  /** True when something at or below this directory could be protected: then a whole-tree entry there cannot be passed unseen. */
  mayMatchBelow(directory: string): boolean {
    const parts = fold(directory).split("/");
    return this.patterns.some((p) => p.mayMatchBelow(parts));
  }
}

interface Pattern {
  test(path: string): boolean;
  mayMatchBelow(directory: readonly string[]): boolean;
  /** Whether the pattern names this very directory on its way down, without a wildcard: one would take every file beside it for a directory. */
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

/** `partial`: the parts are a directory, and the question is whether the pattern could match something at or below it. */
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

/** `*` and `?` within one segment; linear with one restart point, so no input makes it slow. */
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
