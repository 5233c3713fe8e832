import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { FaultList } from "../../tools/faults";
import { bodyOf, serveLocally } from "../../tools/http";
import type { RequestLog } from "../../tools/requestLog";
import { newId } from "../state";
import { ApiError, errors } from "./errors";
import type { RateLimiter } from "./limits";
import { Call, type Router } from "./router";

/** Largest body that the stand-in reads. */
const MAX_BODY = 8 << 20;
const VERSIONS = ["2023-06-01", "2026-10-21"];
/** Where a credential is made from another issuer's token: it needs none. */
const TOKENS = "/v1/oauth/token";
const BETA = "managed-agents-2026-04-01";

/** What the server needs besides its routes. */
export interface ServerOptions {
  readonly router: Router;
  /** Routes of the sandbox itself: neither log, limits nor faults apply to them. */
  readonly control: Router;
  /** Whether a key or an access token is the workspace's. */
  readonly accepts: (credential: string) => boolean;
  readonly workspaceId: string;
  readonly organizationId: string;
  readonly faults: FaultList;
  readonly log: RequestLog;
  readonly limiter: RateLimiter;
  readonly port?: number | undefined;
}

/** An answer that stays open: `open` gets the response to write to, and gives what ends it. */
export class EventStream {
  constructor(readonly open: (response: ServerResponse) => () => void) {}
}

/** Serves the API on 127.0.0.1 and resolves when it listens. */
export const serveApi = (options: ServerOptions): Promise<{ server: Server; port: number }> =>
  serveLocally((request, response) => answer(options, request, response), options.port);

async function answer(options: ServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const method = request.method ?? "GET";
  const [path = "/", search = ""] = (request.url ?? "/").split("?", 2) as [string, string?];
  const requestId = newId("req");
  const control = /^\/_sandbox\/(.+)$/.exec(path)?.[1];
  const record = control === undefined ? options.log.begin(method, request.url ?? "/", request.headers) : undefined;
  let common: Record<string, string> = { "request-id": requestId, "anthropic-organization-id": options.organizationId };
  const send = (status: number, body: unknown, headers: Record<string, string> = {}): void => {
    if (record) record.status = status;
    if (response.destroyed) return;
    const text = body === undefined ? "" : JSON.stringify(body);
    response.writeHead(status, {
      ...common,
      ...headers,
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(text)),
    });
    response.end(text);
  };
  try {
    const text = (await bodyOf(request, MAX_BODY, tooLarge)).toString("utf8");
    const callOf = (params: Record<string, string>, authenticated: boolean) =>
      new Call(params, new URLSearchParams(search), text, authenticated);
    if (control !== undefined) {
      const { handler, params } = options.control.find(method, control);
      return send(200, (await handler(callOf(params, shows(options, request)))) ?? {});
    }
    const fault = options.faults.take(method, path);
    const handle = async (): Promise<unknown> => {
      if (path !== TOKENS) admit(options, request);
      common = { ...common, ...options.limiter.take(method, Date.now()) };
      const { handler, params } = options.router.find(method, path.slice(1));
      return handler(callOf(params, true));
    };
    const failing = fault !== undefined && (fault.drop === true || fault.status !== undefined);
    const result = failing && fault.when === "before" ? undefined : await handle();
    if (fault?.delayMs) await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    if (fault?.drop) return void request.socket.destroy();
    if (fault?.status !== undefined) throw errors.ofStatus(fault.status);
    if (!(result instanceof EventStream)) return send(200, result);
    if (record) record.status = 200;
    response.writeHead(200, { ...common, "content-type": "text/event-stream", "cache-control": "no-cache" });
    response.flushHeaders();
    response.on("close", result.open(response));
  } catch (error) {
    const known =
      error instanceof ApiError
        ? error
        : new ApiError(
            500,
            "api_error",
            `The stand-in failed: ${error instanceof Error ? error.message : String(error)}`,
          );
    send(known.status, known.body(requestId), known.headers);
  }
}

/** What every request must show: key, API version, beta, and the key's own workspace where it names one. */
function admit(options: ServerOptions, request: IncomingMessage): void {
  if (!shows(options, request)) throw errors.authentication();
  const version = request.headers["anthropic-version"];
  if (version === undefined) throw errors.invalid("anthropic-version: header is required");
  if (!VERSIONS.includes(String(version)))
    throw errors.invalid(`anthropic-version: "${String(version)}" is not a valid version`);
  const betas = String(request.headers["anthropic-beta"] ?? "").split(",");
  if (!betas.some((beta) => beta.trim() === BETA))
    throw errors.invalid(`anthropic-beta: this endpoint requires ${BETA}`);
  const workspace = request.headers["anthropic-workspace-id"];
  if (workspace !== undefined && workspace !== options.workspaceId)
    throw errors.permission("anthropic-workspace-id: the API key belongs to another workspace");
}

/** The key goes as `Authorization: Bearer`, in older clients as `x-api-key`. */
function shows({ accepts }: ServerOptions, request: IncomingMessage): boolean {
  const bearer = /^Bearer ([\x21-\x7e]+)$/.exec(request.headers.authorization ?? "")?.[1];
  return accepts(bearer ?? String(request.headers["x-api-key"] ?? ""));
}

const tooLarge = (): ApiError => new ApiError(413, "invalid_request_error", "The request body is too large");
