import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dataFlowPage } from "../../cli/documents/dataFlow";
import { incidents } from "../../cli/documents/incidentResponse";
import { parseStackFile } from "../../infra/config";
import { installOpenBao } from "../../sandbox/tools/openbao";
import { POSTURES } from "../cli/documents/support/postures";
import { installGh } from "../clients/support/gh";
import { ROOT } from "../support/sandbox";
import { itWhen } from "../support/skip";
import { TOOLS_DIR } from "../support/vault";

/** Mermaid wants a page to stand in, and is a module that jest's own system cannot load. */
const PARSE = `
import { JSDOM } from "jsdom";
const { window } = new JSDOM("");
Object.assign(globalThis, { window, document: window.document });
const { default: mermaid } = await import("mermaid");
let text = "";
for await (const part of process.stdin) text += part;
console.log((await mermaid.parse(text)).diagramType);
`;
const parse = (diagram: string) =>
  spawnSync(process.execPath, ["--input-type=module", "--eval", PARSE], {
    cwd: ROOT,
    input: diagram,
    encoding: "utf8",
  });

it.each(Object.entries(POSTURES))("Mermaid's own parser reads the diagram: %s", (_, environment) => {
  const [, diagram = ""] = /```mermaid\n([\s\S]*?)```/.exec(dataFlowPage({ stack: "prod", environment })) ?? [];
  expect(parse(diagram)).toMatchObject({ status: 0, stdout: "flowchart-v2\n" });
});

it("Mermaid's own parser refuses what is no diagram", () => {
  expect(parse("flowchart LR\n  a[x --> b").status).not.toBe(0);
});

/** Every command line of the runbooks that begins with a program's name. */
const LINES = [
  ...new Set(
    Object.values(POSTURES).flatMap((environment) =>
      incidents({ stack: "prod", environment }).flatMap(({ steps }) => steps.flatMap(({ type = [] }) => type)),
    ),
  ),
];
const linesOf = (program: string): string[] => LINES.filter((line) => line.startsWith(`${program} `));

/** The words before the first option, argument or placeholder, and the options. */
function partsOf(line: string): { readonly command: string[]; readonly options: string[] } {
  const words = line.split(" ").slice(1);
  const end = words.findIndex((word) => !/^[a-z]+$/.test(word));
  return {
    command: end < 0 ? words : words.slice(0, end),
    options: words.filter((word) => /^--?[a-z]/.test(word)),
  };
}

/** Holds that a program's own help knows each command with each option. */
function expectHelp(program: string, lines: readonly string[], flag: string): void {
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) {
    const { command, options } = partsOf(line);
    const { status, stdout, stderr } = spawnSync(program, [...command, flag], { encoding: "utf8" });
    expect([line, status]).toEqual([line, 0]);
    for (const option of options)
      expect([line, option, new RegExp(`${option}(?![a-z-])`).test(stdout + stderr)]).toEqual([line, option, true]);
  }
}

const has = (program: string): boolean => spawnSync(program, ["version"], { encoding: "utf8" }).status === 0;
const pulumi = itWhen(has("pulumi"), "there is no pulumi on PATH");

pulumi(
  "Pulumi knows every command of the runbook, with its options",
  () => {
    expectHelp("pulumi", linesOf("pulumi"), "--help");
  },
  120_000,
);

pulumi(
  "Pulumi makes the change of the gate key that the runbook types, and leaves the rest of the file alone",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "gatehouse-runbook-"));
    try {
      mkdirSync(join(folder, "state"));
      for (const file of ["Pulumi.yaml", "Pulumi.prod.yaml"]) copyFileSync(join(ROOT, file), join(folder, file));
      const env = {
        ...process.env,
        PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
        PULUMI_CONFIG_PASSPHRASE: "x",
      };
      const run = (line: string) =>
        spawnSync("pulumi", line.split(" ").slice(1), { cwd: folder, env, encoding: "utf8", timeout: 60_000 });
      expect(run("pulumi stack init prod").status).toBe(0);
      const before = readFileSync(join(folder, "Pulumi.prod.yaml"), "utf8");
      const environment = parseStackFile(before, "Pulumi.prod.yaml");
      const [first] = incidents({ stack: "prod", environment }).find(({ id }) => id === "gate-key-leaked")?.steps ?? [];
      for (const line of first?.type ?? []) expect([line, run(line).status]).toEqual([line, 0]);
      const after = readFileSync(join(folder, "Pulumi.prod.yaml"), "utf8");
      expect(parseStackFile(after, "Pulumi.prod.yaml").gate.key).toEqual({ generation: 2 });
      expect(after.split("\n").filter((line) => !before.split("\n").includes(line))).toEqual([
        "    key:",
        "      generation: 2",
      ]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  120_000,
);

it("OpenBao, which answers as Vault does, knows every command of the runbook", async () => {
  const bao = await installOpenBao({ toolsDir: TOOLS_DIR });
  expectHelp(bao, linesOf("vault"), "-h");
}, 300_000);

const gh = ((): string | undefined => {
  try {
    return installGh();
  } catch {
    return undefined;
  }
})();
itWhen(gh !== undefined, "gh could not be installed")(
  "GitHub's command line knows every command of the runbook, with its options",
  () => expectHelp(gh ?? "", linesOf("gh"), "--help"),
  300_000,
);

itWhen(has("git"), "there is no git on PATH")("git knows every command of the runbook", () => {
  for (const line of linesOf("git")) {
    const { command, options } = partsOf(line);
    // git ends its short help with 129.
    const { stdout, stderr } = spawnSync("git", [command[0] ?? "", "-h"], { encoding: "utf8" });
    for (const option of options) expect([line, (stdout + stderr).includes(option.slice(2))]).toEqual([line, true]);
  }
});

itWhen(spawnSync("curl", ["--version"]).status === 0, "there is no curl on PATH")("curl knows each option", () => {
  const { stdout } = spawnSync("curl", ["--help", "all"], { encoding: "utf8" });
  for (const line of linesOf("curl"))
    for (const option of partsOf(line).options) expect([option, stdout.includes(option)]).toEqual([option, true]);
});
