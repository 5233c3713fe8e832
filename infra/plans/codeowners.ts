import type { Environment, Repository } from "../model/schema";
import { owners, securityTeam } from "../model/access";
import { CODEOWNERS_PATH } from "../model/names";
import { PathMatcher } from "../../gate/policy/text/globs";
import { PROTECTED_PATHS } from "../../gate/policy/policy";
import { ownerPatterns } from "./protectedPaths";
import { fingerprint, sorted } from "../model/text";

/** GitHub does not load a larger file at all, which would leave everything without owners. */
export const CODEOWNERS_MAX_BYTES = 3 * 1024 * 1024;
/** Where GitHub looks for the file; the first that exists counts ("About code owners"). */
export const CODEOWNERS_PLACES: readonly string[] = [CODEOWNERS_PATH, "CODEOWNERS", "docs/CODEOWNERS"];

/** One rule: the last one whose pattern matches a path decides who owns it. */
export interface OwnerRule {
  readonly pattern: string;
  /** Team slugs; an approval by any one of them is enough. */
  readonly teams: readonly string[];
}

/** A CODEOWNERS file that a repository has. */
export interface FoundOwners {
  /** One of CODEOWNERS_PLACES. */
  readonly path: string;
  readonly text: string;
}

/**
 * How the file reaches the default branch. `directly`: the deployment writes it, and the stack holds it as a resource.
 * `by-pull-request`: it was proposed from the start, because the repository's rules let nobody write to the branch, and
 * the stack only ever proposes changes. The file says itself which it is, so that every run knows without asking its
 * state.
 */
export type OwnersUpdate = "directly" | "by-pull-request";

const MADE = "# Made by Gatehouse from the environment file";
const HEADER: Readonly<Record<OwnersUpdate, string>> = {
  directly: `${MADE}. Between the two marks are the repository's own lines; the others are set again by each update.`,
  "by-pull-request": `${MADE}, and changed by pull request. Between the two marks are the repository's own lines.`,
};
const OWN = "# --- the repository's own lines";
const startMark = (origin: string | undefined): string =>
  `${OWN}${origin === undefined ? "" : ` (first found in ${origin})`} ---`;
const END_MARK = "# --- end of the repository's own lines ---";

/** What a repository says itself about its owners. */
export interface OwnLines {
  /** Empty when there are none. */
  readonly text: string;
  /** The file that Gatehouse found them in at first; undefined for lines that were added since. */
  readonly origin?: string;
}

const NO_LINES: OwnLines = { text: "" };

/**
 * Who owns what in a repository, weakest rule first, beside what the repository itself says. The file that says so
 * comes last: whoever could change it unseen could take every other rule away.
 */
export function ownerRules(environment: Environment, repository: Repository): OwnerRule[] {
  return [...general(environment, repository), ...decisive(environment, repository)];
}

/**
 * Owners of everything that no later line names. A protected path may be "*" itself: the stronger line alone remains.
 */
function general(environment: Environment, repository: Repository): OwnerRule[] {
  return decisive(environment, repository).some(({ pattern }) => pattern === "*")
    ? []
    : [{ pattern: "*", teams: owners(environment, repository) }];
}

function decisive(environment: Environment, repository: Repository): OwnerRule[] {
  const own = `/${CODEOWNERS_PATH}`;
  const patterns = sorted([...PROTECTED_PATHS, ...repository.protectedPaths].flatMap(ownerPatterns)).filter(
    (pattern) => pattern !== own,
  );
  return [...patterns, own].map((pattern) => ({ pattern, teams: [securityTeam(environment)] }));
}

/**
 * The text of CODEOWNERS. All owners of a pattern stand on its line, since a later line with the same pattern would
 * replace them.
 * @param kept Lines of the repository's own (see `keptOwners`). They stand between the general rule, which they may
 *   refine, and the decisive ones, which they cannot touch: the last match counts.
 */
export function codeOwnersText(
  environment: Environment,
  repository: Repository,
  kept: OwnLines = NO_LINES,
  update: OwnersUpdate = "directly",
): string {
  const line = ({ pattern, teams }: OwnerRule) =>
    `${pattern} ${teams.map((team) => `@${environment.organization}/${team}`).join(" ")}`;
  return [
    HEADER[update],
    ...general(environment, repository).map(line),
    startMark(kept.origin),
    ...(kept.text === "" ? [] : [kept.text]),
    END_MARK,
    ...decisive(environment, repository).map(line),
    "",
  ].join("\n");
}

/** Whether a file is one that Gatehouse made, and in which update. */
export function updateOf(text: string): OwnersUpdate | undefined {
  const first = text.split("\n", 1)[0]!.trimEnd();
  return first === HEADER["by-pull-request"] ? "by-pull-request" : first.startsWith(MADE) ? "directly" : undefined;
}

/**
 * The lines of a file that are the repository's own: all of a foreign file, what stands between the marks of one that
 * Gatehouse made.
 */
export function keptOwners(found: FoundOwners | undefined): OwnLines {
  if (!found) return NO_LINES;
  const lines = found.text.replaceAll("\r\n", "\n").split("\n");
  if (updateOf(found.text) === undefined) return { text: trimmed(lines), origin: found.path };
  const start = lines.findIndex((line) => line.startsWith(OWN));
  const end = lines.lastIndexOf(END_MARK);
  const origin = CODEOWNERS_PLACES.find((place) => lines[start] === startMark(place));
  return start < 0 || end < start
    ? NO_LINES
    : { text: trimmed(lines.slice(start + 1, end)), ...(origin === undefined ? {} : { origin }) };
}

function trimmed(lines: readonly string[]): string {
  return lines.join("\n").replace(/^\n+|\s+$/g, "");
}

/** What must happen to bring a repository's CODEOWNERS to what the environment says. */
export interface OwnersPlan {
  /** The whole file. */
  readonly text: string;
  readonly update: OwnersUpdate;
  /** `keep`: nothing, or nothing that the deployment may do itself. */
  readonly write: "set" | "keep";
  /**
   * Branch of the pull request that brings it, because the rules let the deployment write no more than anybody else.
   */
  readonly proposal?: string;
  /** Holds lines that stand nowhere else, so that the file must outlive the stack. */
  readonly shared: boolean;
}

/**
 * @param found What the repository has; undefined when it has none.
 * @param demanded Whether a rule of the default branch demands a pull request of the deployment too.
 */
export function planOwners(
  environment: Environment,
  repository: Repository,
  found: FoundOwners | undefined,
  demanded: boolean,
): OwnersPlan {
  const kept = keptOwners(found);
  const before = found?.path === CODEOWNERS_PATH ? updateOf(found.text) : undefined;
  const update = before ?? (demanded ? "by-pull-request" : "directly");
  const text = codeOwnersText(environment, repository, kept, update);
  const differs = found?.path !== CODEOWNERS_PATH || found.text !== text;
  const propose = differs && (demanded || update === "by-pull-request");
  return {
    text,
    update,
    write: differs && !propose ? "set" : "keep",
    shared: kept.text !== "" && (kept.origin ?? CODEOWNERS_PATH) === CODEOWNERS_PATH,
    ...(propose ? { proposal: `gatehouse/code-owners-${fingerprint(text)}` } : {}),
  };
}

/**
 * Whether the file as it is differs from what the environment says; only then does it matter which rules stand in the
 * way.
 */
export function ownersDiffer(
  environment: Environment,
  repository: Repository,
  found: FoundOwners | undefined,
): boolean {
  const { write, proposal } = planOwners(environment, repository, found, false);
  return write === "set" || proposal !== undefined;
}

/** A line of the repository's own that cannot be kept as it is. `line` counts from 1 within those lines. */
export interface OwnersProblem {
  readonly line: number;
  readonly wrong: string;
  readonly right: string;
}

/**
 * What is wrong with the repository's own lines. GitHub skips a line that it cannot read, without a word, so that its
 * paths lose their owners ("About code owners"): such a line is refused here. So is one by which the agent would own
 * code.
 */
export function keptProblems(environment: Environment, kept: string): OwnersProblem[] {
  const lines = (kept === "" ? [] : kept.split("\n")).map((text, index) => ({ text, line: index + 1 }));
  const problems = lines.flatMap(({ text, line }) =>
    lineProblems(environment, text).map((problem) => ({ line, ...problem })),
  );
  return problems.length > 0 ? problems : ownerless(lines);
}

/** Lines without owners are allowed one by one; together they may leave nothing to the owners. */
function ownerless(lines: readonly { text: string; line: number }[]): OwnersProblem[] {
  const bare = lines.flatMap(({ text, line }) => {
    const [pattern, ...owners] = tokens(text);
    return pattern !== undefined && owners.length === 0 ? [{ pattern, line }] : [];
  });
  return takesEverything(bare.map(({ pattern }) => pattern))
    ? [
        {
          line: bare.at(-1)!.line,
          wrong:
            `${bare.map(({ pattern }) => pattern).join(", ")} without an owner: ` +
            "together they take the owners' review from everything",
          right: "an owner on one of these lines, or narrower patterns",
        },
      ]
    : [];
}

/** One entry of GitHub's answer to `GET /repos/{owner}/{repo}/codeowners/errors`. */
export interface OwnersError {
  /** The line of the file, counted from 1, and its text. */
  readonly line: number;
  readonly source: string;
  /** Such as `Unknown owner` or `Invalid pattern`. */
  readonly kind: string;
}

/** Whether the repository's own lines name an owner, so that GitHub can be asked whether it counts. */
export function namesOwners(kept: string): boolean {
  return kept.split("\n").some((line) => tokens(line).length > 1);
}

/**
 * Lines of the repository's own that GitHub skips, or of whose owners it counts none (somebody who left, a team without
 * access): their paths have no owner, and nobody's review is asked for.
 * @param errors What GitHub finds wrong with the file that is in force.
 */
export function uncountedOwners(kept: string, errors: readonly OwnersError[]): OwnersProblem[] {
  return kept.split("\n").flatMap((text, index) => {
    const [pattern, ...owners] = tokens(text);
    const found = errors.filter(({ source }) => source.trim() === text.trim());
    const first = found.filter(({ line }) => line === found[0]!.line);
    const wrong = first.find(({ kind }) => !/owner/i.test(kind));
    if (pattern === undefined || owners.length === 0 || (wrong === undefined && first.length < owners.length))
      return [];
    return [
      {
        line: index + 1,
        wrong: wrong
          ? `GitHub skips it (${wrong.kind})`
          : `GitHub counts none of its owners (${owners.join(" ")}), so ${pattern} has no owner`,
        right: "owners who can write to the repository, or no such line",
      },
    ];
  });
}

/** Slugs of the organization's teams that own something by the repository's own lines. */
export function keptTeams(environment: Environment, kept: string): string[] {
  const prefix = `@${environment.organization.toLowerCase()}/`;
  return sorted(
    kept
      .split("\n")
      .flatMap((line) => tokens(line).slice(1))
      .filter((owner) => owner.toLowerCase().startsWith(prefix))
      .map((owner) => owner.slice(prefix.length).toLowerCase()),
  );
}

/**
 * Files that most repositories have, by their depth: what a pattern takes from all of them, it takes from everything.
 */
const PROBES: readonly (readonly string[])[] = [
  ["Makefile", "README.md", ".gitignore", "package.json"],
  ["src/index.ts", "docs/guide/introduction.md", ".github/dependabot.yml", "services/api/cmd/Dockerfile"],
];

/**
 * Whether patterns without an owner take the owners' review from every file, or from every file of a folder or of the
 * root.
 */
function takesEverything(patterns: readonly string[]): boolean {
  const paths = new PathMatcher(patterns);
  return patterns.length > 0 && PROBES.some((probes) => probes.every((path) => paths.matches(path)));
}

function lineProblems({ organization, agent }: Environment, line: string): Omit<OwnersProblem, "line">[] {
  // GitHub's readers separate by blanks and tabs alone; another space would become part of a name without a sign of it.
  if (/[^\P{White_Space} \t]|[\p{Cc}\ufeff]/u.test(line.replaceAll("\t", " ")))
    return [
      {
        wrong:
          "a control character, or a space that is neither a blank nor a tab, which GitHub does not take for a separator",
        right: "blanks or tabs between the pattern and its owners",
      },
    ];
  const [pattern, ...found] = tokens(line);
  if (pattern === undefined) return [];
  const patternProblem = /^!/.test(pattern)
    ? "GitHub knows no negation in CODEOWNERS"
    : /[[\]]/.test(pattern)
      ? "GitHub knows no character ranges in CODEOWNERS"
      : pattern.startsWith("\\#")
        ? "GitHub knows no escaped # in CODEOWNERS"
        : undefined;
  if (!pattern.startsWith("\\#") && pattern.includes("#"))
    return [
      {
        wrong: `${pattern}: some readers of CODEOWNERS cut the line at the #, which changes what the pattern means`,
        right: "a pattern without # (? stands for any one character)",
      },
    ];
  if (found.length === 0 && takesEverything([pattern]))
    return [
      {
        wrong: `${pattern} without an owner takes the owners' review from everything`,
        right: "an owner on that line, or a narrower pattern",
      },
    ];
  if (patternProblem)
    return [{ wrong: `${pattern}: ${patternProblem} and skips the line`, right: "a pattern without it" }];
  return found.flatMap((owner) => {
    const [handle, team] = owner.replace(/^@/, "").toLowerCase().split("/");
    if (!/^@[\w-]+(?:\/[\w-]+)?$|^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(owner))
      return [
        {
          wrong: `${owner} is not an owner, so GitHub skips the line`,
          right: "@user, @organization/team or an e-mail address",
        },
      ];
    if (team === undefined && handle === agent.machineUser.toLowerCase())
      return [{ wrong: `${owner} is the agent's own account`, right: "people: what the agent owns, it could approve" }];
    if (team !== undefined && handle !== organization.toLowerCase())
      return [
        {
          wrong: `${owner} is a team of another organization, so GitHub skips the line`,
          right: `a team of ${organization}`,
        },
      ];
    if (team === agent.team)
      return [{ wrong: `${owner} is the agent's own team`, right: "people: what the agent owns, it could approve" }];
    return [];
  });
}

/** Pattern and owners of a line; nothing for a comment or an empty line. `\ ` is a space inside the pattern. */
function tokens(line: string): string[] {
  return line.replace(/(?:^|[ \t])#.*$/, "").match(/(?:\\[ \t]|[^ \t])+/g) ?? [];
}
