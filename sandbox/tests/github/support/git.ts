import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface GitResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** A folder in which the real git works against a stand-in, with nothing of the person's own settings. */
export class Workbench {
  readonly dir = mkdtempSync(join(tmpdir(), "gh-git-"));
  constructor(private readonly origin: string) {}

  /** The address of a repository with a token as the password, as `x-access-token` or another user. */
  url(repository: string, token?: string, user = "x-access-token"): string {
    return `${token === undefined ? this.origin : this.origin.replace("://", `://${user}:${token}@`)}/${repository}.git`;
  }

  git(args: readonly string[], cwd = this.dir, env: Record<string, string> = {}): Promise<GitResult> {
    return new Promise((resolve) => {
      execFile(
        "git",
        [
          "-c",
          "user.name=Agent",
          "-c",
          "user.email=agent@example.com",
          "-c",
          "commit.gpgsign=false",
          "-c",
          "protocol.version=2",
          ...args,
        ],
        {
          cwd,
          maxBuffer: 64 << 20,
          env: {
            PATH: process.env["PATH"] ?? "",
            HOME: this.dir,
            LC_ALL: "C",
            GIT_TERMINAL_PROMPT: "0",
            GIT_CONFIG_NOSYSTEM: "1",
            ...env,
          },
        },
        (error, stdout, stderr) => {
          resolve({ code: error ? (typeof error.code === "number" ? error.code : 1) : 0, stdout, stderr });
        },
      );
    });
  }
  /** Clones into a new folder. */
  async clone(
    repository: string,
    token?: string,
    options: readonly string[] = [],
  ): Promise<{ dir: string; result: GitResult }> {
    const dir = mkdtempSync(join(this.dir, "clone-"));
    return { dir, result: await this.git(["clone", "--quiet", ...options, this.url(repository, token), dir]) };
  }
  async commit(dir: string, files: Record<string, string | null>, message = "Change"): Promise<void> {
    const { mkdir, rm, writeFile } = await import("node:fs/promises");
    for (const [path, content] of Object.entries(files)) {
      if (content === null) await rm(join(dir, path));
      else {
        await mkdir(join(dir, path, ".."), { recursive: true });
        await writeFile(join(dir, path), content);
      }
    }
    await this.git(["add", "-A"], dir);
    await this.git(["commit", "--quiet", "-m", message], dir);
  }
  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
