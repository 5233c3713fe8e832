import type { World } from "../world";
import type { Repository } from "../state";
import type { GitRepository } from "../git/repository";
import { roleOfUser } from "../permissions";
import { atLeast } from "../world";

/** Where GitHub looks, in this order; the first file found is the one. */
export const CODEOWNERS_PATHS = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"] as const;
const MAX_BYTES = 3 * 1024 * 1024;

export interface OwnersLine {
  line: number;
  source: string;
  pattern: string;
  owners: string[];
}
export interface OwnersError {
  line: number;
  column: number;
  source: string;
  kind: string;
  suggestion: string | null;
  message: string;
  path: string;
}

/** Lines that name a pattern; invalid ones are left out, as on GitHub, and reported by `ownersErrors`. */
export function parseCodeowners(text: string): OwnersLine[] {
  const lines: OwnersLine[] = [];
  text.split(/\r?\n/).forEach((source, i) => {
    // Blanks and tabs alone separate: every other space is part of a name.
    const [pattern, ...owners] = source
      .replace(/(^|[ \t])#.*$/, "")
      .split(/[ \t]+/)
      .filter((token) => token !== "");
    if (pattern === undefined) return;
    lines.push({ line: i + 1, source, pattern, owners });
  });
  return lines;
}

/** Patterns that GitHub does not support: `!`, `[ ]`, `\#`. */
export const patternHolds = (pattern: string): boolean => !/^!|[[\]]|\\#/.test(pattern);
const ownerHolds = (owner: string): boolean =>
  /^@[\w-]+(?:\/[\w-]+)?$/.test(owner) || /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(owner);

/** gitignore-like: a leading or inner "/" anchors, a trailing "/" means all below, `*` stops at "/". Case matters. */
export function ownsPath(pattern: string, path: string): boolean {
  let p = pattern;
  const directory = p.endsWith("/");
  if (directory) p = p.slice(0, -1);
  const anchored = p.slice(0, -1).includes("/") || p.startsWith("/");
  p = p.replace(/^\//, "");
  const source = p
    .split(/(\*\*\/|\/\*\*$|\*|\?)/)
    .map((part) =>
      part === "**/"
        ? "(?:.*/)?"
        : part === "/**"
          ? "/.*"
          : part === "*"
            ? "[^/]*"
            : part === "?"
              ? "[^/]"
              : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"),
    )
    .join("");
  // `docs/*` owns files of docs only, not what is deeper; a pattern without wildcard at its end owns a whole directory
  // too.
  const tail = directory ? "/.*" : p.endsWith("*") ? (p.includes("/") ? "" : "(?:/.*)?") : "(?:/.*)?";
  return new RegExp(`^${anchored ? "" : "(?:.*/)?"}${source}${tail}$`, "s").test(path);
}

export interface OwnersFile {
  path: string;
  text: string;
  lines: OwnersLine[];
}

/** The file in force at a commit: the base branch's, for a pull request. A file of 3 MB or more is not loaded. */
export async function loadCodeowners(git: GitRepository, commit: string): Promise<OwnersFile | undefined> {
  for (const path of CODEOWNERS_PATHS) {
    const content = await git.file(commit, path);
    if (!content) continue;
    const text = content.length < MAX_BYTES ? content.toString() : "";
    return {
      path,
      text,
      lines: parseCodeowners(text).filter((l) => patternHolds(l.pattern) && l.owners.every(ownerHolds)),
    };
  }
  return undefined;
}

/**
 * Owners of a path: the last matching line's; an empty list when that line names none, undefined when no line matches.
 */
export function ownersOf(file: OwnersFile, path: string): string[] | undefined {
  return file.lines.filter((l) => ownsPath(l.pattern, path)).at(-1)?.owners;
}

/** Accounts and teams behind the owners' names; those without write access do not count. */
export function resolveOwners(
  world: World,
  repo: Repository,
  owners: readonly string[],
): { userIds: Set<number>; teamIds: Set<number> } {
  const userIds = new Set<number>();
  const teamIds = new Set<number>();
  for (const owner of owners) {
    const team = /^@([\w-]+)\/([\w-]+)$/.exec(owner);
    if (team) {
      const found = teamOwner(world, repo, team[1]!, team[2]!);
      if (found) {
        teamIds.add(found.id);
        for (const other of world.teams.values())
          if (world.lineage(other).includes(found)) for (const id of other.members.keys()) userIds.add(id);
      }
      continue;
    }
    const user = owner.startsWith("@")
      ? world.userByLogin(owner.slice(1))
      : [...world.users.values()].find((u) => u.email === owner);
    if (user && user.type === "User" && atLeast(roleOfUser(world, user, repo), "write")) userIds.add(user.id);
  }
  return { userIds, teamIds };
}

function teamOwner(world: World, repo: Repository, orgLogin: string, slug: string) {
  const org = world.orgOf(repo);
  const team = org && org.login.toLowerCase() === orgLogin.toLowerCase() ? world.teamBySlug(org.id, slug) : undefined;
  return team && team.privacy === "closed" && atLeast(world.teamRole(team, repo.id), "write") ? team : undefined;
}

/** What GET …/codeowners/errors lists. */
export function ownersErrors(world: World, repo: Repository, path: string, text: string): OwnersError[] {
  const errors: OwnersError[] = [];
  for (const { line, source, pattern, owners } of parseCodeowners(text)) {
    const add = (column: number, kind: string, suggestion: string | null): void => {
      const pointer = `${" ".repeat(column - 1)}^`;
      errors.push({
        line,
        column,
        source,
        kind,
        suggestion,
        path,
        message: `${kind} on line ${line}: ${suggestion ?? "make sure the pattern is one that CODEOWNERS supports"}\n\n  ${source}\n  ${pointer}`,
      });
    };
    if (!patternHolds(pattern))
      add(
        source.indexOf(pattern) + 1,
        "Invalid pattern",
        pattern.startsWith("!") ? "Did you mean to un-own the path? Use a pattern without owners" : null,
      );
    for (const owner of owners) {
      const column = source.indexOf(owner) + 1;
      if (!ownerHolds(owner)) {
        add(column, "Invalid owner", null);
        continue;
      }
      const { userIds, teamIds } = resolveOwners(world, repo, [owner]);
      const isTeam = owner.includes("/");
      if (isTeam ? teamIds.size === 0 : userIds.size === 0 && owner.startsWith("@"))
        add(
          column,
          "Unknown owner",
          `make sure ${isTeam ? "the team" : ""} ${owner} exists${isTeam ? ", is publicly visible," : ""} and has write access to the repository`.replace(
            "  ",
            " ",
          ),
        );
    }
  }
  return errors;
}
