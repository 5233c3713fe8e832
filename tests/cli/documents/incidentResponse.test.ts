import { incidents, type Incident } from "../../../cli/documents/incidentResponse";
import { DOCUMENTS } from "../../../cli/documents";
import { commandsOf } from "../../support/commands";
import { buildProgram } from "../../../cli/program";
import type { Command } from "commander";
import { POSTURES } from "./support/postures";

const GATEHOUSE = "npx --no-install gatehouse ";
const typed = (of: readonly Incident[]): string[] => of.flatMap(({ steps }) => steps.flatMap(({ type = [] }) => type));

/** Words of a command line, as a shell reads them; none of ours holds more than double quotes. */
const words = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");

/** Why commander would refuse a command line; undefined when it would run it. */
function refused(line: string): string | undefined {
  const program = buildProgram();
  let ran: Command | undefined;
  let said = "";
  for (const { command } of commandsOf(program)) {
    if (command.commands.length === 0)
      command.action((...args: unknown[]) => {
        ran = args.at(-1) as Command;
      });
    command.exitOverride().configureOutput({ writeErr: (text) => (said += text) });
  }
  program.exitOverride().configureOutput({ writeErr: (text) => (said += text) });
  try {
    program.parse(words(line.slice(GATEHOUSE.length)), { from: "user" });
  } catch (error) {
    return said || String(error);
  }
  return ran === undefined ? "no such command" : undefined;
}

describe.each(Object.entries(POSTURES))("%s", (_, environment) => {
  const all = incidents({ stack: "prod", environment });
  const lines = typed(all);

  it("speaks of each kind of incident, with signs, steps and an end", () => {
    expect(all.map(({ id }) => id)).toEqual([
      "token-leaked",
      "gate-key-leaked",
      "agent-misbehaves",
      "github-refuses",
      "vault-down",
      "gate-down",
      "audit-gap",
      "malicious-pull-request",
    ]);
    for (const { signs, steps, over } of all) {
      expect(signs.length).toBeGreaterThan(0);
      expect(steps.length).toBeGreaterThan(2);
      expect(over).toMatch(/\.$/);
    }
  });

  it("types only commands of gatehouse that there are, with options that they take", () => {
    const ours = lines.filter((line) => line.startsWith(GATEHOUSE));
    expect(ours.length).toBeGreaterThan(15);
    for (const line of ours) expect([line, refused(line)]).toEqual([line, undefined]);
  });

  it("names the stack in each command that could act on another one", () => {
    for (const line of lines)
      if (/gatehouse (?:token|assess|recover|doctor|check)|^pulumi /.test(line)) expect(line).toContain("--stack prod");
  });

  it("types no secret, and nothing that takes one as an argument", () => {
    for (const line of lines) expect(line).not.toMatch(/gh[pousr]_|Bearer|authorization|--token|TOKEN=/i);
  });

  it("uses no other programs than these", () => {
    const programs = [...new Set(lines.map((line) => words(line)[0]))].sort();
    expect(["curl", "gh", "git", "npx", "pulumi", "vault"]).toEqual(expect.arrayContaining(programs));
  });
});

it("would notice a command or an option that there is not", () => {
  expect(refused(`${GATEHOUSE}token revoke --now --stack prod`)).toBeUndefined();
  expect(refused(`${GATEHOUSE}token kill --stack prod`)).toContain("unknown command");
  expect(refused(`${GATEHOUSE}token revoke --at-once --stack prod`)).toContain("unknown option");
  expect(refused(`${GATEHOUSE}assess --format pdf`)).toContain("invalid");
  expect(refused(`${GATEHOUSE}report --before a.json`)).toContain("required option");
});

it("every other document names only commands of gatehouse that there are", () => {
  const known = new Set(commandsOf().map(({ name }) => name));
  for (const [name, write] of Object.entries(DOCUMENTS)) {
    if (name.endsWith(".json")) continue;
    const text = write({ stack: "prod", environment: Object.values(POSTURES)[0]! });
    for (const [, command = ""] of text.matchAll(/`(?:npx --no-install )?gatehouse ([a-z -]+?)(?: --[^`]*)?`/g))
      expect([name, command.trim(), known.has(command.trim())]).toEqual([name, command.trim(), true]);
  }
});
