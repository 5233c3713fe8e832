import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import type { Handler, Reply } from "./upstream";

const environment: NodeJS.ProcessEnv = {
  PATH: process.env["PATH"],
  HOME: tmpdir(),
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_TERMINAL_PROMPT: "0",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "agent",
  GIT_AUTHOR_EMAIL: "agent@example.com",
  GIT_COMMITTER_NAME: "agent",
  GIT_COMMITTER_EMAIL: "agent@example.com",
};

/** Runs git and gives back what it printed; both outputs, also when it fails. */
export function git(cwd: string, ...args: string[]): Promise<{ code: number; out: string }> {
  return new Promise((resolve) => {
    execFile(
      "git",
      args,
      { cwd, env: environment, maxBuffer: 64 * 1024 * 1024, timeout: 60_000 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : 1, out: `${stdout}${stderr}` });
      },
    );
  });
}

/**
 * A bare repository behind real `git http-backend`, with the parts of the REST API that the gate asks about it,
 * answered by git itself.
 */
export class BareRepository {
  readonly root = mkdtempSync(path.join(tmpdir(), "gate-git-"));
  readonly bare: string;

  constructor(owner: string, name: string) {
    this.bare = path.join(this.root, owner, `${name}.git`);
    this.git(this.root, "init", "-q", "--bare", "-b", "main", this.bare);
    this.git(this.bare, "config", "http.receivepack", "true");
    this.git(this.bare, "config", "receive.fsckObjects", "true");
    this.git(this.bare, "config", "uploadpack.allowFilter", "true");
  }

  git(cwd: string, ...args: string[]): string {
    return execFileSync("git", args, {
      cwd,
      env: environment,
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
      stdio: ["ignore", "pipe", "ignore"],
    });
  }

  /** Gives the repository its first commit, on main. @returns the clone that it was made in */
  seed(files: Readonly<Record<string, string>> = { "README.md": "# api\n" }): string {
    const seed = path.join(this.root, "seed");
    this.git(this.root, "clone", "-q", this.bare, seed);
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(seed, name)), { recursive: true });
      writeFileSync(path.join(seed, name), text);
    }
    this.git(seed, "checkout", "-q", "-b", "main");
    this.git(seed, "add", ".");
    this.git(seed, "commit", "-q", "-m", "first");
    this.git(seed, "push", "-q", "origin", "main");
    return seed;
  }

  refs(): string[] {
    return this.git(this.bare, "for-each-ref", "--format=%(refname)")
      .split("\n")
      .filter((line) => line !== "")
      .sort();
  }

  readonly handler: Handler = (request) => {
    const api = /^\/api\/v3\/repos\/acme\/api\/(.*)$/.exec(request.url)?.[1];
    return api === undefined ? this.backend(request) : this.api(api);
  };

  private api(asked: string): Reply {
    const json = (value: unknown): Reply => ({ body: JSON.stringify(value) });
    try {
      const [, tree, recursive] = /^git\/trees\/([0-9a-f]{40})(\?recursive=1)?$/.exec(asked) ?? [];
      if (tree !== undefined) {
        const entries = this.git(this.bare, "ls-tree", ...(recursive === undefined ? [] : ["-r", "-t"]), tree)
          .split("\n")
          .filter((l) => l !== "")
          .map((line) => /^(\d+) (\w+) (\w+)\t(.*)$/.exec(line) ?? []);
        return json({
          sha: tree,
          truncated: false,
          tree: entries.map(([, mode, type, sha, name]) => ({ path: name, mode, type, sha })),
        });
      }
      const blob = /^git\/blobs\/([0-9a-f]{40})$/.exec(asked)?.[1];
      if (blob !== undefined) {
        const content = execFileSync("git", ["cat-file", "blob", blob], { cwd: this.bare, env: environment });
        return json({ sha: blob, size: content.length, encoding: "base64", content: content.toString("base64") });
      }
      const [, folder, at] = /^contents\/(.*)\?ref=(.*)$/.exec(asked) ?? [];
      if (folder !== undefined && at !== undefined) {
        const place = folder === "" ? "" : `${decodeURIComponent(folder)}/`;
        const lines = this.git(this.bare, "ls-tree", decodeURIComponent(at), place === "" ? "." : place);
        const entries = lines.split("\n").flatMap((line) => {
          const [, mode, type, sha, name] = /^(\d+) (\w+) (\w+)\t(.*)$/.exec(line) ?? [];
          return name === undefined
            ? []
            : [{ path: name, sha, type: mode === "120000" ? "symlink" : type === "tree" ? "dir" : "file" }];
        });
        return entries.length === 0 ? { status: 404 } : json(entries);
      }
      const commit = /^git\/commits\/([0-9a-f]{40})$/.exec(asked)?.[1];
      if (commit !== undefined)
        return json({ sha: commit, tree: { sha: this.git(this.bare, "rev-parse", `${commit}^{tree}`).trim() } });
      const branch = /^branches\/(.*)$/.exec(asked)?.[1];
      if (branch !== undefined)
        return json({
          name: branch,
          commit: {
            commit: {
              tree: { sha: this.git(this.bare, "rev-parse", `refs/heads/${decodeURIComponent(branch)}^{tree}`).trim() },
            },
          },
        });
      const ends = /^compare\/(.*)\.\.\.(.*)\?per_page=1$/.exec(asked);
      if (ends !== null) {
        const [base, head] = [decodeURIComponent(ends[1] ?? ""), decodeURIComponent(ends[2] ?? "")];
        this.git(this.bare, "merge-base", base, head);
        const files = this.git(this.bare, "diff", "--name-only", `${base}...${head}`)
          .split("\n")
          .filter((l) => l !== "");
        const [behind = "0", ahead = "0"] = this.git(
          this.bare,
          "rev-list",
          "--left-right",
          "--count",
          `${base}...${head}`,
        )
          .trim()
          .split("\t");
        const status = behind === "0" ? (ahead === "0" ? "identical" : "ahead") : ahead === "0" ? "behind" : "diverged";
        return json({ status, files: files.map((filename) => ({ filename, changes: 1 })) });
      }
    } catch {
      // git knows no such object
    }
    return { status: 404 };
  }

  private backend(request: Parameters<Handler>[0]): Promise<Reply> {
    const [pathname = "", query = ""] = request.url.split("?");
    const child = spawn("git", ["http-backend"], {
      env: {
        ...environment,
        GIT_PROJECT_ROOT: this.root,
        GIT_HTTP_EXPORT_ALL: "1",
        PATH_INFO: pathname,
        QUERY_STRING: query,
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers["content-type"] ?? "",
        CONTENT_LENGTH: String(request.body.length),
        REMOTE_USER: "claude-bot",
        REMOTE_ADDR: "127.0.0.1",
        ...(request.headers["git-protocol"] === undefined
          ? {}
          : { GIT_PROTOCOL: String(request.headers["git-protocol"]) }),
      },
    });
    const parts: Buffer[] = [];
    child.stdout.on("data", (part: Buffer) => parts.push(part));
    child.stderr.resume();
    child.stdin.on("error", () => undefined);
    child.stdin.end(request.body);
    return new Promise((resolve) => {
      child.on("close", () => {
        const all = Buffer.concat(parts);
        const split = all.indexOf("\r\n\r\n");
        const headers = Object.fromEntries(
          all
            .subarray(0, split)
            .toString()
            .split("\r\n")
            .map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
        );
        resolve({
          status: Number(/^\d+/.exec(headers["status"] ?? "200")?.[0] ?? 200),
          headers,
          body: all.subarray(split + 4),
        });
      });
    });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
