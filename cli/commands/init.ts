import { existsSync } from "node:fs";
import { join, resolve as absolute } from "node:path";
import { type Command, Option } from "commander";
import { parseStackFile } from "../../infra/config";
import { isGitHubDotCom } from "../../infra/model";
import { CREDENTIAL_KINDS, PLANS } from "../../infra/model/schema";
import { environmentFile } from "../init/environmentFile";
import { lookUpFacts } from "../init/facts";
import { resolve, type Given } from "../init/resolve";
import { addressFrom } from "../support/address";
import { CouldNotRun } from "../support/exit";
import { writeNamedFile } from "../support/files";
import { repeatable, withExamples, withProject } from "../support/options";
import { isLoopback } from "../support/proxy";

interface InitOptions extends Given {
  readonly stack: string;
  readonly project: string;
  readonly yes?: boolean;
}

const number = (option: string) => (value: string) => {
  if (!/^[1-9]\d{0,14}$/.test(value))
    throw new CouldNotRun(`${option}: ${JSON.stringify(value)} is not a whole number from 1`);
  return Number(value);
};

/** `gatehouse init`: writes a new environment file from questions, options and what GitHub and Cloudflare say. */
export function registerInit(program: Command): void {
  withExamples(
    withProject(
      program
        .command("init")
        .description(
          "write a new environment file; asks for what it needs, with GitHub's and Cloudflare's answers as choices; writes no secret and overwrites nothing",
        )
        .option("--stack <name>", "the stack; its environment file will be Pulumi.<name>.yaml", "dev")
        .option("--yes", "ask nothing: take the options, then what the systems say, then the defaults")
        .option("--organization <login>", "the organization on GitHub")
        .addOption(new Option("--plan <plan>", "what the organization pays for").choices(PLANS))
        .option("--github-url <url>", "base URL of a GitHub Enterprise Server, or of an enterprise on GHE.com")
        .option("--machine-user <login>", "the agent's own GitHub account")
        .addOption(new Option("--credential <kind>", "how its token is made").choices(CREDENTIAL_KINDS))
        .option("--client-id <id>", "client id of the App, for app-user-token")
        .option("--app-id <id>", "id of the App, for app-installation", number("--app-id"))
        .option(
          "--installation-id <id>",
          "id of the App's installation, for app-installation",
          number("--installation-id"),
        )
        .addOption(repeatable("--write <repository>", "a repository that the agent may write to"))
        .addOption(repeatable("--read <repository>", "a repository that the agent may read"))
        .option("--review-team <slug>", "the team that reviews what the agent writes")
        .option("--security-team <slug>", "the team that owns CODEOWNERS, workflows and protected paths")
        .option("--approvals <number>", "approvals that a pull request needs", number("--approvals"))
        .addOption(repeatable("--check <name>", "a check that must pass before a merge"))
        .addOption(new Option("--token-store <kind>", "where the GitHub token lies").choices(["vault", "kv"]))
        .option("--vault-address <url>", "where the gate reaches Vault")
        .option("--account-id <id>", "the Cloudflare account")
        .option("--hostname <name>", "public host name of the gate; without it, the account's workers.dev")
        .option("--zone-id <id>", "the host name's zone; looked up where a token allows it")
        .option("--workers-dev <name>", "the account's name on workers.dev; looked up where a token allows it")
        .option("--bucket <name>", "the R2 bucket of the audit trail")
        .option("--retention-days <days>", "how long audit records are kept", number("--retention-days"))
        .option("--alert-webhook <url>", "receives alerts"),
    ),
    "gatehouse init --stack prod",
    "gatehouse init --stack prod --yes --organization acme --machine-user claude-bot --write api --read docs --review-team agent-reviewers --account-id 0a1b2c3d4e5f60718293a4b5c6d7e8f9",
  ).action(init);
}

async function init({ stack, project, yes, ...options }: InitOptions): Promise<void> {
  if (!/^[\w-]{1,100}$/.test(stack))
    throw new CouldNotRun(`--stack: ${JSON.stringify(stack)} is no name of a stack; give letters, digits, - and _`);
  const name = `Pulumi.${stack}.yaml`;
  const file = join(absolute(project), name);
  // Before anything is asked: nobody wants to answer twelve questions for nothing.
  refuseExisting(file, name);
  if (yes !== true && !process.stdin.isTTY)
    throw new CouldNotRun("There is no terminal to ask in; give --yes and the options (gatehouse init --help).");
  const facts = await lookUpFacts(process.env);
  for (const line of facts.silent) process.stderr.write(`${line}\n`);
  const url = options.githubUrl ?? ownServer();
  const given: Given = { ...options, ...(url === undefined ? {} : { githubUrl: url }) };
  const result = await resolve(yes === true ? given : await asked(given, facts, stack), facts, stack);
  if ("missing" in result)
    throw new CouldNotRun(
      `Nothing is written; these are needed:\n${result.missing.map((line) => `  ${line}`).join("\n")}`,
    );
  const text = environmentFile(result.answers, result.organization.repositories);
  // A file that preview would refuse is never written.
  parseStackFile(text, name);
  refuseExisting(file, name);
  writeNamedFile(file, text, "wx");
  const next: (readonly [string, string])[] = [
    [`npx --no-install gatehouse doctor --stack ${stack}`, "checks what a deployment needs"],
    [`npx --no-install gatehouse sandbox rehearse --stack ${stack}`, "tries it all on this machine, without accounts"],
    [`pulumi stack init ${stack} && pulumi preview`, "shows what pulumi up would make"],
  ];
  const width = Math.max(...next.map(([command]) => command.length)) + 2;
  process.stdout.write(
    `Wrote ${name}. Next, in any order:\n${next.map(([command, what]) => `  ${command.padEnd(width)}${what}\n`).join("")}`,
  );
}

/** Questions are loaded only where there is somebody to ask. @throws CouldNotRun after Ctrl-C */
async function asked(given: Given, facts: Awaited<ReturnType<typeof lookUpFacts>>, stack: string): Promise<Given> {
  // oxlint-disable-next-line typescript/no-require-imports -- as above; import() would go past the loader
  const { ask } = require("../init/ask") as typeof import("../init/ask");
  try {
    return await ask(given, facts, stack);
  } catch (error) {
    if (error instanceof Error && error.name === "ExitPromptError")
      throw new CouldNotRun("Interrupted; nothing is written.");
    throw error;
  }
}

function refuseExisting(file: string, name: string): void {
  if (existsSync(file))
    throw new CouldNotRun(`${name} is there already, and is not overwritten; edit it, or give another --stack.`);
}

/** The server that GITHUB_BASE_URL names, unless it is github.com or a sandbox on this machine. */
function ownServer(): string | undefined {
  const url = addressFrom(process.env, "GITHUB_BASE_URL");
  return url === undefined || isGitHubDotCom(url) || isLoopback(new URL(url).hostname) ? undefined : url;
}
