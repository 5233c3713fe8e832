import { ACTIONS_APP_ID, startRun, workflowAt } from "./domain/actions";
import { newRepository, ORGANIZATION_DEFAULTS } from "./domain/repositories";
import { openIssue } from "./domain/issues";
import { GitRepository } from "./git/repository";
import { runGit } from "./git/run";
import { nodeId } from "./ids";
import { noreply } from "./present/commits";
import type { App, Organization, Permissions, Repository, Team, User } from "./state";
import { randomText } from "./tokens";
import type { World } from "./world";
import { newRsaKey } from "./oidc";

/** Permissions of the seeded App, as wide as Gatehouse could ever narrow them from. */
const APP_PERMISSIONS: Permissions = {
  actions: "read",
  administration: "write",
  checks: "read",
  contents: "write",
  issues: "write",
  members: "read",
  metadata: "read",
  organization_personal_access_token_requests: "write",
  organization_personal_access_tokens: "write",
  pull_requests: "write",
  statuses: "read",
  workflows: "write",
};

export interface Seeded {
  organization: Organization;
  admin: User;
  app: App;
  installationId: number;
}

/** What is there before Gatehouse comes. An environment of Gatehouse is one; so is any object with these fields. */
export interface Seed {
  readonly organization: string;
  readonly plan: Organization["plan"];
  readonly agent: {
    readonly machineUser: string;
    readonly credential:
      | { readonly kind: "personal-access-token" | "ghes-impersonation" }
      | { readonly kind: "app-user-token"; readonly clientId: string }
      | { readonly kind: "app-installation"; readonly appId: number; readonly installationId: number };
  };
  readonly review: { readonly team: string; readonly securityTeam?: string | undefined };
  readonly repositories: readonly {
    readonly name: string;
    readonly defaultBranch: string;
    readonly visibility: Repository["visibility"];
    readonly reviewers: readonly string[];
  }[];
}

/**
 * The organization as it is before Gatehouse comes: people, teams of reviewers, repositories with history. The machine
 * user has an account and nothing else: no membership, no team. Two repositories of the organization are in no posture,
 * and another organization has one that must stay out of reach.
 */
export async function seed(world: World, environment: Seed, hooksDir: string): Promise<Seeded> {
  const org = newOrganization(world, environment.organization, environment.plan);
  // An impersonation token can do whatever its account can, so an update asks for these to be off.
  if (environment.agent.credential.kind === "ghes-impersonation")
    Object.assign(org, { membersCanForkPrivateRepositories: false, membersCanCreateRepositories: false });
  const admin = newUser(world, `${environment.organization}-admin`, "Organization Admin", true);
  const [one, two, security] = [
    newUser(world, "reviewer-one", "Reviewer One"),
    newUser(world, "reviewer-two", "Reviewer Two"),
    newUser(world, "security-one", "Security One"),
  ] as const;
  newUser(world, environment.agent.machineUser, null);
  join_(world, org, admin, "admin");
  for (const user of [one, two, security]) join_(world, org, user, "member");

  const listed: Repository[] = [];
  for (const [i, r] of environment.repositories.entries()) {
    const repo = await plantRepository(world, org, {
      name: r.name,
      branch: r.defaultBranch,
      visibility: r.visibility,
      authors: [one, two],
      owners: i === 0 ? `* @${org.login}/${environment.review.team}\n` : undefined,
      hooksDir,
    });
    await addHistory(world, repo, one);
    listed.push(repo);
  }
  const names = new Set(environment.repositories.map((r) => r.name));
  if (!names.has("secrets"))
    await plantRepository(world, org, {
      name: "secrets",
      branch: "main",
      visibility: "private",
      authors: [security],
      canary: "CANARY-UNLISTED-REPOSITORY",
      hooksDir,
    });
  if (!names.has("public-site"))
    await plantRepository(world, org, {
      name: "public-site",
      branch: "main",
      visibility: "public",
      authors: [one],
      hooksDir,
    });

  const securityTeam = environment.review.securityTeam ?? environment.review.team;
  const teams = new Map<string, Team>();
  const team = (slug: string): Team => {
    const t = teams.get(slug) ?? newTeam(world, org, slug);
    teams.set(slug, t);
    return t;
  };
  for (const [i, r] of environment.repositories.entries())
    for (const slug of [...r.reviewers, environment.review.team, securityTeam])
      team(slug).repos.set(listed[i]!.id, "write");
  for (const t of teams.values())
    for (const user of t.slug === securityTeam && securityTeam !== environment.review.team ? [security] : [one, two])
      t.members.set(user.id, { userId: user.id, role: "member" });
  if (securityTeam === environment.review.team)
    team(securityTeam).members.set(security.id, { userId: security.id, role: "member" });

  const other = newOrganization(world, "other-org", "team");
  const stranger = newUser(world, "other-admin", "Other Admin");
  join_(world, other, stranger, "admin");
  await plantRepository(world, other, {
    name: "vault",
    branch: "main",
    visibility: "private",
    authors: [stranger],
    canary: "CANARY-OTHER-ORGANIZATION",
    hooksDir,
  });

  const credential = environment.agent.credential;
  const app = await newApp(
    world,
    org,
    credential.kind === "app-installation" ? credential.appId : 424_242,
    credential.kind === "app-user-token" ? credential.clientId : "Iv23liGatehouseSandbox",
  );
  const installationId = credential.kind === "app-installation" ? credential.installationId : 515_151;
  const now = world.clock.iso();
  world.installations.set(installationId, {
    id: installationId,
    appId: app.id,
    account: { kind: "org", id: org.id },
    permissions: app.permissions,
    repositorySelection: "selected",
    repositoryIds: new Set(listed.map((r) => r.id)),
    createdAt: now,
    updatedAt: now,
  });
  addActionsApp(world, admin);
  return { organization: org, admin, app, installationId };
}

function newUser(
  world: World,
  login: string,
  name: string | null,
  siteAdmin = false,
  type: User["type"] = "User",
): User {
  const id = world.ids.next();
  const user: User = {
    id,
    nodeId: nodeId(type === "Bot" ? "bot" : "user", id),
    login,
    type,
    name,
    email: `${login}@users.example.com`,
    siteAdmin,
    createdAt: "2025-03-01T09:00:00Z",
    updatedAt: "2025-03-01T09:00:00Z",
    keys: [],
    gpgKeys: [],
  };
  world.users.set(id, user);
  return user;
}

function newOrganization(world: World, login: string, plan: Organization["plan"]): Organization {
  const id = world.ids.next();
  const org: Organization = {
    ...ORGANIZATION_DEFAULTS(),
    id,
    nodeId: nodeId("organization", id),
    login,
    name: login,
    billingEmail: `billing@${login}.example.com`,
    plan,
    createdAt: "2025-03-01T09:00:00Z",
    updatedAt: "2025-03-01T09:00:00Z",
  };
  world.orgs.set(id, org);
  return org;
}

function join_(world: World, org: Organization, user: User, role: "admin" | "member"): void {
  const at = "2025-03-02T09:00:00Z";
  org.memberships.set(user.id, {
    userId: user.id,
    role,
    state: "active",
    invitedBy: null,
    createdAt: at,
    updatedAt: at,
  });
}

function newTeam(world: World, org: Organization, slug: string): Team {
  const id = world.ids.next();
  const at = "2025-03-03T09:00:00Z";
  const team: Team = {
    id,
    nodeId: nodeId("team", org.id, id),
    orgId: org.id,
    name: slug,
    slug,
    description: null,
    privacy: "closed",
    notificationSetting: "notifications_enabled",
    permission: "pull",
    parentId: null,
    members: new Map(),
    repos: new Map(),
    createdAt: at,
    updatedAt: at,
  };
  world.teams.set(id, team);
  return team;
}

async function newApp(world: World, org: Organization, id: number, clientId: string): Promise<App> {
  const bot = newUser(world, "gatehouse-sandbox[bot]", null, false, "Bot");
  const app: App = {
    id,
    nodeId: nodeId("app", id),
    slug: "gatehouse-sandbox",
    name: "Gatehouse Sandbox",
    clientId,
    clientSecret: randomText(40),
    ownerId: org.id,
    pem: await newRsaKey(),
    botUserId: bot.id,
    permissions: { ...APP_PERMISSIONS },
    events: ["push", "pull_request"],
    createdAt: "2025-03-04T09:00:00Z",
  };
  world.apps.set(id, app);
  return app;
}

/** GitHub Actions itself is an App; required checks are pinned to it. */
function addActionsApp(world: World, owner: User): void {
  const bot = newUser(world, "github-actions[bot]", null, false, "Bot");
  world.apps.set(ACTIONS_APP_ID, {
    id: ACTIONS_APP_ID,
    nodeId: nodeId("app", ACTIONS_APP_ID),
    slug: "github-actions",
    name: "GitHub Actions",
    clientId: "Iv1.actions",
    clientSecret: randomText(40),
    ownerId: owner.id,
    pem: "",
    botUserId: bot.id,
    permissions: { checks: "write" },
    events: [],
    createdAt: "2018-07-30T09:30:17Z",
  });
}

interface Planting {
  name: string;
  branch: string;
  visibility: Repository["visibility"];
  authors: readonly User[];
  owners?: string | undefined;
  canary?: string;
  hooksDir: string;
}

const CI_WORKFLOW = `name: CI
on:
  push:
  pull_request:
permissions:
  contents: read
jobs:
  ci:
    runs-on: ubuntu-latest
    steps:
      - run: node src/index.js
`;

/**
 * A repository with five commits by people, a workflow and a tag. Times are fixed, so that hashes are the same in every
 * run.
 */
async function plantRepository(world: World, org: Organization, plant: Planting): Promise<Repository> {
  const repo = newRepository(world, { kind: "org", id: org.id }, plant.name, plant.visibility, plant.branch);
  await GitRepository.init(repo.gitDir, plant.branch, plant.hooksDir);
  const files: [string, string, string][] = [
    [
      "Begin",
      "README.md",
      `# ${plant.name}\n\nThe ${plant.name} of ${org.login}.${plant.canary ? `\n\n${plant.canary}` : ""}\n`,
    ],
    [
      "Add the greeting",
      "src/index.js",
      `const { greeting } = require("./greeting");\n\nconsole.log(greeting("${plant.name}"));\n`,
    ],
    [
      "Say hello to whoever asks",
      "src/greeting.js",
      "/** A friendly sentence. */\nexports.greeting = (name) => `Hello, ${name}!`;\n",
    ],
    ["Check every change", ".github/workflows/ci.yml", CI_WORKFLOW],
    [
      "Document how to contribute",
      "docs/contributing.md",
      "# Contributing\n\nOpen a pull request; two people look at it.\n",
    ],
    ...(plant.owners ? [["Name the owners", "CODEOWNERS", plant.owners] as [string, string, string]] : []),
  ];
  let stream = "";
  files.forEach(([message, path, content], i) => {
    const author = plant.authors[i % plant.authors.length]!;
    const who = `${author.name ?? author.login} <${noreply(author)}> ${1_767_600_000 + i * 86_400} +0000`;
    stream += `commit refs/heads/${plant.branch}\nauthor ${who}\ncommitter ${who}\n`;
    stream += `data ${Buffer.byteLength(message) + 1}\n${message}\n\nM 100644 inline ${path}\ndata ${Buffer.byteLength(content)}\n${content}\n`;
    if (i === 2) stream += `reset refs/tags/v1.0.0\nfrom refs/heads/${plant.branch}\n\n`;
  });
  await runGit(["--git-dir", repo.gitDir, "fast-import", "--quiet"], { input: stream });
  repo.pushedAt = world.clock.iso((1_767_600_000 + (files.length - 1) * 86_400) * 1000);
  return repo;
}

/** What a repository in use has beside its code: an open issue, a release, a finished run. */
async function addHistory(world: World, repo: Repository, author: User): Promise<void> {
  openIssue(world, repo, {
    userId: author.id,
    viaAppId: null,
    title: "The greeting forgets the comma",
    body: "Expected `Hello, world!`.",
    labels: ["bug"],
  });
  const git = new GitRepository(repo.gitDir);
  const [head, tag] = [(await git.resolve("HEAD"))!, (await git.resolve("v1.0.0"))!];
  const id = world.ids.next();
  const at = "2026-01-08T08:00:00Z";
  const asset = world.ids.next();
  repo.releases.set(id, {
    id,
    nodeId: nodeId("release", repo.id, id),
    tagName: "v1.0.0",
    target: tag,
    name: "v1.0.0",
    body: "First release.",
    draft: false,
    prerelease: false,
    authorId: author.id,
    createdAt: at,
    publishedAt: at,
    assets: [
      {
        id: asset,
        nodeId: nodeId("asset", repo.id, asset),
        name: `${repo.name}-1.0.0.txt`,
        label: null,
        contentType: "text/plain",
        content: Buffer.from(`${repo.name} 1.0.0\n`),
        uploaderId: author.id,
        downloads: 0,
        createdAt: at,
        updatedAt: at,
      },
    ],
  });
  startRun(world, repo, workflowAt(world, repo, ".github/workflows/ci.yml", "CI"), {
    event: "push",
    branch: repo.defaultBranch,
    sha: head,
    actorId: author.id,
    jobs: ["ci"],
  });
}
