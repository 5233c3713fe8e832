import { AGENT_BRANCH_PREFIX } from "../../gate/contract";
import { PROTECTED_PATHS, type AllowedSecret, type GatePolicy, type GateRepository } from "../../gate/policy/policy";
import { ROUTES } from "../../gate/policy/rest/routes";
import { owners } from "../model/access";
import type { AccessLevel, Environment } from "../model/schema";
import { byCode } from "../model/text";

/** What the stack has looked up about the world. `endpoints` as derived in `infra/model/endpoints.ts`. */
export interface GateFacts {
  readonly repositories: readonly { readonly name: string; readonly id: number; readonly nodeId: string }[];
  readonly endpoints: { readonly api: string; readonly graphql: string; readonly git: string };
}

/** Where github.com keeps archives, logs, artifacts and release assets. A server of one's own redirects to itself. */
const GITHUB_COM_DOWNLOAD_HOSTS: readonly string[] = [
  "codeload.github.com",
  "objects.githubusercontent.com",
  "release-assets.githubusercontent.com",
  "results-receiver.actions.githubusercontent.com",
];

/** Where github.com keeps LFS objects: downloads, uploads, and the confirmation of an upload. */
const GITHUB_COM_LFS_HOSTS: readonly string[] = [
  "github-cloud.githubusercontent.com",
  "github-cloud.s3.amazonaws.com",
  "lfs.github.com",
];

/** Services of an enterprise on GHE.com that answer downloads, before its host. */
const GHE_COM_SERVICES: readonly string[] = ["codeload"];

/** Whether the gate speaks MCP. A declared Claude Managed Agent has the gate as its MCP server. */
export const speaksMcp = ({ gate, agent }: Environment): boolean => gate.mcp || agent.environment !== undefined;

type AllowedEntry = Environment["gate"]["allowedSecrets"][number];

/**
 * The gate's policy for an environment. Pure: the same environment and facts give the same JSON, whatever their order.
 * A repository whose facts are missing (a preview) gets id 0 and no node id, so that nothing resolves to it by id.
 */
export function compilePolicy(environment: Environment, facts: GateFacts): GatePolicy {
  const known = new Map(facts.repositories.map((r) => [r.name.toLowerCase(), r]));
  const repositories = environment.repositories
    .map((r): GateRepository => ({
      name: r.name,
      id: known.get(r.name.toLowerCase())?.id ?? 0,
      nodeId: known.get(r.name.toLowerCase())?.nodeId ?? "",
      access: r.access,
      defaultBranch: r.defaultBranch,
      protectedPaths: [...r.protectedPaths].sort(byCode),
      reviewers: r.access === "write" ? [...owners(environment, r)].sort(byCode) : [],
    }))
    .sort((a, b) => byCode(a.name, b.name));
  const writes = repositories.some((r) => r.access === "write");
  const ids = (access: AccessLevel): string[] =>
    ROUTES.filter((r) => r.access === access)
      .map((r) => r.id)
      .sort(byCode);
  const gate = environment.gate;
  return {
    v: 1,
    organization: environment.organization,
    agent: { name: environment.agent.name, login: environment.agent.machineUser },
    upstream: { api: facts.endpoints.api, graphql: facts.endpoints.graphql, git: facts.endpoints.git },
    repositories,
    branchPrefix: AGENT_BRANCH_PREFIX,
    protectedPaths: PROTECTED_PATHS,
    label: environment.review.label,
    routes: { read: ids("read"), write: writes ? ids("write") : [] },
    limits: {
      requestsPerMinute: gate.requestsPerMinute,
      requestsPerHour: gate.requestsPerHour,
      writesPerMinute: gate.writesPerMinute,
      bytesPerHour: gate.bytesPerHour,
      maxBodyBytes: gate.maxBodyBytes,
      maxPushBytes: gate.maxPushBytes,
      maxPushObjects: gate.maxPushObjects,
      maxChangedLines: gate.maxChangedLines,
      maxChangedFiles: gate.maxChangedFiles,
      maxDownloadBytes: gate.maxDownloadBytes,
      tokenCacheSeconds: gate.tokenCacheSeconds,
      upstreamTimeoutSeconds: gate.upstreamTimeoutSeconds,
    },
    downloadHosts: hostsOf(facts.endpoints, GITHUB_COM_DOWNLOAD_HOSTS),
    lfs: gate.lfs,
    ...(speaksMcp(environment) ? { mcp: true as const } : {}),
    ...(gate.sessionKeys === undefined
      ? {}
      : { sessionKeys: { maxHours: gate.sessionKeys.maxHours, maxSessions: gate.sessionKeys.maxSessions } }),
    lfsHosts: gate.lfs === "proxy" ? hostsOf(facts.endpoints, GITHUB_COM_LFS_HOSTS) : [],
    allowedSecrets: gate.allowedSecrets.map(allowedSecret).sort((a, b) => byCode(JSON.stringify(a), JSON.stringify(b))),
    secretPatterns: [...gate.secretPatterns]
      .sort((a, b) => byCode(a.name, b.name))
      .map(({ name, expression }) => ({ name, expression })),
    canaryTokens: [...gate.canaryTokens]
      .sort((a, b) => byCode(a.name, b.name))
      .map(({ name, sha256 }) => ({ name, sha256 })),
    alertOnlySecrets: [...new Set(gate.alertOnlySecrets)].sort(byCode),
    mode: gate.mode,
  };
}

/** Keys in one order. Of an entry with neither form, which no check lets pass, nothing is allowed. */
export function allowedSecret({ sha256, repository = "", path = "", reason, until }: AllowedEntry): AllowedSecret {
  return sha256 === undefined ? { repository, path, reason, until } : { sha256, reason, until };
}

function hostsOf(endpoints: GateFacts["endpoints"], ofGithubCom: readonly string[]): readonly string[] {
  if (endpoints.git === "https://github.com") return ofGithubCom;
  const host = /^https?:\/\/([^/]+)/.exec(endpoints.git)?.[1];
  if (host === undefined) return [];
  // An enterprise on GHE.com has hosts of its own; what it keeps elsewhere stays closed.
  return host.endsWith(".ghe.com") ? [host, ...GHE_COM_SERVICES.map((service) => `${service}.${host}`)] : [host];
}
