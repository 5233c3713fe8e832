/** Checks of values in a path, a query or a body. None of their regular expressions backtracks. */

/** A git object id (SHA-1). */
export function isObjectId(text: string): boolean {
  return text.length === 40 && /^[0-9a-f]{40}$/.test(text);
}

/** A positive whole number without leading zeros, small enough to be exact. */
export function isNumber(text: string): boolean {
  return /^[1-9][0-9]{0,14}$/.test(text);
}

/** A plain word: ids of workflows (numbers or file names), artifact formats, states. */
export function isWord(text: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(text);
}

/** A GitHub login, an App's `name[bot]` and an Enterprise Managed User's `name_code` included. */
export function isLogin(text: string): boolean {
  return /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38})(?:\[bot\])?$/.test(text);
}

/** Whether the text has no lone surrogate. Every reader repairs one differently. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** Free text of one line: no control, bidirectional or invisible characters. */
export function isLine(text: string, limit = 256): boolean {
  return (
    text.length <= limit &&
    // oxlint-disable-next-line no-control-regex -- control characters are what this refuses
    !/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/.test(text) &&
    isWellFormed(text)
  );
}

/**
 * A git reference name or a part of one. Stricter than git-check-ref-format: no `//`, no part that starts with a dot or
 * ends in `.lock`, none of ` ~^:?*[\`, no `@{`, no control or invisible character, at most 250 characters.
 */
export function isRefName(text: string): boolean {
  if (text.length === 0 || text.length > 250 || text === "@") return false;
  if (!isLine(text, 250) || /[ ~^:?*[\\\u200b-\u200d\u2060]/.test(text)) return false;
  if (text.includes("..") || text.includes("@{") || text.startsWith("-") || text.endsWith(".")) return false;
  for (const part of text.split("/")) {
    if (part === "" || part.startsWith(".") || part.toLowerCase().endsWith(".lock")) return false;
  }
  return true;
}

/**
 * A path of a file in a repository: relative, no empty or dot segment, no `.git`, no backslash, no control character.
 */
export function isFilePath(text: string): boolean {
  if (text.length === 0 || text.length > 4096 || text.includes("\\") || !isLine(text, 4096)) return false;
  for (const part of text.split("/")) {
    if (part === "" || part === "." || part === ".." || part.toLowerCase() === ".git") return false;
  }
  return true;
}

/**
 * The two refs of a comparison, `a...b` or `a..b`. Undefined if one is of another owner (`owner:ref`), because it
 * reaches into a fork.
 */
export function comparisonEnds(text: string): readonly [base: string, head: string] | undefined {
  const dots = text.includes("...") ? "..." : "..";
  const ends = text.split(dots);
  const [base, head] = ends;
  if (ends.length !== 2 || base === undefined || head === undefined || !isRefName(base) || !isRefName(head))
    return undefined;
  return [base, head];
}

/** An instant in ISO 8601, or a day. */
export function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/.test(text);
}

/** The name of an agent branch, such as `claude/fix`, from a full ref. Undefined for every other ref. */
export function agentBranchOf(ref: string, prefix: string): string | undefined {
  const start = `refs/heads/${prefix}`;
  return ref.startsWith(start) && ref.length > start.length && isRefName(ref)
    ? ref.slice("refs/heads/".length)
    : undefined;
}

/** Whether a branch name (without `refs/heads/`) is an agent branch. */
export function isAgentBranch(branch: string, prefix: string): boolean {
  return agentBranchOf(`refs/heads/${branch}`, prefix) !== undefined;
}
