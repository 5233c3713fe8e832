import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ANONYMOUS, authenticate, type Auth } from "../auth";
import type { BlobHost } from "../blobs";
import type { GitServer } from "../git/http";
import type { HookQuestion } from "../git/hook";
import { settleAutoMerges } from "../domain/autoMerge";
import { GitError } from "../git/repository";
import type { OidcIssuer } from "../oidc";
import type { World } from "../world";
import { Context, type Reply } from "./context";
import type { Control } from "./control";
import { HttpError } from "./errors";
import type { Fault, FaultList } from "./faults";
import type { RateLimiter } from "./limits";
import type { RequestLog, RequestRecord } from "./log";
import { commonHeaders, errorReply, readBody, send } from "./respond";
import { apiVersion, inVersion } from "./versions";
import { admit, type Router } from "./router";

/** GraphQL as its own folder implements it; requests that are no GraphQL at all are refused by an HttpError. */
type GraphqlExecutor = (
  context: { world: World; auth: Auth; rate?: { limit: number; used: number; resetAt: number } },
  request: { query?: unknown; variables?: unknown; operationName?: unknown },
) => Promise<object>;

export interface Parts {
  world: World;
  router: Router;
  log: RequestLog;
  faults: FaultList;
  limiter: RateLimiter;
  control: Control;
  oidc: OidcIssuer;
  git: GitServer;
  blobs: BlobHost;
  graphql: GraphqlExecutor;
  login: (c: Context) => Reply;
}

const LOOPBACK = "127.0.0.1";
/** Where the storage of archives and assets answers when it has no host of its own. */
export const STORAGE_PATH = "/_storage";

/** Listens on loopback only. @throws Error naming the port when it is taken */
export async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "EADDRINUSE"
          ? new Error(`port ${port} on ${LOOPBACK} is in use; choose another or stop what listens there`)
          : error,
      ),
    );
    server.listen(port, LOOPBACK, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** The front door: writes the log, lets ordered faults happen, and finds who answers. */
export class FrontDoor {
  readonly server: Server;
  constructor(private readonly parts: () => Parts) {
    this.server = createServer(
      { keepAliveTimeout: 65_000, requestTimeout: 0, headersTimeout: 60_000 },
      (request, response) => void this.receive(request, response),
    );
    this.server.on("clientError", (_error, socket) => {
      if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    });
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { world, log, faults, control, git, blobs } = this.parts();
    const url = request.url ?? "/";
    if (url.startsWith(`${STORAGE_PATH}/`)) {
      request.url = url.slice(STORAGE_PATH.length);
      blobs.server.emit("request", request, response);
      return;
    }
    const [rawPath, rawQuery = ""] = split(url);
    try {
      if (rawPath.startsWith("/api/v3/_sandbox/"))
        return reply(
          request,
          response,
          await control.handle(
            request.method ?? "GET",
            rawPath.slice("/api/v3/_sandbox".length),
            parseJson(await readBody(request)),
          ),
          { "cache-control": "no-store" },
        );
      if (rawPath === "/_internal/pre-receive")
        return reply(
          request,
          response,
          { status: 200, body: await git.judgePush(JSON.parse((await readBody(request)).toString()) as HookQuestion) },
          {},
        );
    } catch (error) {
      return reply(request, response, { status: 500, body: { ok: false, message: String(error) } }, {});
    }
    const record = log.begin(request.method ?? "GET", url, request.headers, world.clock.iso());
    response.on("close", () => {
      record.status = response.headersSent ? response.statusCode : 0;
    });
    const fault = faults.take(request.method ?? "GET", rawPath);
    try {
      if (fault?.delayMs) await sleep(fault.delayMs);
      if (fault && fault.when !== "after" && failBy(fault, request, response)) return;
      if (fault?.when === "after") holdBack(fault, request, response);
      await this.answer(request, response, rawPath, new URLSearchParams(rawQuery), record);
    } catch (error) {
      if (response.headersSent) response.destroy();
      else reply(request, response, { status: 500, body: { message: "Server Error" } }, {});
      if (process.env["GATEHOUSE_SANDBOX_DEBUG"]) process.stderr.write(`${(error as Error).stack ?? String(error)}\n`);
    }
  }

  private async answer(
    request: IncomingMessage,
    response: ServerResponse,
    rawPath: string,
    query: URLSearchParams,
    record: RequestRecord,
  ): Promise<void> {
    const { git, oidc, world } = this.parts();
    const path = normalise(rawPath);
    if (path === "/api/graphql" || path === "/graphql" || path === "/api/v3/graphql")
      return this.graphql(request, response);
    if (path === "/api/v3" || path.startsWith("/api/v3/"))
      return this.rest(request, response, path.slice("/api/v3".length) || "/", query);
    if (path.startsWith("/api/uploads/"))
      return this.rest(request, response, path.slice("/api/uploads".length), query, "upload");
    if (path === "/_services/token/.well-known/openid-configuration")
      return reply(request, response, { status: 200, body: oidc.discovery() }, {});
    if (path === "/_services/token/.well-known/jwks")
      return reply(request, response, { status: 200, body: oidc.jwks() }, {});
    if ((path === "/login/oauth/access_token" || path === "/login/device/code") && request.method === "POST") {
      const body = await readBody(request);
      return reply(
        request,
        response,
        this.parts().login(new Context(world, ANONYMOUS, request, {}, query, undefined, body, path)),
        {
          "cache-control": "no-store",
        },
      );
    }
    if (await git.handle(request, response, path, query)) return settleAutoMerges(world);
    record.status = 404;
    reply(
      request,
      response,
      { status: 404, raw: Buffer.from("Not Found\n"), headers: { "content-type": "text/plain; charset=utf-8" } },
      {},
    );
  }

  private async rest(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    query: URLSearchParams,
    kind: "api" | "upload" = "api",
  ): Promise<void> {
    const { world, router, limiter } = this.parts();
    const address = request.socket.remoteAddress ?? "";
    let auth: Auth = ANONYMOUS;
    let c: Context | undefined;
    let leave: (() => void) | undefined;
    let result: Reply;
    try {
      const body = await readBody(request);
      // An endpoint without authentication must be able to refuse a credential, so it is judged there.
      if (path !== "/credentials/revoke") auth = authenticate(world, request.headers.authorization);
      const canonical = byName(world, path);
      limiter.take(auth, address, limiter.resourceOf(auth, canonical));
      leave = limiter.enter(auth, address);
      const method = request.method === "HEAD" ? "GET" : (request.method ?? "GET");
      const found = router.find(kind === "upload" ? `UPLOAD ${method}` : method, canonical);
      if (!found) throw new HttpError(404, "Not Found");
      if (method !== "GET") limiter.content(auth, address);
      c = new Context(
        world,
        auth,
        request,
        found.params,
        query,
        kind === "upload" ? undefined : parseBody(body),
        body,
        canonical,
      );
      const version = apiVersion(request.headers["x-github-api-version"]);
      admit(world, c, found.route);
      result = await found.route.handler(c);
      if (result.body !== undefined) result = { ...result, body: inVersion(version, result.body) };
      if (method !== "GET") await settleAutoMerges(world);
    } catch (error) {
      if (error instanceof HttpError) result = errorReply(error);
      else if (error instanceof GitError)
        result = errorReply(
          new HttpError(422, error.stderr.split("\n")[0]?.replace(/^fatal: /, "") ?? "Unprocessable"),
        );
      else throw error;
    } finally {
      leave?.();
    }
    const org = c?.org ?? (c?.repo ? world.orgOf(c.repo) : undefined);
    if (c && org)
      world.audit.record(world.clock.now(), auth, org.login, "api.request", {
        ...(c.repo ? { repo: world.fullName(c.repo) } : {}),
        request_method: request.method,
        url_path: `/api/v3${path}`,
        status_code: result.status,
        user_agent: request.headers["user-agent"] ?? null,
      });
    const headers = commonHeaders(world, auth, request);
    if (c?.accepted && auth.token && !auth.token.scopes) headers["x-accepted-github-permissions"] = c.accepted;
    if (!("x-ratelimit-limit" in (result.headers ?? {})))
      Object.assign(headers, limiter.headers(auth, address, limiter.resourceOf(auth, path)));
    send(request, response, result, headers);
  }

  private async graphql(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { world, graphql, limiter } = this.parts();
    const address = request.socket.remoteAddress ?? "";
    let auth: Auth = ANONYMOUS;
    let result: Reply;
    try {
      const body = parseBody(await readBody(request));
      auth = authenticate(world, request.headers.authorization);
      if (request.method !== "POST") throw new HttpError(404, "Not Found");
      if (!auth.token)
        throw new HttpError(auth.kind === "anonymous" ? 401 : 403, "This endpoint requires you to be authenticated.");
      limiter.take(auth, address, "graphql");
      result = {
        status: 200,
        body: await graphql(
          { world, auth, rate: limiter.window(auth, address, "graphql") },
          (body ?? {}) as Record<string, unknown>,
        ),
      };
      await settleAutoMerges(world);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      result = errorReply(error);
    }
    send(request, response, result, {
      ...commonHeaders(world, auth, request),
      ...limiter.headers(auth, address, "graphql"),
    });
  }
}

const reply = (
  request: IncomingMessage,
  response: ServerResponse,
  result: Reply,
  headers: Record<string, string>,
): void => send(request, response, result, headers);
const split = (url: string): [string, string?] => {
  const cut = url.indexOf("?");
  return cut < 0 ? [url] : [url.slice(0, cut), url.slice(cut + 1)];
};
function parseJson(body: Buffer): unknown {
  try {
    return body.length === 0 ? undefined : JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
function parseBody(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new HttpError(400, "Problems parsing JSON");
  }
}

/**
 * A lenient server's reading of a path, on purpose: dot segments resolved, also encoded ones, doubled and trailing
 * slashes dropped. Whatever a gate lets through in such a form takes effect here, and the tests see it.
 */
function normalise(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    const plain = segment.replace(/%2e/gi, ".");
    if (plain === "" || plain === ".") continue;
    if (plain === "..") segments.pop();
    else segments.push(segment);
  }
  return `/${segments.join("/")}`;
}

/**
 * GitHub also knows repositories, organizations, teams and users by id: `/repositories/7/…`,
 * `/organizations/7/team/3/…`, `/user/7`.
 */
function byName(world: World, path: string): string {
  const repo = /^\/repositories\/(\d+)(\/.*)?$/.exec(path);
  if (repo) {
    const found = world.repos.get(Number(repo[1]));
    return found ? `/repos/${world.fullName(found)}${repo[2] ?? ""}` : path;
  }
  const team = /^(?:\/organizations\/(\d+)\/team|\/teams)\/(\d+)(\/.*)?$/.exec(path);
  if (team) {
    const found = world.teams.get(Number(team[2]));
    return found && (team[1] === undefined || found.orgId === Number(team[1]))
      ? `/orgs/${world.orgs.get(found.orgId)!.login}/teams/${found.slug}${team[3] ?? ""}`
      : path;
  }
  const org = /^\/organizations\/(\d+)(\/.*)?$/.exec(path);
  if (org) {
    const found = world.orgs.get(Number(org[1]));
    return found ? `/orgs/${found.login}${org[2] ?? ""}` : path;
  }
  const user = /^\/user\/(\d+)(\/.*)?$/.exec(path);
  if (user) {
    const found = world.users.get(Number(user[1]));
    return found ? `/users/${encodeURIComponent(found.login)}${user[2] ?? ""}` : path;
  }
  return path;
}

/** @returns whether the fault is the answer */
function failBy(fault: Fault, request: IncomingMessage, response: ServerResponse): boolean {
  if (fault.drop) {
    request.socket.destroy();
    return true;
  }
  if (fault.status === undefined) return false;
  request.resume();
  send(
    request,
    response,
    {
      status: fault.status,
      ...(fault.status === 204
        ? {}
        : {
            body: fault.body ?? { message: "A fault was ordered", documentation_url: "https://docs.github.com/rest" },
          }),
      ...(fault.headers ? { headers: fault.headers } : {}),
    },
    fault.status === 429 || fault.status === 403 ? { "retry-after": "1" } : {},
  );
  return true;
}

/** The request takes effect, but its answer is replaced or lost on the way. */
function holdBack(fault: Fault, request: IncomingMessage, response: ServerResponse): void {
  const writeHead = response.writeHead.bind(response);
  response.writeHead = ((...args: unknown[]) => {
    response.writeHead = writeHead;
    if (fault.drop) request.socket.destroy();
    else if (fault.status !== undefined) {
      const end = response.end.bind(response);
      response.write = (() => true) as typeof response.write;
      response.end = (() =>
        end(JSON.stringify(fault.body ?? { message: "A fault was ordered" }))) as typeof response.end;
      return writeHead(fault.status, { "content-type": "application/json; charset=utf-8", ...fault.headers });
    }
    return (writeHead as (...a: unknown[]) => ServerResponse)(...args);
  }) as typeof response.writeHead;
}
