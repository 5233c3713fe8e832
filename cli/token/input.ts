import password from "@inquirer/password";
import { CouldNotRun } from "../support/exit";

/**
 * Reads one secret: from standard input when it is piped, else from a prompt that shows nothing. Never from an
 * argument, which every process of the machine could read.
 */
export async function readSecret(question: string): Promise<string> {
  const text = process.stdin.isTTY ? await hiddenPrompt(question) : await piped();
  const secret = text.trim();
  if (secret === "")
    throw new CouldNotRun(
      "No token was given; pipe it into the command, or run the command in a terminal and paste it.",
    );
  if (!/^[\x21-\x7e]+(?:[ \t\r\n]+[\x21-\x7e]+)?$/.test(secret))
    throw new CouldNotRun("This is not a token; give one line of printable characters.");
  return secret;
}

/**
 * Reads a secret of several lines, such as a private key, from standard input alone: no prompt can hide it line by
 * line.
 */
export async function readSecretText(what: string): Promise<string> {
  if (process.stdin.isTTY) throw new CouldNotRun(`Pipe ${what} into the command: gatehouse token minter < file`);
  const text = (await piped()).trim();
  if (text === "") throw new CouldNotRun(`Standard input is empty; pipe ${what} into the command.`);
  return text;
}

async function piped(): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > 16_384)
      throw new CouldNotRun(
        "Standard input holds more than 16 KiB, which is too much for a token or key; give the secret alone.",
      );
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Shows on standard error that it waits, and nothing of what is typed or pasted. @throws CouldNotRun after Ctrl-C */
async function hiddenPrompt(question: string): Promise<string> {
  try {
    return await password({ message: question }, { output: process.stderr });
  } catch (error) {
    if (error instanceof Error && error.name === "ExitPromptError") throw new CouldNotRun("Interrupted.");
    throw error;
  }
}
