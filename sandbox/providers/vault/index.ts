import { DeclarativeProvider } from "../support/provider";
import type { InvokeFunction, ResourceType } from "../support/resource";
import type { ProviderPackage, SandboxProvider } from "../types";
import { APPROLE_ROLE, APPROLE_SECRET_ID } from "./approle";
import { AUTH_BACKEND } from "./auth";
import { settingsFrom, VaultClient, type VaultSettings } from "./client";
import { IDENTITY_ENTITY, IDENTITY_ENTITY_ALIAS } from "./identity";
import { JWT_AUTH_BACKEND, JWT_AUTH_BACKEND_ROLE } from "./jwt";
import { KV_CONFIG, KV_SECRET } from "./kv";
import { MOUNT } from "./mount";
import { POLICY, policyDocument } from "./policy";
import { AUDIT_REQUEST_HEADER, QUOTA_RATE_LIMIT } from "./system";

/** The resource types by token. */
export const VAULT_TYPES: Readonly<Record<string, ResourceType<VaultClient>>> = {
  "vault:appRole/authBackendRole:AuthBackendRole": APPROLE_ROLE,
  "vault:appRole/authBackendRoleSecretId:AuthBackendRoleSecretId": APPROLE_SECRET_ID,
  "vault:identity/entity:Entity": IDENTITY_ENTITY,
  "vault:identity/entityAlias:EntityAlias": IDENTITY_ENTITY_ALIAS,
  "vault:index/auditRequestHeader:AuditRequestHeader": AUDIT_REQUEST_HEADER,
  "vault:index/authBackend:AuthBackend": AUTH_BACKEND,
  "vault:index/mount:Mount": MOUNT,
  "vault:index/policy:Policy": POLICY,
  "vault:index/quotaRateLimit:QuotaRateLimit": QUOTA_RATE_LIMIT,
  "vault:jwt/authBackend:AuthBackend": JWT_AUTH_BACKEND,
  "vault:jwt/authBackendRole:AuthBackendRole": JWT_AUTH_BACKEND_ROLE,
  "vault:kv/secretBackendV2:SecretBackendV2": KV_CONFIG,
  "vault:kv/secretV2:SecretV2": KV_SECRET,
};

const FUNCTIONS: Readonly<Record<string, InvokeFunction<VaultClient>>> = {
  "vault:index/getPolicyDocument:getPolicyDocument": policyDocument,
};

/** A provider for given settings. */
export function vaultProvider(settings: () => VaultSettings): SandboxProvider {
  return new DeclarativeProvider<VaultClient>({
    name: "vault",
    flavour: "sdk",
    types: VAULT_TYPES,
    functions: FUNCTIONS,
    client: async () => VaultClient.connect(settings()),
  });
}

/** Engines, policies, auth methods and roles of Vault or OpenBao, with the calls that @pulumi/vault 7.8.0 makes. */
export const vaultPackage: ProviderPackage = {
  name: "vault",
  version: "7.8.0",
  types: Object.keys(VAULT_TYPES),
  functions: Object.keys(FUNCTIONS),
  create: (config, env) => Promise.resolve(vaultProvider(() => settingsFrom(config, env))),
};
