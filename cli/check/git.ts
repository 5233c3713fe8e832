import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { CouldNotRun } from "../support/exit";

/**
 * Git could not show something whole: too large, missing, or not finished in time. The change is then refused, not
 * passed.
 */
export class Unseen extends Error {}

const OUTPUT_MOST = 64 * 1024 * 1024;
const TIME_MOST_MS = 120_000;

/**
 * A bare view of a repository's objects, in a folder of its own. Nothing of the repository but its objects has a say:
 * not its configuration, hooks, attributes (which could declare text to be binary), replacements or work tree.
 */
export class GitView {
  private constructor(
    private readonly dir: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** The objects of a repository on this machine. */
  static of(repository: string): GitView {
    // In a container the checkout often belongs to another account, which git refuses because its settings could run
    // programs. This look-up runs none, and nothing but the objects is used afterwards.
    const found = spawnSync("git", ["-c", "safe.directory=*", "-C", repository, "rev-parse", "--git-path", "objects"], {
      encoding: "utf8",
      env: cleanEnv(),
    });
    if (found.status !== 0) {
      const reason = found.error?.message ?? found.stderr.trim().split("\n")[0];
      throw new CouldNotRun(
        `${resolve(repository)}: git cannot read a repository here (${reason}); name one with --git`,
      );
    }
    const view = GitView.empty({});
    writeFileSync(join(view.dir, "objects", "info", "alternates"), `${resolve(repository, found.stdout.trim())}\n`);
    return view;
  }

  /**
   * Fetches what two commits need from a server: all history and trees, contents when they are asked for.
   * @param token shown to that server alone, by a setting in the environment: no argument list or file carries it
   */
  static async fetched(url: string, commits: readonly string[], token: string | undefined): Promise<GitView> {
    const view = GitView.empty(
      token === undefined
        ? {}
        : {
            GIT_CONFIG_COUNT: "1",
            GIT_CONFIG_KEY_0: `http.${url}.extraHeader`,
            GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`,
          },
    );
    try {
      await view.text(["remote", "add", "origin", url]);
      await view.text([
        "fetch",
        "--quiet",
        "--no-tags",
        "--no-recurse-submodules",
        "--filter=blob:none",
        "origin",
        ...commits,
      ]);
    } catch (error) {
      view.close();
      throw new CouldNotRun(`${url}: the commits cannot be fetched: ${(error as Error).message}`);
    }
    return view;
  }

  private static empty(env: NodeJS.ProcessEnv): GitView {
    const dir = mkdtempSync(join(tmpdir(), "gatehouse-check-"));
    const made = spawnSync("git", ["init", "--quiet", "--bare", "--template=", dir], {
      encoding: "utf8",
      env: cleanEnv(),
    });
    if (made.status !== 0) {
      rmSync(dir, { recursive: true, force: true });
      throw new CouldNotRun(`git cannot be used: ${made.error?.message ?? made.stderr.trim()}`);
    }
    mkdirSync(join(dir, "objects", "info"), { recursive: true });
    return new GitView(dir, { ...cleanEnv(), ...env });
  }

  close(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Output of a git command. @throws Unseen when it fails, says too much or takes too long */
  async run(args: readonly string[], input = ""): Promise<Buffer> {
    const child = spawn("git", ["--git-dir", this.dir, ...args], {
      env: this.env,
      stdio: ["pipe", "pipe", "pipe"],
      timeout: TIME_MOST_MS,
      killSignal: "SIGKILL",
    });
    const chunks: Buffer[] = [];
    let size = 0;
    let complaint = "";
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > OUTPUT_MOST) child.kill("SIGKILL");
      else chunks.push(chunk);
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      if (complaint.length < 2_000) complaint += chunk;
    });
    child.stdin.on("error", () => undefined); // git may end before it has read all
    child.stdin.end(input);
    const code = await new Promise<number | null>((done, failed) => {
      child.on("error", failed);
      child.on("close", done);
    });
    if (size > OUTPUT_MOST) throw new Unseen(`git ${args[0] ?? ""} says more than ${OUTPUT_MOST >> 20} MiB`);
    if (code !== 0)
      throw new Unseen(
        `git ${args[0] ?? ""}: ${complaint.trim().split("\n").at(-1) || `ended with ${code ?? "no code in time"}`}`,
      );
    return Buffer.concat(chunks);
  }

  async text(args: readonly string[], input?: string): Promise<string> {
    return (await this.run(args, input)).toString("utf8");
  }
}

/** Only what git needs: no setting of the machine or the account changes what a diff shows. */
function cleanEnv(): NodeJS.ProcessEnv {
  const {
    PATH,
    HOME,
    TMPDIR,
    SSL_CERT_FILE,
    SSL_CERT_DIR,
    HTTPS_PROXY,
    https_proxy,
    NO_PROXY,
    no_proxy,
    GIT_SSL_CAINFO,
  } = process.env;
  return {
    PATH,
    HOME,
    TMPDIR,
    SSL_CERT_FILE,
    SSL_CERT_DIR,
    HTTPS_PROXY,
    https_proxy,
    NO_PROXY,
    no_proxy,
    GIT_SSL_CAINFO,
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_TERMINAL_PROMPT: "0",
  };
}
