import { sorted } from "../model/text";

/**
 * One protected path in the notations of the locks that hold it. The gate reads it as `.gitignore` does and is the
 * widest: a name may be a file or a folder, and a folder holds everything below it. GitHub reads the same text more
 * narrowly: in CODEOWNERS `docs/*` holds only files directly in docs ("About code owners"), and no wildcard of a push
 * ruleset meets a leading dot. So each notation gets the patterns that make it as wide as the gate.
 */
interface ProtectedPath {
  /** What must match from the root of the repository; `**` crosses folders. Empty for everything. */
  readonly segments: readonly string[];
  /** Only what is below counts: the pattern ends in a slash or in a segment of stars alone. */
  readonly folder: boolean;
}

function read(pattern: string): ProtectedPath {
  const anchored = pattern.slice(0, -1).includes("/");
  const segments = pattern
    .split("/")
    .filter((segment) => segment !== "")
    .map((segment) => (segment === "**" ? segment : segment.replace(/\*+/g, "*")));
  let folder = pattern.endsWith("/");
  if (!folder && segments.at(-1) === "*") {
    segments.pop();
    folder = true;
  }
  while (segments.at(-1) === "**") {
    segments.pop();
    folder = true;
  }
  return { segments: anchored || segments.length === 0 ? segments : ["**", ...segments], folder };
}

/** Whether the last name has a wildcard; GitHub's readers of CODEOWNERS then take it for files alone. */
function hasWildcard(segment: string | undefined): boolean {
  return /[*?]/.test(segment ?? "");
}

/**
 * A protected path in CODEOWNERS and in a required reviewer's rule, which reads like `.gitignore`: a folder as a
 * folder, and a name with a wildcard both as files and as folders.
 * @example ownerPatterns("infra/*") // ["/infra/"]
 * @example ownerPatterns("*.tf") // ["*.tf", "*.tf/"]
 */
export function ownerPatterns(pattern: string): string[] {
  const { segments, folder } = read(pattern);
  if (segments.length === 0) return ["*"];
  if (!folder) return hasWildcard(segments.at(-1)) ? [pattern, `${pattern}/`] : [pattern];
  const path = `${segments.join("/")}/`;
  return [segments[0] !== "**" ? `/${path}` : segments.length === 2 ? path.slice("**/".length) : path];
}

/** A part of an fnmatch pattern, and whether it meets a hidden name: no wildcard does by itself. */
interface Part {
  readonly text: string;
  readonly hidden: boolean;
}

const visible = (text: string): Part => ({ text, hidden: false });
const hidden = (text: string): Part => ({ text, hidden: true });
const BELOW: readonly Part[] = [visible("**/*"), hidden("**/.*"), hidden("**/.*/**/*"), hidden("**/.*/**/.*")];

/**
 * A protected path in a push ruleset: Ruby's `File.fnmatch` with FNM_PATHNAME, where `**` followed by a slash crosses
 * folders and neither it nor `*` nor `?` meets a leading dot. Hidden names are therefore spelled out: one for each
 * wildcard in turn, and below a folder one hidden folder and the hidden files in it. GitHub takes few patterns; what
 * hides deeper is left to CODEOWNERS and the gate.
 * @example fnmatchPatterns("/infra/") // everything below infra, hidden files and what one hidden folder holds included
 */
export function fnmatchPatterns(pattern: string): string[] {
  const { segments, folder } = read(pattern);
  const paths = segments.map(spellings).reduce(combined, [visible("")]);
  return sorted([...(folder ? [] : paths), ...combined(paths, BELOW)].map(({ text }) => text));
}

function combined(heads: readonly Part[], tails: readonly Part[]): Part[] {
  return heads.flatMap((head) =>
    tails
      .filter((tail) => !(head.hidden && tail.hidden))
      .map((tail) => ({
        text: head.text === "" ? tail.text : `${head.text}/${tail.text}`,
        hidden: head.hidden || tail.hidden,
      })),
  );
}

function spellings(segment: string): Part[] {
  return segment === "**" ? [visible("**"), hidden("**/.*/**")] : [visible(segment), ...dotted(segment).map(hidden)];
}

/** Spellings that meet the names with a leading dot which the segment's first wildcard would meet if it could. */
function dotted(segment: string): string[] {
  if (segment.startsWith("?")) return [`.${segment.slice(1)}`];
  if (!segment.startsWith("*")) return [];
  const rest = segment.slice(1);
  return [`.${segment}`, ...(rest.startsWith(".") ? [rest] : dotted(rest))];
}
