/**
 * Lists of file patterns in the format of a `.gitignore` file, as the rule "required reviewers" takes them ("Available
 * rules for rulesets", "Required reviewers"): patterns are matched in order, the last one that matches decides, and `!`
 * takes out what earlier ones took in.
 */
export function listMatches(patterns: readonly string[], path: string): boolean {
  let matched = false;
  for (const pattern of patterns) {
    const negated = pattern.startsWith("!");
    if (ignoreMatches(negated ? pattern.slice(1) : pattern, path)) matched = !negated;
  }
  return matched;
}

const compiled = new Map<string, RegExp | null>();

/** One pattern without its `!`: matches a path that it names, and everything below a directory that it names. */
function ignoreMatches(pattern: string, path: string): boolean {
  let source = compiled.get(pattern);
  if (source === undefined) compiled.set(pattern, (source = compile(pattern)));
  return source?.test(path) ?? false;
}

function compile(written: string): RegExp | null {
  let pattern = written.replace(/(?<!\\) +$/, "");
  if (pattern === "" || pattern.startsWith("#")) return null;
  const directory = pattern.endsWith("/");
  if (directory) pattern = pattern.slice(0, -1);
  const anchored = pattern.includes("/");
  pattern = pattern.replace(/^\//, "");
  const segments = pattern.split("/");
  let source = anchored ? "" : "(?:.*/)?";
  segments.forEach((segment, i) => {
    const last = i === segments.length - 1;
    if (segment !== "**") source += segmentSource(segment) + (last ? "" : "/");
    else source += last ? ".+" : "(?:.*/)?";
  });
  try {
    return new RegExp(`^${source}${directory ? "/.*" : "(?:/.*)?"}$`, "s");
  } catch {
    return null;
  }
}

function segmentSource(segment: string): string {
  let out = "";
  for (let i = 0; i < segment.length; i += 1) {
    const c = segment[i]!;
    if (c === "*") {
      while (segment[i + 1] === "*") i += 1;
      out += "[^/]*";
    } else if (c === "?") out += "[^/]";
    else if (c === "\\" && i + 1 < segment.length) out += escape(segment[(i += 1)]!);
    else if (c === "[") {
      const end = segment.indexOf("]", i + 2);
      if (end < 0) return "(?!)";
      const body = segment
        .slice(i + 1, end)
        .replace(/^[!^]/, "^")
        .replace(/\\/g, "\\\\");
      out += `(?!/)[${body}]`;
      i = end;
    } else out += escape(c);
  }
  return out;
}
const escape = (c: string): string => c.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
