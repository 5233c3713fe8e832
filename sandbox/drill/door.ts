import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { mkdir } from "node:fs/promises";
import type { Octokit } from "@octokit/rest";
import type { DrillAnswer } from "../../cli/report/drill";

/** One way to reach GitHub with one credential: through the gate with the gate key, or straight with the machine user's token. */
export interface Door {
  readonly kind: "gate" | "github";
  /** REST base, without trailing slash. */
  readonly rest: string;
  readonly graphql: string;
  /** Base of git remotes, without trailing slash. */
  readonly git: string;
  readonly credential: string;
}

export type Outcome = DrillAnswer;

interface Problem {
  message?: string;
  gatehouse?: { rule?: string };
  errors?: (string | { message?: string; extensions?: { gatehouse?: { rule?: string } } })[];
  data?: unknown;
}

const outcome = (status: number, body: unknown): Outcome => {
  const problem = (body ?? {}) as Problem;
  const refusedInBody = Array.isArray(problem.errors) && problem.errors.length > 0 && status === 200; // GraphQL refuses with 200
  const ok = status < 400 && !refusedInBody;
  const first = Array.isArray(problem.errors) ? problem.errors[0] : undefined;
  const graphql = typeof first === "string" ? undefined : first?.extensions?.gatehouse?.rule;
  const said =
    problem.gatehouse?.rule ?? graphql ?? (typeof first === "string" ? first : first?.message) ?? problem.message;
  return ok ? { status, ok } : { status, ok, rule: said ?? `HTTP ${status}` };
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** A request by Node's fetch. */
export async function viaFetch(
  door: Door,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Outcome> {
  const url = path === "/graphql" ? door.graphql : `${door.rest}${path}`;
  const response = await fetch(url, {
    method,
    redirect: "manual",
    headers: {
      authorization: `Bearer ${door.credential}`,
      "user-agent": "gatehouse-drill",
      accept: "application/vnd.github+json",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return outcome(response.status, parse(await response.text()));
}

/** A request whose path reaches the wire as written: fetch would resolve dot segments first. */
export function viaRawPath(door: Door, method: string, path: string): Promise<Outcome> {
  const { hostname, port, pathname } = new URL(door.rest);
  return new Promise((resolve, reject) => {
    const call = request(
      {
        hostname,
        port,
        method,
        path: `${pathname.replace(/\/$/, "")}${path}`,
        headers: { authorization: `Bearer ${door.credential}`, "user-agent": "gatehouse-drill" },
      },
      (response) => {
        let text = "";
        response
          .setEncoding("utf8")
          .on("data", (chunk: string) => {
            text += chunk;
          })
          .on("end", () => {
            resolve(outcome(response.statusCode ?? 0, parse(text)));
          });
      },
    );
    call.on("error", reject).end();
  });
}

/** A call of an octokit method; octokit throws on a refusal, which is an answer here. */
export async function viaOctokit(
  door: Door,
  call: (octokit: Octokit) => Promise<{ status: number; data: unknown }>,
): Promise<Outcome & { data?: unknown }> {
  const { Octokit: Client } = await import("@octokit/rest");
  const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  try {
    const { status, data } = await call(
      new Client({ auth: door.credential, baseUrl: door.rest, userAgent: "gatehouse-drill", log: quiet }),
    );
    return { status, ok: true, data };
  } catch (error) {
    const refused = error as { status?: number; response?: { data?: unknown } };
    if (typeof refused.status !== "number") throw error;
    return outcome(refused.status, refused.response?.data);
  }
}

const GIT_ENV = {
  GIT_TERMINAL_PROMPT: "0",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "drill",
  GIT_AUTHOR_EMAIL: "drill@example.invalid",
  GIT_COMMITTER_NAME: "drill",
  GIT_COMMITTER_EMAIL: "drill@example.invalid",
};

/** A git work tree that speaks through one door. The credential travels in the environment, never in an argument. */
export class GitClient {
  private constructor(
    private readonly dir: string,
    private readonly door: Door,
  ) {}

  static async open(door: Door): Promise<GitClient> {
    return new GitClient(await mkdtemp(join(tmpdir(), "gatehouse-drill-")), door);
  }

  run(...args: string[]): Promise<Outcome & { text: string }> {
    const basic = Buffer.from(`x-access-token:${this.door.credential}`).toString("base64");
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

  /** The same work tree, through another door. */
  through(door: Door): GitClient {
    return new GitClient(this.dir, door);
  }

  /** Clones into this folder. */
  clone(repository: string, ...options: string[]): Promise<Outcome & { text: string }> {
    return this.run("clone", "--quiet", ...options, `${this.door.git}/${repository}.git`, ".");
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
export async function withGit<T>(door: Door, use: (git: GitClient) => Promise<T>): Promise<T> {
  const git = await GitClient.open(door);
  try {
    return await use(git);
  } finally {
    await git.close();
  }
}
