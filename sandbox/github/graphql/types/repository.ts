/** Repositories. What lies inside is asked for with the permission it needs. */
import { languagesOf } from "../../domain/languages";
import { gitOf } from "../../domain/refs";
import { roleOn } from "../../permissions";
import { rulesetsOf } from "../../rules/rulesets";
import { loadCodeowners, ownersErrors } from "../../rules/codeowners";
import type { Issue, Repository } from "../../state";
import { atLeast } from "../../world";
import { demandToken, sees } from "../access";
import { connection } from "../connection";
import { unresolved } from "../errors";
import {
  accountById,
  accountSource,
  issueSource,
  labelSource,
  repositorySource,
  type Args,
  type GraphqlContext,
  type RepositorySource,
  type Resolvers,
} from "../source";
import { peopleOf } from "./accounts";
import { objectNamed, refNamed, refsOf } from "./git";
import { protectionSource, seesProtection } from "./protection";
import { ordered, ownerSource, pullsOf } from "./pulls";
import { rulesetValue } from "./rulesets";

const NUMBERED = { Issue: "issues=read", PullRequest: "pull_requests=read" } as const;

function numbered(
  context: GraphqlContext,
  repo: Repository,
  number: number,
  wanted: "Issue" | "PullRequest" | "either",
): unknown {
  const issue = repo.issues.get(number);
  const kind = issue?.pull ? "PullRequest" : "Issue";
  if (!issue || (wanted !== "either" && wanted !== kind)) {
    throw unresolved(
      wanted === "either"
        ? `an issue or pull request with the number of ${number}`
        : `${wanted === "Issue" ? "an Issue" : "a PullRequest"} with the number of ${number}`,
    );
  }
  demandToken(context, repo, NUMBERED[kind]);
  return issueSource(repo, issue);
}

/** Issues as the connection filters them; pull requests are not among them. */
function issuesOf(context: GraphqlContext, repo: Repository, args: Args): Record<string, unknown> {
  const by = args.filterBy ?? {};
  const states: string[] | undefined = args.states ?? by.states;
  const labels: string[] | undefined = args.labels ?? by.labels;
  const login = (id: number): string | undefined => context.world.users.get(id)?.login;
  const fits = (issue: Issue): boolean =>
    !issue.pull &&
    (!states || states.includes(issue.state.toUpperCase())) &&
    (!labels || issue.labels.some((label) => labels.includes(label))) &&
    (!by.assignee || by.assignee === "*" ? true : issue.assigneeIds.some((id) => login(id) === by.assignee)) &&
    (!by.createdBy || login(issue.userId) === by.createdBy) &&
    (!by.mentioned || mentions(repo, issue, String(by.mentioned))) &&
    (!by.since || issue.updatedAt >= by.since);
  return connection("issues", args, ordered([...repo.issues.values()].filter(fits), args), (issue) =>
    issueSource(repo, issue),
  );
}

/** Whether the text of an issue, or a comment on it, names an account with `@`. */
function mentions(repo: Repository, issue: Issue, login: string): boolean {
  const name = login.toLowerCase().replace(/[^a-z0-9_-]/g, "");
  const mention = new RegExp(`(?:^|[^a-z0-9_-])@${name}(?![a-z0-9_-])`, "i");
  return (
    mention.test(issue.body ?? "") ||
    [...repo.comments.values()].some((comment) => comment.issueNumber === issue.number && mention.test(comment.body))
  );
}

const setting =
  (name: keyof Repository["settings"]) =>
  ({ repo }: RepositorySource): unknown =>
    repo.settings[name];
const mayPush = ({ repo }: RepositorySource, { world, auth }: GraphqlContext): boolean =>
  atLeast(roleOn(world, auth, repo), "write");

const repository: Resolvers<RepositorySource> = {
  id: ({ repo }) => repo.nodeId,
  databaseId: ({ repo }) => repo.id,
  name: ({ repo }) => repo.name,
  nameWithOwner: ({ repo }, _args, { world }) => world.fullName(repo),
  owner: ({ repo }, _args, context) => ownerSource(context, repo),
  description: ({ repo }) => repo.description,
  shortDescriptionHTML: ({ repo }) => repo.description ?? "",
  descriptionHTML: ({ repo }) => `<div>${repo.description ?? ""}</div>`,
  homepageUrl: ({ repo }) => repo.homepage,
  url: ({ repo }, _args, { world }) => `${world.origin}/${world.fullName(repo)}`,
  resourcePath: ({ repo }, _args, { world }) => `/${world.fullName(repo)}`,
  sshUrl: ({ repo }, _args, { world }) => `git@${new URL(world.origin).host}:${world.fullName(repo)}.git`,
  mirrorUrl: () => null,
  openGraphImageUrl: ({ repo }, _args, { world }) => `${world.origin}/opengraph/${world.fullName(repo)}`,
  visibility: ({ repo }) => repo.visibility.toUpperCase(),
  isPrivate: ({ repo }) => repo.visibility !== "public",
  isArchived: ({ repo }) => repo.archived,
  archivedAt: ({ repo }) => (repo.archived ? repo.updatedAt : null),
  isFork: ({ repo }) => repo.forkOf !== null,
  isTemplate: ({ repo }) => repo.isTemplate,
  isInOrganization: ({ repo }) => repo.owner.kind === "org",
  isEmpty: async ({ repo }) => (await gitOf(repo).refs("refs/heads/")).length === 0,
  isDisabled: () => false,
  isLocked: () => false,
  isMirror: () => false,
  isBlankIssuesEnabled: () => true,
  isSecurityPolicyEnabled: () => false,
  isUserConfigurationRepository: () => false,
  lockReason: () => null,
  diskUsage: () => 0,
  createdAt: ({ repo }) => repo.createdAt,
  updatedAt: ({ repo }) => repo.updatedAt,
  pushedAt: ({ repo }) => repo.pushedAt,
  hasIssuesEnabled: setting("has_issues"),
  hasProjectsEnabled: setting("has_projects"),
  hasWikiEnabled: setting("has_wiki"),
  hasDiscussionsEnabled: setting("has_discussions"),
  hasVulnerabilityAlertsEnabled: ({ repo }) => repo.vulnerabilityAlerts,
  mergeCommitAllowed: setting("allow_merge_commit"),
  squashMergeAllowed: setting("allow_squash_merge"),
  rebaseMergeAllowed: setting("allow_rebase_merge"),
  autoMergeAllowed: setting("allow_auto_merge"),
  allowUpdateBranch: setting("allow_update_branch"),
  forkingAllowed: setting("allow_forking"),
  deleteBranchOnMerge: setting("delete_branch_on_merge"),
  webCommitSignoffRequired: setting("web_commit_signoff_required"),
  mergeCommitTitle: setting("merge_commit_title"),
  mergeCommitMessage: setting("merge_commit_message"),
  squashMergeCommitTitle: setting("squash_merge_commit_title"),
  squashMergeCommitMessage: setting("squash_merge_commit_message"),
  stargazerCount: () => 0,
  forkCount: ({ repo }, _args, { world }) =>
    [...world.repos.values()].filter((other) => other.forkOf === repo.id).length,
  forks: ({ repo }, args, context) =>
    connection(
      "forks",
      args,
      [...context.world.repos.values()].filter((other) => other.forkOf === repo.id && sees(context, other)),
      repositorySource,
    ),
  parent: ({ repo }, _args, context) => {
    const parent = repo.forkOf === null ? undefined : context.world.repos.get(repo.forkOf);
    return parent && sees(context, parent) ? repositorySource(parent) : null;
  },
  templateRepository: () => null,
  primaryLanguage: () => null,
  licenseInfo: () => null,
  codeOfConduct: () => null,
  fundingLinks: () => [],
  contactLinks: () => [],
  issueTemplates: () => [],
  pullRequestTemplates: async ({ repo }, _args, context) => {
    demandToken(context, repo, "contents=read");
    const git = gitOf(repo);
    const head = await git.resolve("HEAD");
    for (const filename of head
      ? [
          ".github/pull_request_template.md",
          ".github/PULL_REQUEST_TEMPLATE.md",
          "PULL_REQUEST_TEMPLATE.md",
          "docs/pull_request_template.md",
        ]
      : []) {
      const body = await git.file(head as string, filename);
      if (body) return [{ filename, body: body.toString(), repository: repositorySource(repo) }];
    }
    return [];
  },
  repositoryTopics: ({ repo }, args, { world }) =>
    connection("repositoryTopics", args, repo.topics, (name) => ({
      id: `${repo.nodeId}:${name}`,
      topic: { id: name, name },
      url: `${world.origin}/topics/${name}`,
      resourcePath: `/topics/${name}`,
    })),
  defaultBranchRef: ({ repo }, _args, context) => refNamed(context, repo, `refs/heads/${repo.defaultBranch}`),
  ref: ({ repo }, args, context) => refNamed(context, repo, String(args.qualifiedName)),
  refs: ({ repo }, args, context) => refsOf(context, repo, args),
  object: ({ repo }, args, context) => objectNamed(context, repo, args),
  issue: ({ repo }, args, context) => numbered(context, repo, args.number, "Issue"),
  pullRequest: ({ repo }, args, context) => numbered(context, repo, args.number, "PullRequest"),
  issueOrPullRequest: ({ repo }, args, context) => numbered(context, repo, args.number, "either"),
  issues: ({ repo }, args, context) => {
    demandToken(context, repo, "issues=read");
    return issuesOf(context, repo, args);
  },
  pullRequests: ({ repo }, args, context) => {
    demandToken(context, repo, "pull_requests=read");
    return pullsOf(repo, args);
  },
  label: ({ repo }, args) => {
    const found = repo.labels.get(String(args.name).toLowerCase());
    return found ? labelSource(repo, found) : null;
  },
  labels: ({ repo }, args) => {
    const query = String(args.query ?? "").toLowerCase();
    return connection(
      "labels",
      args,
      [...repo.labels.values()].filter((found) => found.name.toLowerCase().includes(query)),
      (found) => labelSource(repo, found),
    );
  },
  milestones: ({ repo }, args) =>
    connection(
      "milestones",
      args,
      [...repo.milestones.values()].filter((found) => !args.states || args.states.includes(found.state.toUpperCase())),
      (milestone) => ({ type: "Milestone", repo, milestone }),
    ),
  milestone: ({ repo }, args) => {
    const milestone = repo.milestones.get(args.number);
    return milestone ? { type: "Milestone", repo, milestone } : null;
  },
  projectsV2: (_source, args) => connection("projectsV2", args, [], (project) => project),
  assignableUsers: ({ repo }, args, context) =>
    connection("assignableUsers", args, matching(peopleOf(context, repo), args.query), (person) => person),
  mentionableUsers: ({ repo }, args, context) =>
    connection("mentionableUsers", args, matching(peopleOf(context, repo), args.query), (person) => person),
  collaborators: ({ repo }, args, context) => {
    demandToken(context, repo, "metadata=read");
    if (!mayPush({ type: "Repository", repo }, context)) return null;
    return connection("collaborators", args, [...repo.collaborators], ([id]) => accountSource(context.world.user(id)), {
      edge: ([, role]) => ({ permission: role.toUpperCase() }),
    });
  },
  releases: ({ repo }, args, context) => {
    demandToken(context, repo, "contents=read");
    return connection(
      "releases",
      args,
      [...repo.releases.values()].filter((release) => !release.draft || mayPush({ type: "Repository", repo }, context)),
      (release) => releaseValue(context, repo, release.id),
    );
  },
  release: ({ repo }, args, context) => {
    demandToken(context, repo, "contents=read");
    const found = [...repo.releases.values()].find((release) => !release.draft && release.tagName === args.tagName);
    return found ? releaseValue(context, repo, found.id) : null;
  },
  languages: async ({ repo }, args, context) => {
    demandToken(context, repo, "contents=read");
    const sizes = Object.entries(await languagesOf(repo)).sort(([, a], [, b]) => b - a);
    return connection(
      "languages",
      args,
      sizes,
      ([name]) => ({ type: "Language", id: Buffer.from(`language:${name}`).toString("base64url"), name, color: null }),
      {
        edge: ([, size]) => ({ size }),
        extra: { totalSize: sizes.reduce((sum, [, size]) => sum + size, 0) },
      },
    );
  },
  latestRelease: ({ repo }, _args, context) => {
    demandToken(context, repo, "contents=read");
    const latest = [...repo.releases.values()].filter((release) => !release.draft && !release.prerelease).at(-1);
    return latest ? releaseValue(context, repo, latest.id) : null;
  },
  environments: ({ repo }, args) =>
    connection("environments", args, [...repo.environments.values()], (found) => ({
      id: found.nodeId,
      databaseId: found.id,
      name: found.name,
    })),
  branchProtectionRules: ({ repo }, args, context) =>
    connection(
      "branchProtectionRules",
      args,
      seesProtection(context, repo) ? [...repo.protections.values()] : [],
      (found) => protectionSource(repo, found),
    ),
  rulesets: ({ repo }, args, context) => {
    const found = rulesetsOf(context.world, repo).filter(
      (ruleset) => args.includeParents !== false || ruleset.sourceType === "Repository",
    );
    return connection("rulesets", args, found, (ruleset) => rulesetValue(context, ruleset));
  },
  codeowners: async ({ repo }, args, context) => {
    demandToken(context, repo, "contents=read");
    const git = gitOf(repo);
    const commit = await git.resolve(String(args.refName ?? repo.defaultBranch));
    const file = commit ? await loadCodeowners(git, commit) : undefined;
    return file ? { errors: ownersErrors(context.world, repo, file.path, file.text) } : null;
  },
  viewerPermission: ({ repo }, _args, { world, auth }) => roleOn(world, auth, repo)?.toUpperCase() ?? null,
  viewerCanAdminister: ({ repo }, _args, { world, auth }) => roleOn(world, auth, repo) === "admin",
  viewerCanUpdateTopics: ({ repo }, _args, { world, auth }) => roleOn(world, auth, repo) === "admin",
  viewerHasStarred: () => false,
  viewerSubscription: () => "UNSUBSCRIBED",
  viewerDefaultMergeMethod: ({ repo }) =>
    repo.settings.allow_merge_commit ? "MERGE" : repo.settings.allow_squash_merge ? "SQUASH" : "REBASE",
  viewerDefaultCommitEmail: (_source, _args, { auth }) => auth.user?.email ?? null,
  viewerPossibleCommitEmails: (_source, _args, { auth }) => (auth.user ? [auth.user.email] : null),
};

function releaseValue(context: GraphqlContext, repo: Repository, id: number): Record<string, unknown> | null {
  const release = repo.releases.get(id);
  return release
    ? {
        id: release.nodeId,
        databaseId: release.id,
        name: release.name,
        tagName: release.tagName,
        description: release.body,
        isDraft: release.draft,
        isPrerelease: release.prerelease,
        isLatest: [...repo.releases.values()].filter((found) => !found.draft && !found.prerelease).at(-1)?.id === id,
        createdAt: release.createdAt,
        publishedAt: release.publishedAt,
        updatedAt: release.createdAt,
        url: `${context.world.origin}/${context.world.fullName(repo)}/releases/tag/${release.tagName}`,
        author: accountById(context, release.authorId),
        repository: repositorySource(repo),
      }
    : null;
}

function matching<T extends { user: { login: string; name: string | null } }>(people: T[], query: unknown): T[] {
  const text = String(query ?? "").toLowerCase();
  return people.filter(
    ({ user }) => user.login.toLowerCase().includes(text) || (user.name ?? "").toLowerCase().includes(text),
  );
}

export const repositoryTypes = { Repository: repository };
