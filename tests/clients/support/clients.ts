import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { installDebianGh } from "./debianGh";
import { ended, type Ended, type Place } from "./ended";
import { GH_VERSION, installGh } from "./gh";
import { installGoProgram } from "./go";
import { MCP_SERVER_VERSION, runMcpTool } from "./mcp";
import { OCTOKIT_VERSION, runOctokit } from "./octokit";
import { installPyGithub, PYGITHUB_VERSION } from "./pygithub";

/** A client that can run on this machine. */
export interface Client {
  readonly version: string;
  /** @param args as the matrix has them */
  run(args: string, place: Place): Promise<Ended>;
}

/** A program whose arguments are parted by blanks. */
function program(path: string, version: string): Client {
  return { version, run: (args, place) => ended(path, args.split(" "), place) };
}

/** The first version number that `<program> <args>` prints. @throws Error when it cannot run */
function versionOf(path: string, ...args: readonly string[]): string {
  const { status, stdout } = spawnSync(path, args, { encoding: "utf8", timeout: 20_000 });
  if (status !== 0) throw new Error(`${path} is not on PATH`);
  return /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? "of an unknown version";
}

/**
 * Each installs its client into the user's cache where it is not there yet. They throw an Error whose message is the
 * reason why it cannot run here.
 */
const CLIENTS = {
  gh: () => program(installGh(), GH_VERSION),
  git: () => program("git", versionOf("git", "version")),
  PyGithub: (): Client => {
    const folder = installPyGithub();
    return {
      version: PYGITHUB_VERSION,
      run: (expression, { env, cwd }) =>
        ended("python3", [join(__dirname, "pygithub.py"), expression], { env: { ...env, PYTHONPATH: folder }, cwd }),
    };
  },
  octokit: (): Client => ({ version: OCTOKIT_VERSION, run: runOctokit }),
  // git starts it, from PATH.
  "git-lfs": (): Client => {
    const path = installGoProgram({ name: "git-lfs", module: "github.com/git-lfs/git-lfs/v3", version: "3.8.1" });
    return {
      version: versionOf(path, "version"),
      run: (args, { env, cwd }) =>
        ended("git", args.split(" "), { env: { ...env, PATH: `${dirname(path)}:${env["PATH"]}` }, cwd }),
    };
  },
  "github-mcp-server": (): Client => {
    const [name, version] = ["github-mcp-server", MCP_SERVER_VERSION];
    const path = installGoProgram({
      name,
      module: "github.com/github/github-mcp-server/cmd/github-mcp-server",
      version,
    });
    return { version, run: (args, place) => runMcpTool(path, args, place) };
  },
  "gh-debian": () => {
    const path = installDebianGh();
    return program(path, versionOf(path, "--version"));
  },
} satisfies Readonly<Record<string, () => Client>>;

export type ClientName = keyof typeof CLIENTS;
export const CLIENT_NAMES = Object.keys(CLIENTS) as readonly ClientName[];

/** The clients that can run here, and of each other one why it cannot. */
export function installClients(): {
  readonly ready: ReadonlyMap<ClientName, Client>;
  readonly missing: ReadonlyMap<ClientName, string>;
} {
  const ready = new Map<ClientName, Client>();
  const missing = new Map<ClientName, string>();
  for (const name of CLIENT_NAMES)
    try {
      ready.set(name, CLIENTS[name]());
    } catch (error) {
      missing.set(name, (error as Error).message);
    }
  return { ready, missing };
}
