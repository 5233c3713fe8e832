import { owners } from "../access";
import type { AccessLevel, Environment } from "../schema";
import { ROUTES } from "./routes";

/** The constant upstreams of one gate; no request can change where it goes. No trailing slash. */
export interface GateUpstream {
  /** REST base, such as `https://api.github.com` or `https://ghes.example/api/v3`. */
  readonly api: string;
  readonly graphql: string;
  /** Base of git over HTTP, such as `https://github.com`. */
  readonly git: string;
}

export interface GateRepository {
  /** Name without its owner; the owner is always the policy's organization. */
  readonly name: string;
  /** Numeric id, 0 when not known yet (a preview before the first lookup). */
  readonly id: number;
  readonly nodeId: string;
  readonly access: AccessLevel;
  readonly defaultBranch: string;
  /** Globs the agent may not change here, beside the policy's own. */
  readonly protectedPaths: readonly string[];
  /** Teams that the gate asks to review what the agent proposes here; none where it cannot propose. */
  readonly reviewers: readonly string[];
}

export interface GateLimits {
  readonly requestsPerMinute: number;
  readonly requestsPerHour: number;
  readonly writesPerMinute: number;
  readonly bytesPerHour: number;
  readonly maxBodyBytes: number;
  readonly maxPushBytes: number;
  readonly maxPushObjects: number;
  readonly maxChangedLines: number;
  readonly maxChangedFiles: number;
  readonly maxDownloadBytes: number;
  readonly tokenCacheSeconds: number;
  readonly upstreamTimeoutSeconds: number;
}

/** What looks like a credential and may pass until the end of a day (UTC): a value anywhere, or whatever files hold at some paths. */
export type AllowedSecret = {
  readonly reason: string;
  readonly until: string;
} & (
  | {
      /** SHA-256 of the exact value, 64 hexadecimal digits. */
      readonly sha256: string;
    }
  | {
      /** Name without its owner. */
      readonly repository: string;
      /** Glob, as of protected paths. */
      readonly path: string;
    }
);

/** What one gate allows: JSON, sorted, the same for the same environment, so that a stack diff shows exactly what changes. */
export interface GatePolicy {
  readonly v: 1;
  readonly organization: string;
  /** `name` stands in audit records; `login` is the machine user on GitHub. */
  readonly agent: { readonly name: string; readonly login: string };
  readonly upstream: GateUpstream;
  readonly repositories: readonly GateRepository[];
  /** Every branch the agent creates or updates starts with this, below `refs/heads/`. */
  readonly branchPrefix: string;
  /** Globs the agent may not change in any repository. */
  readonly protectedPaths: readonly string[];
  /** Label that the gate puts on the agent's pull requests. */
  readonly label: string;
  /** Ids of the open routes; a route that is not named here is closed even if the Worker knows it. */
  readonly routes: { readonly read: readonly string[]; readonly write: readonly string[] };
  readonly limits: GateLimits;
  /** Hosts to which a redirect of a download may lead; followed inside the gate, without the token. */
  readonly downloadHosts: readonly string[];
  readonly lfs: "refuse" | "proxy";
  /** Hosts on which GitHub keeps LFS objects; reached by the gate alone, without the token. None when LFS is refused. */
  readonly lfsHosts: readonly string[];
  readonly allowedSecrets: readonly AllowedSecret[];
  readonly mode: { readonly kind: "enforce" } | { readonly kind: "observe"; readonly until: string };
}

/** What the stack has looked up about the world. `endpoints` as derived in `infra/posture/endpoints.ts`. */
export interface GateFacts {
  readonly repositories: readonly { readonly name: string; readonly id: number; readonly nodeId: string }[];
  readonly endpoints: { readonly api: string; readonly graphql: string; readonly git: string };
}

export const AGENT_BRANCH_PREFIX = "claude/";

/** Paths that decide what runs and who reviews: the second lock behind the ruleset (GitHub looks for CODEOWNERS in these three places). */
export const PROTECTED_PATHS: readonly string[] = [
  "/.github/CODEOWNERS",
  "/.github/actions/**",
  "/.github/workflows/**",
  "/CODEOWNERS",
  "/docs/CODEOWNERS",
];

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

type AllowedEntry = Environment["gate"]["allowedSecrets"][number];

const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

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
    lfsHosts: gate.lfs === "proxy" ? hostsOf(facts.endpoints, GITHUB_COM_LFS_HOSTS) : [],
    allowedSecrets: gate.allowedSecrets.map(allowedSecret).sort((a, b) => byCode(JSON.stringify(a), JSON.stringify(b))),
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
