import { hostname } from "node:os";
import { randomBytes } from "node:crypto";
import { names, type Environment } from "../../infra/model";
import { gateUrl as declaredGateUrl, vaultNamespace } from "../../infra/plans";
import { ambientEffects, type Effects, type Progress } from "../../rotation/effects";
import { messageOf, RequestRefused } from "../../rotation/errors";
import { GateControl } from "../../rotation/gateControl";
import { minterFor, type MinterSecrets } from "../../rotation/minters";
import { adaptersFor } from "../../rotation/notify";
import { planRotation, type RotationPlan } from "../../rotation/plan";
import { kvMinterCell, kvStore, type KvKeys } from "../../rotation/stores/kv";
import { minterSecretsIn } from "../../rotation/stores/minterSecrets";
import { VaultCell, readVaultSecret, vaultStore } from "../../rotation/stores/vault";
import type { VaultLogin } from "../../edge/vault";
import { VaultSession } from "../../rotation/stores/vaultSession";
import { readGrant } from "../../rotation/verify";
import { addressFrom } from "../support/address";
import { CouldNotRun } from "../support/exit";
import type { StackOptions } from "../support/options";
import { readEnvironmentFile } from "../support/project";
import type { RotationDeps } from "../../rotation/machine";
import type { Cell, TokenStore } from "../../rotation/stores/types";

export interface TokenOptions extends StackOptions {
  readonly json?: boolean;
}

/**
 * What every token command works with. The parts that need a secret are made when asked for, so that only the commands
 * that need it fail without it.
 */
export interface TokenContext {
  readonly stack: string;
  readonly environment: Environment;
  readonly plan: RotationPlan;
  readonly effects: Effects;
  store(): Promise<TokenStore>;
  /** Vault's session, or undefined when Workers KV is the store. */
  vault(): VaultSession | undefined;
  gate(): Promise<GateControl | undefined>;
  gateUrl(): string | undefined;
  minterSecrets(): Promise<MinterSecrets>;
  /** Where what minting takes is placed by a person. */
  minterCell(): Promise<Cell>;
  deps(): Promise<RotationDeps>;
}

type Env = Readonly<Record<string, string | undefined>>;

export function tokenContext(
  { stack, config }: TokenOptions,
  report: (event: Progress) => void,
  env: Env = process.env,
): TokenContext {
  const environment = readEnvironmentFile(stack, config);
  return contextFor(stack, environment, ambientEffects(report), env);
}

/** The context of a validated environment, with everything else from the environment variables. */
export function contextFor(stack: string, environment: Environment, effects: Effects, env: Env): TokenContext {
  const plan = planRotation(environment, addressFrom(env, "GITHUB_BASE_URL"));
  const where = names(environment);
  let session: VaultSession | undefined;
  let gate: GateControl | undefined;

  const vault = (): VaultSession | undefined => {
    if (environment.tokenStore.kind !== "vault" || !where.vault) return undefined;
    const address = environment.tokenStore.address ?? addressFrom(env, "VAULT_ADDR");
    if (!address)
      throw new CouldNotRun(
        "Vault's address is not known; set gatehouse:tokenStore.address in the environment file, or VAULT_ADDR.",
      );
    session ??= new VaultSession(
      effects,
      address.replace(/\/+$/, ""),
      vaultLogin(env, where.vault.ci),
      vaultNamespace(environment, env.VAULT_NAMESPACE),
    );
    return session;
  };
  const gateUrl = (): string | undefined => addressFrom(env, "GATEHOUSE_GATE_URL") ?? declaredGateUrl(environment);
  const operatorKey = async (): Promise<string | undefined> => {
    if (env.GATEHOUSE_OPERATOR_KEY) return env.GATEHOUSE_OPERATOR_KEY;
    const s = vault();
    return s && where.vault ? (await readSecret(s, where.vault.mount, where.vault.operator))?.key : undefined;
  };
  const gateControl = async (): Promise<GateControl | undefined> => {
    if (gate) return gate;
    const url = gateUrl();
    if (!url) return undefined;
    const key = await operatorKey();
    if (!key)
      throw new CouldNotRun(
        "The gate's operator key is missing; set GATEHOUSE_OPERATOR_KEY, or let this identity read the key in Vault.",
      );
    gate = new GateControl(effects, url, key);
    return gate;
  };
  const store = async (): Promise<TokenStore> => {
    const s = vault();
    if (s && where.vault) return vaultStore(s, where.vault.mount, where.vault.token);
    return kvStore((await kvGate()).storage(), kvKeys());
  };
  const kvKeys = (): KvKeys => {
    const { GATEHOUSE_TOKEN_KEY: token, GATEHOUSE_ROTATOR_KEY: rotator } = env;
    if (!token || !rotator)
      throw new CouldNotRun(
        "The keys of the token store (Workers KV) are missing; set GATEHOUSE_TOKEN_KEY and GATEHOUSE_ROTATOR_KEY to the stack's outputs tokenKey and rotatorKey.",
      );
    return { token, rotator };
  };
  const kvGate = async (): Promise<GateControl> => {
    const control = await gateControl();
    if (!control)
      throw new CouldNotRun(
        "The gate's address is not known, and the token store (Workers KV) is reached through the gate; set GATEHOUSE_GATE_URL.",
      );
    return control;
  };
  const minterCell = async (): Promise<Cell> => {
    const s = vault();
    return s && where.vault
      ? new VaultCell(s, where.vault.mount, where.vault.minter)
      : kvMinterCell((await kvGate()).storage(), kvKeys());
  };
  const minterSecrets = async (): Promise<MinterSecrets> => {
    const fromEnv = minterSecretsOf(env);
    if (Object.keys(fromEnv).length > 0 || plan.kind === "personal-access-token") return fromEnv;
    const s = vault();
    if (s && where.vault) return minterSecretsIn(await readSecret(s, where.vault.mount, where.vault.minter));
    return minterSecretsIn((await (await minterCell()).read()).data);
  };
  return {
    stack,
    environment,
    plan,
    effects,
    store,
    vault,
    gate: gateControl,
    gateUrl,
    minterSecrets,
    minterCell,
    deps: async () => {
      const control = await gateControl();
      return {
        effects,
        plan,
        minter: minterFor(effects, plan, await minterSecrets()),
        store: await store(),
        ...(control ? { gate: control } : {}),
        rotatorId: `${hostname()}-${process.pid}-${randomBytes(3).toString("hex")}`,
        adapters: adaptersFor(effects, plan, {
          webhookSecret: env.GATEHOUSE_WEBHOOK_SECRET,
          dispatchToken: env.GATEHOUSE_DISPATCH_TOKEN,
        }),
        ...(env.GATEHOUSE_GRANTS_TOKEN
          ? { grant: (expiresAt: string) => readGrant(effects, plan, env.GATEHOUSE_GRANTS_TOKEN ?? "", expiresAt) }
          : {}),
      };
    },
  };
}

function minterSecretsOf(env: Env): MinterSecrets {
  return {
    ...(env.GATEHOUSE_APP_PRIVATE_KEY ? { appPrivateKey: env.GATEHOUSE_APP_PRIVATE_KEY } : {}),
    ...(env.GATEHOUSE_APP_CLIENT_SECRET ? { appClientSecret: env.GATEHOUSE_APP_CLIENT_SECRET } : {}),
    ...(env.GATEHOUSE_SITE_ADMIN_TOKEN ? { siteAdminToken: env.GATEHOUSE_SITE_ADMIN_TOKEN } : {}),
  };
}

/** VAULT_TOKEN when set; otherwise the identity token of the CI job, so that CI stores no secret. */
function vaultLogin(
  env: Env,
  ci: { mount: string; rotatorRole: string; auditorRole: string; audience: string },
): VaultLogin {
  if (env.VAULT_TOKEN) return { kind: "token", token: env.VAULT_TOKEN };
  const role = env.GATEHOUSE_VAULT_ROLE === "auditor" ? ci.auditorRole : ci.rotatorRole;
  if (env.GATEHOUSE_OIDC_TOKEN)
    return { kind: "jwt", mount: ci.mount, role, jwt: () => Promise.resolve(env.GATEHOUSE_OIDC_TOKEN ?? "") };
  const url = env.ACTIONS_ID_TOKEN_REQUEST_URL;
  const bearer = env.ACTIONS_ID_TOKEN_REQUEST_TOKEN;
  if (url && bearer) return { kind: "jwt", mount: ci.mount, role, jwt: () => actionsToken(url, bearer, ci.audience) };
  throw new CouldNotRun(
    "There is no credential for Vault; set VAULT_TOKEN, or in CI GATEHOUSE_OIDC_TOKEN (GitHub Actions: give the job the permission id-token: write).",
  );
}

async function actionsToken(url: string, bearer: string, audience: string): Promise<string> {
  const answer = await fetch(`${url}${url.includes("?") ? "&" : "?"}audience=${encodeURIComponent(audience)}`, {
    headers: { authorization: `Bearer ${bearer}` },
  });
  const body = answer.ok ? ((await answer.json()) as { value?: unknown }) : {};
  if (typeof body.value !== "string")
    throw new CouldNotRun(
      `GitHub Actions gave no identity token (${answer.status}); give the job the permission id-token: write.`,
    );
  return body.value;
}

/** Content of a secret beside the token, or undefined when there is none or this identity may not read it. */
async function readSecret(
  session: VaultSession,
  mount: string,
  path: string,
): Promise<Record<string, string> | undefined> {
  try {
    return await readVaultSecret(session, mount, path);
  } catch (error) {
    // Who may not even sign in learns that, and not that something else is missing.
    if (error instanceof RequestRefused && error.what === "log in") throw error;
    if (error instanceof RequestRefused) return undefined;
    throw new CouldNotRun(messageOf(error));
  }
}
