import { ApiError, errors } from "../http/errors";
import type { Call, Reply } from "../http/router";
import { parseCron } from "../runtime/cron";
import { deploy, references, remove } from "../scripts/deploy";
import {
  content,
  deployment,
  describe,
  isSecret,
  scriptSettings,
  service,
  settings,
  version,
} from "../scripts/present";
import { readUpload, resolveBindings } from "../scripts/upload";
import { hexId, timestamp, uuid, type Binding, type Script } from "../state";
import { list } from "./pages";
import type { Routes, World } from "./world";

const BASE = "accounts/:account/workers";

/** Worker scripts: upload, settings, content, secrets, schedules, subdomain, versions and deployments. */
export const scriptRoutes: Routes = (router, world) => {
  const { account } = world;
  const script = (call: Call): Script => {
    const found = account.scripts.get(call.param("script"));
    if (found === undefined) throw errors.scriptNotFound();
    return found;
  };
  // Uploads are taken one after the other: each is checked against what the last one left.
  let uploads: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = uploads.then(work);
    uploads = result.catch(() => undefined);
    return result;
  };
  const replace = (name: string, make: () => Script | Promise<Script>): Promise<Script> =>
    inTurn(async () => deploy(world, name, await make()));
  const change = (call: Call, patch: (before: Script) => Partial<Script>): Promise<Script> =>
    replace(call.param("script"), () => ({ ...script(call), ...patch(script(call)) }));

  router
    .on("GET", `${BASE}/scripts`, () => list([...account.scripts.values()].map((s) => describe(s))))
    .on("PUT", `${BASE}/scripts/:script`, async (call) => {
      if (!call.isMultipart()) throw errors.upload("The sandbox takes scripts as multipart/form-data only");
      const form = await call.form();
      const deployed = await replace(call.param("script"), async () =>
        from(call, await readUpload(account, call.param("script"), form)),
      );
      return { result: { ...describe(deployed), deployment_id: deployed.versionId } };
    })
    .on("GET", `${BASE}/scripts/:script`, (call) => content(script(call)))
    .on("GET", `${BASE}/scripts/:script/content/v2`, (call) => content(script(call)))
    .on("DELETE", `${BASE}/scripts/:script`, (call) =>
      inTurn(() => remove(world, script(call), call.query.get("force") === "true")),
    )
    .on("GET", `${BASE}/scripts/:script/settings`, (call) => ({ result: settings(account, script(call)) }))
    .on("PATCH", `${BASE}/scripts/:script/settings`, async (call) => {
      const given = await patchOf(call);
      return {
        result: settings(
          account,
          await change(call, (before) => ({
            ...(given.bindings ? { bindings: resolveBindings(given, before) } : {}),
            metadata: { ...before.metadata, ...given.metadata },
          })),
        ),
      };
    })
    .on("GET", `${BASE}/scripts/:script/script-settings`, (call) => ({ result: scriptSettings(script(call)) }))
    .on("PATCH", `${BASE}/scripts/:script/script-settings`, async (call) => {
      const patch = call.object();
      return {
        result: scriptSettings(await change(call, (before) => ({ metadata: { ...before.metadata, ...patch } }))),
      };
    })
    .on("GET", `${BASE}/scripts/:script/secrets`, (call) =>
      list(
        script(call)
          .bindings.filter(isSecret)
          .map(({ name, type }) => ({ name, type })),
      ),
    )
    .on("PUT", `${BASE}/scripts/:script/secrets`, async (call) => {
      const { name, text } = call.object();
      if (typeof name !== "string" || typeof text !== "string") throw errors.upload("A secret needs name and text");
      const secret: Binding = { name, type: "secret_text", text };
      await change(call, (before) => ({
        ...newVersion(before),
        bindings: [...before.bindings.filter((b) => b.name !== name), secret],
      }));
      return { result: { name, type: "secret_text" } };
    })
    .on("DELETE", `${BASE}/scripts/:script/secrets/:name`, async (call) => {
      const name = call.param("name");
      if (!script(call).bindings.some((b) => b.name === name && isSecret(b)))
        throw new ApiError(404, 10056, `Binding '${name}' not found`);
      await change(call, (before) => ({
        ...newVersion(before),
        bindings: before.bindings.filter((b) => b.name !== name),
      }));
      return { result: null };
    })
    .on("GET", `${BASE}/scripts/:script/schedules`, (call) => ({ result: { schedules: script(call).schedules } }))
    .on("PUT", `${BASE}/scripts/:script/schedules`, (call) => setSchedules(world, script(call), call.json()))
    .on("GET", `${BASE}/scripts/:script/subdomain`, (call) => ({ result: script(call).subdomain }))
    .on("POST", `${BASE}/scripts/:script/subdomain`, (call) => {
      const { enabled, previews_enabled } = call.object();
      if (typeof enabled !== "boolean") throw errors.invalid("enabled must be true or false");
      const subdomain = {
        enabled,
        previews_enabled: typeof previews_enabled === "boolean" ? previews_enabled : enabled,
      };
      account.scripts.set(script(call).name, { ...script(call), subdomain });
      return { result: subdomain };
    })
    .on("DELETE", `${BASE}/scripts/:script/subdomain`, (call) => {
      const subdomain = { enabled: false, previews_enabled: false };
      account.scripts.set(script(call).name, { ...script(call), subdomain });
      return { result: subdomain };
    })
    .on("GET", `${BASE}/scripts/:script/versions`, (call) => {
      const versions = [...versionsOf(world, script(call))].reverse().map(version);
      return {
        result: { items: versions },
        resultInfo: { page: 1, per_page: 20, count: versions.length, total_count: versions.length },
      };
    })
    .on("POST", `${BASE}/scripts/:script/versions`, async (call) => {
      const before = script(call);
      const draft = from(call, await readUpload(account, before.name, await call.form()));
      if (draft.migrationTag !== before.migrationTag)
        throw new ApiError(
          400,
          10211,
          "Version upload failed. You attempted to upload a version of a Worker that includes a Durable Object migration, but migrations must be fully applied by a non-versioned script upload.",
        );
      const uploaded = {
        ...draft,
        versionNumber: Math.max(...versionsOf(world, before).map((v) => v.versionNumber)) + 1,
      };
      account.versions.set(before.name, [...versionsOf(world, before), uploaded]);
      return {
        result: {
          ...version(uploaded),
          startup_time_ms: uploaded.startupTimeMs,
          resources: resources(world, uploaded),
        },
      };
    })
    .on("GET", `${BASE}/scripts/:script/versions/:version`, (call) => {
      const found = versionsOf(world, script(call)).find((v) => v.versionId === call.param("version"));
      if (found === undefined) throw new ApiError(404, 10218, "Version not found");
      return { result: { ...version(found), resources: resources(world, found) } };
    })
    .on("POST", `${BASE}/scripts/:script/deployments`, async (call) => {
      const wanted = call.object()["versions"] as { version_id?: string; percentage?: number }[] | undefined;
      if (!Array.isArray(wanted) || wanted.length !== 1 || wanted[0]?.percentage !== 100)
        throw errors.invalid("The sandbox runs one version at a time: name one with a percentage of 100");
      const deployed = await replace(call.param("script"), () => {
        const now = script(call);
        const found = versionsOf(world, now).find((v) => v.versionId === wanted[0]?.version_id);
        if (found === undefined) throw new ApiError(404, 10218, "Version not found");
        // Schedules, subdomain and namespaces belong to the script, not to the version.
        return {
          ...found,
          schedules: now.schedules,
          subdomain: now.subdomain,
          namespaces: now.namespaces,
          migrationTag: now.migrationTag,
          modifiedOn: timestamp(),
        };
      });
      return { result: deployment(deployed) };
    })
    .on("GET", `${BASE}/scripts/:script/deployments`, (call) => ({
      result: { deployments: [deployment(script(call))] },
    }))
    .on("GET", `${BASE}/scripts/:script/references`, (call) => ({ result: references(world, script(call)) }))
    .on("GET", `${BASE}/tails/by-consumer/:script`, () => ({ result: [] }))
    .on("GET", `${BASE}/services/:script`, (call) => ({ result: service(account.scripts.get(call.param("script"))) }))
    .on("DELETE", `${BASE}/services/:script`, (call) => {
      if (!account.scripts.has(call.param("script"))) throw errors.serviceNotFound();
      return inTurn(() => remove(world, script(call), call.query.get("force") === "true"));
    })
    .on("GET", `${BASE}/services/:script/environments/:environment`, (call) => {
      if (call.param("environment") !== "production") throw errors.environmentNotFound();
      return {
        result: (service(account.scripts.get(call.param("script"))) as { default_environment: unknown })
          .default_environment,
      };
    })
    .on("GET", `${BASE}/services/:script/environments/:environment/settings`, (call) => ({
      result: settings(account, script(call)),
    }))
    .on("GET", `${BASE}/durable_objects/namespaces`, () =>
      list(
        [...account.scripts.values()].flatMap((s) =>
          s.namespaces.map((n) => ({
            id: n.id,
            name: `${s.name}_${n.className}`,
            script: s.name,
            class: n.className,
            use_sqlite: n.sqlite,
          })),
        ),
      ),
    );
};

const newVersion = (before: Script): Partial<Script> => ({
  versionId: uuid(),
  versionNumber: before.versionNumber + 1,
  modifiedOn: timestamp(),
  etag: hexId() + hexId(),
});

/** The last versions of a script, the deployed one among them. */
function versionsOf({ account }: World, deployed: Script): readonly Script[] {
  const known = account.versions.get(deployed.name) ?? [];
  return known.some((v) => v.versionId === deployed.versionId) ? known : [...known, deployed].slice(-100);
}

const resources = ({ account }: World, v: Script): Record<string, unknown> => ({
  bindings: settings(account, v)["bindings"],
  script: { etag: v.etag, handlers: v.handlers, last_deployed_from: v.lastDeployedFrom },
  script_runtime: v.metadata,
});

/** wrangler asks before it overwrites what something else deployed, so it has to find its own name. */
const from = (call: Call, script: Script): Script => ({
  ...script,
  lastDeployedFrom: /^wrangler/i.test(call.header("user-agent") ?? "") ? "wrangler" : "api",
});

/** PATCH settings comes as a form with one part `settings`, or as JSON. */
async function patchOf(call: Call): Promise<{ bindings?: unknown; metadata: Record<string, unknown> }> {
  let given: Record<string, unknown>;
  if (call.isMultipart()) {
    const part = (await call.form()).get("settings");
    given = JSON.parse(part === null ? "{}" : typeof part === "string" ? part : await (part as Blob).text()) as Record<
      string,
      unknown
    >;
  } else given = call.object();
  const { bindings, ...metadata } = given;
  return { ...(bindings === undefined ? {} : { bindings }), metadata };
}

function setSchedules({ account }: World, script: Script, body: unknown): Reply {
  if (!Array.isArray(body)) throw errors.invalid("The body must be a list of {cron}");
  const now = timestamp();
  const schedules = body.map((entry: { cron?: unknown }) => {
    const cron = typeof entry?.cron === "string" ? entry.cron : "";
    try {
      parseCron(cron);
    } catch (error) {
      throw new ApiError(400, 10100, `Invalid cron string: ${(error as Error).message}`);
    }
    const before = script.schedules.find((s) => s.cron === cron);
    return before ?? { cron, created_on: now, modified_on: now };
  });
  account.scripts.set(script.name, { ...script, schedules });
  return { result: { schedules } };
}
