import * as net from "node:net";

/** One answer as it came over the socket. */
export interface Answer {
  readonly status: number;
  /** Lower-case names; several lines of one name in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Buffer;
  /** False when the connection ended before the answer did. */
  readonly complete: boolean;
}

export interface ExchangeOptions {
  /** Answers to wait for. */
  readonly answers?: number;
  /** Methods of the requests, because an answer to HEAD has no body. */
  readonly methods?: readonly string[];
  readonly timeoutMs?: number;
}

/**
 * Writes bytes to a socket as they are and reads what comes back until the answers are there, the other side closes, or
 * time is up. No HTTP client stands between, so nothing is normalised.
 */
export function exchange(port: number, bytes: Buffer, options: ExchangeOptions = {}): Promise<Answer[]> {
  const { answers = 1, methods = [], timeoutMs = 15_000 } = options;
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, "127.0.0.1");
    const parts: Buffer[] = [];
    let received = 0;
    const done = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(readAnswers(Buffer.concat(parts), methods, true));
    };
    const timer = setTimeout(done, timeoutMs);
    socket.on("connect", () => socket.write(bytes));
    socket.on("data", (part) => {
      parts.push(part);
      received += part.length;
      if (received > 64 * 1024 * 1024) return done();
      if (
        readAnswers(Buffer.concat(parts), methods, false).filter((a) => a.complete && a.status >= 200).length >= answers
      )
        done();
    });
    socket.on("close", done);
    // A reset while the rest of a large body is written comes after the answer.
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNRESET" || error.code === "EPIPE") return done();
      clearTimeout(timer);
      reject(error);
    });
  });
}

/** Final answers in a stream of bytes; informational ones (100) are left out. */
function readAnswers(bytes: Buffer, methods: readonly string[], closed: boolean): Answer[] {
  const found: Answer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf("\r\n\r\n", at);
    if (end < 0) break;
    const [first = "", ...lines] = bytes.subarray(at, end).toString("latin1").split("\r\n");
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1] ?? 0);
    if (status === 0) break;
    const headers = new Map<string, string[]>();
    for (const line of lines) {
      const colon = line.indexOf(":");
      const name = line.slice(0, colon).toLowerCase();
      headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
    }
    at = end + 4;
    if (status < 200 && status !== 101) continue;
    const bare = methods[found.length] === "HEAD" || status === 204 || status === 304 || status === 101;
    const length = headers.get("content-length")?.[0];
    let body: Buffer;
    let complete = true;
    if (bare) body = Buffer.alloc(0);
    else if (/chunked/i.test(headers.get("transfer-encoding")?.[0] ?? "")) {
      const read = readChunks(bytes, at);
      body = read.body;
      complete = read.next >= 0;
      at = complete ? read.next : bytes.length;
    } else if (length !== undefined) {
      body = bytes.subarray(at, at + Number(length));
      complete = body.length === Number(length);
      at += body.length;
    } else {
      body = bytes.subarray(at);
      complete = closed;
      at = bytes.length;
    }
    found.push({ status, headers, body, complete });
  }
  return found;
}

function readChunks(bytes: Buffer, from: number): { body: Buffer; next: number } {
  const parts: Buffer[] = [];
  let at = from;
  for (;;) {
    const line = bytes.indexOf("\r\n", at);
    if (line < 0) return { body: Buffer.concat(parts), next: -1 };
    const size = parseInt(bytes.subarray(at, line).toString("latin1"), 16);
    if (!Number.isFinite(size)) return { body: Buffer.concat(parts), next: -1 };
    const start = line + 2;
    if (size === 0) {
      const end = bytes.indexOf("\r\n", start);
      return { body: Buffer.concat(parts), next: end < 0 ? -1 : end + 2 };
    }
    parts.push(bytes.subarray(start, Math.min(bytes.length, start + size)));
    if (bytes.length < start + size + 2) return { body: Buffer.concat(parts), next: -1 };
    at = start + size + 2;
  }
}
