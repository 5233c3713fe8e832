import type { IncomingMessage } from "node:http";
import { errors } from "./errors";

/** What a route answers. `result` goes into the envelope; `raw` is sent as it is. */
export interface Reply {
  readonly status?: number;
  readonly result?: unknown;
  readonly resultInfo?: Record<string, unknown>;
  readonly raw?: { readonly body: Uint8Array; readonly type: string; readonly headers?: Record<string, string> };
  /** No body at all, not even an envelope; `untyped` leaves the content type out too. */
  readonly empty?: true | "untyped";
}

/** One request on its way through a route. */
export class Call {
  constructor(
    readonly request: IncomingMessage,
    readonly params: Readonly<Record<string, string>>,
    readonly query: URLSearchParams,
    readonly body: Buffer,
  ) {}

  param(name: string): string {
    return this.params[name] ?? "";
  }

  /** The JSON body. @throws ApiError 400 when it is none */
  json(): unknown {
    try {
      return JSON.parse(this.body.toString("utf8")) as unknown;
    } catch {
      throw errors.badJson();
    }
  }
  /** The JSON body, which must be an object. */
  object(): Record<string, unknown> {
    const value = this.json();
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw errors.badJson();
    return value as Record<string, unknown>;
  }
  /** The fields of a multipart or form body. @throws ApiError 400 when it is none */
  async form(): Promise<FormData> {
    const type = this.request.headers["content-type"] ?? "";
    try {
      return await new Response(new Uint8Array(this.body), { headers: { "content-type": type } }).formData();
    } catch {
      throw errors.invalid("The body is not the multipart form that this endpoint takes");
    }
  }
  isMultipart(): boolean {
    return /^multipart\/form-data/i.test(this.request.headers["content-type"] ?? "");
  }
  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }
}

export type Handler = (call: Call) => Reply | Promise<Reply>;

interface Route {
  readonly method: string;
  readonly segments: readonly string[];
  readonly handler: Handler;
}

/** Routes by method and path template: `:name` takes one segment, `*name` as the last one takes the rest. */
export class Router {
  readonly #routes: Route[] = [];

  on(method: string, template: string, handler: Handler): this {
    this.#routes.push({ method, segments: template.split("/"), handler });
    return this;
  }

  /**
   * The handler for a path below `/client/v4/`, still encoded.
   * @throws ApiError 404 for a path that no template matches, 405 for one that is there with other methods.
   */
  find(method: string, path: string): { handler: Handler; params: Record<string, string> } {
    const parts = path.split("/");
    let known = false;
    for (const route of this.#routes) {
      const params = match(route.segments, parts);
      if (params === undefined) continue;
      if (route.method === method) return { handler: route.handler, params };
      known = true;
    }
    throw known ? errors.methodNotAllowed() : errors.noSuchRoute();
  }
}

function match(segments: readonly string[], parts: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    if (segment.startsWith("*")) {
      const rest = parts.slice(index).join("/");
      const decoded = decode(rest);
      if (rest === "" || decoded === undefined) return undefined;
      params[segment.slice(1)] = decoded;
      return params;
    }
    const part = parts[index];
    if (part === undefined || part === "") return undefined;
    if (segment.startsWith(":")) {
      const decoded = decode(part);
      if (decoded === undefined) return undefined;
      params[segment.slice(1)] = decoded;
    } else if (segment !== part) return undefined;
  }
  return parts.length === segments.length ? params : undefined;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
