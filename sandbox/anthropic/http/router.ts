import type { ZodType } from "zod";
import { errors } from "./errors";

/** One request on its way through a route. */
export class Call {
  constructor(
    private readonly params: Readonly<Record<string, string>>,
    readonly query: URLSearchParams,
    private readonly text: string,
    /** The request shows the API key. Always so below `/v1`; the sandbox's own routes ask where they give secrets. */
    readonly authenticated: boolean,
  ) {}

  param(name: string): string {
    return this.params[name] ?? "";
  }

  /** The body as a schema reads it. @throws ApiError 400 that names each field that is wrong */
  body<T>(schema: ZodType<T>): T {
    let value: unknown;
    try {
      value = this.text === "" ? {} : JSON.parse(this.text);
    } catch {
      throw errors.invalid("The request body is not valid JSON");
    }
    const read = schema.safeParse(value);
    if (read.success) return read.data;
    const problems = read.error.issues.flatMap((issue) => {
      const at = (key?: string) => [...issue.path.map(String), ...(key === undefined ? [] : [key])].join(".");
      if (issue.code === "unrecognized_keys")
        return issue.keys.map((key) => `${at(key)}: Extra inputs are not permitted`);
      return [`${at() || "body"}: ${issue.message}`];
    });
    throw errors.invalid(problems.join("; "), problems.some((p) => p.startsWith("metadata")) ? METADATA : undefined);
  }

  /** A parameter of the query that may come often: `name[]=a&name[]=b`. */
  list(name: string): readonly string[] {
    return [...this.query.getAll(`${name}[]`), ...this.query.getAll(name)];
  }
  flag(name: string): boolean {
    return this.query.get(name) === "true";
  }
}

const METADATA = "invalid_metadata";

/** What a route answers: an object as JSON, or a stream that stays open. */
export type Handler = (call: Call) => unknown;

/** Routes by method and path template; `:name` takes one segment. */
export class Router {
  readonly #routes: { method: string; segments: readonly string[]; handler: Handler }[] = [];

  on(method: "GET" | "POST" | "DELETE", template: string, handler: Handler): this {
    this.#routes.push({ method, segments: template.split("/"), handler });
    return this;
  }

  /** @throws ApiError 404 for a path that no template matches, 405 for one that is there with other methods */
  find(method: string, path: string): { handler: Handler; params: Record<string, string> } {
    const parts = path.split("/").map(decoded);
    const fitting = this.#routes.filter(
      ({ segments }) =>
        segments.length === parts.length &&
        segments.every((segment, i) => (segment.startsWith(":") ? parts[i] !== "" : segment === parts[i])),
    );
    const route = fitting.find((candidate) => candidate.method === method);
    if (!route) throw fitting.length > 0 ? errors.methodNotAllowed() : errors.notFound();
    const params = route.segments.flatMap((segment, i) =>
      segment.startsWith(":") ? [[segment.slice(1), parts[i] ?? ""] as const] : [],
    );
    return { handler: route.handler, params: Object.fromEntries(params) };
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}
