import { createHash } from "node:crypto";
import type { VaultTokenStore, Planned } from "../../edge/tokenStore";
import type { GateKeyHash, KeyHash } from "../../gate/contract";
import type { GatePolicy } from "../../gate/policy/policy";
import { STACK_TYPE } from "../../infra/config/urn";
import { endpoints, names, type Environment } from "../../infra/model";
import { compilePolicy, tokenStorePlan } from "../../infra/plans";
import type { Effects } from "../../rotation/effects";
import { messageOf } from "../../rotation/errors";
import type { Env } from "../live/context";
import { gitHubReader } from "../live/reader";
import { addressFrom } from "../support/address";
import { CouldNotRun } from "../support/exit";
import { readNamedFile } from "../support/files";
import { contextFor } from "../token/context";

/** What a gate is rendered from: the policy, the hashes of its keys, and where its token lies. */
export interface Sources {
  readonly policy: GatePolicy;
  readonly gateKeys: readonly GateKeyHash[];
  readonly operatorKeys: readonly KeyHash[];
  /** Who may make keys of sessions; undefined where the posture has none. */
  readonly sessionIssuers: readonly KeyHash[] | undefined;
  /** Undefined when the token store is Workers KV, which only a Worker reaches. */
  readonly tokenStore: Planned<VaultTokenStore> | undefined;
  readonly roleId: string | undefined;
  /** What is missing, what that means, and how to get it; for the person who runs the command. */
  readonly missing: readonly string[];
}

/** What a stack says of its gate, none of it secret: outputs `gatePolicy` and `gateSettings`. */
interface StackOutputs {
  readonly gatePolicy?: GatePolicy;
  readonly gateSettings?: {
    readonly GATE_KEYS?: readonly GateKeyHash[];
    readonly OPERATOR_KEYS?: readonly KeyHash[];
    readonly SESSION_ISSUERS?: readonly KeyHash[];
    readonly TOKEN_STORE?: { readonly roleId?: string };
  };
}

/**
 * Everything that follows from the environment file, and from the stack's own outputs where they are given. Without
 * them, keys come from environment variables (only their hashes go on), the numbers of repositories from GitHub, and
 * the role from Vault, as far as credentials for those are there.
 * @param outputs file with the output of `pulumi stack output --json`, or of `pulumi stack export`
 */
export async function sourcesOf(
  stack: string,
  environment: Environment,
  env: Env,
  effects: Effects,
  outputs?: string,
): Promise<Sources> {
  const stackSays = outputs === undefined ? {} : readOutputs(outputs);
  const missing: string[] = [];
  const at = endpoints(environment.githubUrl ?? addressFrom(env, "GITHUB_BASE_URL"));
  const policy =
    stackSays.gatePolicy ??
    compilePolicy(environment, {
      endpoints: at,
      repositories: await repositoriesOf(environment, env, effects, at, missing),
    });
  const settings = stackSays.gateSettings;
  const gateKeys = settings?.GATE_KEYS ?? keysIn(env, "GATEHOUSE_GATE_KEY", environment.agent.name);
  if (gateKeys.length === 0)
    missing.push(
      `no gate key: every request is refused. Give --outputs, or set GATEHOUSE_GATE_KEY (pulumi stack output gateKey --show-secrets --stack ${stack}); only its hash is written.`,
    );
  return {
    policy,
    gateKeys,
    operatorKeys: settings?.OPERATOR_KEYS ?? keysIn(env, "GATEHOUSE_OPERATOR_KEY").map(({ sha256 }) => ({ sha256 })),
    sessionIssuers: policy.sessionKeys && issuersOf(settings?.SESSION_ISSUERS, missing),
    ...(await storeOf(stack, environment, env, effects, settings?.TOKEN_STORE?.roleId, missing)),
    missing,
  };
}

function issuersOf(known: readonly KeyHash[] | undefined, missing: string[]): readonly KeyHash[] {
  if (known === undefined)
    missing.push("no issuer of session keys: nobody can make one at this gate. Give --outputs of a stack that is up.");
  return known ?? [];
}

function readOutputs(file: string): StackOutputs {
  let value: unknown;
  try {
    value = JSON.parse(readNamedFile(file).toString("utf8"));
  } catch (error) {
    if (error instanceof CouldNotRun) throw error;
    throw new CouldNotRun(
      `${file}: not JSON; give the output of pulumi stack output --json, or of pulumi stack export`,
    );
  }
  const { deployment } = value as { deployment?: { resources?: { type?: string; outputs?: StackOutputs }[] } };
  const found = deployment?.resources?.find(({ type }) => type === STACK_TYPE)?.outputs ?? (value as StackOutputs);
  if (found.gatePolicy?.v !== 1 || !Array.isArray(found.gateSettings?.GATE_KEYS))
    throw new CouldNotRun(
      `${file}: has no outputs gatePolicy and gateSettings; run pulumi up first, then pulumi stack output --json`,
    );
  return found;
}

function keysIn(env: Env, variable: string, agent = ""): readonly GateKeyHash[] {
  const key = env[variable];
  if (key === undefined || key === "") return [];
  const form = variable === "GATEHOUSE_GATE_KEY" ? /^ghk_[A-Za-z0-9_-]{43}$/ : /^gop_[A-Za-z0-9_-]{43}$/;
  if (!form.test(key))
    throw new CouldNotRun(
      `${variable} is no key of this gate; it looks like ${variable === "GATEHOUSE_GATE_KEY" ? "ghk_" : "gop_"} and 43 letters and digits`,
    );
  return [{ agent, sha256: createHash("sha256").update(key).digest("base64url") }];
}

async function repositoriesOf(
  { organization, repositories }: Environment,
  env: Env,
  effects: Effects,
  at: ReturnType<typeof endpoints>,
  missing: string[],
): Promise<{ name: string; id: number; nodeId: string }[]> {
  if (!env.GITHUB_TOKEN) {
    missing.push(
      "no numbers of the repositories: addresses such as /repositories/1, and GraphQL ids, are refused. Give --outputs, or set GITHUB_TOKEN.",
    );
    return [];
  }
  const reader = gitHubReader(effects, at, env.GITHUB_TOKEN);
  return Promise.all(
    repositories.map(async ({ name }) => {
      const answer = await reader.get(`/repos/${organization}/${name}`);
      const body = answer.call.status === 200 ? (answer.json() as { id?: unknown; node_id?: unknown }) : {};
      if (typeof body.id !== "number" || typeof body.node_id !== "string")
        throw new CouldNotRun(
          `GitHub does not show ${organization}/${name} (${answer.call.status}); check the name and GITHUB_TOKEN`,
        );
      return { name, id: body.id, nodeId: body.node_id };
    }),
  );
}

async function storeOf(
  stack: string,
  environment: Environment,
  env: Env,
  effects: Effects,
  known: string | undefined,
  missing: string[],
): Promise<Pick<Sources, "tokenStore" | "roleId">> {
  const plan = tokenStorePlan(environment, addressFrom(env, "VAULT_ADDR"), env.VAULT_NAMESPACE);
  const place = names(environment).vault;
  if (plan.kind !== "vault" || place === undefined) {
    missing.push(
      "the token store is Workers KV, which only a Worker reaches: write token.conf by other means, or use Vault.",
    );
    return { tokenStore: undefined, roleId: undefined };
  }
  if (plan.address === "")
    missing.push("Vault's address is not known: set gatehouse:tokenStore.address, or VAULT_ADDR.");
  const roleId =
    known ??
    (await roleIdOf(stack, environment, env, effects).catch((error: unknown) => void missing.push(messageOf(error))));
  if (roleId === undefined)
    missing.push("no role id of the gate in Vault, so no token can be read. Give --outputs, or set VAULT_TOKEN.");
  return { tokenStore: plan, roleId };
}

/** Asks Vault for the id of the gate's role, where a token for Vault is there. */
async function roleIdOf(
  stack: string,
  environment: Environment,
  env: Env,
  effects: Effects,
): Promise<string | undefined> {
  const place = names(environment).vault;
  if (!env.VAULT_TOKEN || place === undefined) return undefined;
  const session = contextFor(stack, environment, effects, env).vault();
  const { mount, role } = place.appRole;
  const answer = await session?.send("GET", `auth/${mount}/role/${role}/role-id`, "read the role of the gate");
  const id =
    answer === undefined ? undefined : (JSON.parse(answer.text) as { data?: { role_id?: unknown } }).data?.role_id;
  return typeof id === "string" ? id : undefined;
}
