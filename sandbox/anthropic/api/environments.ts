import { errors } from "../http/errors";
import { newId, type Environment, type Json } from "../state";
import { type Body, environmentCreate, environmentUpdate } from "./bodies";
import { page } from "./pages";
import { environmentOf, listed, patchedMetadata, type Routes } from "./world";

type Config = NonNullable<Body<typeof environmentCreate>["config"]>;

/** Environments: not versioned, and the last write wins. */
export const environmentRoutes: Routes = (router, world) => {
  const { workspace, webhooks } = world;
  const checkScope = (scope: string | null | undefined): void => {
    if (scope === "account") throw errors.invalid("scope: API organizations support only 'organization'");
  };
  router
    .on("GET", "v1/environments", (call) =>
      page(
        call,
        [...workspace.environments.values()].filter((e) => listed(e.shown.archived_at, call.flag("include_archived"))),
        { present: (environment) => environment.shown },
      ),
    )
    .on("POST", "v1/environments", (call) => {
      const body = call.body(environmentCreate);
      checkScope(body.scope);
      const now = workspace.now();
      const id = newId("env");
      const environment: Environment = {
        number: workspace.nextNumber(),
        id,
        shown: {
          id,
          type: "environment",
          name: body.name,
          description: body.description ?? null,
          config: resolvedConfig(body.config ?? { type: "cloud" }),
          metadata: body.metadata ?? {},
          scope: "organization",
          archived_at: null,
          created_at: now,
          updated_at: now,
        },
      };
      workspace.environments.set(id, environment);
      webhooks.send("environment.created", id);
      return environment.shown;
    })
    .on("GET", "v1/environments/:environment", (call) => environmentOf(world, call.param("environment")).shown)
    .on("POST", "v1/environments/:environment", (call) => {
      const body = call.body(environmentUpdate);
      checkScope(body.scope);
      const environment = environmentOf(world, call.param("environment"));
      const { shown } = environment;
      if (shown.archived_at) throw errors.invalid(`Environment ${environment.id} is archived`, "environment_archived");
      if (body.config && body.config.type !== shown.config["type"])
        throw errors.invalid("config.type cannot be changed", "invalid_config_type_change");
      environment.shown = {
        ...shown,
        name: body.name ?? shown["name"],
        description: body.description === undefined ? shown["description"] : body.description,
        config: body.config ? resolvedConfig(body.config, shown.config) : shown.config,
        metadata: patchedMetadata(shown.metadata, body.metadata, { emptyDeletes: true }),
        updated_at: workspace.now(),
      };
      webhooks.send("environment.updated", environment.id);
      return environment.shown;
    })
    .on("DELETE", "v1/environments/:environment", (call) => {
      const { id } = environmentOf(world, call.param("environment"));
      workspace.environments.delete(id);
      webhooks.send("environment.deleted", id);
      return { id, type: "environment_deleted" };
    })
    .on("POST", "v1/environments/:environment/archive", (call) => {
      const environment = environmentOf(world, call.param("environment"));
      if (!environment.shown.archived_at) {
        environment.shown = { ...environment.shown, archived_at: workspace.now() };
        webhooks.send("environment.archived", environment.id);
      }
      return environment.shown;
    });
};

const MANAGERS = ["apt", "cargo", "gem", "go", "npm", "pip"] as const;

/** A configuration with every default written out; on update, what is left out keeps its value. @throws ApiError 400 */
function resolvedConfig(given: Config, before?: Json): Json {
  if (given.type === "self_hosted") return { type: "self_hosted" };
  const old = (before?.["networking"] ?? { type: "unrestricted" }) as Json;
  const wanted = given.networking;
  const kept = wanted?.type === old["type"] ? old : {};
  const networking: Json =
    !wanted || wanted.type === "unrestricted"
      ? (wanted ?? old)
      : {
          type: "limited",
          allowed_hosts: wanted.allowed_hosts ?? kept["allowed_hosts"] ?? [],
          allow_mcp_servers: wanted.allow_mcp_servers ?? kept["allow_mcp_servers"] ?? false,
          allow_package_managers: wanted.allow_package_managers ?? kept["allow_package_managers"] ?? false,
        };
  const oldPackages = (before?.["packages"] ?? {}) as Json;
  const packages = Object.fromEntries(
    MANAGERS.map((manager) => [manager, given.packages?.[manager] ?? oldPackages[manager] ?? []]),
  );
  if (
    networking["type"] === "limited" &&
    networking["allow_package_managers"] !== true &&
    Object.values(packages).some((list) => (list as unknown[]).length > 0)
  )
    throw errors.invalid("config.packages: under limited networking allow_package_managers must be true");
  return { type: "cloud", networking, packages: { type: "packages", ...packages } };
}
