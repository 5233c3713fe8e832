import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { bundleGate } from "../../infra/cloudflare/bundle";
import { COMPATIBILITY_DATE } from "../../gate/contract";
import { environmentSchema } from "../../infra/model/schema";
import { type GatePolicy } from "../../gate/policy";
import { compilePolicy } from "../../infra/plans/gatePolicy";
import { selfHostConfig } from "../../gate/selfHost";
import { workerd } from "../../sandbox/cloudflare/runtime/workerd";
import type { Recipe } from "./contenders";

/** What the gate is set up with, so that a measurement can also act as its operator. */
export interface GateSecrets {
  readonly key: string;
  readonly operatorKey: string;
}

export const madeSecrets = (): GateSecrets => ({
  key: `ghk_${randomBytes(32).toString("base64url")}`,
  operatorKey: `gop_${randomBytes(32).toString("base64url")}`,
});

/**
 * The policy of a common environment. The limits count every request exactly, as always, and are too high to be
 * reached.
 */
export function benchPolicy(upstream: string): GatePolicy {
  const environment = environmentSchema.parse({
    organization: "acme",
    agent: { machineUser: "claude-bot", credential: { kind: "personal-access-token" } },
    repositories: [
      { name: "api", access: "write", reviewers: ["backend"], protectedPaths: ["deploy/**", "*.pem"] },
      { name: "docs", access: "read" },
    ],
    review: { team: "agent-reviewers" },
    tokenStore: { kind: "vault", path: "github/claude-bot" },
    gate: { accountId: "0".repeat(32), maxPushBytes: 300_000_000, maxPushObjects: 100_000 },
    audit: { retentionDays: 400, sinks: [{ kind: "r2", bucket: "audit-trail" }] },
    rotation: { everyDays: 30 },
  });
  const facts = {
    repositories: [
      { name: "api", id: 101, nodeId: "R_kgDOapi" },
      { name: "docs", id: 102, nodeId: "R_kgDOdocs" },
    ],
    endpoints: { api: `${upstream}/api/v3`, graphql: `${upstream}/api/graphql`, git: upstream },
  };
  const policy = compilePolicy(environment, facts);
  const much = 1e12;
  return {
    ...policy,
    limits: {
      ...policy.limits,
      requestsPerMinute: much,
      requestsPerHour: much,
      writesPerMinute: much,
      bytesPerHour: 1e15,
      maxDownloadBytes: 4e9,
    },
  };
}

/** The same with as many repositories as an environment may have. */
export function largePolicy(upstream: string): GatePolicy {
  const policy = benchPolicy(upstream);
  const more = Array.from({ length: 1_000 - policy.repositories.length }, (_, i) => ({
    name: `service-${i}`,
    id: 1_000 + i,
    nodeId: `R_kgDO${i}`,
    access: "read" as const,
    defaultBranch: "main",
    protectedPaths: ["/deploy/**"],
    reviewers: [],
  }));
  return { ...policy, repositories: [...policy.repositories, ...more] };
}

/**
 * The whole gate as it runs on one's own machine: policy, exact limits, chained audit on disk, the token from a store.
 */
export function gateRecipe(
  directory: string,
  port: number,
  upstream: string,
  secrets: GateSecrets,
  policy = benchPolicy(upstream),
): Recipe {
  const scripts = bundleGate();
  for (const name of ["ledger", "audit"]) mkdirSync(path.join(directory, name));
  writeFileSync(path.join(directory, "gate.js"), scripts.gate);
  writeFileSync(path.join(directory, "ledger.js"), scripts.ledger);
  writeFileSync(
    path.join(directory, "worker.capnp"),
    selfHostConfig({
      ...gateSettings(upstream, secrets, policy),
      listen: `127.0.0.1:${port}`,
      ledgerDirectory: "ledger",
      auditDirectory: "audit",
      modules: { gate: "gate.js", ledger: "ledger.js" },
    }),
  );
  return {
    command: workerd,
    args: [
      "serve",
      "worker.capnp",
      `--directory-path=ledger-disk=${path.join(directory, "ledger")}`,
      `--directory-path=audit-disk=${path.join(directory, "audit")}`,
    ],
    env: GATE_ENVIRONMENT,
    headers: { authorization: `Bearer ${secrets.key}` },
  };
}

export const GATE_ENVIRONMENT: NodeJS.ProcessEnv = { VAULT_SECRET_ID: "secret" };

/** What every gate here is set up with, in one process or in several. */
export function gateSettings(upstream: string, secrets: GateSecrets, policy = benchPolicy(upstream)) {
  const hash = (text: string): string => createHash("sha256").update(text).digest("base64url");
  return {
    policy,
    gateKeys: [{ agent: "agent", sha256: hash(secrets.key) }],
    operatorKeys: [{ sha256: hash(secrets.operatorKey) }],
    tokenStore: {
      kind: "vault",
      address: upstream,
      mount: "agents",
      path: "github/claude-bot",
      authMount: "gatehouse-gate",
      roleId: "role",
    },
    alerts: {},
  } as const;
}

/**
 * The least that a gate must do: put the token in the place of the client's own and pass on. Same runtime, same flags.
 */
const bareWorker = (upstream: string, token: string): string => `
export default {
  fetch(request) {
    const headers = new Headers(request.headers);
    headers.set("authorization", ${JSON.stringify(`Bearer ${token}`)});
    const at = request.url.indexOf("/", 8);
    return fetch(${JSON.stringify(`${upstream}/api/v3`)} + request.url.slice(at), { method: request.method, headers, body: request.body, redirect: "manual" });
  },
};
`;

export function bareRecipe(directory: string, port: number, upstream: string, token: string): Recipe {
  writeFileSync(path.join(directory, "bare.js"), bareWorker(upstream, token));
  writeFileSync(
    path.join(directory, "worker.capnp"),
    [
      'using Workerd = import "/workerd/workerd.capnp";',
      "const config :Workerd.Config = (",
      "  services = [",
      '    (name = "bare", worker = .bare),',
      '    (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true))),',
      "  ],",
      `  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "bare")],`,
      // The same as the gate's own configuration has.
      `  v8Flags = [${v8Flags()}],`,
      ");",
      "const bare :Workerd.Worker = (",
      '  modules = [(name = "bare.js", esModule = embed "bare.js")],',
      `  compatibilityDate = "${COMPATIBILITY_DATE}",`,
      '  globalOutbound = "internet",',
      ");",
      "",
    ].join("\n"),
  );
  return { command: workerd, args: ["serve", "worker.capnp"], headers: { authorization: "Bearer stranger" } };
}

/** V8's flags as the gate's configuration sets them, so that both run under the same. */
function v8Flags(): string {
  const config = selfHostConfig({
    ...gateSettings("http://127.0.0.1", madeSecrets()),
    listen: "127.0.0.1",
    ledgerDirectory: "",
    auditDirectory: "",
    modules: { gate: "", ledger: "" },
  });
  return /v8Flags = \[(.*)\]/.exec(config)?.[1] ?? "";
}
