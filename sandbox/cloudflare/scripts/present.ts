import { errors } from "../http/errors";
import type { Reply } from "../http/router";
import type { Account, Binding, Script } from "../state";
import { durableNamespace } from "./upload";

/** Bindings of which the value is never given back. */
export const isSecret = (binding: Binding): boolean => binding.type === "secret_text" || binding.type === "secret_key";

/** A script as lists and uploads show it. */
export function describe(s: Script): Record<string, unknown> {
  return {
    id: s.name,
    tag: s.tag,
    etag: s.etag,
    handlers: s.handlers,
    named_handlers: s.classes.map((name) => ({ name, handlers: ["class"] })),
    created_on: s.createdOn,
    modified_on: s.modifiedOn,
    usage_model: s.metadata["usage_model"] ?? "standard",
    ...(s.migrationTag === undefined ? {} : { migration_tag: s.migrationTag }),
    compatibility_date: s.metadata["compatibility_date"] ?? "",
    compatibility_flags: s.metadata["compatibility_flags"] ?? [],
    logpush: s.metadata["logpush"] ?? false,
    last_deployed_from: s.lastDeployedFrom,
    has_assets: false,
    has_modules: s.mainModule !== undefined,
    placement: {},
    placement_mode: null,
    placement_status: null,
    startup_time_ms: s.startupTimeMs,
    observability: s.metadata["observability"] ?? null,
    tail_consumers: s.metadata["tail_consumers"] ?? null,
    tags: s.metadata["tags"] ?? null,
    ...(s.metadata["annotations"] === undefined ? {} : { annotations: s.metadata["annotations"] }),
  };
}

/** A script as a service with its one environment. @throws ApiError 404 (10090) when there is none */
export function service(s: Script | undefined): Record<string, unknown> {
  if (s === undefined) throw errors.serviceNotFound();
  return {
    id: s.name,
    created_on: s.createdOn,
    modified_on: s.modifiedOn,
    usage_model: s.metadata["usage_model"] ?? "standard",
    default_environment: {
      environment: "production",
      created_on: s.createdOn,
      modified_on: s.modifiedOn,
      script: describe(s),
    },
    environments: [{ environment: "production", created_on: s.createdOn, modified_on: s.modifiedOn }],
  };
}

/** Metadata and bindings as they are read back: without the text of secrets, and without what was never set. */
export function settings(account: Account, s: Script): Record<string, unknown> {
  const bindings = [...s.bindings]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((binding) => {
      if (isSecret(binding)) {
        const { text: _, key_base64: __, key_jwk: ___, ...shown } = binding;
        return shown;
      }
      const namespace = binding.type === "durable_object_namespace" ? durableNamespace(account, s, binding) : undefined;
      return namespace === undefined ? binding : { ...binding, namespace_id: namespace.id };
    });
  return {
    bindings,
    compatibility_date: s.metadata["compatibility_date"] ?? "",
    compatibility_flags: s.metadata["compatibility_flags"] ?? [],
    usage_model: s.metadata["usage_model"] ?? "standard",
    tags: s.metadata["tags"] ?? [],
    tail_consumers: s.metadata["tail_consumers"] ?? null,
    logpush: s.metadata["logpush"] ?? false,
    observability: s.metadata["observability"] ?? null,
    placement: {},
    ...(s.metadata["limits"] === undefined ? {} : { limits: s.metadata["limits"] }),
    annotations: { ...(s.metadata["annotations"] as object | undefined), "workers/triggered_by": "upload" },
    ...(s.migrationTag === undefined ? {} : { migration_tag: s.migrationTag }),
  };
}

/** The settings that belong to the script and not to a version. */
export const scriptSettings = (s: Script): Record<string, unknown> => ({
  logpush: s.metadata["logpush"] ?? false,
  observability: s.metadata["observability"] ?? null,
  tags: s.metadata["tags"] ?? [],
  tail_consumers: s.metadata["tail_consumers"] ?? null,
});

/** The modules as one multipart body, the main one first. */
export function content(s: Script): Reply {
  const boundary = `gatehouse-${s.etag.slice(0, 24)}`;
  const parts = s.modules.flatMap((m) => [
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${m.name}"; filename="${m.name}"\r\nContent-Type: ${m.contentType}\r\n\r\n`,
    ),
    Buffer.from(m.content),
    Buffer.from("\r\n"),
  ]);
  return {
    raw: {
      body: Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]),
      type: `multipart/form-data; boundary=${boundary}`,
      headers: { etag: `"${s.etag}"`, "cf-entrypoint": s.mainModule ?? "" },
    },
  };
}

export const version = (s: Script): Record<string, unknown> => ({
  id: s.versionId,
  number: s.versionNumber,
  annotations: { "workers/triggered_by": "upload" },
  metadata: {
    author_email: "",
    author_id: "",
    created_on: s.modifiedOn,
    modified_on: s.modifiedOn,
    source: "api",
    has_preview: false,
  },
});

export const deployment = (s: Script): Record<string, unknown> => ({
  id: uuidOf(s),
  source: "api",
  strategy: "percentage",
  author_email: "",
  created_on: s.modifiedOn,
  annotations: { "workers/triggered_by": "upload" },
  versions: [{ version_id: s.versionId, percentage: 100 }],
});

/** A deployment has its own id, the same as long as the version runs. */
const uuidOf = (s: Script): string => s.versionId.replace(/^./, (digit) => (digit === "d" ? "e" : "d"));
