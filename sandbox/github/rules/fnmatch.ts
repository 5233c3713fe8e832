/**
 * GitHub matches refs and paths with Ruby's `File.fnmatch(pattern, name, File::FNM_PATHNAME)`:
 * `*` and `?` stop at "/", and neither matches a dot that begins a segment;
 * a segment that is exactly `**` and is followed by "/" stands for any number of directories, none included;
 * any other `**` is just `*`. So `refs/heads/claude/**` matches claude/a but not claude/a/b.
 */
export function fnmatch(pattern: string, name: string): boolean {
  return compile(pattern).test(name);
}

const compiled = new Map<string, RegExp>();

function compile(pattern: string): RegExp {
  const known = compiled.get(pattern);
  if (known) return known;
  const segments = pattern.split("/");
  let source = "";
  segments.forEach((segment, i) => {
    const last = i === segments.length - 1;
    if (segment === "**" && !last) source += "(?:(?!\\.)[^/]+/)*";
    else source += segmentSource(segment) + (last ? "" : "/");
  });
  let made: RegExp;
  try {
    made = new RegExp(`^${source}$`, "su");
  } catch {
    made = /(?!)/;
  }
  if (compiled.size > 5000) compiled.clear();
  compiled.set(pattern, made);
  return made;
}

function segmentSource(segment: string): string {
  let out = "";
  for (let i = 0; i < segment.length; i += 1) {
    const c = segment[i]!;
    const guard = i === 0 ? "(?!\\.)" : "";
    if (c === "*") {
      while (segment[i + 1] === "*") i += 1;
      out += `${guard}[^/]*`;
    } else if (c === "?") out += `${guard}[^/]`;
    else if (c === "\\" && i + 1 < segment.length) out += escape(segment[(i += 1)]!);
    else if (c === "[") {
      const end = segment.indexOf("]", i + 2);
      if (end < 0) return "(?!)"; // an unclosed set matches nothing
      const body = segment.slice(i + 1, end);
      const negated = body.startsWith("!") || body.startsWith("^");
      out += `${guard}(?!/)[${negated ? "^" : ""}${(negated ? body.slice(1) : body).replace(/[\\\]^[&~|]/g, "\\$&")}]`;
      i = end;
    } else out += escape(c);
  }
  return out;
}
const escape = (c: string): string => c.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
