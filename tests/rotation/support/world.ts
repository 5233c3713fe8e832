import { generateKeyPairSync, randomBytes } from "node:crypto";
import type { Effects, Fetch, Progress } from "../../../rotation/effects";
import { GateControl } from "../../../rotation/gateControl";
import { resume, rotate, type Outcome, type RotationDeps, type StartRequest } from "../../../rotation/machine";
import { minterFor } from "../../../rotation/minters";
import { kvStore } from "../../../rotation/stores/kv";
import { openRecord, sealingKey } from "../../../edge/sealing";
import { vaultStore } from "../../../rotation/stores/vault";
import { VaultSession } from "../../../rotation/stores/vaultSession";
import { readJournal, type Journal, type Slot } from "../../../rotation/journal";
import type { RotationPlan } from "../../../rotation/plan";
import type { NotifyAdapter } from "../../../rotation/notify/types";
import { GateModel } from "./gateModel";
import { GitHubModel, type Incoming, type ModelToken, type Reply } from "./githubModel";
import { VaultModel } from "./vaultModel";

export const KINDS = ["personal-access-token", "app-user-token", "app-installation", "ghes-impersonation"] as const;
export type Kind = (typeof KINDS)[number];
export const STORES = ["vault", "kv"] as const;
export type StoreKind = (typeof STORES)[number];

/** How long the gate holds a request whose token GitHub has just refused, waiting for the store to show another. */
const BRIDGE_MS = 5_000;

let pem: string | undefined;
/** One RSA key for all worlds: making one takes longer than a run. PKCS#1, as GitHub hands it out. */
export const appKey = (): string =>
  (pem ??= generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  }).privateKey);

export function planFor(kind: Kind, change: Partial<RotationPlan> = {}): RotationPlan {
  const credential =
    kind === "personal-access-token" || kind === "ghes-impersonation"
      ? ({ kind, expiryDays: 30 } as const)
      : kind === "app-user-token"
        ? ({ kind, clientId: "Iv1.model", expiryDays: 180 } as const)
        : ({ kind, appId: 7, installationId: 11 } as const);
  return {
    organization: "acme",
    login: "claude-bot",
    kind,
    credential,
    permissions: { contents: "write", metadata: "read", pull_requests: "write" },
    scopes: kind === "ghes-impersonation" ? ["repo"] : [],
    repositories: [
      { name: "api", access: "write" },
      { name: "docs", access: "read" },
    ],
    endpoints: { origin: "http://github", api: "http://github/api/v3" },
    everyDays: 30,
    expiryDays: "expiryDays" in credential && kind !== "app-user-token" ? 30 : undefined,
    graceMinutes: 10,
    cacheSeconds: 5,
    remindDays: 7,
    gateKeyOverlapHours: 24,
    repository: undefined,
    notify: [],
    alertWebhook: undefined,
    ...change,
  };
}

/** What a fault does to one call of a rotator. */
export interface FaultKind {
  readonly name: string;
  /** Which systems it can hit. */
  readonly on?: (host: string, call: Incoming) => boolean;
  /** Whether the call takes effect before it fails. */
  readonly reaches: boolean;
  readonly answer?: Reply;
  /** Without an answer: the error of the connection. */
  readonly error?: "TimeoutError" | "TypeError";
  /** The rotator is dead from here on. */
  readonly kills?: boolean;
  /** How many calls to the same system fail. */
  readonly times: number;
}

/** GitHub, a token store and a gate in one process, under a clock that only sleeping moves. */
export class World {
  clock = Date.UTC(2026, 0, 1);
  readonly github = new GitHubModel(() => this.clock);
  readonly vault = new VaultModel();
  readonly gate: GateModel;
  readonly tokenKey = randomBytes(32).toString("base64");
  /** Of the journal, which the gate cannot read. */
  readonly rotatorKey = randomBytes(32).toString("base64");
  readonly said: Progress[] = [];
  readonly delivered: unknown[] = [];
  readonly agent = { sent: 0, failed: [] as string[] };
  /** The authorizations of an app user token at the end, for the table of outcomes. */
  slots: Partial<Record<string, Slot>> = {};
  /** Stops a rotator before each of its calls, for tests that decide who goes on. */
  turn: ((rotator: Rotator) => Promise<FaultKind | undefined>) | undefined;
  /** Called before and after every call of a rotator: the agent's stream runs there. */
  traffic = true;
  readonly plan: RotationPlan;

  constructor(
    readonly kind: Kind,
    readonly store: StoreKind,
    change: Partial<RotationPlan> = {},
  ) {
    this.plan = planFor(kind, change);
    this.gate = new GateModel(
      this.github,
      () => this.currentToken(),
      () => this.clock,
      this.plan.cacheSeconds * 1000,
    );
  }

  async currentToken(): Promise<string | undefined> {
    if (this.store === "vault") return this.vault.current("github/claude-bot")?.token;
    const cell = this.gate.cells.get("token");
    return cell && (await openRecord(await sealingKey(this.tokenKey), cell.value)).content.token;
  }

  async journal(): Promise<Journal> {
    if (this.store === "vault") return readJournal(this.vault.current("github/claude-bot-rotation"));
    const cell = this.gate.cells.get("token-rotation");
    return readJournal(cell && (await openRecord(await sealingKey(this.rotatorKey), cell.value)).content);
  }

  current(token: string | undefined): ModelToken | undefined {
    return this.github.tokens.find((t) => t.token === token);
  }

  async send(url: string, init: Parameters<Fetch>[1]): Promise<Reply> {
    const { host, call } = incoming(url, init);
    return host === "github"
      ? this.github.handle(call)
      : host === "vault"
        ? this.vault.handle(call)
        : this.gate.handle(call);
  }

  /** Requests that the gate holds, because GitHub refused its token and the store has no other yet; when each came. */
  held: number[] = [];
  longestHold = 0;

  async agentRequest(): Promise<void> {
    if (!this.traffic) return;
    this.agent.sent += 1;
    const arrived = [...this.held, this.clock];
    this.held = [];
    for (const at of arrived) {
      const { status } = await this.gate.request();
      this.longestHold = Math.max(this.longestHold, this.clock - at);
      if (status === 401 && this.clock - at <= BRIDGE_MS) this.held.push(at);
      else if (status !== 200) this.agent.failed.push(`${status} at ${new Date(this.clock).toISOString()}`);
    }
  }

  /** A rotator process of its own: its calls can fail, and it can die. */
  rotator(
    options: {
      fault?: FaultKind;
      at?: number;
      onCall?: (host: string, call: Incoming, n: number) => void;
      grantless?: boolean;
    } = {},
  ): Rotator {
    return new Rotator(this, options);
  }

  /** A token as a person makes it on GitHub's page. */
  personMakes(): string {
    return this.github.mint("personal-access-token").token;
  }

  /** What a rotation is started with: kinds that need a person get a new token. */
  start(reason = "test"): StartRequest {
    return this.kind === "personal-access-token" ? { reason, supplied: this.personMakes() } : { reason };
  }

  /** The first token, placed while nobody uses the gate yet. */
  async bootstrap(): Promise<void> {
    this.traffic = false;
    let start: StartRequest = this.start("first");
    if (this.kind === "app-user-token") {
      const a = this.github.mintPair();
      const b = this.github.mintPair();
      const slot = (p: typeof a) => ({
        refreshToken: p.refresh.token,
        refreshExpiresAt: "",
        accessSha256: p.access.sha256,
        state: "ok" as const,
      });
      const rotator = this.rotator();
      await rotator.run({ reason: "first", supplied: a.access.token, slot: { name: "a", value: slot(a) } });
      const deps = rotator.deps();
      const state = await deps.store.journal.read();
      const journal = readJournal(state.data);
      await deps.store.journal.write(
        { journal: JSON.stringify({ ...journal, slots: { ...journal.slots, b: slot(b) } }) },
        state.version,
      );
      start = { reason: "first", supplied: a.access.token };
    }
    const outcome = await this.rotator().run(start);
    if (outcome.result !== "finished" && outcome.result !== "nothing") throw new Error(`bootstrap: ${outcome.says}`);
    this.traffic = true;
  }
}

export class Rotator {
  calls = 0;
  dead = false;
  readonly log: string[] = [];
  #left: number;
  #host: string | undefined;
  readonly #deps: RotationDeps;

  constructor(
    private readonly world: World,
    private readonly options: {
      fault?: FaultKind;
      at?: number;
      onCall?: (host: string, call: Incoming, n: number) => void;
    },
  ) {
    this.#left = options.fault?.times ?? 0;
    const effects: Effects = {
      fetch: (url, init) => this.#fetch(url, init),
      now: () => world.clock,
      sleep: async (ms) => {
        if (!this.dead) {
          for (let left = ms; left > 0; left -= 1000) {
            world.clock += Math.min(left, 1000);
            await world.agentRequest();
          }
        }
      },
      report: (event) => {
        world.said.push(event);
      },
    };
    const gate = new GateControl(effects, "http://gate", "gop_model");
    const session = new VaultSession(effects, "http://vault", { kind: "token", token: "model-vault-token" });
    const adapter: NotifyAdapter = {
      name: "runtime",
      deliver: async (message) => {
        if (this.dead) throw new Error("dead");
        world.delivered.push(message);
      },
    };
    this.#deps = {
      effects,
      plan: world.plan,
      gate,
      rotatorId: randomBytes(4).toString("hex"),
      adapters: [adapter],
      minter: minterFor(effects, world.plan, {
        appPrivateKey: appKey(),
        appClientSecret: "model",
        siteAdminToken: world.github.siteAdmin,
      }),
      store:
        world.store === "vault"
          ? vaultStore(session, "agents", "github/claude-bot")
          : kvStore(gate.storage(), { token: world.tokenKey, rotator: world.rotatorKey }),
    };
  }

  deps(): RotationDeps {
    return this.#deps;
  }
  run(start: StartRequest): Promise<Outcome> {
    return rotate(this.#deps, start);
  }
  resume(): Promise<Outcome> {
    return resume(this.#deps);
  }

  async #fetch(url: string, init: Parameters<Fetch>[1]): ReturnType<Fetch> {
    if (this.dead) throw new TypeError("the process is dead");
    const { host, call } = incoming(url, init);
    const n = this.calls;
    this.calls += 1;
    this.options.onCall?.(host, call, n);
    this.log.push(`${host} ${call.method} ${call.path}`);
    await this.world.agentRequest();
    const drawn = await this.world.turn?.(this);
    if (drawn) return this.#strike(drawn, url, init);
    const { fault, at = 0 } = this.options;
    const hit =
      fault !== undefined &&
      this.#left > 0 &&
      n >= at &&
      (this.#host === undefined || this.#host === host) &&
      (n > at || (fault.on?.(host, call) ?? true));
    if (!hit) {
      if (fault && n === at) this.#left = 0; // it does not apply to this call
      return response(await this.world.send(url, init));
    }
    this.#left -= 1;
    this.#host = host;
    return this.#strike(fault, url, init);
  }

  async #strike(fault: FaultKind, url: string, init: Parameters<Fetch>[1]): ReturnType<Fetch> {
    if (fault.reaches) await this.world.send(url, init);
    if (fault.kills) this.dead = true;
    if (fault.answer) return response(fault.answer);
    const error = new Error("fault");
    error.name = fault.error ?? "TypeError";
    throw error;
  }
}

function incoming(url: string, init: Parameters<Fetch>[1]): { host: string; call: Incoming } {
  const u = new URL(url);
  const json = init.headers["content-type"]?.includes("json");
  const body =
    init.body === undefined
      ? {}
      : json
        ? (JSON.parse(init.body) as Record<string, unknown>)
        : Object.fromEntries(new URLSearchParams(init.body));
  return {
    host: u.hostname,
    call: { method: init.method, path: u.pathname, query: u.searchParams, headers: init.headers, body },
  };
}

function response(reply: Reply): Awaited<ReturnType<Fetch>> {
  const headers = new Headers(reply.headers);
  const text = reply.body === undefined ? "" : typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body);
  return { status: reply.status, headers, text: () => Promise.resolve(text) };
}

export type { Incoming };
