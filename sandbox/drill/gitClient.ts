import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Connection, Outcome } from "./connection";

const GIT_ENV = {
  GIT_TERMINAL_PROMPT: "0",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "drill",
  GIT_AUTHOR_EMAIL: "drill@example.invalid",
  GIT_COMMITTER_NAME: "drill",
  GIT_COMMITTER_EMAIL: "drill@example.invalid",
};

/**
 * A git work tree that speaks through one connection. The credential travels in the environment, never in an argument.
 */
export class GitClient {
  private constructor(
    private readonly dir: string,
    private readonly connection: Connection,
  ) {}

  static async open(connection: Connection): Promise<GitClient> {
    return new GitClient(await mkdtemp(join(tmpdir(), "gatehouse-drill-")), connection);
  }

  run(...args: string[]): Promise<Outcome & { text: string }> {
    const basic = Buffer.from(`x-access-token:${this.connection.credential}`).toString("base64");
    const env = {
      ...process.env,
      ...GIT_ENV,
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "http.extraHeader",
      GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
    };
    return new Promise((resolve) => {
      execFile("git", args, { cwd: this.dir, env, timeout: 30_000, maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
        const status = Number(
          /returned error: (\d{3})|HTTP (\d{3})/.exec(stderr)?.slice(1).find(Boolean) ?? (error ? 0 : 200),
        );
        const said = /remote: (?:error: )?(?:gatehouse: )?(.+)|! \[(?:remote )?rejected\] .*\((.+)\)/
          .exec(stderr)
          ?.slice(1)
          .find(Boolean);
        resolve(
          error
            ? { status, ok: false, rule: said?.trim() ?? stderr.trim().split("\n").pop() ?? "", text: stderr }
            : { status: 200, ok: true, text: stdout },
        );
      });
    });
  }

  /** The same work tree, through another connection. */
  through(connection: Connection): GitClient {
    return new GitClient(this.dir, connection);
  }

  /** Clones into this folder. */
  clone(repository: string, ...options: string[]): Promise<Outcome & { text: string }> {
    return this.run("clone", "--quiet", ...options, `${this.connection.git}/${repository}.git`, ".");
  }

  /** Writes one file on a fresh branch from the current commit, and commits it. */
  async commit(branch: string, path: string, content: string): Promise<void> {
    await this.run("checkout", "--quiet", "-B", branch);
    await this.write(path, content);
  }

  /** Writes one file and commits it where HEAD is. */
  async write(path: string, content: string): Promise<void> {
    // A folder may stand where a file was.
    await mkdir(dirname(join(this.dir, path)), { recursive: true }).catch(async () => {
      for (let above = dirname(path); above !== "."; above = dirname(above))
        await rm(join(this.dir, above), { force: true }).catch(() => undefined);
      await mkdir(dirname(join(this.dir, path)), { recursive: true });
    });
    await writeFile(join(this.dir, path), content);
    await this.run("add", "--force", path);
    const committed = await this.run("commit", "--quiet", "--message", `drill: ${path}`);
    if (!committed.ok) throw new Error(`git commit failed in the drill: ${committed.text}`);
  }

  close(): Promise<void> {
    return rm(this.dir, { recursive: true, force: true });
  }
}

/** Runs `use` with a git work tree and removes it whatever happens. */
export async function withGit<T>(connection: Connection, use: (git: GitClient) => Promise<T>): Promise<T> {
  const git = await GitClient.open(connection);
  try {
    return await use(git);
  } finally {
    await git.close();
  }
}
