import { created, noContent, ok, page, type Context } from "../http/context";
import { HttpError, invalid, notFound } from "../http/errors";
import type { Need, Router } from "../http/router";
import type { Hook, HookDelivery } from "../state";
import { newHook } from "../webhooks";

const MASK = "********";

/** Webhooks of repositories and organizations. A secret goes in and never comes out again. */
export function hookRoutes(router: Router): void {
  const repoNeed = (level: string): Need => ({ role: "admin", permission: `repository_hooks=${level}` });
  const orgNeed = (level: string): Need => ({
    org: "admin",
    permission: `organization_hooks=${level}`,
    scopes: ["admin:org_hook"],
  });
  mount(
    router,
    "/repos/{owner}/{repo}/hooks",
    repoNeed,
    (c) => c.repo.hooks,
    (c) => `${c.world.api}/repos/${c.world.fullName(c.repo)}/hooks`,
    "Repository",
  );
  mount(
    router,
    "/orgs/{org}/hooks",
    orgNeed,
    (c) => c.org.hooks,
    (c) => `${c.world.api}/orgs/${c.org.login}/hooks`,
    "Organization",
  );
}

function mount(
  router: Router,
  base: string,
  need: (level: string) => Need,
  hooks: (c: Context) => Map<number, Hook>,
  url: (c: Context) => string,
  type: string,
): void {
  const find = (c: Context): Hook => {
    const hook = hooks(c).get(c.id("hook_id"));
    if (!hook) throw notFound();
    return hook;
  };
  const show = (c: Context, hook: Hook) => {
    const self = `${url(c)}/${hook.id}`;
    const last = hook.deliveries[0];
    return {
      type,
      id: hook.id,
      name: hook.name,
      active: hook.active,
      events: hook.events,
      config: maskedConfig(hook),
      updated_at: hook.updatedAt,
      created_at: hook.createdAt,
      url: self,
      ping_url: `${self}/pings`,
      deliveries_url: `${self}/deliveries`,
      ...(type === "Repository"
        ? {
            test_url: `${self}/test`,
            last_response: {
              code: last ? last.statusCode : null,
              status: last ? (last.statusCode >= 200 && last.statusCode < 300 ? "active" : "error") : "unused",
              message: last ? last.status : null,
            },
          }
        : {}),
    };
  };
  router.on("GET", base, need("read"), (c) => page(c, [...hooks(c).values()], (h) => show(c, h)));
  router.on("POST", base, need("write"), (c) => {
    const config = readConfig(c);
    if (!config.url) throw invalid("Hook", "url", "missing_field");
    if ([...hooks(c).values()].some((h) => h.config.url === config.url))
      throw new HttpError(422, "Validation Failed", {
        errors: [{ resource: "Hook", code: "custom", message: `Hook already exists on this ${type.toLowerCase()}` }],
      });
    const hook = newHook(
      c.world,
      { content_type: "form", insecure_ssl: "0", ...config, url: config.url },
      c.strings("events") ?? ["push"],
      c.bool("active") ?? true,
    );
    hooks(c).set(hook.id, hook);
    void ping(c, hook);
    return created(show(c, hook), `${url(c)}/${hook.id}`);
  });
  router.on("GET", `${base}/{hook_id}`, need("read"), (c) => ok(show(c, find(c))));
  router.on("PATCH", `${base}/{hook_id}`, need("write"), (c) => {
    const hook = find(c);
    const config = readConfig(c);
    // The mask stands for the secret that is there; a new configuration without one takes it away.
    if (c.sent("config"))
      hook.config = {
        ...hook.config,
        ...config,
        ...(config.secret === MASK ? { secret: hook.config.secret ?? "" } : {}),
      };
    if (c.sent("config") && config.secret === undefined) delete hook.config.secret;
    hook.events = c.strings("events") ?? hook.events;
    hook.events = [...new Set([...hook.events, ...(c.strings("add_events") ?? [])])].filter(
      (e) => !(c.strings("remove_events") ?? []).includes(e),
    );
    hook.active = c.bool("active") ?? hook.active;
    hook.updatedAt = c.world.clock.iso();
    return ok(show(c, hook));
  });
  router.on("DELETE", `${base}/{hook_id}`, need("write"), (c) => {
    const hook = find(c);
    hooks(c).delete(hook.id);
    return noContent();
  });
  router.on("GET", `${base}/{hook_id}/config`, need("read"), (c) => ok(maskedConfig(find(c))));
  router.on("PATCH", `${base}/{hook_id}/config`, need("write"), (c) => {
    const hook = find(c);
    for (const key of ["url", "content_type", "secret", "insecure_ssl"] as const) {
      const value = c.string(key);
      if (value !== undefined && value !== MASK) hook.config[key] = value;
    }
    return ok(maskedConfig(hook));
  });
  router.on("POST", `${base}/{hook_id}/pings`, need("write"), async (c) => {
    await ping(c, find(c));
    return noContent();
  });
  if (type === "Repository")
    router.on("POST", `${base}/{hook_id}/tests`, need("write"), async (c) => {
      await c.world.webhooks.deliver(find(c), "push", null, {
        ref: `refs/heads/${c.repo.defaultBranch}`,
        repository: { id: c.repo.id, full_name: c.world.fullName(c.repo) },
      });
      return noContent();
    });
  router.on("GET", `${base}/{hook_id}/deliveries`, need("read"), (c) => page(c, find(c).deliveries, shortDelivery));
  router.on("GET", `${base}/{hook_id}/deliveries/{delivery_id}`, need("read"), (c) => {
    const d = find(c).deliveries.find((x) => x.id === c.id("delivery_id"));
    if (!d) throw notFound();
    return ok(fullDelivery(d));
  });
  router.on("POST", `${base}/{hook_id}/deliveries/{delivery_id}/attempts`, need("write"), (c) => {
    const hook = find(c);
    const d = hook.deliveries.find((x) => x.id === c.id("delivery_id"));
    if (!d) throw notFound();
    void c.world.webhooks.deliver(hook, d.event, d.action, d.payload, true);
    return { status: 202, body: {} };
  });
}

const maskedConfig = (hook: Hook) => ({
  content_type: hook.config.content_type,
  insecure_ssl: hook.config.insecure_ssl,
  ...(hook.config.secret ? { secret: MASK } : {}),
  url: hook.config.url,
});
const ping = (c: Context, hook: Hook): Promise<void> =>
  c.world.webhooks.deliver(hook, "ping", null, {
    zen: "Keep it logically awesome.",
    hook_id: hook.id,
    hook: {
      id: hook.id,
      type: c.repo ? "Repository" : "Organization",
      events: hook.events,
      config: maskedConfig(hook),
    },
  });

function readConfig(c: Context): Partial<Hook["config"]> {
  const config = c.body["config"];
  if (typeof config !== "object" || config === null) return {};
  const out: Partial<Hook["config"]> = {};
  for (const key of ["url", "content_type", "secret", "insecure_ssl"] as const) {
    const value = (config as Record<string, unknown>)[key];
    if (value !== undefined && value !== null) out[key] = String(value);
  }
  if (out.url !== undefined && !/^https?:\/\/\S+$/.test(out.url))
    throw new HttpError(422, "Validation Failed", {
      errors: [{ resource: "Hook", code: "custom", field: "url", message: "url is not a valid URL" }],
    });
  return out;
}

const shortDelivery = (d: HookDelivery) => ({
  id: d.id,
  guid: d.guid,
  delivered_at: d.deliveredAt,
  redelivery: d.redelivery,
  duration: d.durationMs / 1000,
  status: d.status,
  status_code: d.statusCode,
  event: d.event,
  action: d.action,
  installation_id: null,
  repository_id: d.repositoryId,
});
const fullDelivery = (d: HookDelivery) => ({
  ...shortDelivery(d),
  url: d.url,
  request: { headers: d.requestHeaders, payload: d.payload },
  response: { headers: d.responseHeaders, payload: d.responseBody },
});
