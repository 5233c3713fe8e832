import { Clock } from "./clock";
import { IdSource } from "./ids";
import type { App, Gist, Installation, Organization, Repository, Role, Team, User } from "./state";
import { TokenAuthority } from "./tokens";
import { AuditLog } from "./audit";
import type { Activities, Blobs, Webhooks } from "./services";

export interface Limits {
  /**
   * Requests an hour for each account; GitHub gives 5,000, a GitHub Enterprise Server none, which is what this default
   * amounts to.
   */
  core: number;
  search: number;
  graphql: number;
  unauthenticated: number;
  /** POST /credentials/revoke, for each address. */
  revocations: number;
  /** How long a revoked token still works after the 202. */
  revocationDelayMs: number;
  /** Content-creating requests a minute for each account before the secondary limit answers. */
  contentPerMinute: number;
}
export const DEFAULT_LIMITS: Limits = {
  core: 5_000_000,
  search: 1_000_000,
  graphql: 5_000_000,
  unauthenticated: 1_000_000,
  revocations: 60,
  revocationDelayMs: 0,
  contentPerMinute: 1_000_000,
};

/**
 * Everything the stand-in holds, and how to find things in it. Look-ups say undefined when there is nothing; who may
 * see what is decided elsewhere.
 */
export class World {
  readonly clock = new Clock();
  readonly ids = new IdSource();
  readonly tokens = new TokenAuthority(this.clock, this.ids);
  readonly users = new Map<number, User>();
  readonly orgs = new Map<number, Organization>();
  readonly teams = new Map<number, Team>();
  readonly repos = new Map<number, Repository>();
  readonly gists = new Map<string, Gist>();
  readonly apps = new Map<number, App>();
  readonly installations = new Map<number, Installation>();
  readonly limits: Limits = { ...DEFAULT_LIMITS };
  readonly audit = new AuditLog();
  /** Device codes that wait for a person: code to who has approved it. */
  readonly deviceCodes = new Map<
    string,
    { clientId: string; userCode: string; userId: number | null; until: number }
  >();
  /** Old `owner/name` in lower case to repository id: GitHub redirects after a rename or transfer. */
  readonly renamed = new Map<string, number>();
  webhooks!: Webhooks;
  activity!: Activities;
  blobs!: Blobs;
  /** Hooks of every bare repository. */
  hooksDir = "";

  /**
   * @param origin such as `http://127.0.0.1:4000`; all body URLs begin with it
   * @param blobOrigin stands for codeload and the blob hosts: serves time-limited URLs without authentication
   * @param gitRoot where new bare repositories are made
   */
  constructor(
    public origin: string,
    public blobOrigin: string,
    readonly gitRoot: string,
  ) {}

  get api(): string {
    return `${this.origin}/api/v3`;
  }

  userByLogin(login: string): User | undefined {
    const l = login.toLowerCase();
    for (const u of this.users.values()) if (u.login.toLowerCase() === l) return u;
    return undefined;
  }
  orgByLogin(login: string): Organization | undefined {
    const l = login.toLowerCase();
    for (const o of this.orgs.values()) if (o.login.toLowerCase() === l) return o;
    return undefined;
  }
  teamBySlug(orgId: number, slug: string): Team | undefined {
    const s = slug.toLowerCase();
    for (const t of this.teams.values()) if (t.orgId === orgId && t.slug === s) return t;
    return undefined;
  }
  teamsOf(orgId: number): Team[] {
    return [...this.teams.values()].filter((t) => t.orgId === orgId);
  }
  ownerLogin(repo: Repository): string {
    return this.ownerOf(repo.owner).login;
  }
  ownerOf(owner: { kind: "org" | "user"; id: number }): Organization | User {
    const found = owner.kind === "org" ? this.orgs.get(owner.id) : this.users.get(owner.id);
    if (!found) throw new Error(`no ${owner.kind} ${owner.id}`);
    return found;
  }
  orgOf(repo: Repository): Organization | undefined {
    return repo.owner.kind === "org" ? this.orgs.get(repo.owner.id) : undefined;
  }
  fullName(repo: Repository): string {
    return `${this.ownerLogin(repo)}/${repo.name}`;
  }

  /** By `owner/name`, whatever the case; names from before a rename are found too. */
  repoByName(owner: string, name: string): Repository | undefined {
    const key = `${owner}/${name}`.toLowerCase();
    for (const repo of this.repos.values()) if (this.fullName(repo).toLowerCase() === key) return repo;
    const old = this.renamed.get(key);
    return old === undefined ? undefined : this.repos.get(old);
  }
  reposOf(owner: { kind: "org" | "user"; id: number }): Repository[] {
    return [...this.repos.values()].filter((r) => r.owner.kind === owner.kind && r.owner.id === owner.id);
  }

  user(id: number): User {
    const user = this.users.get(id);
    if (!user) throw new Error(`no user ${id}`);
    return user;
  }

  /** A team and the teams above it: who is in a child team has what its parents have. */
  lineage(team: Team): Team[] {
    const chain: Team[] = [];
    for (
      let t: Team | undefined = team;
      t && !chain.includes(t);
      t = t.parentId === null ? undefined : this.teams.get(t.parentId)
    )
      chain.push(t);
    return chain;
  }

  /** Teams whose powers a user has, counting only those of organizations where the membership is active. */
  teamsOfUser(userId: number): Team[] {
    const found = new Set<Team>();
    for (const team of this.teams.values()) {
      if (team.members.has(userId) && this.orgs.get(team.orgId)?.memberships.get(userId)?.state === "active")
        for (const t of this.lineage(team)) found.add(t);
    }
    return [...found];
  }

  /** A team's role on a repository, its parents' included. */
  teamRole(team: Team, repoId: number): Role | undefined {
    return this.lineage(team)
      .map((t) => t.repos.get(repoId))
      .reduce<Role | undefined>((best, role) => stronger(best, role), undefined);
  }
}

const POWER: Record<Role, number> = { read: 0, triage: 1, write: 2, maintain: 3, admin: 4 };
export function stronger(a: Role | undefined, b: Role | undefined): Role | undefined {
  return !a ? b : !b ? a : POWER[a] >= POWER[b] ? a : b;
}
export function weaker(a: Role, b: Role): Role {
  return POWER[a] <= POWER[b] ? a : b;
}
export function atLeast(role: Role | undefined, wanted: Role): boolean {
  return role !== undefined && POWER[role] >= POWER[wanted];
}
