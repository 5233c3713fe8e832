import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { ApiError, errors } from "./errors";
import type { FaultList } from "../../tools/faults";
import { bodyOf, serveLocally } from "../../tools/http";
import type { RequestLog } from "../../tools/requestLog";
import { Call, type Reply, type Router } from "./router";

const BASE = "/client/v4/";
/** Largest body that the stand-in reads: a script of 10 MB with its modules fits. */
const MAX_BODY = 64 << 20;

/** What the server needs besides its routes. */
export interface ApiServerOptions {
  readonly router: Router;
  /** Routes of the sandbox itself: neither token, log nor faults apply to them. */
  readonly control: Router;
  readonly token: string;
  readonly accountId: string;
  readonly zoneIds: ReadonlySet<string>;
  readonly faults: FaultList;
  readonly log: RequestLog;
  readonly port?: number | undefined;
}

/** Serves the API on 127.0.0.1 and resolves when it listens. */
export const serveApi = (options: ApiServerOptions): Promise<{ server: Server; port: number }> =>
  serveLocally((request, response) => answer(options, request, response), options.port);

async function answer(options: ApiServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const method = request.method ?? "GET";
  const url = request.url ?? "/";
  const cut = url.indexOf("?");
  const path = cut < 0 ? url : url.slice(0, cut);
  const query = new URLSearchParams(cut < 0 ? "" : url.slice(cut + 1));
  const control = controlPath(path);
  const record = control === undefined ? options.log.begin(method, url, request.headers) : undefined;
  const send = (status: number, headers: Record<string, string>, body: Uint8Array | string): void => {
    if (record) record.status = status;
    if (response.destroyed) return;
    response.writeHead(status, {
      ...headers,
      ...(status === 204 ? {} : { "content-length": String(Buffer.byteLength(body)) }),
    });
    response.end(body);
  };
  try {
    const body = await bodyOf(request, MAX_BODY, tooLarge);
    if (control !== undefined) {
      const { handler, params } = options.control.find(method, control);
      return sendReply(send, await handler(new Call(request, params, query, body)));
    }
    const fault = options.faults.take(method, path);
    const reply =
      fault?.when === "before" && (fault.status !== undefined || fault.drop)
        ? undefined
        : handle(options, method, path, query, body, request);
    if (fault?.delayMs) await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    if (fault?.drop || fault?.status !== undefined) {
      await reply?.catch(() => undefined);
      if (fault.drop) return void request.socket.destroy();
      // Without x-should-retry, as the real service answers when it is in trouble: clients then retry by the status.
      return send(
        fault.status ?? 500,
        { "content-type": "application/json" },
        envelope({
          success: false,
          errors: [{ code: 10001, message: "A failure that the sandbox was asked for" }],
          result: null,
        }),
      );
    }
    sendReply(send, await (reply as Promise<Reply>));
  } catch (error) {
    const known =
      error instanceof ApiError
        ? error
        : new ApiError(500, 10013, `The stand-in failed: ${error instanceof Error ? error.message : String(error)}`);
    send(
      known.status,
      { "content-type": "application/json", "x-should-retry": "false" },
      envelope({ success: false, errors: known.errors, result: null }),
    );
  }
}

async function handle(
  options: ApiServerOptions,
  method: string,
  path: string,
  query: URLSearchParams,
  body: Buffer,
  request: IncomingMessage,
): Promise<Reply> {
  if (!path.startsWith(BASE)) throw errors.noSuchRoute();
  const below = path.slice(BASE.length);
  authenticate(options.token, request, below);
  const [kind, id] = below.split("/");
  if (kind === "accounts" && id !== undefined && id !== "" && id !== options.accountId) throw errors.otherAccount();
  if (kind === "zones" && id !== undefined && id !== "" && !options.zoneIds.has(id)) throw errors.noSuchRoute();
  const { handler, params } = options.router.find(method, below);
  return handler(new Call(request, params, query, body));
}

function authenticate(token: string, request: IncomingMessage, path: string): void {
  const header = request.headers.authorization;
  if (header === undefined) throw errors.missingCredentials();
  const shown = /^Bearer ([\x21-\x7e]+)$/.exec(header)?.[1];
  if (shown === undefined) throw errors.malformedCredentials();
  const [a, b] = [Buffer.from(shown), Buffer.from(token)];
  if (a.length === b.length && timingSafeEqual(a, b)) return;
  throw path === "user/tokens/verify" ? errors.invalidToken() : errors.authentication();
}

/** The part after `_sandbox/`, which is reachable with and without the API's prefix. */
function controlPath(path: string): string | undefined {
  return /^(?:\/client\/v4)?\/_sandbox\/(.+)$/.exec(path)?.[1];
}

const tooLarge = (): ApiError => new ApiError(413, 10027, "The request body is too large");

const envelope = (fields: { success: boolean; errors?: unknown; result?: unknown; result_info?: unknown }): string =>
  JSON.stringify({
    success: fields.success,
    errors: fields.errors ?? [],
    messages: [],
    ...("result" in fields ? { result: fields.result } : {}),
    ...(fields.result_info ? { result_info: fields.result_info } : {}),
  });

function sendReply(
  send: (status: number, headers: Record<string, string>, body: Uint8Array | string) => void,
  reply: Reply,
): void {
  // DELETE answers carry a JSON content type even when they are empty: the real provider refuses them otherwise.
  if (reply.empty)
    return send(reply.status ?? 204, reply.empty === "untyped" ? {} : { "content-type": "application/json" }, "");
  if (reply.raw)
    return send(reply.status ?? 200, { "content-type": reply.raw.type, ...reply.raw.headers }, reply.raw.body);
  send(
    reply.status ?? 200,
    { "content-type": "application/json" },
    envelope({ success: true, result: reply.result ?? null, result_info: reply.resultInfo }),
  );
}
