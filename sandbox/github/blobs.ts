import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { Clock } from "./clock";
import { readBody } from "./http/respond";
import type { Blob, Blobs } from "./services";

const LIFETIME_MS = 5 * 60_000;

/** Stands for codeload and the blob hosts: another origin that serves time-limited URLs and asks for no credential. */
export class BlobHost implements Blobs {
  readonly server: Server;
  origin = "";
  readonly #blobs = new Map<string, { blob: Blob; until: number }>();
  readonly #uploads = new Map<string, { size: number; store: (content: Buffer) => Promise<number>; until: number }>();
  /** What was asked for, with the headers that came along: a credential must never arrive here. */
  readonly requests: { path: string; authorization: boolean; status: number }[] = [];

  constructor(private readonly clock: Clock) {
    this.server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
      const key = (request.url ?? "/").split("?")[0]!;
      const upload = this.#uploads.get(key);
      if (request.method === "PUT" && upload && upload.until > this.clock.now()) {
        this.requests.push({ path: key, authorization: request.headers.authorization !== undefined, status: 200 });
        void readBody(request, upload.size)
          .then(upload.store, () => 413)
          .then((status) => {
            response.writeHead(status);
            response.end();
          });
        return;
      }
      const entry = this.#blobs.get(key);
      const alive = entry !== undefined && entry.until > this.clock.now();
      this.requests.push({
        path: key,
        authorization: request.headers.authorization !== undefined,
        status: alive ? 200 : 404,
      });
      if (!alive || (request.method !== "GET" && request.method !== "HEAD")) {
        response.writeHead(alive ? 405 : 404, { "content-type": "text/plain" });
        response.end("Not Found");
        return;
      }
      const { blob } = entry;
      response.writeHead(200, {
        "content-type": blob.contentType,
        ...(blob.filename ? { "content-disposition": `attachment; filename=${blob.filename}` } : {}),
        ...(Buffer.isBuffer(blob.content) ? { "content-length": String(blob.content.length) } : {}),
      });
      if (request.method === "HEAD") {
        response.end();
        return;
      }
      if (Buffer.isBuffer(blob.content)) {
        response.end(blob.content);
        return;
      }
      const stream = blob.content();
      stream.on("error", () => response.destroy());
      response.on("close", () => stream.destroy());
      stream.pipe(response);
    });
  }

  receive(path: string, size: number, store: (content: Buffer) => Promise<number>): string {
    const key = `/${path}/${randomBytes(16).toString("hex")}`;
    this.#uploads.set(key, { size, store, until: this.clock.now() + LIFETIME_MS });
    return `${this.origin}${key}`;
  }

  offer(path: string, blob: Blob): string {
    const now = this.clock.now();
    for (const [key, { until }] of this.#blobs) if (until <= now) this.#blobs.delete(key);
    const key = `/${path.replace(/^\/+/, "")}/${randomBytes(16).toString("hex")}`;
    this.#blobs.set(key, { blob, until: now + LIFETIME_MS });
    return `${this.origin}${key}?se=${encodeURIComponent(this.clock.iso(now + LIFETIME_MS))}&sp=r`;
  }
}
