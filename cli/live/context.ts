import { endpoints, names, type Endpoints, type Environment, type Repository } from "../../infra/model";
import { ambientEffects, type Effects } from "../../rotation/effects";
import { RequestRefused, messageOf } from "../../rotation/errors";
import { readVaultSecret } from "../../rotation/stores/vault";
import type { VaultSession } from "../../rotation/stores/vaultSession";
import { addressFrom } from "../support/address";
import type { Watch } from "../support/progress";
import { contextFor } from "../token/context";
import { Journal } from "./journal";
import {
  cloudflareAddress,
  cloudflareReader,
  gitHubReader,
  Reader,
  toResponse,
  type GitHubReader,
  type Response,
} from "./reader";

/** A system that can be asked, or why it cannot. */
export type Access<T> = { readonly client: T } | { readonly missing: string };

/** Vault under one identity: reading alone. */
export interface VaultReader {
  readonly address: string;
  /** @param path without `/v1/` */
  get(path: string): Promise<Response>;
  /** What this identity may do at each path; Vault takes the question as a POST, which changes nothing. */
  capabilities(paths: readonly string[]): Promise<Response>;
}

export interface GateClients {
  readonly url: string;
  /** As the agent, as somebody with a wrong key, and as nobody. */
  readonly agent: Access<Reader>;
  readonly wrongKey: Reader;
  readonly nobody: Reader;
  readonly operator: Access<Reader>;
}

/** What every question works with. */
export interface Context {
  readonly stack: string;
  readonly environment: Environment;
  readonly github: Access<GitHubReader>;
  readonly endpoints: Endpoints;
  /** An installation token of a GitHub App that may read grants of fine-grained tokens. */
  readonly grants: Access<GitHubReader>;
  readonly gate: Access<GateClients>;
  readonly vault: Access<VaultReader>;
  readonly cloudflare: Access<Reader>;
  /** Upper bound of audit records that are read, newest first in importance: the chain is followed from its start. */
  readonly auditRecords: number;
  /** Everything was asked: what was kept for another run goes. */
  complete(): void;
  readonly now: number;
}

export type Env = Readonly<Record<string, string | undefined>>;

export interface ContextOptions {
  readonly effects?: Effects;
  readonly auditRecords?: number;
  /** The agent's gate key and the operator's, where the environment variables do not say them. */
  readonly keys?: { readonly gate?: string; readonly operator?: string };
  /** Told of each question to GitHub; with it, limits of GitHub are waited for, however long that takes. */
  readonly watch?: Watch | undefined;
  /** Where GitHub's answers are kept until the assessment is complete; see `Journal`. */
  readonly resume?: string | undefined;
}

/** GitHub's hourly limit begins anew within an hour; two windows of it are enough for the largest environment. */
const PATIENCE_MS = 2 * 65 * 60_000;

/**
 * Everything from the environment file and from environment variables. What is missing makes its questions "cannot
 * tell", with what would be needed.
 */
export async function assessContext(
  stack: string,
  environment: Environment,
  env: Env,
  { effects = ambientEffects(), auditRecords = 100_000, keys = {}, watch, resume }: ContextOptions = {},
): Promise<Context> {
  const at = endpoints(environment.githubUrl ?? addressFrom(env, "GITHUB_BASE_URL"));
  const tokens = contextFor(stack, environment, effects, env);
  const vault = vaultAccess(environment, () => tokens.vault());
  const url = tokens.gateUrl();
  const journal =
    resume === undefined
      ? undefined
      : new Journal(resume, `${at.api} ${env.GITHUB_TOKEN ?? ""} ${env.GATEHOUSE_GRANTS_TOKEN ?? ""}`, () =>
          effects.now(),
        );
  const long = watch ? { patienceMs: PATIENCE_MS, watch } : {};
  return {
    stack,
    environment,
    endpoints: at,
    auditRecords,
    complete: () => journal?.remove(),
    now: effects.now(),
    vault: "client" in vault ? { client: readerOf(vault.client) } : vault,
    github: env.GITHUB_TOKEN
      ? { client: gitHubReader(effects, at, env.GITHUB_TOKEN, { ...long, journal }) }
      : { missing: "GITHUB_TOKEN is not set" },
    grants: env.GATEHOUSE_GRANTS_TOKEN
      ? { client: gitHubReader(effects, at, env.GATEHOUSE_GRANTS_TOKEN, long) }
      : { missing: "GATEHOUSE_GRANTS_TOKEN is not set; only a GitHub App may read the grants of tokens" },
    gate:
      url === undefined
        ? { missing: "the gate's address is not known; set GATEHOUSE_GATE_URL" }
        : {
            client: gateClients(
              effects,
              url,
              env.GATEHOUSE_GATE_KEY ?? keys.gate,
              env.GATEHOUSE_OPERATOR_KEY ?? keys.operator ?? (await operatorKey(environment, vault)),
            ),
          },
    cloudflare: env.CLOUDFLARE_API_TOKEN
      ? {
          client: cloudflareReader(effects, cloudflareAddress(env), env.CLOUDFLARE_API_TOKEN),
        }
      : { missing: "CLOUDFLARE_API_TOKEN is not set" },
  };
}

function vaultAccess(environment: Environment, open: () => VaultSession | undefined): Access<VaultSession> {
  if (environment.tokenStore.kind !== "vault") return { missing: "the token store is Workers KV" };
  try {
    const session = open();
    return session ? { client: session } : { missing: "Vault is not declared" };
  } catch (error) {
    return { missing: messageOf(error) };
  }
}

function readerOf(session: VaultSession): VaultReader {
  const asked = new Map<string, Promise<Response>>();
  const send = async (method: "GET" | "POST", path: string, body?: unknown): Promise<Response> => {
    const of = (status: number, text: string, failure = ""): Response =>
      toResponse({ system: "Vault", method, path: `/v1/${path}`, status }, text, failure);
    try {
      const answer = await session.send(method, path, `show ${path}`, body);
      return of(answer.status, answer.text);
    } catch (error) {
      return error instanceof RequestRefused ? of(error.status, "", messageOf(error)) : of(0, "", messageOf(error));
    }
  };
  return {
    address: session.address,
    get: (path) => {
      const known = asked.get(path) ?? send("GET", path);
      asked.set(path, known);
      return known;
    },
    capabilities: (paths) => send("POST", "sys/capabilities-self", { paths }),
  };
}

async function operatorKey(environment: Environment, vault: Access<VaultSession>): Promise<string | undefined> {
  const place = names(environment).vault;
  if (!("client" in vault) || !place) return undefined;
  return readVaultSecret(vault.client, place.mount, place.operator).then(
    (secret) => secret?.key,
    () => undefined,
  );
}

function gateClients(
  effects: Effects,
  url: string,
  gateKey: string | undefined,
  operator: string | undefined,
): GateClients {
  const as = (key: string | undefined): Reader =>
    new Reader({
      effects,
      system: "the gate",
      base: url,
      atOnce: 2,
      postable: ["/graphql"],
      headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    });
  return {
    url,
    nobody: as(undefined),
    // Of the right form, so that it is compared and not only parsed; never a key, since it is no random value.
    wrongKey: as(`ghk_${"gatehouse-assess-wrong-key-".padEnd(43, "0")}`),
    agent: gateKey === undefined ? { missing: "GATEHOUSE_GATE_KEY is not set" } : { client: as(gateKey) },
    operator:
      operator === undefined
        ? {
            missing: "the operator key is not known; set GATEHOUSE_OPERATOR_KEY, or let this identity read it in Vault",
          }
        : { client: as(operator) },
  };
}

export const repositoryPath = ({ environment }: Context, { name }: Repository): string =>
  `/repos/${environment.organization}/${name}`;
export const repositorySubject = ({ environment }: Context, { name }: Repository): string =>
  `${environment.organization}/${name}`;
