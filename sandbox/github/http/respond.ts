import { createHash, randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { Auth } from "../auth";
import type { World } from "../world";
import { DOCS, type HttpError } from "./errors";
import type { Reply } from "./context";

const STATUS_TEXT: Record<number, string> = {
  301: "Moved Permanently",
  304: "Not Modified",
  307: "Temporary Redirect",
  404: "Not Found",
  409: "Conflict",
  422: "Unprocessable Entity",
};

/** Headers that GitHub puts on every answer of its API. */
export function commonHeaders(world: World, auth: Auth, request: IncomingMessage): Record<string, string> {
  const out: Record<string, string> = {
    server: "github.com",
    "x-github-request-id": randomBytes(10)
      .toString("hex")
      .toUpperCase()
      .replace(/(.{4})(?=.)/g, "$1:"),
    "x-github-media-type": "github.v3; format=json",
    "x-github-enterprise-version": "3.19.0",
    "x-github-api-version-selected": String(request.headers["x-github-api-version"] ?? "2022-11-28"),
    "access-control-allow-origin": "*",
    "x-content-type-options": "nosniff",
    "x-frame-options": "deny",
    "x-xss-protection": "0",
    "referrer-policy": "origin-when-cross-origin, strict-origin-when-cross-origin",
    "content-security-policy": "default-src 'none'",
    vary: "Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding, Accept, X-Requested-With",
    "cache-control": auth.kind === "anonymous" ? "public, max-age=60, s-maxage=60" : "private, max-age=60, s-maxage=60",
  };
  const { token } = auth;
  if (token?.scopes) {
    out["x-oauth-scopes"] = token.scopes.join(", ");
    out["x-accepted-oauth-scopes"] = "";
  }
  if (token?.expiresAt !== undefined)
    out["github-authentication-token-expiration"] =
      `${new Date(token.expiresAt).toISOString().slice(0, 19).replace("T", " ")} UTC`;
  return out;
}

export function errorReply(error: HttpError): Reply {
  const { errors, headers, documentation } = error.extra;
  return {
    status: error.status,
    body: {
      message: error.message,
      ...(errors ? { errors } : {}),
      documentation_url: documentation ?? DOCS,
      status: String(error.status),
    },
    ...(headers ? { headers } : {}),
  };
}

const matches = (header: string | undefined, etag: string): boolean =>
  header !== undefined &&
  header.split(",").some((h) => {
    const one = h.trim().replace(/^W\//, "");
    return one === "*" || one === etag.replace(/^W\//, "");
  });

/** Sends a reply: JSON with an ETag of its state, 304 when the client has that state, or a raw body. */
export function send(
  request: IncomingMessage,
  response: ServerResponse,
  reply: Reply,
  headers: Record<string, string>,
): void {
  const all: Record<string, string> = { ...headers, ...reply.headers };
  let { status } = reply;
  let payload: Buffer | undefined;
  if (reply.raw instanceof Readable) {
    response.writeHead(status, all);
    if (request.method === "HEAD") {
      reply.raw.destroy();
      response.end();
      return;
    }
    reply.raw.on("error", () => response.destroy());
    response.on("close", () => (reply.raw as Readable).destroy());
    reply.raw.pipe(response);
    return;
  }
  if (reply.raw) payload = reply.raw;
  else if (reply.body !== undefined) {
    payload = Buffer.from(JSON.stringify(reply.body));
    all["content-type"] ??= "application/json; charset=utf-8";
  }
  if (payload && status >= 200 && status < 300) {
    // The state itself is hashed: an object that changes gets another ETag, one that does not keeps it.
    const etag =
      all["etag"] ??
      `W/"${createHash("sha256")
        .update(all["content-type"] ?? "")
        .update(payload)
        .digest("hex")}"`;
    all["etag"] = etag;
    if (
      (request.method === "GET" || request.method === "HEAD") &&
      status === 200 &&
      matches(request.headers["if-none-match"], etag)
    ) {
      status = 304;
      payload = undefined;
      delete all["content-type"];
    }
  }
  if (payload) all["content-length"] = String(payload.length);
  else if (status !== 204 && status !== 304) all["content-length"] = "0";
  response.writeHead(status, STATUS_TEXT[status], all);
  response.end(request.method === "HEAD" ? undefined : payload);
}

/** Reads a whole body. @throws Error when it is larger than `limit` bytes or the client goes away */
export async function readBody(request: IncomingMessage, limit = 110_000_000): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new Error("body too large");
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}
