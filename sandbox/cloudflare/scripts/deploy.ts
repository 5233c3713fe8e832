import { ApiError, errors } from "../http/errors";
import type { Reply } from "../http/router";
import { RuntimeRefusal } from "../runtime/runtime";
import type { Script } from "../state";
import type { World } from "../api/world";
import { durableNamespace } from "./upload";

/** Runs the account with the new script; when the runtime refuses it, the old one goes on and the upload fails. */
export async function deploy(world: World, name: string, script: Script): Promise<Script> {
  const { account, runtime } = world;
  const before = account.scripts.get(name);
  account.scripts.set(name, script);
  try {
    await runtime.apply();
  } catch (error) {
    if (before === undefined) account.scripts.delete(name);
    else account.scripts.set(name, before);
    await runtime.apply();
    if (error instanceof RuntimeRefusal) throw errors.upload(uploadProblem(error.reason, name));
    throw error;
  }
  const others = (account.versions.get(name) ?? (before === undefined ? [] : [before])).filter(
    (v) => v.versionId !== script.versionId,
  );
  account.versions.set(name, [...others, script].slice(-100));
  const kept = new Set(script.namespaces.map((n) => n.id));
  await runtime.forgetObjects((before?.namespaces ?? []).filter((n) => !kept.has(n.id)).map((n) => n.id));
  return script;
}

/** workerd names the service and prints a stack; the service's answer is the error itself. */
function uploadProblem(reason: string, name: string): string {
  const lines = reason.split("\n").map((line) => line.replace(`service core:user:${name}: `, "").trim());
  const start = lines.findIndex((line) => /Uncaught|Error|No such|does not/.test(line));
  return lines.slice(Math.max(start, 0), Math.max(start, 0) + 3).join("\n") || "Script startup failed";
}

/**
 * Deletes a script with its Durable Objects. @throws ApiError 400 (10064) while other scripts are bound to it, unless
 * forced
 */
export async function remove(world: World, script: Script, force: boolean): Promise<Reply> {
  const { account, runtime } = world;
  const users = references(world, script);
  if (!force && (users.services.incoming.length > 0 || users.durable_objects.length > 0)) {
    const names = [...users.services.incoming, ...users.durable_objects].map((u) => u.service).join(", ");
    throw new ApiError(
      400,
      10064,
      `Cannot delete this Worker as it is still referenced by the bindings of other Workers: ${names}. Use the force parameter to delete it anyway.`,
    );
  }
  account.scripts.delete(script.name);
  try {
    await runtime.apply();
  } catch (error) {
    account.scripts.set(script.name, script);
    await runtime.apply();
    throw error;
  }
  account.versions.delete(script.name);
  await runtime.forgetObjects(script.namespaces.map((n) => n.id));
  for (const [id, domain] of account.domains) if (domain["service"] === script.name) account.domains.delete(id);
  return { result: null };
}

/** What of other scripts depends on this one. */
export function references(
  { account }: World,
  script: Script,
): {
  services: {
    incoming: { service: string; environment: string; name: string }[];
    outgoing: unknown[];
    pages_function: boolean;
  };
  durable_objects: {
    service: string;
    environment: string;
    durable_object_namespace_id: string;
    durable_object_namespace_name: string;
  }[];
  dispatch_outbounds: unknown[];
} {
  const others = [...account.scripts.values()].filter((s) => s.name !== script.name);
  return {
    services: {
      incoming: others.flatMap((s) =>
        s.bindings
          .filter((b) => b.type === "service" && b["service"] === script.name)
          .map((b) => ({ service: s.name, environment: "production", name: b.name })),
      ),
      outgoing: [],
      pages_function: false,
    },
    durable_objects: others.flatMap((s) =>
      s.bindings
        .filter((b) => b.type === "durable_object_namespace" && b["script_name"] === script.name)
        .map((b) => ({
          service: s.name,
          environment: "production",
          durable_object_namespace_id: durableNamespace(account, s, b)?.id ?? "",
          durable_object_namespace_name: `${script.name}_${String(b["class_name"])}`,
        })),
    ),
    dispatch_outbounds: [],
  };
}
