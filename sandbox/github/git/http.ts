import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createGunzip } from "node:zlib";
import { authenticate, type Auth } from "../auth";
import { afterMove, gitOf, recordSuites } from "../domain/refs";
import { HttpError } from "../http/errors";
import { mayOn, roleOn } from "../permissions";
import { judge, type Violation } from "../rules/evaluate";
import type { Repository } from "../state";
import type { World } from "../world";
import { serveLfs } from "./lfs";
import type { HookAnswer, HookQuestion } from "./hook";
import { ZERO, type RefUpdate } from "./repository";
import { startGit } from "./run";

const GIT_PATH =
  /^\/([^/]+)\/([^/]+?)(?:\.git)?\/(info\/refs|info\/lfs\/(?:objects\/batch|locks\/verify)|git-upload-pack|git-receive-pack|HEAD|objects\/.+)$/;

interface Push {
  repo: Repository;
  auth: Auth;
  accepted: RefUpdate[];
}

/** git over HTTP, served by the real git with streams on both sides: nothing of a pack is held in memory. */
export class GitServer {
  readonly #pushes = new Map<string, Push>();
  constructor(
    private readonly world: World,
    private readonly hookUrl: () => string,
  ) {}

  /** @returns false when the path is none of git's */
  async handle(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    query: URLSearchParams,
  ): Promise<boolean> {
    const match = GIT_PATH.exec(path);
    if (!match) return false;
    const action = match[3]!;
    const lfs = action.startsWith("info/lfs/") ? action.slice("info/lfs/".length) : undefined;
    const service = lfs ? "git-upload-pack" : action === "info/refs" ? query.get("service") : action;
    if (service !== "git-upload-pack" && service !== "git-receive-pack") {
      plain(response, 403, "Please upgrade your git client.\nGitHub no longer supports git over dumb-http.\n");
      return true;
    }
    const admitted = this.admit(
      request,
      response,
      decodeURIComponent(match[1]!),
      decodeURIComponent(match[2]!),
      service,
    );
    if (!admitted) return true;
    const { repo, auth } = admitted;
    if (lfs) {
      if (request.method !== "POST") {
        plain(response, 405, "Method Not Allowed");
        return true;
      }
      await serveLfs(this.world, request, response, repo, auth, lfs);
    } else if (action === "info/refs") {
      if (request.method !== "GET" && request.method !== "HEAD") {
        plain(response, 405, "Method Not Allowed");
        return true;
      }
      this.advertise(request, response, repo, service);
    } else {
      if (request.method !== "POST") {
        plain(response, 405, "Method Not Allowed");
        return true;
      }
      if (request.headers["content-type"] !== `application/x-${service}-request`) {
        plain(response, 415, "Unsupported Media Type");
        return true;
      }
      await this.serve(request, response, repo, auth, service);
    }
    return true;
  }

  private admit(
    request: IncomingMessage,
    response: ServerResponse,
    owner: string,
    name: string,
    service: string,
  ): { repo: Repository; auth: Auth } | undefined {
    let auth: Auth;
    try {
      auth = authenticate(this.world, request.headers.authorization);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      plain(
        response,
        401,
        "remote: Invalid username or token. Password authentication is not supported for Git operations.\n",
        {
          "www-authenticate": 'Basic realm="GitHub"',
        },
      );
      return undefined;
    }
    const repo = this.world.repoByName(owner, name);
    const push = service === "git-receive-pack";
    const visible =
      repo !== undefined &&
      roleOn(this.world, auth, repo) !== undefined &&
      mayOn(this.world, auth, repo, "read", push ? "metadata=read" : "contents=read");
    if (auth.kind !== "token" && (push || !visible)) {
      plain(response, 401, "No anonymous write access.\n", { "www-authenticate": 'Basic realm="GitHub"' });
      return undefined;
    }
    if (!repo || !visible) {
      plain(response, 404, "Repository not found.\n");
      return undefined;
    }
    if (push && repo.archived) {
      plain(response, 403, "This repository was archived so it is read-only.\n");
      return undefined;
    }
    if (push && !mayOn(this.world, auth, repo, "write", "contents=write")) {
      plain(response, 403, `Permission to ${this.world.fullName(repo)}.git denied to ${auth.user?.login ?? "you"}.\n`);
      return undefined;
    }
    return { repo, auth };
  }

  private advertise(request: IncomingMessage, response: ServerResponse, repo: Repository, service: string): void {
    const protocol = gitProtocol(request);
    const child = startGit(
      [service.slice("git-".length), "--stateless-rpc", "--advertise-refs", repo.gitDir],
      protocol ? { GIT_PROTOCOL: protocol } : {},
    );
    response.writeHead(200, { "content-type": `application/x-${service}-advertisement`, ...NO_CACHE });
    // Version 2 has no service line; receive-pack knows no version 2.
    if (!(protocol?.split(":").includes("version=2") && service === "git-upload-pack"))
      response.write(`${pkt(`# service=${service}\n`)}0000`);
    child.stdout.pipe(response);
    child.stdin.end();
    child.stderr.resume();
    response.on("close", () => child.kill());
  }

  private async serve(
    request: IncomingMessage,
    response: ServerResponse,
    repo: Repository,
    auth: Auth,
    service: string,
  ): Promise<void> {
    const protocol = gitProtocol(request);
    const nonce = randomBytes(16).toString("hex");
    const push: Push = { repo, auth, accepted: [] };
    const env: Record<string, string> = protocol ? { GIT_PROTOCOL: protocol } : {};
    if (service === "git-receive-pack") {
      this.#pushes.set(nonce, push);
      Object.assign(env, { GATEHOUSE_PUSH: nonce, GATEHOUSE_HOOK_URL: this.hookUrl() });
    }
    const child = startGit([service.slice("git-".length), "--stateless-rpc", repo.gitDir], env);
    const encoding = request.headers["content-encoding"];
    const body = encoding === "gzip" || encoding === "x-gzip" ? request.pipe(createGunzip()) : request;
    body.on("error", () => child.kill());
    request.on("aborted", () => child.kill());
    body.pipe(child.stdin);
    child.stderr.resume();
    response.writeHead(200, { "content-type": `application/x-${service}-result`, ...NO_CACHE });
    response.on("close", () => {
      if (!response.writableEnded) child.kill();
    });
    child.stdout.pipe(response, { end: false });
    const [code] = await Promise.all([
      new Promise<number | null>((resolve) => child.once("close", resolve)),
      new Promise<void>((resolve) => child.stdout.once("close", () => resolve())),
    ]);
    this.#pushes.delete(nonce);
    // The client is told after everything that follows has happened, so that what it asks next sees it.
    if (push.accepted.length > 0) await this.settle(push);
    const org = this.world.orgOf(repo);
    if (org)
      this.world.audit.record(
        this.world.clock.now(),
        auth,
        org.login,
        service === "git-receive-pack" ? "git.push" : "git.fetch",
        {
          repo: this.world.fullName(repo),
          repository: this.world.fullName(repo),
          transport_protocol_name: "http",
          user_agent: request.headers["user-agent"] ?? null,
        },
      );
    if (code === null) response.destroy();
    else response.end();
  }

  /** After git is done: what really moved has its consequences. */
  private async settle(push: Push): Promise<void> {
    const moved: RefUpdate[] = [];
    for (const update of push.accepted) {
      const ref = await gitOf(push.repo).ref(update.ref);
      if ((ref?.sha ?? ZERO) === update.new) moved.push(update);
    }
    if (moved.length > 0) await afterMove(this.world, push.repo, push.auth, moved);
  }

  /** The pre-receive hook's question, while the pushed objects wait in quarantine. All updates pass, or none. */
  async judgePush(question: HookQuestion): Promise<HookAnswer> {
    const push = this.#pushes.get(question.nonce);
    if (!push) return { ok: false, message: "no such push" };
    const updates = question.updates
      .split("\n")
      .filter(Boolean)
      .map((line) => {
        const [old, now, ref] = line.split(" ") as [string, string, string];
        return { ref, old, new: now };
      });
    const { GIT_QUARANTINE_PATH: _, ...objects } = question.env;
    const verdict = await judge(
      this.world,
      { repo: push.repo, git: gitOf(push.repo).quarantined(objects), auth: push.auth, via: "push" },
      updates,
    );
    recordSuites(push.repo, verdict);
    if (verdict.violations.length > 0)
      return { ok: false, message: refusal(this.world, push.repo, verdict.violations) };
    push.accepted = updates;
    return { ok: true, message: "" };
  }
}

/** What git prints with "remote:" before each line. */
function refusal(world: World, repo: Repository, violations: readonly Violation[]): string {
  const lines: string[] = [];
  for (const ref of new Set(violations.map((v) => v.ref))) {
    const of = violations.filter((v) => v.ref === ref);
    const token = of.find((v) => v.source === "token");
    if (token) lines.push(`error: ${token.message}`);
    const ruled = of.filter((v) => v.source === "ruleset");
    if (ruled.length > 0)
      lines.push(
        `error: GH013: Repository rule violations found for ${ref}.`,
        `Review all repository rules at ${world.origin}/${world.fullName(repo)}/rules?ref=${encodeURIComponent(ref)}`,
        "",
        ...ruled.map((v) => `- ${v.message}`),
        "",
      );
    const held = of.filter((v) => v.source === "protection");
    if (held.length > 0)
      lines.push(`error: GH006: Protected branch update failed for ${ref}.`, ...held.map((v) => `error: ${v.message}`));
  }
  return lines.join("\n");
}

const NO_CACHE = {
  expires: "Fri, 01 Jan 1980 00:00:00 GMT",
  pragma: "no-cache",
  "cache-control": "no-cache, max-age=0, must-revalidate",
};
const pkt = (text: string): string => (text.length + 4).toString(16).padStart(4, "0") + text;
function gitProtocol(request: IncomingMessage): string | undefined {
  const value = request.headers["git-protocol"];
  return typeof value === "string" && /^[\w=:.-]{1,200}$/.test(value) ? value : undefined;
}
function plain(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": String(Buffer.byteLength(text)),
    ...headers,
  });
  response.end(text);
}
