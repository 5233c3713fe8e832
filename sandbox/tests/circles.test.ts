import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { preProcessFile } from "typescript";

const ROOM = join(__dirname, "..");

/** Every source of the sandbox with the sources that it imports, types included. */
function imports(): Map<string, string[]> {
  const files = readdirSync(ROOM, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !/^(tests|node_modules)\b/.test(name))
    .map((name) => join(ROOM, name));
  return new Map(
    files.map((file) => [
      file,
      preProcessFile(readFileSync(file, "utf8"), true, true).importedFiles.flatMap(({ fileName }) => {
        if (!fileName.startsWith(".")) return [];
        const path = join(dirname(file), fileName);
        return [`${path}.ts`, join(path, "index.ts")].filter((one) => existsSync(one)).slice(0, 1);
      }),
    ]),
  );
}

/** The first circle that a walk through the imports finds, as one line each file. */
function circle(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const walk = (file: string, way: readonly string[]): string[] => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const next of graph.get(file) ?? []) {
      const found = walk(next, [...way, file]);
      if (found.length > 0) return found;
    }
    done.add(file);
    return [];
  };
  for (const file of graph.keys()) {
    const found = walk(file, []);
    if (found.length > 0) return found.map((one) => relative(ROOM, one));
  }
  return [];
}

it("no source of the sandbox imports itself by way of others", () => {
  const graph = imports();
  expect(graph.size).toBeGreaterThan(200);
  expect(circle(graph)).toEqual([]);
});

it("a circle is seen", () => {
  const graph = new Map([
    ["a", ["b"]],
    ["b", ["c"]],
    ["c", ["b"]],
  ]);
  expect(circle(graph)).toHaveLength(3);
});
