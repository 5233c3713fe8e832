import { errors } from "../http/errors";
import type { Call } from "../http/router";
import { newId, type Credential, type Json, type Vault } from "../state";
import { type Body, credentialCreate, credentialUpdate, vaultCreate, vaultUpdate } from "./bodies";
import { page } from "./pages";
import { listed, patchedMetadata, type Routes, vaultOf, type World } from "./world";

/** Most credentials that a vault holds. */
const CREDENTIALS = 20;

/** Vaults and their credentials. What is secret goes in and never comes out. */
export const vaultRoutes: Routes = (router, world) => {
  const { workspace, webhooks } = world;
  router
    .on("GET", "v1/vaults", (call) =>
      page(
        call,
        [...workspace.vaults.values()].filter((v) => listed(v.shown.archived_at, call.flag("include_archived"))),
        { present: (vault) => vault.shown },
      ),
    )
    .on("POST", "v1/vaults", (call) => {
      const body = call.body(vaultCreate);
      const now = workspace.now();
      const id = newId("vlt");
      const vault: Vault = {
        number: workspace.nextNumber(),
        id,
        shown: {
          id,
          type: "vault",
          display_name: body.display_name,
          metadata: body.metadata ?? {},
          archived_at: null,
          created_at: now,
          updated_at: now,
        },
        credentials: new Map(),
      };
      workspace.vaults.set(id, vault);
      webhooks.send("vault.created", id);
      return vault.shown;
    })
    .on("GET", "v1/vaults/:vault", (call) => vaultOf(world, call.param("vault")).shown)
    .on("POST", "v1/vaults/:vault", (call) => {
      const body = call.body(vaultUpdate);
      const vault = activeVault(world, call);
      vault.shown = {
        ...vault.shown,
        display_name: body.display_name ?? vault.shown["display_name"],
        metadata: patchedMetadata(vault.shown.metadata, body.metadata),
        updated_at: workspace.now(),
      };
      return vault.shown;
    })
    .on("DELETE", "v1/vaults/:vault", (call) => {
      const { id } = vaultOf(world, call.param("vault"));
      workspace.vaults.delete(id);
      webhooks.send("vault.deleted", id);
      return { id, type: "vault_deleted" };
    })
    .on("POST", "v1/vaults/:vault/archive", (call) => {
      const vault = vaultOf(world, call.param("vault"));
      if (!vault.shown.archived_at) {
        const now = workspace.now();
        vault.shown = { ...vault.shown, archived_at: now };
        for (const credential of vault.credentials.values()) archive(credential, now);
        webhooks.send("vault.archived", vault.id);
      }
      return vault.shown;
    });

  const at = "v1/vaults/:vault/credentials";
  router
    .on("GET", at, (call) =>
      page(
        call,
        [...vaultOf(world, call.param("vault")).credentials.values()].filter((c) =>
          listed(c.shown.archived_at, call.flag("include_archived")),
        ),
        { present: (credential) => credential.shown },
      ),
    )
    .on("POST", at, (call) => {
      const body = call.body(credentialCreate);
      const vault = activeVault(world, call);
      const active = [...vault.credentials.values()].filter((c) => c.shown.archived_at === null);
      if (active.some((c) => keyOf(c.shown.auth) === keyOf(body.auth)))
        throw errors.conflict(`auth: the vault already has an active credential for ${keyOf(body.auth)}`);
      if (active.length >= CREDENTIALS) throw errors.invalid(`a vault holds at most ${CREDENTIALS} credentials`);
      const now = workspace.now();
      const id = newId("vcrd");
      const { auth, secrets } = stored(body.auth);
      const credential: Credential = {
        number: workspace.nextNumber(),
        id,
        shown: {
          id,
          type: "vault_credential",
          vault_id: vault.id,
          display_name: body.display_name ?? null,
          auth,
          metadata: body.metadata ?? {},
          archived_at: null,
          created_at: now,
          updated_at: now,
        },
        secrets,
      };
      vault.credentials.set(id, credential);
      webhooks.send("vault_credential.created", id, { vault_id: vault.id });
      return credential.shown;
    })
    .on("GET", `${at}/:credential`, (call) => credentialOf(world, call).shown)
    .on("POST", `${at}/:credential`, (call) => {
      const body = call.body(credentialUpdate);
      activeVault(world, call);
      const credential = credentialOf(world, call);
      const { shown } = credential;
      if (shown.archived_at) throw errors.invalid(`Credential ${credential.id} is archived`);
      const changed = body.auth
        ? changedAuth(credential, body.auth)
        : { auth: shown.auth, secrets: credential.secrets };
      credential.secrets = changed.secrets;
      credential.shown = {
        ...shown,
        auth: changed.auth,
        display_name: body.display_name === undefined ? shown["display_name"] : body.display_name,
        metadata: patchedMetadata(shown.metadata, body.metadata),
        updated_at: workspace.now(),
      };
      // The service has no webhook for this.
      return credential.shown;
    })
    .on("DELETE", `${at}/:credential`, (call) => {
      const vault = vaultOf(world, call.param("vault"));
      const { id } = credentialOf(world, call);
      vault.credentials.delete(id);
      webhooks.send("vault_credential.deleted", id, { vault_id: vault.id });
      return { id, type: "vault_credential_deleted" };
    })
    .on("POST", `${at}/:credential/archive`, (call) => {
      const credential = credentialOf(world, call);
      if (!credential.shown.archived_at) {
        archive(credential, workspace.now());
        webhooks.send("vault_credential.archived", credential.id, { vault_id: call.param("vault") });
      }
      return credential.shown;
    });
};

function activeVault(world: World, call: Call): Vault {
  const vault = vaultOf(world, call.param("vault"));
  if (vault.shown.archived_at) throw errors.invalid(`Vault ${vault.id} is archived`);
  return vault;
}

function credentialOf(world: World, call: Call): Credential {
  const credential = vaultOf(world, call.param("vault")).credentials.get(call.param("credential"));
  if (!credential) throw errors.notFound(`Credential ${call.param("credential")} was not found`);
  return credential;
}

/** The record stays, its secrets go. */
function archive(credential: Credential, now: string): void {
  credential.secrets = {};
  credential.shown = { ...credential.shown, archived_at: credential.shown.archived_at ?? now };
}

/** What is unique among a vault's active credentials. */
const keyOf = (auth: Json): unknown => auth["secret_name"] ?? auth["mcp_server_url"];

type NewAuth = Body<typeof credentialCreate>["auth"];

/** What the API shows of a new credential, and what it keeps to itself. */
function stored(auth: NewAuth): { auth: Json; secrets: Record<string, string> } {
  if (auth.type === "static_bearer")
    return { auth: { type: auth.type, mcp_server_url: auth.mcp_server_url }, secrets: { token: auth.token } };
  if (auth.type === "environment_variable") {
    // Left out: both places. Given: what it does not name is off.
    const place = auth.injection_location ?? { header: true, body: true };
    const injection_location = { header: place.header ?? false, body: place.body ?? false };
    if (!injection_location.header && !injection_location.body) throw errors.invalid(ONE_PLACE);
    const { secret_name, networking } = auth;
    return {
      auth: { type: auth.type, secret_name, networking, injection_location },
      secrets: { secret_value: auth.secret_value },
    };
  }
  const { refresh } = auth;
  const clientAuth = refresh?.token_endpoint_auth;
  return {
    auth: {
      type: auth.type,
      mcp_server_url: auth.mcp_server_url,
      ...(auth.expires_at ? { expires_at: auth.expires_at } : {}),
      ...(refresh
        ? {
            refresh: {
              client_id: refresh.client_id,
              token_endpoint: refresh.token_endpoint,
              token_endpoint_auth: { type: refresh.token_endpoint_auth.type },
              resource: refresh.resource ?? null,
              scope: refresh.scope ?? null,
            },
          }
        : {}),
    },
    secrets: {
      access_token: auth.access_token,
      ...(refresh ? { refresh_token: refresh.refresh_token } : {}),
      ...(clientAuth && "client_secret" in clientAuth ? { client_secret: clientAuth.client_secret } : {}),
    },
  };
}

const ONE_PLACE = "auth.injection_location: at least one location must be enabled";

type ChangedAuth = NonNullable<Body<typeof credentialUpdate>["auth"]>;

/** @throws ApiError 400 for another type than the stored one */
function changedAuth(
  { shown, secrets }: Credential,
  change: ChangedAuth,
): { auth: Json; secrets: Record<string, string> } {
  const before = shown.auth;
  if (change.type !== before["type"]) throw errors.invalid("auth.type cannot be changed");
  const replaced = (values: Record<string, string | null | undefined>): Record<string, string> => ({
    ...secrets,
    ...Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => entry[1] != null)),
  });
  if (change.type === "static_bearer") return { auth: before, secrets: replaced({ token: change.token }) };
  if (change.type === "environment_variable") {
    // Networking is replaced as a whole, places are merged.
    const place = { ...(before["injection_location"] as Json), ...change.injection_location };
    if (place["header"] !== true && place["body"] !== true) throw errors.invalid(ONE_PLACE);
    return {
      auth: { ...before, networking: change.networking ?? before["networking"], injection_location: place },
      secrets: replaced({ secret_value: change.secret_value }),
    };
  }
  const { refresh } = change;
  if (refresh && !before["refresh"]) throw errors.invalid("auth.refresh: the credential was created without one");
  return {
    auth: {
      ...before,
      // A new token without its expiry keeps the old one's.
      ...(change.expires_at ? { expires_at: change.expires_at } : {}),
      ...(refresh?.scope === undefined
        ? {}
        : { refresh: { ...(before["refresh"] as Json), scope: refresh.scope || null } }),
    },
    secrets: replaced({
      access_token: change.access_token,
      refresh_token: refresh?.refresh_token,
      client_secret: refresh?.token_endpoint_auth?.client_secret,
    }),
  };
}
