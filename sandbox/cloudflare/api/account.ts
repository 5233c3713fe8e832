import { ApiError, errors } from "../http/errors";
import { derivedId, type Zone } from "../state";
import { list, page } from "./pages";
import type { Routes, World } from "./world";

/** Who the token is, which accounts and zones it sees, and the account's workers.dev name. */
export const accountRoutes: Routes = (router, world) => {
  const { account } = world;
  const verified = { id: derivedId(`token:${account.id}`), status: "active" };
  const asAccount = {
    id: account.id,
    name: account.name,
    type: "standard",
    settings: { enforce_twofactor: true },
    created_on: "2024-01-01T00:00:00.000000Z",
  };
  router
    .on("GET", "user/tokens/verify", () => ({ result: verified }))
    .on("GET", "accounts/:account/tokens/verify", () => ({ result: verified }))
    .on("GET", "user", () => ({
      result: {
        id: derivedId(`user:${account.id}`),
        email: `admin@${account.name}.example`,
        username: "admin",
        two_factor_authentication_enabled: true,
      },
    }))
    .on("GET", "memberships", () =>
      list([
        {
          id: derivedId(`membership:${account.id}`),
          status: "accepted",
          account: asAccount,
          roles: ["Super Administrator - All Privileges"],
        },
      ]),
    )
    .on("GET", "accounts", (call) => page(call, [asAccount]))
    .on("GET", "accounts/:account", () => ({ result: asAccount }))
    .on("GET", "accounts/:account/workers/subdomain", () => ({ result: { subdomain: account.subdomain } }))
    .on("GET", "accounts/:account/workers/account-settings", () => ({
      result: { default_usage_model: "standard", green_compute: false },
    }))
    .on("GET", "zones", (call) =>
      page(
        call,
        account.zones.filter((zone) => matches(zone, call.query)).map((zone) => asZone(zone, world)),
      ),
    )
    .on("GET", "zones/:zone", (call) => ({ result: asZone(zoneOf(world, call.param("zone")), world) }));
};

/** @throws ApiError 404 for a zone of somebody else */
export function zoneOf(world: World, id: string): Zone {
  const zone = world.account.zones.find((z) => z.id === id);
  if (zone === undefined) throw errors.noSuchRoute();
  return zone;
}

/** The zone that a host name belongs to. */
export function zoneOfHost(world: World, hostname: string): Zone {
  const zone = world.account.zones.find((z) => hostname === z.name || hostname.endsWith(`.${z.name}`));
  if (zone === undefined)
    throw new ApiError(400, 100117, `Hostname '${hostname}' does not belong to a zone of this account.`);
  return zone;
}

function matches(zone: Zone, query: URLSearchParams): boolean {
  const name = query.get("name");
  const account = query.get("account.id");
  const status = query.get("status");
  return (
    (name === null || name === zone.name) &&
    (account === null || account !== "") &&
    (status === null || status === "active")
  );
}

function asZone(zone: Zone, { account }: World): Record<string, unknown> {
  return {
    id: zone.id,
    name: zone.name,
    status: "active",
    paused: false,
    type: "full",
    development_mode: 0,
    name_servers: ["a.ns.cloudflare.example", "b.ns.cloudflare.example"],
    original_name_servers: [],
    original_registrar: null,
    original_dnshost: null,
    created_on: "2024-01-01T00:00:00.000000Z",
    modified_on: "2024-01-01T00:00:00.000000Z",
    activated_on: "2024-01-01T00:00:00.000000Z",
    vanity_name_servers: [],
    meta: { step: 4, custom_certificate_quota: 0, page_rule_quota: 3, phishing_detected: false },
    owner: { id: null, type: "user", email: null },
    account: { id: account.id, name: account.name },
    permissions: ["#zone:read", "#worker:edit"],
    plan: {
      id: "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
      name: "Free Website",
      price: 0,
      currency: "USD",
      frequency: "",
      legacy_id: "free",
      is_subscribed: false,
      can_subscribe: false,
      externally_managed: false,
    },
  };
}
