import { allowedOn, allowedOnOrg, orgRole, roleOn } from "../permissions";
import type { Role } from "../state";
import { atLeast, type World } from "../world";
import { forbidden, HttpError, notFound } from "./errors";
import type { Context, Reply } from "./context";

/** What an operation asks before it runs. */
export interface Need {
  /**
   * `optional`: anyone may call it; `user`: a token of an account; `app`: an App's JWT; `any`: something.
   * Default: `user`, and `optional` for reads of repositories.
   */
  auth?: "optional" | "user" | "app" | "any";
  /** Role on the path's repository. Default: read, for writing methods write. */
  role?: Role;
  /** Permission of fine-grained tokens, alternatives by `;`. Default: `metadata=read`. */
  permission?: string;
  /** Of the path's organization. Default: none for reads, for writing methods admin. */
  org?: "none" | "member" | "admin";
  /** Scopes of classic tokens for organization and account operations: any of these. */
  scopes?: readonly string[];
  /** Writes that GitHub allows on archived repositories. */
  archivedOk?: boolean;
}
export type Handler = (c: Context) => Reply | Promise<Reply>;
export interface Route {
  method: string;
  path: string;
  need: Need;
  handler: Handler;
  pattern: RegExp;
  names: string[];
  literals: number;
}

/** Parameters that may hold slashes, written out or encoded. */
const SLASHED = new Set(["path", "ref", "branch", "basehead", "dir", "tag", "archive_ref", "environment_name"]);

/**
 * Routes by method. Paths are written as in GitHub's OpenAPI documents, so that a test can hold one against the other.
 */
export class Router {
  readonly routes: Route[] = [];
  readonly #byKey = new Map<string, Route[]>();

  on(method: string, path: string, need: Need, handler: Handler): void {
    const names: string[] = [];
    let literals = 0;
    const source = path
      .split("/")
      .slice(1)
      .map((part) => {
        const whole = /^\{(\w+)\}$/.exec(part);
        if (whole) {
          names.push(whole[1]!);
          return SLASHED.has(whole[1]!) ? "(.+)" : "([^/]+)";
        }
        literals += 1;
        return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      })
      .join("/");
    const route: Route = { method, path, need, handler, pattern: new RegExp(`^/${source}$`), names, literals };
    this.routes.push(route);
    const key = `${method} ${path.split("/")[1]}`;
    const list = this.#byKey.get(key) ?? [];
    list.push(route);
    // More literals first, then fewer slashed parameters: `…/branches/{branch}/protection` before
    // `…/branches/{branch}`.
    list.sort((a, b) => b.literals - a.literals || slashes(a) - slashes(b));
    this.#byKey.set(key, list);
  }

  find(method: string, path: string): { route: Route; params: Record<string, string> } | undefined {
    for (const route of this.#byKey.get(`${method} ${path.split("/")[1]}`) ?? []) {
      const match = route.pattern.exec(path);
      if (!match) continue;
      const params: Record<string, string> = {};
      route.names.forEach((name, i) => {
        params[name] = decode(match[i + 1]!);
      });
      return { route, params };
    }
    return undefined;
  }
}
const slashes = (r: Route): number => r.names.filter((n) => SLASHED.has(n)).length;
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new HttpError(400, "Bad Request");
  }
}

/** Fills the context's repository, organization and team, and refuses whoever may not pass. */
export function admit(world: World, c: Context, route: Route): void {
  const { need, method } = route;
  const writes = method !== "GET" && method !== "HEAD";
  const inRepo = /^(?:\/agents)?\/repos\/\{owner\}\/\{repo\}/.test(route.path) && need.auth !== "app";
  const wanted = need.auth ?? (inRepo && !writes ? "optional" : "user");
  if (wanted !== "optional" && c.auth.kind === "anonymous") throw new HttpError(401, "Requires authentication");
  if (wanted === "app" && c.auth.kind !== "app") throw new HttpError(401, "A JSON web token could not be decoded");
  if (wanted === "user" && c.auth.kind !== "token") throw new HttpError(401, "Requires authentication");
  c.accepted = need.permission ?? "metadata=read";

  if (inRepo) {
    const repo = world.repoByName(c.param("owner"), c.param("repo"));
    if (!repo) throw notFound();
    c.role = roleOn(world, c.auth, repo);
    if (!c.role) throw notFound();
    const moved = world.fullName(repo).toLowerCase() !== `${c.param("owner")}/${c.param("repo")}`.toLowerCase();
    if (moved)
      throw new HttpError(writes ? 307 : 301, "Moved Permanently", {
        headers: { location: `${world.api}${c.path.replace(/^\/repos\/[^/]+\/[^/]+/, `/repositories/${repo.id}`)}` },
      });
    c.repo = repo;
    if (!allowedOn(world, c.auth, repo, c.accepted)) throw refusedByToken(c);
    const role = need.role ?? (writes ? "write" : "read");
    if (!atLeast(c.role, role))
      throw forbidden(
        role === "admin"
          ? "Must have admin rights to Repository."
          : role === "write"
            ? "Must have push access to Repository."
            : `Must have ${role} access to Repository.`,
      );
    if (writes && repo.archived && !need.archivedOk) throw forbidden("Repository was archived so is read-only.");
  } else if (route.path.startsWith("/orgs/{org}")) {
    const org = world.orgByLogin(c.param("org"));
    if (!org) throw notFound();
    c.org = org;
    const wantedRole = need.org ?? (writes ? "admin" : "none");
    if (wantedRole === "none") return findTeam(world, c, route);
    if (c.auth.token?.kind === "app-installation") {
      if (!allowedOnOrg(world, c.auth, org, c.accepted, [])) throw refusedByToken(c);
      return findTeam(world, c, route);
    }
    const role = orgRole(world, c.auth, org);
    if (!role)
      throw wantedRole === "member"
        ? notFound()
        : forbidden("You must be an admin to view or change this organization.");
    if (!allowedOnOrg(world, c.auth, org, c.accepted, need.scopes ?? (writes ? ["admin:org"] : ["read:org"])))
      throw refusedByToken(c);
    findTeam(world, c, route);
    if (wantedRole === "admin" && role !== "admin" && !(c.team?.members.get(c.me.id)?.role === "maintainer"))
      throw forbidden("You must be an admin to view or change this organization.");
  } else if (need.scopes && c.auth.token?.scopes && !need.scopes.some((s) => c.auth.token!.scopes!.includes(s))) {
    throw notFound();
  }
}

function findTeam(world: World, c: Context, route: Route): void {
  if (!route.path.startsWith("/orgs/{org}/teams/{team_slug}")) return;
  const team = world.teamBySlug(c.org.id, c.param("team_slug"));
  const sees = orgRole(world, c.auth, c.org);
  if (!team || (!sees && !allowedOnOrg(world, c.auth, c.org, "members=read", ["read:org"]))) throw notFound();
  if (team.privacy === "secret" && sees === "member" && !team.members.has(c.me.id)) throw notFound();
  c.team = team;
}

/** What a token without the permission hears. Fine-grained tokens and Apps are told apart, as on GitHub. */
function refusedByToken(c: Context): HttpError {
  const kind = c.auth.token?.kind;
  if (kind === "personal-access-token")
    return forbidden("Resource not accessible by personal access token", {
      "x-accepted-github-permissions": c.accepted,
    });
  if (kind === "app-installation" || kind === "app-user-token")
    return forbidden("Resource not accessible by integration", { "x-accepted-github-permissions": c.accepted });
  return c.org ? forbidden("Your token has not been granted the required scopes to execute this request.") : notFound();
}
