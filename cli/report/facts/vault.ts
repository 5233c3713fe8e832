import { asList, asRecord, asText } from "../../../infra/config/json";
import { VAULT_APPROLE, VAULT_JWT_ROLE, VAULT_POLICY } from "../../../policy/read";
import { readPolicyHcl } from "../../support/policyHcl";
import type { SnapshotResource } from "../snapshot";
import type { Fact } from "./fact";
import type { Reader } from "./github";

const CAPABILITY_POWER: Record<string, number> = {
  deny: 0,
  list: 1,
  read: 2,
  patch: 3,
  create: 3,
  update: 3,
  delete: 4,
  sudo: 8,
};

/** By path and capability; `deny` holds back, whatever else stands there. */
const policy = ({ inputs }: SnapshotResource): Fact[] =>
  readPolicyHcl(asText(inputs.policy)).map(({ path, capabilities }) => ({
    id: `vault/${asText(inputs.name)}/${path}`,
    area: "token",
    says: `${asText(inputs.name)} may ${capabilities.join(", ")} ${path}`,
    power: capabilities.reduce((sum, capability) => sum + (CAPABILITY_POWER[capability] ?? 9), 0),
    parts: Object.fromEntries(capabilities.map((capability) => [capability, capability === "deny" ? -1 : 1])),
  }));

/** What a sign-in gives, for how long, and what it asks for. */
function role({ inputs }: SnapshotResource): Fact[] {
  const name = `${asText(inputs.backend)}/${asText(inputs.roleName)}`;
  const policies = asList(inputs.tokenPolicies).map(asText).sort();
  const seconds = Number(inputs.tokenMaxTtl ?? inputs.tokenTtl ?? 0);
  const asks = [
    ...(inputs.bindSecretId === true ? ["a secret id"] : []),
    ...asList(inputs.boundAudiences).map((one) => `audience ${asText(one)}`),
    ...Object.entries(asRecord(inputs.boundClaims)).map(([key, value]) => `${key} ${asText(value)}`),
    ...asList(inputs.tokenBoundCidrs).map((one) => `address in ${asText(one)}`),
  ].sort();
  const forEver = seconds === 0;
  return [
    {
      id: `sign-in/${name}`,
      area: "token",
      says: `whoever signs in at ${name} (asked for: ${asks.join(", ") || "nothing"}) gets ${policies.join(", ") || "no policy"} ${forEver ? "without a bound" : `for ${seconds} s at most`}`,
      power: forEver ? Number.MAX_SAFE_INTEGER : seconds,
      parts: {
        ...Object.fromEntries(policies.map((one) => [`policy ${one}`, 1])),
        ...Object.fromEntries(asks.map((one) => [`asks for ${one}`, -1])),
        ...(forEver ? { "session without end": 1_000_000_000 } : { "session seconds": seconds }),
        ...(inputs.tokenNoDefaultPolicy === true ? {} : { "policy default": 1 }),
      },
    },
  ];
}

export const VAULT_READERS: Readonly<Record<string, Reader>> = {
  [VAULT_POLICY]: policy,
  [VAULT_APPROLE]: role,
  [VAULT_JWT_ROLE]: role,
};
