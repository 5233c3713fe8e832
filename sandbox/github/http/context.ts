import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import type { Auth } from "../auth";
import type { Organization, Repository, Role, Team, User } from "../state";
import type { World } from "../world";
import { badRequest, notFound } from "./errors";

/** What a route answers. `body` is sent as JSON; `raw` as it is. */
export interface Reply {
  status: number;
  body?: unknown;
  raw?: Buffer | Readable;
  headers?: Record<string, string>;
}
export const ok = (body: unknown, headers?: Record<string, string>): Reply =>
  headers ? { status: 200, body, headers } : { status: 200, body };
export const created = (body: unknown, location?: string): Reply =>
  location ? { status: 201, body, headers: { location } } : { status: 201, body };
export const noContent = (): Reply => ({ status: 204 });
export const redirect = (status: 301 | 302 | 307, location: string): Reply => ({ status, headers: { location } });

/** One request on its way through a route: what was asked, by whom, and the objects that its path names. */
export class Context {
  repo!: Repository;
  org!: Organization;
  team!: Team;
  /** The asker's role on `repo`. */
  role: Role | undefined;
  /** What the operation asks of fine-grained tokens, for x-accepted-github-permissions. */
  accepted = "";

  constructor(
    readonly world: World,
    readonly auth: Auth,
    readonly request: IncomingMessage,
    readonly params: Record<string, string>,
    readonly query: URLSearchParams,
    readonly input: unknown,
    readonly rawBody: Buffer,
    readonly path: string,
  ) {}

  /** The body as an object; operations without a body see `{}`. */
  get body(): Record<string, unknown> {
    if (this.input === undefined || this.input === null) return {};
    if (typeof this.input !== "object" || Array.isArray(this.input))
      throw badRequest("The request body must be an object.");
    return this.input as Record<string, unknown>;
  }
  /** The account that acts; routes that use it need authentication. */
  get me(): User {
    if (!this.auth.user) throw notFound();
    return this.auth.user;
  }
  param(name: string): string {
    return this.params[name] ?? "";
  }
  /** An integer of the path. @throws 404 for anything else */
  id(name: string): number {
    const value = this.params[name] ?? "";
    if (!/^\d{1,15}$/.test(value)) throw notFound();
    return Number(value);
  }
  get accept(): string {
    return this.request.headers.accept ?? "";
  }

  string(name: string): string | undefined;
  string(name: string, required: true): string;
  string(name: string, required = false): string | undefined {
    const value = this.body[name];
    if (typeof value === "string") return value;
    if (value === undefined || value === null) {
      if (required) throw badRequest(`"${name}" wasn't supplied.`);
      return undefined;
    }
    throw badRequest(`For 'properties/${name}', ${JSON.stringify(value)} is not a string.`);
  }
  bool(name: string): boolean | undefined {
    const value = this.body[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value === "boolean") return value;
    throw badRequest(`For 'properties/${name}', ${JSON.stringify(value)} is not a boolean.`);
  }
  number(name: string): number | undefined {
    const value = this.body[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value === "number" && Number.isInteger(value)) return value;
    throw badRequest(`For 'properties/${name}', ${JSON.stringify(value)} is not an integer.`);
  }
  strings(name: string): string[] | undefined {
    const value = this.body[name];
    if (value === undefined || value === null) return undefined;
    if (Array.isArray(value) && value.every((v) => typeof v === "string")) return value as string[];
    throw badRequest(`For 'properties/${name}', ${JSON.stringify(value)} is not an array of strings.`);
  }
  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.string(name);
    if (value === undefined || (allowed as readonly string[]).includes(value)) return value as T | undefined;
    throw badRequest(`For 'properties/${name}', ${value} is not a member of ${JSON.stringify(allowed)}.`);
  }
  /** Whether a field was sent at all, null included. */
  sent(name: string): boolean {
    return name in this.body;
  }
}

/** One page of a list, with the Link header that GitHub gives: it names the repository or organization by id. */
export function page<T>(
  c: Context,
  items: readonly T[],
  present: (item: T) => unknown,
  wrap?: (list: unknown[], total: number) => unknown,
): Reply {
  const size = Math.min(100, Math.max(1, whole(c.query.get("per_page")) ?? 30));
  const at = Math.max(1, whole(c.query.get("page")) ?? 1);
  const list = items.slice((at - 1) * size, at * size).map(present);
  const last = Math.max(1, Math.ceil(items.length / size));
  const links: string[] = [];
  const link = (n: number, rel: string): void => {
    const query = new URLSearchParams(c.query);
    query.set("page", String(n));
    links.push(`<${c.world.api}${pathById(c)}?${query.toString()}>; rel="${rel}"`);
  };
  if (at > 1) link(at - 1, "prev");
  if (at < last) {
    link(at + 1, "next");
    link(last, "last");
  }
  if (at > 1) link(1, "first");
  const reply = ok(wrap ? wrap(list, items.length) : list);
  return links.length > 0 ? { ...reply, headers: { link: links.join(", ") } } : reply;
}

const whole = (text: string | null): number | undefined =>
  text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined;

function pathById(c: Context): string {
  if (c.repo) return c.path.replace(/^\/repos\/[^/]+\/[^/]+/, `/repositories/${c.repo.id}`);
  if (c.team) return c.path.replace(/^\/orgs\/[^/]+\/teams\/[^/]+/, `/organizations/${c.org.id}/team/${c.team.id}`);
  if (c.org) return c.path.replace(/^\/orgs\/[^/]+/, `/organizations/${c.org.id}`);
  return c.path;
}
