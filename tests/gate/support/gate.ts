import { createCipheriv, createHash, randomBytes } from "node:crypto";
import * as path from "node:path";
import type { Readable } from "node:stream";
import { buildSync } from "esbuild";
import { Miniflare } from "miniflare";
import type { EnvironmentInput } from "../../../infra/model/schema";
import type { GatePolicy } from "../../../gate/policy";
import { freshFetch } from "../../support/freshFetch";
import type { Sink, SinkSecrets } from "../../../gate/contract";
import { policyFor } from "./policy";
import { Upstream } from "./upstream";

const root = path.resolve(__dirname, "../../..");

/** Where each module begins. */
const ENTRIES = {
  worker: "worker/worker.ts",
  ledger: "worker/ledger.ts",
  forwarder: "forwarder/worker.ts",
  selfHostedForwarder: "forwarder/selfHosted.ts",
} as const;

const bundles = new Map<string, string>();

/**
 * One module of the gate, bundled as it is deployed, once in a test file; `disturbed` with what a test may do to it
 * around it.
 */
export function bundle(entry: keyof typeof ENTRIES | "disturbed"): string {
  const known = bundles.get(entry);
  if (known !== undefined) return known;
  const from =
    entry === "disturbed"
      ? { stdin: { contents: DISTURBED, resolveDir: root, loader: "ts" as const } }
      : { entryPoints: [path.join(root, "gate", ENTRIES[entry])] };
  const out = buildSync({
    ...from,
    bundle: true,
    format: "esm",
    target: "es2022",
    external: ["cloudflare:*"],
    write: false,
  });
  const text = out.outputFiles[0]?.text ?? "";
  bundles.set(entry, text);
  return text;
}

/** A clock that is ahead of the machine's, for a test whose requests must all fall into one minute. */
const ahead = (ms: number): string => (ms === 0 ? "" : `{ const now = Date.now; Date.now = () => now() + ${ms}; }\n`);

/**
 * The gate as it is, in an isolate whose clock and bindings a test can disturb while it runs, by `POST /__test`:
 * `clock` is added to the time (milliseconds); calls of the bindings in `broken` reject, and those in `silent` never
 * settle; `digest: true` lets hashing throw.
 */
const DISTURBED = `
import gate from "./gate/worker/worker";
let state = { clock: 0, broken: [], silent: [], digest: false };
const realNow = Date.now;
Date.now = () => realNow() + state.clock;
const realDigest = crypto.subtle.digest.bind(crypto.subtle);
crypto.subtle.digest = (...args) => { if (state.digest) throw new TypeError("no memory for this"); return realDigest(...args); };
const around = (name, object) => new Proxy({}, { get(_, key) {
  const value = object[key];
  if (typeof value !== "function") return value;
  if (name === "LEDGER" && key === "get") return (...args) => around("LEDGER.stub", value.apply(object, args));
  if (name === "LEDGER") return value.bind(object);
  return (...args) => {
    const binding = name.split(".")[0];
    if (state.broken.includes(binding)) return Promise.reject(new Error(binding + " is down"));
    if (state.silent.includes(binding)) return new Promise(() => undefined);
    return object[key](...args);
  };
} });
let disturbed;
const around_ = (env) => (disturbed ??= { ...env, LEDGER: around("LEDGER", env.LEDGER), TOKENS: around("TOKENS", env.TOKENS), AUDIT: around("AUDIT", env.AUDIT) });
export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname !== "/__test") return gate.fetch(request, around_(env), ctx);
    state = { clock: 0, broken: [], silent: [], digest: false, ...(await request.json()) };
    return new Response(null, { status: 204 });
  },
};
`;

export interface Gate {
  readonly url: string;
  readonly key: string;
  readonly operatorKey: string;
  readonly token: string;
  readonly tokenSha256: string;
  /** TOKEN_KEY, base64. */
  readonly sealKey: string;
  readonly upstream: Upstream;
  readonly miniflare: Miniflare;
  readonly policy: GatePolicy;
  /** Sends a request with the gate key. */
  ask(target: string, init?: RequestInit): Promise<Response>;
  /** Sends an operator's request. */
  operate(method: string, target: string, body?: unknown): Promise<Response>;
  /** Only of a gate that was started with `disturbed`. */
  disturb(how: Disturbance): Promise<void>;
  /** One run of the forwarder; only of a gate that was started with `sinks`. */
  forward(): Promise<void>;
  /** Puts another token into the store. */
  putToken(token: string, expiresAt?: string): Promise<void>;
  stop(): Promise<void>;
}

export interface GateOptions {
  readonly gate?: Partial<EnvironmentInput["gate"]>;
  readonly bindings?: Record<string, unknown>;
  readonly policy?: (policy: GatePolicy) => GatePolicy;
  /** Bindings that are known only when the policy is made. */
  readonly late?: () => Record<string, unknown>;
  /**
   * Gate and ledger believe that a minute has just begun: what a test asks within the next fifty seconds is counted
   * together.
   */
  readonly freshMinute?: boolean;
  /** Sinks that a forwarder beside the gate serves; `forward` of the gate lets it run. */
  readonly sinks?: { readonly sinks: readonly Sink[]; readonly secrets?: SinkSecrets };
  /** Lets the test disturb the gate while it runs. */
  readonly disturbed?: boolean;
  /** Is reached at the runtime's own socket, without Miniflare's in front. */
  readonly direct?: boolean;
}

/** What a test does to a gate that it started with `disturbed`. Whatever is not named is as it should be. */
interface Disturbance {
  readonly clock?: number;
  readonly broken?: readonly ("LEDGER" | "TOKENS" | "AUDIT")[];
  readonly silent?: readonly ("LEDGER" | "TOKENS" | "AUDIT")[];
  readonly digest?: boolean;
}

const sha256 = (text: string, encoding: "base64" | "base64url"): string =>
  createHash("sha256").update(text).digest(encoding);

/** A made-up credential of the right form, different in every run. */
export const made = (prefix: string, bytes = 32): string => prefix + randomBytes(bytes).toString("base64url");

/** The real gate in real workerd, with a loopback server in GitHub's place and the token in Workers KV. */
export async function startGate(options: GateOptions = {}): Promise<Gate> {
  const upstream = await Upstream.start();
  const key = made("ghk_");
  const operatorKey = made("gop_");
  const sealKey = randomBytes(32);
  const base = policyFor(upstream.url, {
    requestsPerMinute: 100_000,
    requestsPerHour: 1_000_000,
    writesPerMinute: 10_000,
    ...options.gate,
  });
  const policy = options.policy?.(base) ?? base;
  const token = `ghp_${randomBytes(18).toString("hex")}`;
  const clock = ahead(options.freshMinute === true ? 60_000 - (Date.now() % 60_000) : 0);
  const miniflare = new Miniflare({
    // The gate logs its alerts; a test asserts them where they matter.
    handleRuntimeStdio: (out: Readable, err: Readable) => {
      out.resume();
      err.resume();
    },
    workers: [
      {
        name: "github-gate",
        ...(options.direct === true ? { unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }] } : {}),
        modules: true,
        script: clock + bundle(options.disturbed === true ? "disturbed" : "worker"),
        compatibilityDate: "2026-03-01",
        kvNamespaces: ["TOKENS"],
        r2Buckets: ["AUDIT"],
        durableObjects: { LEDGER: { className: "Ledger", scriptName: "github-gate-ledger" } },
        bindings: {
          POLICY: policy,
          GATE_KEYS: [{ agent: "agent", sha256: sha256(key, "base64url") }],
          OPERATOR_KEYS: [{ sha256: sha256(operatorKey, "base64url") }],
          TOKEN_STORE: { kind: "kv" },
          TOKEN_KEY: sealKey.toString("base64"),
          ALERTS: {},
          ...options.bindings,
          ...options.late?.(),
        } as never,
      },
      {
        name: "github-gate-ledger",
        modules: true,
        script: clock + bundle("ledger"),
        compatibilityDate: "2026-03-01",
        durableObjects: { LEDGER: { className: "Ledger", useSQLite: true } },
      },
      ...(options.sinks === undefined
        ? []
        : [
            {
              name: "github-gate-forwarder",
              modules: true as const,
              script: bundle("forwarder"),
              compatibilityDate: "2026-03-01",
              r2Buckets: ["AUDIT"],
              durableObjects: { LEDGER: { className: "Ledger", scriptName: "github-gate-ledger" } },
              bindings: {
                SINKS: options.sinks.sinks,
                SINK_SECRETS: JSON.stringify(options.sinks.secrets ?? {}),
                ALERTS: {},
                ALERT_SECRET: "",
                ...options.bindings,
              } as never,
            },
          ]),
    ],
  });
  const front = (await miniflare.ready).origin;
  const url = options.direct === true ? (await miniflare.unsafeGetDirectURL("github-gate")).origin : front;
  const gate: Gate = {
    url,
    key,
    operatorKey,
    token,
    sealKey: sealKey.toString("base64"),
    upstream,
    miniflare,
    policy,
    tokenSha256: sha256(token, "base64"),
    ask: (target, init = {}) =>
      freshFetch(url + target, {
        redirect: "manual",
        ...init,
        headers: { authorization: `Bearer ${key}`, ...(init.headers as Record<string, string>) },
      }),
    operate: (method, target, body) =>
      freshFetch(url + target, {
        method,
        headers: { authorization: `Bearer ${operatorKey}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    disturb: async (how) => {
      await freshFetch(`${url}/__test`, { method: "POST", body: JSON.stringify(how) });
    },
    forward: async () => {
      await (await miniflare.getWorker("github-gate-forwarder")).scheduled();
    },
    putToken: async (value, expiresAt = "") => {
      const iv = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", sealKey, iv);
      const data = Buffer.concat([
        cipher.update(JSON.stringify({ token: value, expires_at: expiresAt })),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
      const kv = await miniflare.getKVNamespace("TOKENS", "github-gate");
      await kv.put(
        "token",
        JSON.stringify({ v: 1, version: 1, iv: iv.toString("base64"), data: data.toString("base64") }),
      );
    },
    stop: async () => {
      await miniflare.dispose();
      await upstream.stop();
    },
  };
  await gate.putToken(token);
  return gate;
}

/** The rule of a refusal, in whichever form it came: JSON, GraphQL's errors, or git's own protocol. */
export async function ruleOf(answer: Response): Promise<string> {
  return ruleIn(await answer.text());
}

export function ruleIn(text: string): string {
  if (!text.startsWith("{")) return /(?:^|ERR |ng \S+ )([a-z0-9-]+): /.exec(text)?.[1] ?? "none";
  const body = JSON.parse(text) as Refused & { errors?: { extensions?: Refused }[] };
  return (body.gatehouse ?? body.errors?.[0]?.extensions?.gatehouse)?.rule ?? "none";
}

interface Refused {
  gatehouse?: { rule: string };
}
