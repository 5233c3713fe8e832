import { ACTIONS_APP_ID, newCheckRun, newCheckSuite } from "../domain/actions";
import { settleAutoMerges } from "../domain/autoMerge";
import { gitOf } from "../domain/refs";
import { suggest } from "../routes/agents";
import type { OidcIssuer } from "../oidc";
import type { Organization, Permissions, Repository } from "../state";
import { TOKEN_KINDS, type Token, type TokenKind } from "../tokens";
import { DEFAULT_LIMITS, type Limits, type World } from "../world";
import { FaultList, parseFault } from "./faults";
import type { RateLimiter } from "./limits";
import { IncompleteLog, type RequestLog } from "./log";
import type { Reply } from "./context";

const DAY = 86_400_000;

/**
 * `/api/v3/_sandbox/…`: what only a rehearsal can do. It needs no credential and leaves no trace in the request log.
 */
export class Control {
  constructor(
    private readonly world: World,
    private readonly log: RequestLog,
    private readonly faults: FaultList,
    private readonly limiter: RateLimiter,
    private readonly oidc: OidcIssuer,
    /** Whose repositories are meant where a call names none. */
    private readonly seededOrganization: string,
  ) {}

  async handle(method: string, path: string, input: unknown): Promise<Reply> {
    const body = (typeof input === "object" && input !== null ? input : {}) as Record<string, unknown>;
    try {
      switch (`${method} ${path}`) {
        case "GET /requests":
          return { status: 200, body: this.log.list() };
        case "DELETE /requests":
          this.log.clear();
          return { status: 204 };
        case "GET /tokens":
          return { status: 200, body: this.world.tokens.list().map((t) => this.presentToken(t)) };
        case "POST /tokens":
          return { status: 201, body: this.mint(body) };
        case "GET /faults":
          return { status: 200, body: this.faults.list() };
        case "POST /faults":
          for (const fault of Array.isArray(input) ? input : [input]) this.faults.add(parseFault(fault));
          return { status: 201, body: { faults: this.faults.list().length } };
        case "DELETE /faults":
          this.faults.clear();
          return { status: 204 };
        case "POST /oidc": {
          const token = this.oidc.mint((body["claims"] as Record<string, unknown> | undefined) ?? body);
          return { status: 201, body: { token, value: token } };
        }
        case "GET /app":
          return { status: 200, body: this.app() };
        case "POST /device":
          return { status: 200, body: this.approveDevice(body) };
        case "GET /clock":
          return { status: 200, body: this.clock() };
        case "POST /clock":
          this.world.clock.advance(duration(body));
          return { status: 200, body: this.clock() };
        case "GET /limits":
          return { status: 200, body: { ...this.world.limits, concurrent: this.limiter.concurrent } };
        case "POST /limits":
          this.setLimits(body);
          return { status: 200, body: { ...this.world.limits, concurrent: this.limiter.concurrent } };
        case "DELETE /limits":
          Object.assign(this.world.limits, DEFAULT_LIMITS);
          this.limiter.concurrent = 1_000_000;
          this.limiter.reset();
          return { status: 204 };
        case "POST /checks":
          return { status: 201, body: await this.checked(body) };
        case "POST /suggestions":
          return { status: 201, body: this.suggestion(body) };
        case "PATCH /organization":
          return { status: 200, body: this.organization(body) };
        default:
          return { status: 404, body: { message: `the sandbox has no ${method} ${path}` } };
      }
    } catch (error) {
      if (error instanceof IncompleteLog) return { status: 507, body: { message: error.message } };
      if (error instanceof ControlError || error instanceof Error)
        return { status: 422, body: { message: error.message } };
      throw error;
    }
  }

  /** What another agent proposes for an issue: a label, or to close it. */
  private suggestion(body: Record<string, unknown>) {
    const [owner = "", name = ""] = String(body["repository"]).split("/");
    const repo = this.world.repoByName(owner, name);
    if (!repo) throw new ControlError(`no repository ${String(body["repository"])}`);
    return suggest(
      this.world,
      repo,
      Number(body["issue"]),
      body["label"] === undefined ? undefined : String(body["label"]),
    );
  }

  presentToken(t: Token) {
    const iso = (at: number | undefined): string | null => (at === undefined ? null : this.world.clock.iso(at));
    return {
      sha256: t.sha256,
      kind: t.kind,
      login: t.login,
      permissions: t.permissions,
      createdAt: iso(t.createdAt),
      expiresAt: iso(t.expiresAt),
      revokedAt: iso(t.revokedAt),
      alive: this.world.tokens.isAlive(t),
      scopes: t.scopes ?? null,
      repositories:
        t.repositories === "all"
          ? "all"
          : [...t.repositories]
              .map((id) => this.world.repos.get(id))
              .filter((r): r is Repository => r !== undefined)
              .map((r) => this.world.fullName(r)),
      grant: t.grant,
      lastUsedAt: iso(t.lastUsedAt),
      id: t.id,
    };
  }

  /** What a person does on GitHub's token page. */
  private mint(body: Record<string, unknown>) {
    const { world } = this;
    if (body["kind"] === "actions") return this.mintActions(body);
    const alias =
      body["kind"] === "fine-grained" || body["kind"] === undefined ? "personal-access-token" : body["kind"];
    if (!(TOKEN_KINDS as readonly unknown[]).includes(alias) || alias === "app-refresh-token")
      throw new ControlError(`kind: one of ${TOKEN_KINDS.filter((k) => k !== "app-refresh-token").join(", ")}`);
    const kind = alias as TokenKind;
    const app = [...world.apps.values()].find((a) => a.id !== ACTIONS_APP_ID)!;
    const installation = [...world.installations.values()].find((i) => i.appId === app.id)!;
    const user = kind === "app-installation" ? world.user(app.botUserId) : world.userByLogin(String(body["login"]));
    if (!user) throw new ControlError(`login: there is no account ${String(body["login"])}`);
    const org = world.orgByLogin(String(body["organization"] ?? this.seededOrganization));
    if (!org) throw new ControlError(`organization: there is none called ${String(body["organization"])}`);
    const scopes =
      kind === "classic" || kind === "ghes-impersonation"
        ? ((body["scopes"] ?? (Array.isArray(body["permissions"]) ? body["permissions"] : ["repo"])) as string[])
        : undefined;
    const asked = Array.isArray(body["permissions"]) ? undefined : (body["permissions"] as Permissions | undefined);
    const permissions = scopes ? {} : (asked ?? (kind === "personal-access-token" ? {} : installation.permissions));
    for (const [name, level] of Object.entries(permissions))
      if (!["read", "write", "admin"].includes(level))
        throw new ControlError(`permissions.${name}: read, write or admin`);
    const seconds = body["expiresInSeconds"];
    const days = body["expiresInDays"];
    const lifetimeMs = typeof seconds === "number" ? seconds * 1000 : typeof days === "number" ? days * DAY : undefined;
    const common = {
      userId: user.id,
      login: user.login,
      permissions,
      repositories: this.repositories(body["repositories"], org),
      ...(lifetimeMs === undefined ? {} : { lifetimeMs }),
      ...(scopes ? { scopes } : {}),
      ...(kind === "personal-access-token" ? { resourceOwnerId: org.id } : {}),
      ...(kind.startsWith("app-") ? { appId: app.id, installationId: installation.id } : {}),
      ...(typeof body["name"] === "string" ? { name: body["name"] } : {}),
    };
    if (kind === "app-user-token") {
      const { token, refreshToken, record } = world.tokens.mintPair({
        ...common,
        deviceFlow: body["deviceFlow"] === true,
      });
      return { token, refreshToken, expiresAt: world.clock.iso(record.expiresAt) };
    }
    const waits =
      kind === "personal-access-token" && org.patApprovalRequired && org.memberships.get(user.id)?.role !== "admin";
    const { token, record } = world.tokens.mint({ ...common, kind, ...(waits ? { grant: "pending" as const } : {}) });
    if (waits)
      world.webhooks.emit("personal_access_token_request", "created", {
        org,
        senderId: user.id,
        payload: {
          personal_access_token_request: {
            id: record.id,
            owner: { login: user.login },
            token_id: record.id,
            token_name: record.name,
          },
        },
      });
    return { token, expiresAt: record.expiresAt === undefined ? null : world.clock.iso(record.expiresAt) };
  }

  /**
   * The token that GitHub gives to a job, GITHUB_TOKEN: for one repository, with what its workflows get by default, or
   * with the `permissions` of the workflow file. It can never have what no workflow can ask for (the rights to
   * administer, and to change workflows).
   */
  private mintActions(body: Record<string, unknown>) {
    const { world } = this;
    const name = String(
      body["repository"] ?? (Array.isArray(body["repositories"]) ? body["repositories"][0] : undefined),
    );
    const repo = world.repoByName(String(body["organization"] ?? this.seededOrganization), name);
    if (!repo) throw new ControlError(`repository: there is no ${name}`);
    const defaults =
      repo.workflow.defaultWorkflowPermissions === "write"
        ? WORKFLOW_PERMISSIONS
        : { contents: "read", packages: "read" };
    const asked = (body["permissions"] ?? defaults) as Permissions;
    for (const [permission, level] of Object.entries(asked))
      if (!(permission in WORKFLOW_PERMISSIONS) || !["read", "write"].includes(level))
        throw new ControlError(`permissions.${permission}: a workflow cannot ask for this`);
    const bot = world.user(world.apps.get(ACTIONS_APP_ID)!.botUserId);
    const { token, record } = world.tokens.mint({
      kind: "app-installation",
      userId: bot.id,
      login: bot.login,
      name: "GITHUB_TOKEN",
      permissions: { ...asked, metadata: "read" },
      repositories: [repo.id],
      appId: ACTIONS_APP_ID,
    });
    return { token, expiresAt: world.clock.iso(record.expiresAt) };
  }

  private repositories(names: unknown, org: Organization): "all" | number[] {
    if (names === undefined || names === null || names === "all") return "all";
    if (!Array.isArray(names)) throw new ControlError("repositories: names, or all");
    return names.map((name) => {
      const [owner, short] = String(name).includes("/")
        ? (String(name).split("/") as [string, string])
        : [org.login, String(name)];
      const repo = this.world.repoByName(owner, short);
      if (!repo) throw new ControlError(`repositories: there is no ${owner}/${short}`);
      return repo.id;
    });
  }

  /** What a person does at /login/device: types the code and says yes. */
  private approveDevice(body: Record<string, unknown>) {
    const user = this.world.userByLogin(String(body["login"]));
    if (!user) throw new ControlError(`login: there is no account ${String(body["login"])}`);
    const waiting = [...this.world.deviceCodes.values()].find((d) => d.userCode === body["userCode"]);
    if (!waiting) throw new ControlError("userCode: no such code waits");
    waiting.userId = user.id;
    return { login: user.login };
  }

  private app() {
    const app = [...this.world.apps.values()].find((a) => a.id !== ACTIONS_APP_ID)!;
    const installation = [...this.world.installations.values()].find((i) => i.appId === app.id)!;
    return {
      id: app.id,
      slug: app.slug,
      clientId: app.clientId,
      clientSecret: app.clientSecret,
      installationId: installation.id,
      pem: app.pem,
    };
  }
  private clock() {
    return { now: new Date(this.world.clock.now()).toISOString(), offsetMs: this.world.clock.offsetMs };
  }

  private setLimits(body: Record<string, unknown>): void {
    for (const [name, value] of Object.entries(body)) {
      if (typeof value !== "number" || !(value >= 0)) throw new ControlError(`${name}: a number from 0`);
      if (name === "concurrent") this.limiter.concurrent = value;
      else if (name in DEFAULT_LIMITS) this.world.limits[name as keyof Limits] = value;
      else throw new ControlError(`${name}: one of ${[...Object.keys(DEFAULT_LIMITS), "concurrent"].join(", ")}`);
    }
    this.limiter.reset();
  }

  private async checked(body: Record<string, unknown>) {
    const made = await this.check(body);
    await settleAutoMerges(this.world);
    return made;
  }

  /** A check run as if an App had reported it: CI that fails, is slow, or is somebody else's. */
  private async check(body: Record<string, unknown>) {
    const repo = this.world.repoByName(String(body["owner"] ?? this.seededOrganization), String(body["repo"]));
    if (!repo) throw new ControlError("repo: no such repository");
    const sha = await gitOf(repo).resolve(String(body["sha"] ?? body["ref"] ?? repo.defaultBranch));
    if (!sha) throw new ControlError("ref: no such commit");
    const conclusion = String(body["conclusion"] ?? "success");
    const suite = newCheckSuite(this.world, repo, Number(body["appId"] ?? ACTIONS_APP_ID), sha, null);
    const run = newCheckRun(
      this.world,
      repo,
      suite,
      String(body["context"] ?? "ci"),
      conclusion === "in_progress"
        ? { status: "in_progress" }
        : { status: "completed", conclusion, completedAt: this.world.clock.iso() },
    );
    return { id: run.id, sha };
  }

  /** Settings of an organization that GitHub has on web pages only. */
  private organization(body: Record<string, unknown>) {
    const org = this.world.orgByLogin(String(body["organization"] ?? this.seededOrganization));
    if (!org) throw new ControlError("organization: there is none of that name");
    if (typeof body["patApprovalRequired"] === "boolean") org.patApprovalRequired = body["patApprovalRequired"];
    if (typeof body["classicPatAllowed"] === "boolean") org.classicPatAllowed = body["classicPatAllowed"];
    if (body["plan"] !== undefined) {
      const plan = PLANS.find((known) => known === body["plan"]);
      if (!plan) throw new ControlError(`plan: one of ${PLANS.join(", ")}`);
      org.plan = plan;
    }
    return { patApprovalRequired: org.patApprovalRequired, classicPatAllowed: org.classicPatAllowed, plan: org.plan };
  }
}

class ControlError extends Error {}

const PLANS = ["free", "team", "enterprise"] as const;

/** What `permissions` of a workflow file can ask for, with the most of each. */
const WORKFLOW_PERMISSIONS: Permissions = {
  actions: "write",
  checks: "write",
  contents: "write",
  deployments: "write",
  issues: "write",
  packages: "write",
  pages: "write",
  pull_requests: "write",
  security_events: "write",
  statuses: "write",
};

function duration(body: Record<string, unknown>): number {
  const units: Record<string, number> = {
    advanceMs: 1,
    advanceSeconds: 1000,
    advanceMinutes: 60_000,
    advanceHours: 3_600_000,
    advanceDays: DAY,
  };
  const named = Object.entries(body).find(([name, value]) => name in units && typeof value === "number" && value >= 0);
  if (!named) throw new ControlError(`one of ${Object.keys(units).join(", ")}, a number from 0`);
  return (named[1] as number) * units[named[0]]!;
}
