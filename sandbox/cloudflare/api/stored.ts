import { ApiError, errors } from "../http/errors";
import type { Call } from "../http/router";
import { derivedId, hexId, timestamp, uuid, type Stored } from "../state";
import { zoneOf, zoneOfHost } from "./account";
import { list, page } from "./pages";
import type { Routes, World } from "./world";

const notFound = (code: number, message: string) => (): ApiError => new ApiError(404, code, message);

function pick(map: ReadonlyMap<string, Stored>, id: string, otherwise: () => ApiError): Stored {
  const found = map.get(id);
  if (found === undefined) throw otherwise();
  return found;
}

/** Routes of zones and custom domains of Workers. */
export const hostRoutes: Routes = (router, world) => {
  const { account } = world;
  const ROUTES = "zones/:zone/workers/routes";
  const noRoute = notFound(10020, "workers.api.error.route_not_found");
  const route = (call: Call): Stored => {
    const found = pick(account.routes, call.param("id"), noRoute);
    if (found["zone"] !== call.param("zone")) throw noRoute();
    return found;
  };
  const shown = ({ id, pattern, script }: Stored): Record<string, unknown> => ({
    id,
    pattern,
    ...(script === undefined ? {} : { script }),
  });
  const input = (call: Call, own?: string): { pattern: string; script: unknown } => {
    const { pattern, script } = call.object();
    if (typeof pattern !== "string" || pattern === "") throw new ApiError(400, 10022, "invalid route pattern");
    zoneOfHost(
      world,
      pattern
        .replace(/^https?:\/\//, "")
        .replace(/^\*\.?/, "")
        .split("/")[0] ?? "",
    );
    if (typeof script === "string" && !account.scripts.has(script)) throw errors.scriptNotFound();
    if ([...account.routes.values()].some((r) => r["pattern"] === pattern && r.id !== own))
      throw new ApiError(409, 10020, "A route with the same pattern already exists.");
    return { pattern, script };
  };
  router
    .on("GET", ROUTES, (call) =>
      list([...account.routes.values()].filter((r) => r["zone"] === call.param("zone")).map(shown)),
    )
    .on("POST", ROUTES, (call) => {
      const created: Stored = { id: hexId(), zone: zoneOf(world, call.param("zone")).id, ...input(call) };
      account.routes.set(String(created.id), created);
      return { result: shown(created) };
    })
    .on("GET", `${ROUTES}/:id`, (call) => ({ result: shown(route(call)) }))
    .on("PUT", `${ROUTES}/:id`, (call) => {
      const { id } = route(call);
      const updated: Stored = { id, zone: call.param("zone"), ...input(call, String(id)) };
      account.routes.set(String(id), updated);
      return { result: shown(updated) };
    })
    .on("DELETE", `${ROUTES}/:id`, (call) => {
      account.routes.delete(String(route(call).id));
      return { result: { id: call.param("id") } };
    });

  const DOMAINS = "accounts/:account/workers/domains";
  const noDomain = notFound(100114, "Could not find the domain.");
  const attach = (hostname: string, service: string, environment: unknown): Stored => {
    const zone = zoneOfHost(world, hostname);
    const id = derivedId(`domain:${account.id}:${hostname}`);
    // The same host name attached again moves to the new service and keeps its id.
    const domain: Stored = {
      id,
      zone_id: zone.id,
      zone_name: zone.name,
      hostname,
      service,
      environment: environment ?? "production",
      cert_id: account.domains.get(id)?.["cert_id"] ?? uuid(),
    };
    account.domains.set(id, domain);
    return domain;
  };
  // wrangler tells all custom domains of a script at once; those that it does not name any more go.
  const origins = (call: Call): string[] =>
    ((call.object()["origins"] ?? call.object()) as { hostname?: string }[]).map((o) => String(o.hostname));
  const ofScript = (call: Call): Stored[] =>
    [...account.domains.values()].filter((d) => d["service"] === call.param("script"));
  router
    .on("POST", "accounts/:account/workers/scripts/:script/domains/changeset", (call) => {
      const body = call.json();
      const wanted = (Array.isArray(body) ? body : []).map((o: { hostname?: string }) => String(o.hostname));
      const before = ofScript(call);
      const elsewhere = [...account.domains.values()].filter(
        (d) => wanted.includes(String(d["hostname"])) && d["service"] !== call.param("script"),
      );
      return {
        result: {
          added: wanted.filter((h) => !before.some((d) => d["hostname"] === h)).map((hostname) => ({ hostname })),
          removed: before.filter((d) => !wanted.includes(String(d["hostname"]))),
          updated: elsewhere.map((d) => ({ ...d, modified: true })),
          conflicting: [],
        },
      };
    })
    .on("PUT", "accounts/:account/workers/scripts/:script/domains/records", (call) => {
      if (!account.scripts.has(call.param("script"))) throw errors.scriptNotFound();
      const wanted = origins(call);
      for (const domain of ofScript(call))
        if (!wanted.includes(String(domain["hostname"]))) account.domains.delete(String(domain.id));
      return { result: wanted.map((hostname) => attach(hostname, call.param("script"), "production")) };
    })
    .on("GET", "accounts/:account/workers/scripts/:script/domains/records", (call) => ({ result: ofScript(call) }))
    .on("GET", DOMAINS, (call) =>
      list(
        [...account.domains.values()].filter((d) =>
          ["hostname", "service", "zone_id", "zone_name", "environment"].every(
            (field) => call.query.get(field) === null || call.query.get(field) === d[field],
          ),
        ),
      ),
    )
    .on("PUT", DOMAINS, (call) => {
      const { hostname, service, environment, zone_id } = call.object();
      if (typeof hostname !== "string" || typeof service !== "string")
        throw errors.invalid("hostname and service are required");
      const zone = zoneOfHost(world, hostname);
      if (typeof zone_id === "string" && zone_id !== zone.id)
        throw new ApiError(400, 100117, `Hostname '${hostname}' does not belong to zone ${zone_id}.`);
      if (!account.scripts.has(service)) throw errors.scriptNotFound();
      return { result: attach(hostname, service, environment) };
    })
    .on("GET", `${DOMAINS}/:id`, (call) => ({ result: pick(account.domains, call.param("id"), noDomain) }))
    .on("DELETE", `${DOMAINS}/:id`, (call) => {
      account.domains.delete(String(pick(account.domains, call.param("id"), noDomain).id));
      // The one DELETE without content type: the provider tolerates it here, and the SDK would parse an empty JSON
      // body.
      return { empty: "untyped", status: 200 };
    });
};

/** URL normalisation and rulesets of a zone. */
export const zoneRoutes: Routes = (router, world) => {
  const { account } = world;
  router
    .on("GET", "zones/:zone/url_normalization", (call) => ({
      result: account.urlNormalization.get(call.param("zone")) ?? { type: "cloudflare", scope: "incoming" },
    }))
    .on("PUT", "zones/:zone/url_normalization", (call) => {
      const { type, scope } = call.object();
      if (type !== "cloudflare" && type !== "rfc3986") throw errors.invalid("type must be cloudflare or rfc3986");
      if (scope !== "incoming" && scope !== "both" && scope !== "none")
        throw errors.invalid("scope must be incoming, both or none");
      account.urlNormalization.set(zoneOf(world, call.param("zone")).id, { type, scope });
      return { result: { type, scope } };
    })
    .on("DELETE", "zones/:zone/url_normalization", (call) => {
      account.urlNormalization.delete(zoneOf(world, call.param("zone")).id);
      return { empty: true };
    });
  const noRuleset = notFound(10000, "could not find ruleset");
  for (const base of ["zones/:zone/rulesets", "accounts/:account/rulesets"]) {
    const owner = (call: Call): string => call.param("zone") || call.param("account");
    const find = (call: Call): Stored => {
      const found = pick(account.rulesets, call.param("id"), noRuleset);
      if (found["owner"] !== owner(call)) throw noRuleset();
      return found;
    };
    const shown = ({ owner: _, ...rest }: Stored): Record<string, unknown> => rest;
    const rules = (given: unknown, version: string): unknown[] =>
      ((given ?? []) as Record<string, unknown>[]).map((rule) => ({
        id: hexId(),
        version,
        last_updated: timestamp(),
        enabled: true,
        ...rule,
      }));
    router
      .on("GET", base, (call) =>
        list(
          [...account.rulesets.values()]
            .filter((r) => r["owner"] === owner(call))
            .map((r) => {
              const { rules: _, ...rest } = shown(r);
              return rest;
            }),
        ),
      )
      .on("POST", base, (call) => {
        const body = call.object();
        const created: Stored = {
          ...body,
          id: hexId(),
          owner: owner(call),
          version: "1",
          last_updated: timestamp(),
          rules: rules(body["rules"], "1"),
        };
        account.rulesets.set(String(created.id), created);
        return { result: shown(created) };
      })
      .on("GET", `${base}/:id`, (call) => ({ result: shown(find(call)) }))
      .on("PUT", `${base}/:id`, (call) => {
        const before = find(call);
        const body = call.object();
        const version = String(Number(before["version"]) + 1);
        const updated: Stored = {
          ...before,
          ...body,
          id: before.id,
          version,
          last_updated: timestamp(),
          rules: rules(body["rules"], version),
        };
        account.rulesets.set(String(before.id), updated);
        return { result: shown(updated) };
      })
      .on("DELETE", `${base}/:id`, (call) => {
        account.rulesets.delete(String(find(call).id));
        return { empty: true };
      });
  }
};

/** Logpush jobs of the account and of zones. */
export const logpushRoutes: Routes = (router, { account }) => {
  const noJob = notFound(1002, "job not found");
  for (const base of ["accounts/:account/logpush/jobs", "zones/:zone/logpush/jobs"]) {
    const owner = (call: Call): string => call.param("zone") || call.param("account");
    const find = (call: Call): Stored => {
      const found = pick(account.logpush, call.param("id"), noJob);
      if (found["owner"] !== owner(call)) throw noJob();
      return found;
    };
    const shown = ({ owner: _, ...rest }: Stored): Record<string, unknown> => rest;
    // An update sends `kind: null` for what the service calls "".
    const body = (call: Call): Record<string, unknown> => ({ ...call.object(), kind: call.object()["kind"] ?? "" });
    router
      .on("GET", base, (call) =>
        list([...account.logpush.values()].filter((j) => j["owner"] === owner(call)).map(shown)),
      )
      .on("POST", base, (call) => {
        if (typeof call.object()["destination_conf"] !== "string")
          throw new ApiError(400, 1004, "destination_conf is required");
        const created: Stored = {
          ...body(call),
          id: account.nextLogpushId,
          owner: owner(call),
          error_message: null,
          last_complete: null,
          last_error: null,
        };
        account.nextLogpushId += 1;
        account.logpush.set(String(created.id), created);
        return { result: shown(created) };
      })
      .on("GET", `${base}/:id`, (call) => ({ result: shown(find(call)) }))
      .on("PUT", `${base}/:id`, (call) => {
        const before = find(call);
        const updated: Stored = { ...before, ...body(call), id: before.id };
        account.logpush.set(String(before.id), updated);
        return { result: shown(updated) };
      })
      .on("DELETE", `${base}/:id`, (call) => {
        const { id } = find(call);
        account.logpush.delete(String(id));
        return { result: { id } };
      });
  }
};

/** Notification policies and the webhooks they send to. */
export const alertingRoutes: Routes = (router, world) => {
  const { account } = world;
  storedCollection(
    router,
    "accounts/:account/alerting/v3/policies",
    account.policies,
    notFound(14002, "policy not found"),
    (body) => body,
  );
  // The secret is taken and never given back.
  storedCollection(
    router,
    "accounts/:account/alerting/v3/destinations/webhooks",
    account.webhooks,
    notFound(14002, "webhook not found"),
    ({ secret: _, ...body }) => ({ ...body, type: "generic" }),
  );
};

/** What the alerting API has in common: create answers the id alone, times are called created and modified. */
function storedCollection(
  router: Parameters<Routes>[0],
  base: string,
  map: World["account"]["policies"],
  missing: () => ApiError,
  shown: (body: Record<string, unknown>) => Record<string, unknown>,
): void {
  const created = base.endsWith("webhooks") ? "created_at" : "created";
  const find = (call: Call): Stored => pick(map, call.param("id"), missing);
  router
    .on("GET", base, (call) => page(call, [...map.values()].map(shown)))
    .on("POST", base, (call) => {
      const item: Stored = {
        ...call.object(),
        id: hexId(),
        [created]: timestamp(),
        ...(created === "created" ? { modified: timestamp() } : {}),
      };
      map.set(String(item.id), item);
      return { result: { id: item.id } };
    })
    .on("GET", `${base}/:id`, (call) => ({ result: shown(find(call)) }))
    .on("PUT", `${base}/:id`, (call) => {
      const before = find(call);
      const item: Stored = {
        ...call.object(),
        id: before.id,
        [created]: before[created],
        ...(created === "created" ? { modified: timestamp() } : {}),
      };
      map.set(String(before.id), item);
      return { result: { id: item.id } };
    })
    .on("DELETE", `${base}/:id`, (call) => {
      map.delete(String(find(call).id));
      return { result: null };
    });
}
