import { createCipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";
import type { Readable } from "node:stream";
import { Miniflare } from "miniflare";
import { endpoints } from "../../../infra/model/endpoints";
import { environmentSchema, type Environment } from "../../../infra/model/schema";
import { type GatePolicy } from "../../../gate/policy";
import { compilePolicy } from "../../../infra/plans/gatePolicy";
import { environment } from "../../gate/support/policy";
import type { GateName } from "./types";

/** Secrets of one rig: made up in every run, of the right form. */
export interface Secrets {
  readonly key: string;
  readonly oldKey: string;
  readonly operatorKey: string;
  readonly issuerKey: string;
  readonly token: string;
}

export interface GateSources {
  /** The gate's module, as deployed or with a guard taken out. */
  readonly worker: string;
  readonly ledger: string;
}

export interface World {
  readonly github: string;
  readonly hostile: string;
  readonly vaults: string;
  readonly downloadHost: string;
  readonly repositories: readonly { readonly name: string; readonly id: number; readonly nodeId: string }[];
}

const COMPATIBILITY = "2026-03-01";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("base64url");
const made = (prefix: string): string => prefix + randomBytes(32).toString("base64url");

export function makeSecrets(token: string): Secrets {
  return { key: made("ghk_"), oldKey: made("ghk_"), operatorKey: made("gop_"), issuerKey: made("gsi_"), token };
}

/**
 * The environment of the corpus: one repository to write, one to read; limits out of the way unless a gate is about
 * them.
 */
export function corpusEnvironment(gate: Record<string, unknown> = {}): Environment {
  return environmentSchema.parse(
    environment({
      requestsPerMinute: 100_000,
      requestsPerHour: 1_000_000,
      writesPerMinute: 10_000,
      bytesPerHour: 1_000_000_000_000,
      maxBodyBytes: 262_144,
      maxPushBytes: 1_000_000,
      maxPushObjects: 200,
      maxDownloadBytes: 2_000_000,
      ...gate,
    }),
  );
}

/** What looks like a token and is allowed by its value. */
export const ALLOWED_TOKEN = `ghp_${createHash("sha256").update("allowed in the corpus").digest("hex").slice(0, 36)}`;
const dayFromNow = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const ALLOWED_SECRETS = [
  { sha256: createHash("sha256").update(ALLOWED_TOKEN).digest("hex"), reason: "made up", until: dayFromNow(2) },
  { repository: "api", path: "/fixtures/", reason: "made-up keys", until: dayFromNow(2) },
  { repository: "api", path: "/old/", reason: "made-up keys once", until: dayFromNow(-2) },
  { repository: "docs", path: "/pages/", reason: "another repository's", until: dayFromNow(2) },
];

/** A canary token, of which the environment has the hash alone, and a secret of the organization's own form. */
export const CANARY_TOKEN = `decoy.${createHash("sha256").update("canary of the corpus").digest("hex").slice(0, 40)}`;
export const OWN_SECRET = `acme_live_${createHash("sha256").update("own form of the corpus").digest("hex").slice(0, 32)}`;
const SEARCHED = {
  secretPatterns: [
    { name: "acme-key", expression: "\\bacme_(?:live|test)_[a-f0-9]{32}\\b" },
    { name: "case-number", expression: "CASE-\\d{4}-\\d{6}" },
  ],
  canaryTokens: [{ name: "wiki-decoy", sha256: createHash("sha256").update(CANARY_TOKEN).digest("hex") }],
  alertOnlySecrets: ["case-number"],
};

type Bindings = Record<string, unknown>;

interface Recipe {
  readonly upstream?: "hostile";
  readonly gate?: Record<string, unknown>;
  readonly policy?: (policy: GatePolicy) => unknown;
  readonly bindings?: (base: Bindings, world: World) => Bindings;
  /** What is in the token namespace; `none` leaves the namespace away. */
  readonly kv?: "token" | "expired" | "garbled" | "empty" | "none";
  readonly ledger?: keyof typeof LEDGERS | "none";
  readonly noArchive?: boolean;
}

/** Classes of ledgers that do not do what they should, below. */
const LEDGERS = { throwing: "Throwing", silent: "Silent", garbled: "Garbled", losing: "Losing" } as const;

const vault = (mode: string): Recipe => ({
  bindings: (base, world) => ({
    ...base,
    VAULT_SECRET_ID: "secret-id",
    TOKEN_STORE: {
      kind: "vault",
      address: mode === "closed" ? "http://127.0.0.1:1" : `${world.vaults}/${mode}`,
      mount: "agents",
      path: "github/claude-bot",
      authMount: "gatehouse-gate",
      roleId: "role",
    },
  }),
});

const RECIPES: Readonly<Record<GateName, Recipe>> = {
  main: {},
  hostile: { upstream: "hostile", gate: { upstreamTimeoutSeconds: 1 } },
  lfs: { upstream: "hostile", gate: { lfs: "proxy" } },
  "closed-routes": {
    gate: { lfs: "proxy" },
    policy: (policy) => ({
      ...policy,
      routes: { read: policy.routes.read.filter((id) => id !== "graphql.query"), write: [] },
    }),
  },
  mcp: { gate: { mcp: true, ...SEARCHED } },
  "mcp-hostile": { upstream: "hostile", gate: { mcp: true } },
  "mcp-reads": { gate: { mcp: true }, policy: (policy) => ({ ...policy, routes: { ...policy.routes, write: [] } }) },
  "limited-mcp": { gate: { mcp: true, requestsPerMinute: 12 } },
  denied: { upstream: "hostile", gate: { lfs: "proxy" } },
  allowing: { gate: { allowedSecrets: ALLOWED_SECRETS, ...SEARCHED } },
  stopped: {},
  // With its keys in words: it differs from the others by what becomes of one.
  "ended-key": { bindings: (base) => base },
  sessions: {
    bindings: (base) => base,
    policy: (policy) => ({ ...policy, sessionKeys: { maxHours: 1, maxSessions: 5 } }),
  },
  "observing-now": { policy: (policy) => ({ ...policy, mode: { kind: "observe", until: "2099-12-31" } }) },
  throttled: { upstream: "hostile" },
  limited: { gate: { requestsPerMinute: 12 } },
  "limited-writes": { gate: { writesPerMinute: 3 } },
  observing: { policy: (policy) => ({ ...policy, mode: { kind: "observe", until: "2020-01-01" } }) },
  "expired-token": { kv: "expired" },
  "no-token": { kv: "empty" },
  "garbled-token": { kv: "garbled" },
  "wrong-seal": { bindings: (base) => ({ ...base, TOKEN_KEY: randomBytes(32).toString("base64") }) },
  "no-seal": { bindings: ({ TOKEN_KEY: _, ...base }) => base },
  "no-kv": { kv: "none" },
  "vault-closed": vault("closed"),
  "vault-broken": vault("broken"),
  "vault-refusing": vault("refusing"),
  "vault-empty": vault("empty"),
  "vault-garbled": vault("garbled"),
  "vault-elsewhere": vault("elsewhere"),
  "ledger-throwing": { ledger: "throwing" },
  "ledger-silent": { ledger: "silent" },
  "ledger-garbled": { ledger: "garbled" },
  "ledger-losing": { ledger: "losing" },
  "changing-token": { upstream: "hostile", ...vault("changing") },
  "no-ledger": { ledger: "none" },
  "no-archive": { noArchive: true },
  "no-policy": { bindings: ({ POLICY: _, ...base }) => base },
  "other-policy": { policy: (policy) => ({ ...policy, v: 2 }) },
  "empty-policy": { policy: (policy) => ({ ...policy, repositories: [] }) },
  "no-keys": { bindings: (base) => ({ ...base, GATE_KEYS: [] }) },
  "garbled-keys": { bindings: (base) => ({ ...base, GATE_KEYS: "not a list" }) },
};

export const GATE_NAMES = Object.keys(RECIPES) as GateName[];

/** Ledgers that do not do what they should. */
const BROKEN_LEDGERS = `
import { DurableObject } from "cloudflare:workers";
export class Throwing extends DurableObject { settle() { throw new Error("storage is gone"); } cell() { throw new Error("storage is gone"); } wait() { throw new Error("storage is gone"); } }
export class Silent extends DurableObject { settle() { return new Promise((resolve) => setTimeout(resolve, 60000)); } cell() { return { version: 0, value: "" }; } }
export class Garbled extends DurableObject { settle() { return "yes"; } cell() { return { version: 0, value: "" }; } }
/** Gives leases, and fails when there is something to write down. */
export class Losing extends DurableObject {
  settle(request) {
    if (request.entries.length > 0) throw new Error("the chain is gone");
    const now = Date.now();
    const lease = { id: 1, requests: 50, writes: 50, bytes: 1e9, ms: 2000, minute: Math.floor(now / 60000), hour: Math.floor(now / 3600000) };
    return { lease, short: {}, stopped: false, denied: [], waitUntil: 0, archiveDue: false, archiveFailing: false };
  }
  cell() { return { version: 0, value: "" }; }
}
export default { fetch() { return new Response(null, { status: 404 }); } };
`;

/**
 * The gates of a run, each a Worker of its own with its own ledger, all in one workerd, each reached by its own socket
 * without anything in front.
 */
export class Gates {
  private constructor(
    private readonly miniflare: Miniflare,
    private readonly ports: ReadonlyMap<string, number>,
    /**
     * Placeholders: addresses of downloads below `/_download/` that only a gate could have sealed, by what is wrong
     * with them.
     */
    readonly addresses: () => Readonly<Record<string, string>>,
  ) {}

  /**
   * @param variants modules of the gate by the suffix of their names; the corpus has one, a mutation run has many
   * @param names which gates to make
   */
  static async start(
    variants: ReadonlyMap<string, GateSources>,
    names: readonly GateName[],
    secrets: Secrets,
    world: World,
  ): Promise<Gates> {
    const seal = randomBytes(32);
    const workers: Record<string, unknown>[] = [];
    const id = (name: string, variant: string): string => `gate-${name}${variant}`;
    for (const [variant, sources] of variants)
      for (const name of names)
        workers.push(...workersOf(id(name, variant), sources, RECIPES[name], secrets, world, seal));
    workers.push({
      name: "broken-ledgers",
      modules: true,
      script: BROKEN_LEDGERS,
      compatibilityDate: COMPATIBILITY,
      durableObjects: {
        A: { className: "Throwing", useSQLite: true },
        B: { className: "Silent", useSQLite: true },
        C: { className: "Garbled", useSQLite: true },
        D: { className: "Losing", useSQLite: true },
      },
    });
    const miniflare = new Miniflare({
      handleRuntimeStdio: (out: Readable, err: Readable) => {
        out.resume();
        err.resume();
      },
      workers: workers as never,
    });
    try {
      await miniflare.ready;
      const ports = new Map<string, number>();
      for (const variant of variants.keys()) {
        for (const name of names) {
          ports.set(id(name, variant), Number((await miniflare.unsafeGetDirectURL(id(name, variant))).port));
          const kind = RECIPES[name].kv ?? "token";
          if (kind === "none" || kind === "empty") continue;
          const kv = await miniflare.getKVNamespace("TOKENS", id(name, variant));
          await kv.put(
            "token",
            kind === "garbled"
              ? '{"v":1,"iv":"AA==","data":"AA=="}'
              : sealed(seal, secrets.token, kind === "expired" ? "2020-01-01T00:00:00Z" : ""),
          );
        }
      }
      return new Gates(miniflare, ports, () => sealedAddresses(seal, world));
    } catch (error) {
      await miniflare.dispose();
      throw error;
    }
  }

  port(name: GateName, variant: string): number {
    const port = this.ports.get(`gate-${name}${variant}`);
    if (port === undefined) throw new Error(`no gate ${name}${variant}`);
    return port;
  }

  async stop(): Promise<void> {
    await this.miniflare.dispose();
  }
}

function compiledFor(recipe: Recipe, world: World): GatePolicy {
  const upstream = recipe.upstream === "hostile" ? world.hostile : world.github;
  const compiled = compilePolicy(corpusEnvironment(recipe.gate), {
    repositories: world.repositories,
    endpoints: endpoints(upstream),
  });
  return {
    ...compiled,
    downloadHosts: recipe.upstream === "hostile" ? compiled.downloadHosts : [world.downloadHost],
    upstream: compiled.upstream,
  };
}

/**
 * The policy of a gate that differs from the others by nothing else, for a gate that is no Worker; undefined where its
 * stores or its keys are what matters.
 */
export function policyOfGate(name: GateName, world: World): GatePolicy | undefined {
  const { bindings, kv, ledger, noArchive, ...rest } = RECIPES[name];
  if (bindings !== undefined || kv !== undefined || ledger !== undefined || noArchive !== undefined) return undefined;
  const policy = compiledFor(rest, world);
  return (rest.policy?.(policy) ?? policy) as GatePolicy;
}

/** A script's only module. Left to look for others by itself, Miniflare reads the whole text, for every gate anew. */
const single = (path: string, contents: string) => [{ type: "ESModule", path, contents }];

function workersOf(
  name: string,
  sources: GateSources,
  recipe: Recipe,
  secrets: Secrets,
  world: World,
  seal: Buffer,
): Record<string, unknown>[] {
  const policy = compiledFor(recipe, world);
  const base: Bindings = {
    POLICY: recipe.policy?.(policy) ?? policy,
    GATE_KEYS: [
      { agent: "agent", sha256: sha256(secrets.key) },
      { agent: "agent", sha256: sha256(secrets.oldKey), notAfter: "2020-01-01T00:00:00Z" },
    ],
    OPERATOR_KEYS: [{ sha256: sha256(secrets.operatorKey) }],
    SESSION_ISSUERS: [{ sha256: sha256(secrets.issuerKey) }],
    TOKEN_STORE: { kind: "kv" },
    TOKEN_KEY: seal.toString("base64"),
    ALERTS: {},
  };
  const ledger =
    recipe.ledger === undefined
      ? { LEDGER: { className: "Ledger", scriptName: `${name}-ledger` } }
      : {
          LEDGER: {
            className: recipe.ledger === "none" ? "Throwing" : LEDGERS[recipe.ledger],
            scriptName: "broken-ledgers",
          },
        };
  const gate = {
    name,
    modules: single("worker.js", sources.worker),
    compatibilityDate: COMPATIBILITY,
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
    ...(recipe.kv === "none" ? {} : { kvNamespaces: { TOKENS: `tokens-${name}` } }),
    ...(recipe.noArchive === true ? {} : { r2Buckets: { AUDIT: `audit-${name}` } }),
    ...(recipe.ledger === "none" ? {} : { durableObjects: ledger }),
    bindings: recipe.bindings?.(base, world) ?? base,
  };
  if (recipe.ledger !== undefined) return [gate];
  return [
    gate,
    {
      name: `${name}-ledger`,
      modules: single("ledger.js", sources.ledger),
      compatibilityDate: COMPATIBILITY,
      durableObjects: { LEDGER: { className: "Ledger", useSQLite: true } },
    },
  ];
}

/** As the gate seals them. */
function sealedAddresses(seal: Buffer, { hostile }: World): Record<string, string> {
  const make = (change: object = {}, purpose = "download", secret = seal.toString("base64")): string => {
    const iv = randomBytes(12);
    const key = Buffer.from(hkdfSync("sha256", secret, "", "gatehouse sealed address", 32));
    const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(Buffer.from(`${purpose}\n`));
    const value = {
      url: `${hostile}/codeload/x`,
      agent: "agent",
      route: "archive.tarball",
      repository: "acme/api",
      until: Date.now() + 30_000,
      ...change,
    };
    const data = Buffer.concat([iv, cipher.update(JSON.stringify(value)), cipher.final()]);
    return Buffer.concat([data, cipher.getAuthTag()]).toString("base64url");
  };
  const { host } = new URL(hostile);
  return {
    sealed: make(),
    otherPurpose: make({}, "lfs"),
    expired: make({ until: Date.now() - 1 }),
    endless: make({ until: undefined }),
    longLived: make({ until: Date.now() + 3_600_000 }),
    unlisted: make({ repository: "acme/secrets" }),
    closedRoute: make({ route: "pulls.merge" }),
    foreign: make({ url: "https://evil.example/x" }),
    otherPort: make({ url: "http://127.0.0.1:1/x" }),
    userInfo: make({ url: `http://user:secret@${host}/x` }),
    file: make({ url: "file:///etc/passwd" }),
    otherKey: make({}, "download", randomBytes(32).toString("base64")),
  };
}

function sealed(seal: Buffer, token: string, expiresAt: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", seal, iv);
  const data = Buffer.concat([
    cipher.update(JSON.stringify({ token, expires_at: expiresAt })),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  return JSON.stringify({ v: 1, version: 1, iv: iv.toString("base64"), data: data.toString("base64") });
}
