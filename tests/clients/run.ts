import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPositive } from "../proof/clients/support/world";
import { MATRIX, type Command } from "./matrix";
import { CLIENT_NAMES, type Client, type ClientName } from "./support/clients";
import { ended, type Ended } from "./support/ended";
import { HOST, startFront } from "./support/front";

/** What became of a command. */
export interface Outcome {
  readonly command: Command;
  readonly exit: number | null;
  /** What a person sees, in one or two lines, without what differs from run to run. */
  readonly seen: string;
  readonly text: string;
}

/**
 * Runs every command of the matrix whose client is ready, in a clone, against the gate behind TLS and the stand-in
 * behind that.
 */
export async function runMatrix(clients: ReadonlyMap<ClientName, Client>): Promise<readonly Outcome[]> {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-clients-"));
  const world = await startPositive({ "gate.lfs": "proxy" });
  const front = await startFront(world.gate.url, folder);
  try {
    const env: NodeJS.ProcessEnv = {
      PATH: process.env["PATH"],
      HOME: folder,
      XDG_CONFIG_HOME: join(folder, "config"),
      GH_HOST: HOST,
      GH_ENTERPRISE_TOKEN: world.gate.key,
      GH_NO_UPDATE_NOTIFIER: "1",
      GH_PROMPT_DISABLED: "1",
      NO_COLOR: "1",
      GIT_TERMINAL_PROMPT: "0",
      // Never a repository around the folder of this run.
      GIT_CEILING_DIRECTORIES: tmpdir(),
      GIT_CONFIG_COUNT: "3",
      GIT_CONFIG_KEY_0: `http.https://${HOST}/.extraHeader`,
      GIT_CONFIG_VALUE_0: `Authorization: Bearer ${world.gate.key}`,
      GIT_CONFIG_KEY_1: "user.name",
      GIT_CONFIG_VALUE_1: "claude-bot",
      GIT_CONFIG_KEY_2: "user.email",
      GIT_CONFIG_VALUE_2: "claude-bot@acme.example",
      ...front.env,
    };
    const clone = join(folder, "api");
    const shell = (line: string, cwd: string): Promise<Ended> => ended("sh", ["-ec", line], { env, cwd });
    const prepared = await shell(
      `git clone -q https://${HOST}/acme/api.git api && cd api && git checkout -q -b claude/work && echo work > work.txt && git add . && git commit -q -m "Add work"`,
      folder,
    );
    if (prepared.code !== 0) throw new Error(prepared.stderr);
    const runs = (await world.github.admin("GET", "/repos/acme/api/actions/runs")).body.workflow_runs as {
      id: number;
    }[];
    const main = (await world.github.admin("GET", "/repos/acme/api/git/ref/heads/main")).body.object.sha as string;
    const outcomes: Outcome[] = [];
    for (const command of MATRIX) {
      const client = clients.get(command.client);
      if (client === undefined) continue;
      if (command.before !== undefined) {
        const before = await shell(command.before, clone);
        if (before.code !== 0) throw new Error(`what comes before ${command.args} failed: ${before.stderr}`);
      }
      const args = command.args.replace("{run}", String(runs[0]?.id ?? 0)).replace("{main}", main);
      const done = await client.run(args, { env, cwd: clone });
      const text = plain(`${done.stdout}\n${done.stderr}`, [folder, world.gate.url, world.gate.key]);
      outcomes.push({ command, exit: done.code, seen: summary(text, done.code), text });
    }
    return outcomes;
  } finally {
    await front.stop();
    await world.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Text without what differs from run to run. */
function plain(text: string, secrets: readonly string[]): string {
  let out = text;
  for (const secret of secrets) out = out.replaceAll(secret, "…");
  return out
    .replace(/\b[0-9a-f]{64}\b/g, "<oid>")
    .replace(/^[0-9a-f]{10} \*/gm, "<oid> *")
    .replace(/[0-9a-f]{40}/g, "<sha>")
    .replace(/\b[0-9a-f]{7}\b/g, "<sha>")
    .replace(/http:\/\/127\.0\.0\.1:\d+/g, "https://github.example")
    .replace(/127\.0\.0\.1:\d+/g, "github.example")
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC/g, "<time>")
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, "<time>")
    .replace(/[0-9a-z]{16,}-[0-9a-z]{1,6}\b/g, "<id>")
    .replace(/\b100000\d{3}\b/g, "<number>")
    .replace(/\r/g, "\n");
}

/** The first lines that say something; of a failure the last ones. */
function summary(text: string, exit: number | null): string {
  const lines = text
    .split("\n")
    .map((line) => line.replace(/\s+/g, " ").trim())
    .filter(
      (line) =>
        line !== "" && !/^(?:remote: *$|Everything up-to-date|Cloning into|Total |To https|branch ')/.test(line),
    );
  return exit === 0 ? (lines[0] ?? "").slice(0, 120) : lines.slice(0, 2).join(" / ").slice(0, 300);
}

/** The table of one client in docs/clients.md. */
function section(name: ClientName, version: string, outcomes: readonly Outcome[]): string {
  const cell = (text: string): string => text.replace(/\\/g, "\\\\").replace(/\|/g, "\\|").replace(/</g, "&lt;");
  const rows = outcomes.map(
    ({ command, exit, seen }) =>
      `| \`${shown(command).replace(/\|/g, "\\|")}\` | ${exit === 0 ? "works" : "refused"} | ${exit ?? "none"} | ${cell(seen)} |`,
  );
  return `## ${name} ${version}

| command | outcome | exit | what is seen |
|---|---|---|---|
${rows.join("\n")}
`;
}

/** A command as a person would type it. */
export function shown({ client, args }: Command): string {
  const typed: Partial<Record<ClientName, string>> = { "git-lfs": "git", "gh-debian": "gh" };
  return `${typed[client] ?? client} ${args}`;
}

/** The sections of a page, by client. */
export function sections(page: string): ReadonlyMap<string, string> {
  return new Map([...page.matchAll(/^## (\S+) .*?(?=^## |$(?![^]))/gms)].map((m) => [m[1] ?? "", m[0]]));
}

/** docs/clients.md of a run. A client that could not run keeps what the present page says of it. */
export function document(
  outcomes: readonly Outcome[],
  clients: ReadonlyMap<ClientName, Client>,
  present: string,
): string {
  const kept = sections(present);
  const all = CLIENT_NAMES.map((name) => {
    const client = clients.get(name);
    return client === undefined
      ? (kept.get(name) ?? "")
      : section(
          name,
          client.version,
          outcomes.filter(({ command }) => command.client === name),
        );
  });
  return `# Clients

What a person or an agent sees of everyday commands through the gate. \`npm run clients\` writes this page from a run of the real clients
behind TLS, with the GitHub stand-in in GitHub's place; a test holds it to what they do.

Environment: \`GH_HOST\` is the gate's host name, on port 443, and \`GH_ENTERPRISE_TOKEN\` the gate key. With \`GH_TOKEN\` alone gh sends no credential. Use gh
2.82.1 or later: older ones ask for fields that GitHub has taken away. Give numbers and not addresses as arguments: an address of github.com leads gh away
from the gate.

Which credential can read checks: a fine-grained personal access token cannot have the permission \`checks\`, so GitHub refuses each check run to it (cli/cli
12597) and \`gh pr checks\` and a plain \`gh pr view\` fail with \`Resource not accessible by personal access token\`. Use an App's token (\`app-user-token\`,
\`app-installation\`), or \`gh pr view --json title,body,state\` and \`gh run list\`, which need no checks.

\`git grep <commit>\` in a clone with \`--filter=blob:none\` makes two requests a file before git 2.55; use a full or a shallow clone.

GitHub's MCP server takes the gate as \`GITHUB_HOST\` (\`https://<host>\`) and the gate key as \`GITHUB_PERSONAL_ACCESS_TOKEN\`. Debian's gh is older than 2.82.1:
of \`gh pr view\` and \`gh issue view\` only \`--json\` with chosen fields works, there as at github.com.

The posture of the run has \`gate.lfs: proxy\`.

${all.join("\n")}`;
}
