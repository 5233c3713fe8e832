import { type Command, Option } from "commander";

/** What every command knows that works on one environment. */
export interface StackOptions {
  /** Name of the stack; its file is `Pulumi.<name>.yaml`. */
  readonly stack: string;
  /** Overrides in the form of Pulumi's `--config --path`. */
  readonly config: readonly string[];
}

/** An option that may be given again; its value is the list of all that were given. */
export const repeatable = (flags: string, description: string): Option =>
  new Option(flags, `${description}; may be given again`)
    .argParser((value: string, all: readonly string[]) => [...all, value])
    .default([], "none");

/** Adds `--stack` and `--config`. */
export const withStack = (command: Command): Command =>
  command
    .option("--stack <name>", "the stack to work on; its environment file is Pulumi.<name>.yaml", "dev")
    .addOption(
      repeatable(
        "--config <key.path=value>",
        "use another value for one key, such as gatehouse:gate.requestsPerMinute=500",
      ),
    );

/** Adds `--project`. */
export const withProject = (command: Command): Command =>
  command.option("--project <dir>", "the folder with Pulumi.yaml and the environment file", ".");

/** Adds `--json`. */
export const withJson = (command: Command, description = "print one JSON object"): Command =>
  command.option("--json", description);

/** Ends a command's help with command lines that work. */
export const withExamples = (command: Command, ...lines: readonly string[]): Command =>
  command.addHelpText(
    "after",
    `\n${lines.length === 1 ? "Example" : "Examples"}:\n${lines.map((line) => `  ${line.replace(/^gatehouse |(?<=\| )gatehouse /, "npx --no-install gatehouse ")}`).join("\n")}`,
  );
