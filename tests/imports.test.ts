import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";

const ROOT = join(__dirname, "..");

type Imports = ReadonlyMap<string, readonly string[]>;

/** Every source of the tree with the files of the tree that it imports, types and lazy imports included. */
function importsOf(files: readonly string[]): Imports {
  const known = new Set(files);
  const resolve = (from: string, name: string): string[] => {
    const path = normalize(join(dirname(from), name));
    return [path, `${path}.ts`, `${path}.js`, join(path, "index.ts")].filter((file) => known.has(file)).slice(0, 1);
  };
  return new Map(
    files
      .filter((file) => file.endsWith(".ts"))
      .map((file) => {
        const { importedFiles } = ts.preProcessFile(readFileSync(join(ROOT, file), "utf8"), true, true);
        const names = importedFiles.map(({ fileName }) => fileName).filter((name) => name.startsWith("."));
        return [file, names.flatMap((name) => resolve(file, name))];
      }),
  );
}

const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.ts", "*.js", "*.json"], {
  cwd: ROOT,
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file !== "" && !file.startsWith("tests/fixtures/"));
const imports = importsOf(files);

describe("who may know whom", () => {
  interface Border {
    /** Folders or files whose imports these are. Where a file is under several, the last counts. */
    readonly of: readonly string[];
    /** The folders and files that they may import besides their own folder. */
    readonly may: readonly string[];
  }
  const PURE = ["infra/model", "infra/plans", "infra/config"];
  const CLI = ["cli", ...PURE, "gate", "edge", "rotation", "policy", "sandbox/package.json"];
  const BORDERS: readonly Border[] = [
    { of: ["edge"], may: ["edge"] },
    { of: ["gate"], may: ["gate", "edge"] },
    { of: ["rotation"], may: ["rotation", ...PURE, "edge"] },
    // A package of its own, which others may use without the rest of the house.
    { of: ["providers"], may: ["providers"] },
    {
      of: ["infra"],
      may: ["infra", "gate/contract.ts", "gate/policy", "edge", "rotation/contract.ts", "providers/claude/resources"],
    },
    // Within infra: the model knows the gate's contract alone, plans follow from it, reading checks against both; the
    // components stand above all three.
    { of: ["infra/model"], may: ["infra/model", "gate/contract.ts"] },
    {
      of: ["infra/plans"],
      may: ["infra/plans", "infra/model", "infra/config/json.ts", "gate/contract.ts", "gate/policy", "edge"],
    },
    {
      of: ["infra/config"],
      may: ["infra/config", "infra/model", "infra/plans", "gate/contract.ts", "gate/policy", "edge"],
    },
    { of: ["stacks"], may: ["stacks", "infra"] },
    { of: ["plugin"], may: ["plugin", "infra"] },
    { of: ["cli"], may: CLI },
    // The product runs without the sandbox: these load it when a command needs it.
    {
      of: ["cli/commands/sandbox.ts", "cli/commands/sandboxEngine.ts", "cli/commands/assess.ts"],
      may: [...CLI, "sandbox"],
    },
    // A gate of one's own is made of the same modules as the stack's.
    { of: ["cli/render/selfHost.ts"], may: [...CLI, "infra/cloudflare/bundle.ts"] },
    { of: ["policy"], may: ["policy", ...PURE, "gate"] },
    // What a rehearsal takes of the commands: their errors, tables and reports, and where the token is stored.
    {
      of: ["sandbox"],
      may: [
        "sandbox",
        ...PURE,
        "providers",
        "edge",
        "rotation/effects.ts",
        "cli/support",
        "cli/report",
        "cli/token/context.ts",
      ],
    },
    // Its tests share the helpers of the others.
    {
      of: ["sandbox/tests"],
      may: ["sandbox", ...PURE, "providers", "gate", "edge", "rotation", "cli", "tests/support"],
    },
  ];
  const within = (file: string, places: readonly string[]): boolean =>
    places.some((place) => file === place || file.startsWith(`${place}/`));

  /** Imports over a border, as `who -> whom`. */
  function crossings(all: Imports): string[] {
    return [...all].flatMap(([file, imported]) => {
      const border = BORDERS.filter(({ of }) => within(file, of)).at(-1);
      return border === undefined
        ? []
        : imported
            .filter((other) => other !== "package.json" && !within(other, border.may))
            .map((other) => `${file} -> ${other}`);
    });
  }

  it("nobody imports over a border", () => {
    expect(crossings(imports)).toEqual([]);
    // A border that names what is gone holds nothing.
    const named = BORDERS.flatMap(({ of, may }) => [...of, ...may]);
    expect(named.filter((place) => !files.some((file) => within(file, [place])))).toEqual([]);
  });

  it("an import over a border is found", () => {
    expect(
      crossings(
        new Map([
          ["gate/worker/worker.ts", ["edge/encoding.ts", "infra/model/text.ts"]],
          ["infra/model/text.ts", ["infra/index.ts", "gate/contract.ts"]],
          ["cli/main.ts", ["sandbox/engine/index.ts", "infra/posture.ts"]],
          ["cli/commands/sandbox.ts", ["sandbox/engine/index.ts", "infra/posture.ts"]],
          ["tests/cli/main.test.ts", ["cli/main.ts", "sandbox/engine/index.ts"]],
        ]),
      ),
    ).toEqual([
      "gate/worker/worker.ts -> infra/model/text.ts",
      "infra/model/text.ts -> infra/index.ts",
      "cli/main.ts -> sandbox/engine/index.ts",
      "cli/main.ts -> infra/posture.ts",
      "cli/commands/sandbox.ts -> infra/posture.ts",
    ]);
  });
});

describe("circles", () => {
  /** Files that import each other in a circle: each begins and ends with the same file. */
  function circles(all: Imports): string[][] {
    const found: string[][] = [];
    const done = new Set<string>();
    const walk = (file: string, way: readonly string[]): void => {
      const begin = way.indexOf(file);
      if (begin >= 0) return void found.push([...way.slice(begin), file]);
      if (done.has(file)) return;
      for (const next of all.get(file) ?? []) walk(next, [...way, file]);
      done.add(file);
    };
    for (const file of all.keys()) walk(file, []);
    return found;
  }

  it("no two files import each other, not even by a third", () => {
    expect(imports.get("stacks/index.ts")).toContain("infra/index.ts");
    expect(files.filter((file) => /^sandbox\/(?!tests\/)/.test(file)).length).toBeGreaterThan(200);
    expect(circles(imports)).toEqual([]);
  });

  it("a circle is found where there is one", () => {
    const some = new Map([
      ["a.ts", ["b.ts"]],
      ["b.ts", ["c.ts"]],
      ["c.ts", ["b.ts"]],
      ["d.ts", ["a.ts", "c.ts"]],
    ]);
    expect(circles(some)).toEqual([["b.ts", "c.ts", "b.ts"]]);
  });
});
