import type { Command, Option } from "commander";
import { buildProgram } from "../cli/program";
import { commandsIn, documentedCommands, type DocumentedCommand } from "./support/documentedCommands";

const program = buildProgram();

/** What is wrong with a command line; undefined when the program would take it. */
function problem({ words }: DocumentedCommand): string | undefined {
  let command: Command = program;
  let rest = [...words];
  for (let next = find(command, rest[0]); next; next = find(command, rest[0])) {
    command = next;
    rest = rest.slice(1);
  }
  const name = command === program ? "gatehouse" : command.name();
  if (command.commands.length > 0 && rest.length > 0 && !rest[0]?.startsWith("-"))
    return `${name} has no command ${rest[0]}`;
  const positional: string[] = [];
  while (rest.length > 0) {
    const [word = "", ...others] = rest;
    rest = others;
    if (!word.startsWith("-") || word === "-") {
      positional.push(word);
      continue;
    }
    const [flag = "", attached] = word.split("=", 2);
    if (flag === "--help" || flag === "-h") continue;
    const option = command.options.find(({ long, short }) => long === flag || short === flag);
    if (!option) return `${name} has no option ${flag}`;
    const takes = option.required || option.optional;
    const value = attached ?? (takes ? rest.shift() : undefined);
    const wrong = judgeValue(name, option, takes, value);
    if (wrong !== undefined) return wrong;
  }
  // A name in a sentence, such as `gatehouse token put`, may leave arguments out; too many are a mistake.
  const most = command.registeredArguments.some(({ variadic }) => variadic)
    ? Infinity
    : command.registeredArguments.length;
  return positional.length > most ? `${name} takes no ${positional[most]}` : undefined;
}

function judgeValue(name: string, option: Option, takes: boolean, value: string | undefined): string | undefined {
  // At the end of a span the value may be left out: `--write`, as a name.
  if (takes && option.required && value?.startsWith("--") === true) return `${name} ${option.long ?? ""} needs a value`;
  const choices = option.argChoices;
  return value !== undefined && choices && !choices.includes(value) && !/^[A-Z|]+$/.test(value)
    ? `${name} ${option.long ?? ""} does not take ${value}`
    : undefined;
}

const find = (command: Command, word: string | undefined): Command | undefined =>
  command.commands.find((one) => one.name() === word || (word !== undefined && one.aliases().includes(word)));

const ALL = documentedCommands();

it("every command line in README, docs and the other pages is one that the program takes", () => {
  expect(ALL.length).toBeGreaterThan(120);
  expect(
    ALL.flatMap((one) => {
      const wrong = problem(one);
      return wrong === undefined ? [] : [`${one.page}: gatehouse ${one.words.join(" ")}: ${wrong}`];
    }),
  ).toEqual([]);
});

it("every command is named on some page", () => {
  const named = new Set(ALL.map(({ words }) => words.join(" ")));
  const leaves = (command: Command, above: string[]): string[] =>
    command.commands.length === 0
      ? [above.join(" ")]
      : command.commands.flatMap((one) => leaves(one, [...above, one.name()]));
  expect(leaves(program, []).filter((name) => ![...named].some((line) => `${line} `.startsWith(`${name} `)))).toEqual(
    [],
  );
});

it.each([
  ["`gatehouse tokn put`", "gatehouse has no command tokn"],
  ["`gatehouse token putt --stack prod`", "token has no command putt"],
  ["`npx --no-install gatehouse token put --stak prod`", "put has no option --stak"],
  ["    npx --no-install gatehouse assess --format pdf", "assess --format does not take pdf"],
  ["```\ngatehouse token rotate now\n```", "rotate takes no now"],
  ["`gatehouse doctor --stack --json`", "doctor --stack needs a value"],
])("%j would be found", (text, wrong) => {
  expect(commandsIn(text, "page").map(problem)).toEqual([wrong]);
});

it.each([
  "`gatehouse:review.team`",
  "`gatehouse/agent-change`",
  "the gatehouse token",
  "`gatehouse …`",
  "`pulumi-gatehouse token`",
])("%j is no command line", (text) => {
  expect(commandsIn(text, "page")).toEqual([]);
});
