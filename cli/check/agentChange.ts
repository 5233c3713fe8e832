import type { Environment, Repository } from "../../infra/model/schema";
import { endpoints, isGitHubDotCom } from "../../infra/model/endpoints";
import { Allowances } from "../../gate/policy/text/allowances";
import { PathMatcher } from "../../gate/policy/text/globs";
import { CANARY } from "../../gate/policy/text/secrets";
import { AGENT_BRANCH_PREFIX } from "../../gate/contract";
import { PROTECTED_PATHS } from "../../gate/policy/policy";
import { allowedSecret } from "../../infra/plans/gatePolicy";
import { REQUEST_TRAILER, requestOf } from "../../gate/policy/pullRequest/trailer";

/** The required status check on pull requests: the name that a ruleset asks for and that the workflow's job has. */
export const AGENT_CHANGE_CHECK = "gatehouse/agent-change";
/** The line of a pull request's body by which it joins its audit records; the gate writes it. */

/** What GitHub says about the pull request. Every field may be unknown when only commits are judged. */
export interface PullFacts {
  readonly author?: string;
  /** Branch name without `refs/heads/`. */
  readonly branch?: string;
  /** Branch that it would be merged into, without `refs/heads/`. */
  readonly base?: string;
  /** Whether the head lies in another repository than the base; undefined when not known. */
  readonly fork?: boolean;
  readonly labels?: readonly string[];
  readonly body?: string;
}

/**
 * One commit that the pull request would bring in. Mail addresses are what git says; logins are whom GitHub takes them
 * for.
 */
export interface ChangeCommit {
  readonly sha: string;
  readonly authorEmail: string;
  readonly committerEmail: string;
  readonly authorLogin?: string;
  readonly committerLogin?: string;
  /** A merge in which every file is as one of the parents has it: what it brings in, other commits say. */
  readonly plainMerge: boolean;
}

export type FileKind = "file" | "symlink" | "submodule";

/** One file of the difference that would be merged. */
export interface ChangedFile {
  readonly path: string;
  /** Where a renamed or copied file comes from. */
  readonly from?: string;
  readonly kind: FileKind;
  /** Lines added and removed together; undefined for a binary file, as git counts. */
  readonly lines?: number;
  /** Executable now, and not before. */
  readonly executable: boolean;
  /** Where a symbolic link points. */
  readonly target?: string;
}

export interface SecretFound {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly commit: string;
  /** SHA-256 of the value in hexadecimal digits; none of a private key, of which only the first line is looked for. */
  readonly sha256?: string;
}

/** Everything that is judged about a change. */
export interface ChangeFacts {
  readonly pull: PullFacts;
  readonly commits: readonly ChangeCommit[];
  readonly files: readonly ChangedFile[];
  /** Paths that some commit changes, also where a later one takes it back. */
  readonly touched: readonly { readonly path: string; readonly commit: string }[];
  readonly secrets: readonly SecretFound[];
  /** What could not be seen whole, each as a sentence; anything here refuses the change. */
  readonly unseen: readonly string[];
}

export const CHANGE_RULES = {
  "not-inspectable": "The whole change must be visible to be judged.",
  "no-write-access": "The posture gives the agent no write access to this repository.",
  "outside-agent-branches": `The agent proposes from branches below ${AGENT_BRANCH_PREFIX} only.`,
  "from-a-fork": "The agent proposes from the repository itself, where the rules hold, never from a fork.",
  "onto-agent-branch":
    "The agent proposes onto a branch of people: one of a stack is merged together with all that lies below it, and judged against less than where it ends.",
  "too-many-files": "The change has more files than the posture allows.",
  "too-many-lines": "The change has more lines than the posture allows.",
  "protected-path": "The change touches a path that the agent may not change.",
  secret: "The change holds what looks like a credential.",
  "commit-by-other": "The change has a commit of somebody else than the machine user.",
  submodule: "The change moves a submodule, whose content nobody sees here.",
  "link-outside": "A symbolic link points out of the repository.",
  "label-missing": "The pull request lacks the label that the gate puts on it.",
  "request-missing": `The pull request lacks the ${REQUEST_TRAILER} line that joins it to its audit records.`,
  executable: "A file becomes executable.",
} as const;

export type ChangeRule = keyof typeof CHANGE_RULES;

export interface ChangeFinding {
  readonly rule: ChangeRule;
  /** `refuse` fails the check; `notice` is for the reviewer's eye. */
  readonly severity: "refuse" | "notice";
  /** What was found, as it may be shown: never a credential. Paths in it come from the change. */
  readonly says: string;
  readonly path?: string;
  readonly line?: number;
  readonly commit?: string;
}

export type ChangeVerdict =
  | { readonly agent: false; readonly why: string }
  | {
      readonly agent: true;
      readonly passes: boolean;
      readonly findings: readonly ChangeFinding[];
      readonly files: number;
      readonly lines: number;
    };

export interface JudgeOptions {
  /** Further addresses with which the machine user commits, beside GitHub's own for it. */
  readonly emails?: readonly string[];
  /** Rules whose findings are only shown. The others cannot be softened. */
  readonly noticeOnly?: readonly ChangeRule[];
  /**
   * When it is judged, in milliseconds: exceptions of the environment file count until their day; without it none does.
   */
  readonly now?: number;
}

/** Rules that say how a pull request was opened, not what is in it. */
export const SOFT_RULES: readonly ChangeRule[] = ["label-missing", "request-missing"];

/**
 * Whether a pull request is the agent's: opened by the machine user, or from an agent branch of this repository. A
 * branch of that name in somebody's fork is not: anybody may name their branches so.
 */
export function isAgentPull(environment: Environment, pull: PullFacts): boolean {
  return (
    isMachineUser(environment, pull.author) ||
    (pull.fork !== true && pull.branch?.startsWith(AGENT_BRANCH_PREFIX) === true)
  );
}

/**
 * Judges a change against the posture. Pure: the same facts give the same findings in the same order.
 * @param repository name without its owner; a repository that is not listed gives the agent nothing
 */
export function judgeChange(
  environment: Environment,
  repository: string,
  facts: ChangeFacts,
  options: JudgeOptions = {},
): ChangeVerdict {
  const { pull } = facts;
  if ((pull.author !== undefined || pull.branch !== undefined) && !isAgentPull(environment, pull)) {
    return {
      agent: false,
      why: `not the agent's: opened by ${pull.author ?? "somebody"} from ${pull.branch ?? "another branch"}`,
    };
  }
  const listed = environment.repositories.find(({ name }) => name.toLowerCase() === repository.toLowerCase());
  const lines = facts.files.reduce((sum, file) => sum + (file.lines ?? 0), 0);
  const softened = new Set(options.noticeOnly?.filter((rule) => SOFT_RULES.includes(rule)));
  const findings = [
    ...facts.unseen.map((says) => refuse("not-inspectable", says)),
    ...place(listed, pull),
    ...size(environment, facts.files.length, lines),
    ...protectedPaths(listed, facts),
    ...secrets(environment, repository, facts.secrets, options.now ?? Infinity),
    ...facts.commits.filter((commit) => !isOwn(environment, commit, options.emails ?? [])).map(foreign),
    ...facts.files.flatMap(kinds),
    ...opening(environment, pull),
  ].map((finding): ChangeFinding => (softened.has(finding.rule) ? { ...finding, severity: "notice" } : finding));
  return {
    agent: true,
    passes: findings.every(({ severity }) => severity === "notice"),
    findings,
    files: facts.files.length,
    lines,
  };
}

/** What the environment file allows is shown, with its reason. */
function secrets(
  environment: Environment,
  repository: string,
  found: readonly SecretFound[],
  now: number,
): ChangeFinding[] {
  const allowances = new Allowances(environment.gate.allowedSecrets.map(allowedSecret));
  const alertOnly = new Set(environment.gate.alertOnlySecrets);
  return found.map(({ path, line, rule, commit, sha256 }) => {
    const allowed =
      (sha256 === undefined ? undefined : allowances.ofHash(sha256, now)) ?? allowances.ofPath(repository, path, now);
    // A canary token is allowed nowhere.
    const reason =
      rule === CANARY ? undefined : (allowed ?? (alertOnly.has(rule) ? "its kind only alerts" : undefined));
    const says = `${rule} at line ${line}`;
    return reason === undefined
      ? refuse("secret", says, { path, line, commit })
      : refuse("secret", `${says}, allowed: ${reason}`, { path, line, commit, severity: "notice" });
  });
}

const refuse = (rule: ChangeRule, says: string, at: Partial<ChangeFinding> = {}): ChangeFinding => ({
  rule,
  severity: "refuse",
  says,
  ...at,
});

function place(listed: Repository | undefined, pull: PullFacts): ChangeFinding[] {
  return [
    ...(listed?.access === "write"
      ? []
      : [refuse("no-write-access", listed ? "the posture gives read access" : "the repository is not in the posture")]),
    ...(pull.fork === true ? [refuse("from-a-fork", "the head lies in another repository")] : []),
    ...(pull.branch !== undefined && !pull.branch.startsWith(AGENT_BRANCH_PREFIX)
      ? [refuse("outside-agent-branches", `the head is ${pull.branch}`)]
      : []),
    ...(pull.base?.startsWith(AGENT_BRANCH_PREFIX) === true
      ? [refuse("onto-agent-branch", `the base is ${pull.base}, an agent branch; change it to a branch of people`)]
      : []),
  ];
}

function size(environment: Environment, files: number, lines: number): ChangeFinding[] {
  const { maxChangedFiles, maxChangedLines } = environment.gate;
  return [
    ...(files > maxChangedFiles ? [refuse("too-many-files", `${files} files, ${maxChangedFiles} are allowed`)] : []),
    ...(lines > maxChangedLines ? [refuse("too-many-lines", `${lines} lines, ${maxChangedLines} are allowed`)] : []),
  ];
}

/** One finding a path: by the difference as it stands, or else by the first commit that touched it. */
function protectedPaths(listed: Repository | undefined, { files, touched }: ChangeFacts): ChangeFinding[] {
  const guard = new PathMatcher([...PROTECTED_PATHS, ...(listed?.protectedPaths ?? [])]);
  const found = new Map<string, ChangeFinding>();
  const add = (path: string, says: string, commit?: string): void => {
    if (!found.has(path) && guard.touches(path))
      found.set(path, refuse("protected-path", says, { path, ...(commit === undefined ? {} : { commit }) }));
  };
  for (const { path, from } of files) {
    add(path, "changed");
    if (from !== undefined) add(from, `moved to ${path}`);
  }
  for (const { path, commit } of touched) add(path, "changed by a commit, even if a later one takes it back", commit);
  return [...found.values()];
}

function foreign({ sha, authorEmail, committerEmail, authorLogin, committerLogin }: ChangeCommit): ChangeFinding {
  const author = authorLogin ?? authorEmail;
  const committer = committerLogin ?? committerEmail;
  return refuse("commit-by-other", author === committer ? `by ${author}` : `by ${author}, committed by ${committer}`, {
    commit: sha,
  });
}

function kinds({ path, kind, target, executable }: ChangedFile): ChangeFinding[] {
  if (kind === "submodule") return [refuse("submodule", "its content is in another repository", { path })];
  if (kind === "symlink" && target !== undefined && leavesRepository(path, target))
    return [refuse("link-outside", `it points to ${target}`, { path })];
  return executable ? [{ rule: "executable", severity: "notice", says: "it was not before", path }] : [];
}

/**
 * How the gate opens a pull request; one that a person opens from an agent branch has neither, and says who opened it.
 */
function opening(environment: Environment, { author, labels, body }: PullFacts): ChangeFinding[] {
  if (author === undefined) return [];
  const missing = (rule: ChangeRule, says: string): ChangeFinding => ({
    ...refuse(rule, says),
    severity: isMachineUser(environment, author) ? "refuse" : "notice",
  });
  const { label } = environment.review;
  return [
    ...(labels !== undefined && !labels.some((one) => one.toLowerCase() === label.toLowerCase())
      ? [missing("label-missing", `no label ${label}`)]
      : []),
    ...(body !== undefined && requestOf(body) === undefined
      ? [missing("request-missing", `no line ${REQUEST_TRAILER}: <id>`)]
      : []),
  ];
}

/** The machine user's login, or the name under which GitHub shows a GitHub App's bot. GitHub ignores case. */
function isMachineUser(environment: Environment, login: string | undefined): boolean {
  const own = environment.agent.machineUser.toLowerCase();
  const given = login?.toLowerCase();
  return given === own || given === `${own}[bot]`;
}

/**
 * Whether author and committer are the machine user. GitHub itself commits what its API and its web pages make.
 * An address proves nothing by itself, anybody can write one; what GitHub makes of it goes before it.
 */
function isOwn(environment: Environment, commit: ChangeCommit, emails: readonly string[]): boolean {
  if (commit.plainMerge) return true;
  const own = (login: string | undefined, email: string): boolean =>
    login === undefined ? isOwnEmail(environment, email, emails) : isMachineUser(environment, login);
  if (!own(commit.authorLogin, commit.authorEmail)) return false;
  return (
    own(commit.committerLogin, commit.committerEmail) ||
    (commit.committerLogin === undefined
      ? commit.committerEmail.toLowerCase() === "noreply@github.com"
      : commit.committerLogin === "web-flow")
  );
}

/** The addresses that GitHub gives to an account: with and without its id before the login. */
function isOwnEmail(environment: Environment, email: string, emails: readonly string[]): boolean {
  const given = email.toLowerCase();
  if (emails.some((one) => one.toLowerCase() === given)) return true;
  const host = isGitHubDotCom(environment.githubUrl)
    ? "github.com"
    : endpoints(environment.githubUrl)
        .origin.replace(/^https?:\/\//, "")
        .replace(/:\d+$/, "");
  const [local = "", domain] = given.split("@");
  return domain === `users.noreply.${host.toLowerCase()}` && isMachineUser(environment, local.replace(/^\d+\+/, ""));
}

/** Follows a link's target by its text alone; one that starts at the root or climbs above it leaves the repository. */
function leavesRepository(path: string, target: string): boolean {
  if (/^[/\\]|^[A-Za-z]:/.test(target)) return true;
  let depth = path.split("/").length - 1;
  for (const part of target.split(/[/\\]/)) {
    if (part === "..") depth--;
    else if (part !== "" && part !== ".") depth++;
    if (depth < 0) return true;
  }
  return false;
}
