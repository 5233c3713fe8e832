import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";

const ROOT = join(__dirname, "..");

type Imports = ReadonlyMap<string, readonly string[]>;

/** Every source of the tree with the sources that it imports, types and lazy imports included. */
function importsOf(files: readonly string[]): Imports {
  const known = new Set(files);
  const resolve = (from: string, name: string): string[] => {
    const path = normalize(join(dirname(from), name));
    return [path, `${path}.ts`, join(path, "index.ts")].filter((file) => known.has(file)).slice(0, 1);
  };
  return new Map(
    files.map((file) => {
      const { importedFiles } = ts.preProcessFile(readFileSync(join(ROOT, file), "utf8"), true, true);
      const names = importedFiles.map(({ fileName }) => fileName).filter((name) => name.startsWith("."));
      return [file, names.flatMap((name) => resolve(file, name))];
    }),
  );
}

/** Files that import each other in a circle: each begins and ends with the same file. */
function circles(imports: Imports): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const walk = (file: string, way: readonly string[]): void => {
    const begin = way.indexOf(file);
    if (begin >= 0) return void found.push([...way.slice(begin), file]);
    if (done.has(file)) return;
    for (const next of imports.get(file) ?? []) walk(next, [...way, file]);
    done.add(file);
  };
  for (const file of imports.keys()) walk(file, []);
  return found;
}

it("no two files import each other, not even by a third", () => {
  const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.ts"], { cwd: ROOT, encoding: "utf8" })
    .split("\n")
    .filter((file) => file !== "" && !file.startsWith("tests/fixtures/"));
  const imports = importsOf(files);
  expect(imports.get("stacks/index.ts")).toContain("infra/index.ts");
  expect(files.filter((file) => /^sandbox\/(?!tests\/)/.test(file)).length).toBeGreaterThan(200);
  expect(circles(imports)).toEqual([]);
});

it("a circle is found where there is one", () => {
  const imports = new Map([
    ["a.ts", ["b.ts"]],
    ["b.ts", ["c.ts"]],
    ["c.ts", ["b.ts"]],
    ["d.ts", ["a.ts", "c.ts"]],
  ]);
  expect(circles(imports)).toEqual([["b.ts", "c.ts", "b.ts"]]);
});
