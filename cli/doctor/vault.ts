import { names } from "../../infra/model";
import { vaultPolicies } from "../../infra/plans";
import { asList, asRecord, asText } from "../assess/question";
import type { VaultReader } from "../live/context";
import type { Response } from "../live/reader";
import type { DoctorContext } from "./context";
import { isLoopback } from "../support/proxy";
import { clockFinding, linesOf, several, silence, type Finding } from "./finding";

const { ok, note, problem } = linesOf("Vault");
/** A deployment of some repositories takes a few minutes. */
const LEAST_SECONDS = 600;

/** Reachability, the deployment's token and what it may do. Nothing where Workers KV is the token store. */
export async function vaultFindings(context: DoctorContext): Promise<Finding[]> {
  if (!names(context.environment).vault) return [];
  if (!("client" in context.vault))
    return [problem("token", context.vault.missing, "export VAULT_ADDR and VAULT_TOKEN, for the deployment alone")];
  const vault = context.vault.client;
  const health = await vault.get("sys/health?standbyok=true&perfstandbyok=true&sealedcode=200&uninitcode=200");
  const address = addressFinding(context, vault, health);
  if (address.result === "problem") return [address];
  const time = Number(asRecord(health.json()).server_time_utc) * 1000;
  const self = await vault.get("auth/token/lookup-self");
  const token = tokenFinding(asRecord(asRecord(self.json()).data), self.call.status);
  return [
    address,
    clockFinding("Vault", time, context.clock()),
    token,
    ...(token.result === "problem" ? [] : [await permissions(context, vault)]),
  ];
}

function addressFinding(context: DoctorContext, vault: VaultReader, health: Response): Finding {
  const check = "address";
  const silent = silence(health);
  if (silent !== undefined)
    return problem(check, silent, "check VAULT_ADDR or gatehouse:tokenStore.address, and the network");
  const { initialized, sealed, standby, version } = asRecord(health.json());
  if (initialized === false) return problem(check, "Vault is not initialized", "run vault operator init");
  if (sealed === true) return problem(check, "Vault is sealed", "run vault operator unseal");
  if (version === undefined)
    return problem(check, `${vault.address} does not answer as Vault does (${health.call.status})`, "check VAULT_ADDR");
  const found = `${vault.address}, version ${asText(version)}${standby === true ? ", standby" : ""}`;
  const local = isPrivate(new URL(vault.address).hostname);
  const cloudflareIsHere = isLoopback(new URL(context.cloudflareAddress).hostname);
  return local && !cloudflareIsHere
    ? problem(
        check,
        `${vault.address} is a private address, which the gate at Cloudflare cannot reach`,
        "give a public address in gatehouse:tokenStore.address, or use tokenStore: { kind: kv }",
      )
    : ok(check, found);
}

/** This machine, and the networks of RFC 1918. */
const isPrivate = (host: string): boolean =>
  isLoopback(host) || /^(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\./.test(host);

function tokenFinding(data: Readonly<Record<string, unknown>>, status: number): Finding {
  const check = "token";
  if (status !== 200)
    return problem(
      check,
      `Vault does not accept the token (${status})`,
      "sign in again: vault login, then export VAULT_TOKEN",
    );
  const policies = asList(data.policies).map(asText);
  const ttl = Number(data.ttl);
  if (ttl > 0 && ttl < LEAST_SECONDS)
    return problem(check, `it ends in ${ttl} s`, "sign in again: a deployment takes minutes");
  return policies.includes("root")
    ? note(check, "a root token", "a deployment needs less: gatehouse doctor --vault-policy prints a policy for it")
    : ok(check, `policies ${several(policies)}${ttl > 0 ? `, ${Math.floor(ttl / 60)} minutes left` : ""}`);
}

/** Holds what the token may do against the policy that the stack itself writes for deployments. */
async function permissions({ environment }: DoctorContext, vault: VaultReader): Promise<Finding> {
  const { rules } = vaultPolicies(environment).deployer;
  const asked = new Map(rules.map(({ path, capabilities }) => [path.replace(/\+|\*$/, "any"), capabilities]));
  const response = await vault.capabilities([...asked.keys()]);
  if (response.call.status !== 200)
    return note(
      "permissions",
      `Vault does not say what the token may do (${response.call.status})`,
      "grant update on sys/capabilities-self (the default policy has it)",
    );
  const held = asRecord(asRecord(response.json()).data);
  const missing = [...asked].filter(([path, needed]) => {
    const has = asList(held[path]).map(asText);
    return !has.includes("root") && needed.some((capability) => !has.includes(capability));
  });
  return missing.length === 0
    ? ok("permissions", `all ${asked.size} paths that a deployment needs`)
    : problem(
        "permissions",
        `too little on ${several(
          missing.map(([path]) => path),
          3,
        )}`,
        "give the deployment this policy: gatehouse doctor --vault-policy",
      );
}
