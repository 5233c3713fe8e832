import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { ROOT } from "../support/sandbox";

/** What an example may use without saying where it comes from. */
const GIVEN = `
import * as pulumi from "@pulumi/pulumi";
import * as gatehouse from "pulumi-gatehouse";
import { AuditTrail, ClaudeAgent, EventHooks, Forwarder, Gate, GatehouseComponent, MachineUser, Posture, RepositoryAccess, ReviewFence, Rotator,
  TokenStore, createPosture, lookUpGitHub, lookUpLedgerTag, postureOutputs, stackEnvironment } from "pulumi-gatehouse";
declare const environment: gatehouse.EnvironmentInput;
declare const store: gatehouse.TokenStore;
declare const gate: gatehouse.Gate;
declare const user: gatehouse.MachineUser;
declare const audit: gatehouse.AuditTrail;
`;

const OPTIONS: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  resolveJsonModule: true,
  esModuleInterop: true,
  types: ["node"],
  paths: { "pulumi-gatehouse": [join(ROOT, "infra/index.ts")] },
};

/** Every class and function that the package exports, with the examples in its doc comment. */
function exported(): Map<string, string[]> {
  const program = ts.createProgram([join(ROOT, "infra/index.ts")], OPTIONS);
  const checker = program.getTypeChecker();
  const index = checker.getSymbolAtLocation(program.getSourceFile(join(ROOT, "infra/index.ts"))!)!;
  return new Map(
    checker
      .getExportsOfModule(index)
      .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
      .filter((symbol) => symbol.flags & ts.SymbolFlags.Class)
      .map((symbol) => [
        symbol.name,
        symbol
          .getJsDocTags(checker)
          .filter(({ name }) => name === "example")
          .map(({ text }) => ts.displayPartsToString(text)),
      ]),
  );
}

/** What the compiler says of a program, first line of each. */
function complaints(files: Readonly<Record<string, string>>): string[] {
  const host = ts.createCompilerHost(OPTIONS);
  const { getSourceFile, fileExists, readFile } = host;
  const at = (name: string) => files[name.replace(`${ROOT}/`, "")];
  host.getSourceFile = (name, target) => {
    const text = at(name);
    return text === undefined ? getSourceFile(name, target) : ts.createSourceFile(name, text, target, true);
  };
  host.fileExists = (name) => at(name) !== undefined || fileExists(name);
  host.readFile = (name) => at(name) ?? readFile(name);
  const names = Object.keys(files).map((name) => join(ROOT, name));
  const program = ts.createProgram(names, OPTIONS, host);
  return names.flatMap((name) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(name))
      .filter(({ file }) => file !== undefined && names.includes(file.fileName))
      .map(({ messageText, file }) => `${file!.fileName}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`),
  );
}

it("each component that a program imports has an example that compiles", () => {
  const components = [...exported()].filter(([name]) => !["PostureError", "GatehouseComponent"].includes(name));
  expect(components.map(([name]) => name).sort()).toEqual([
    "AuditTrail",
    "ClaudeAgent",
    "EventHooks",
    "Forwarder",
    "Gate",
    "MachineUser",
    "Posture",
    "RepositoryAccess",
    "ReviewFence",
    "Rotator",
    "TokenStore",
  ]);
  const files = components.flatMap(([name, examples]) => {
    expect([name, examples.length]).toEqual([name, 1]);
    // An example that makes what others are given has its own.
    const own = /^(?:export )?const (\w+) = /gm;
    const makes = [...examples[0]!.matchAll(own)].map(([, made]) => made!);
    const given = GIVEN.split("\n").filter((line) => !makes.some((made) => line.startsWith(`declare const ${made}:`)));
    return [[`example-${name}.ts`, `${given.join("\n")}\n${examples[0]!}\nexport {};\n`] as const];
  });
  expect(complaints(Object.fromEntries(files))).toEqual([]);
}, 300_000);

it("the programs of docs/library.md compile, and a mistyped key would not", () => {
  const blocks = [...readFileSync(join(ROOT, "docs/library.md"), "utf8").matchAll(/```ts\n([\s\S]*?)```/g)].map(
    ([, text = ""]) => text.replace("export = async", "export default async"),
  );
  expect(blocks).toHaveLength(2);
  const files = Object.fromEntries(blocks.map((text, index) => [`page-${index}.ts`, text]));
  expect(complaints(files)).toEqual([]);
  expect(complaints({ "wrong.ts": blocks[1]!.replace("workersDev:", "workerDev:") })).toEqual([
    expect.stringContaining("'workerDev' does not exist") as string,
  ]);
}, 300_000);

it("the API reference is made without a warning", () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, "node_modules/typedoc/bin/typedoc"), "--emit", "none", "--treatWarningsAsErrors"],
    { cwd: ROOT, encoding: "utf8", timeout: 280_000 },
  );
  expect([status, `${stdout}${stderr}`]).toEqual([0, expect.not.stringContaining("[error]")]);
}, 300_000);
