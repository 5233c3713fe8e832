/** A name, an index, or `*` for any of them. */
export type PathPart = string | number;

/** Thrown for a path that is not written as Pulumi writes paths. */
export class PathError extends Error {}

/**
 * Parses a property path as Pulumi does: `a.b`, `a[0]`, `a["b.c"]`, `*` and `[*]`.
 * Throws {@link PathError} when the path is empty or a bracket is not closed.
 */
export function parsePath(path: string): PathPart[] {
  const parts: PathPart[] = [];
  let rest = path;
  while (rest !== "") {
    if (rest.startsWith(".")) rest = rest.slice(1);
    if (rest.startsWith("[")) {
      const quoted = /^\["((?:[^"\\]|\\.)*)"\]/.exec(rest);
      const index = /^\[(\d+|\*)\]/.exec(rest);
      if (quoted) parts.push(quoted[1]!.replace(/\\(.)/g, "$1"));
      else if (index) parts.push(index[1] === "*" ? "*" : Number(index[1]));
      else throw new PathError(`malformed property path ${JSON.stringify(path)}`);
      rest = rest.slice((quoted ?? index)![0].length);
    } else {
      const name = /^[^.[]+/.exec(rest);
      if (!name) throw new PathError(`malformed property path ${JSON.stringify(path)}`);
      parts.push(name[0]);
      rest = rest.slice(name[0].length);
    }
  }
  if (parts.length === 0) throw new PathError("a property path cannot be empty");
  return parts;
}
