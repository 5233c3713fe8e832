import { ApiError, errors } from "../http/errors";
import type { Call } from "../http/router";
import { hexId, timestamp, type Queue } from "../state";
import { page } from "./pages";
import type { Routes, World } from "./world";

const BASE = "accounts/:account/queues";

/** Queues and the Workers that consume them. */
export const queueRoutes: Routes = (router, world) => {
  const { account, runtime } = world;
  const queue = (call: Call): Queue => {
    const found = account.queues.get(call.param("queue"));
    if (found === undefined) throw new ApiError(404, 11000, "Queue not found");
    return found;
  };
  const name = (call: Call, own?: string): string => {
    const value = call.object()["queue_name"];
    if (typeof value !== "string" || !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(value))
      throw new ApiError(400, 11003, "Invalid queue name");
    if ([...account.queues.values()].some((q) => q.name === value && q.id !== own))
      throw new ApiError(
        409,
        11009,
        `Queue name '${value}' is already taken. Please use a different name and try again.`,
      );
    return value;
  };
  const settings = (
    call: Call,
    before: Record<string, unknown> = { delivery_delay: 0, delivery_paused: false, message_retention_period: 345_600 },
  ): Record<string, unknown> => ({ ...before, ...(call.object()["settings"] as object | undefined) });
  const consumer = (call: Call): Omit<Queue["consumers"][number], "consumer_id" | "created_on"> => {
    const body = call.object();
    const script = body["script_name"] ?? body["service"];
    if (body["type"] !== "worker" || typeof script !== "string")
      throw errors.invalid("The sandbox runs consumers of type worker with a script_name");
    if (!account.scripts.has(script)) throw errors.scriptNotFound();
    return {
      type: "worker",
      script_name: script,
      settings: (body["settings"] ?? {}) as Record<string, unknown>,
      ...(typeof body["dead_letter_queue"] === "string" ? { dead_letter_queue: body["dead_letter_queue"] } : {}),
    };
  };
  router
    .on("GET", BASE, (call) =>
      page(
        call,
        [...account.queues.values()]
          .filter((q) => call.query.get("name") === null || call.query.get("name") === q.name)
          .map((q) => describe(world, q)),
      ),
    )
    .on("POST", BASE, (call) => {
      const created: Queue = {
        id: hexId(),
        name: name(call),
        createdOn: timestamp(),
        modifiedOn: timestamp(),
        settings: settings(call),
        consumers: [],
      };
      account.queues.set(created.id, created);
      return { result: describe(world, created) };
    })
    .on("GET", `${BASE}/:queue`, (call) => ({ result: describe(world, queue(call)) }))
    .on("PUT", `${BASE}/:queue`, (call) => {
      const q = queue(call);
      q.name = name(call, q.id);
      q.settings = settings(call, q.settings);
      q.modifiedOn = timestamp();
      return { result: describe(world, q) };
    })
    .on("DELETE", `${BASE}/:queue`, (call) => {
      account.queues.delete(queue(call).id);
      return { result: null };
    })
    .on("GET", `${BASE}/:queue/consumers`, (call) => ({ result: queue(call).consumers }))
    .on("POST", `${BASE}/:queue/consumers`, async (call) => {
      const q = queue(call);
      if (q.consumers.length > 0) throw new ApiError(409, 11004, "This queue already has a consumer.");
      const created = { consumer_id: hexId(), created_on: timestamp(), ...consumer(call) };
      q.consumers = [created];
      await runtime.apply();
      return { result: { ...created, queue_name: q.name } };
    })
    .on("PUT", `${BASE}/:queue/consumers/:consumer`, async (call) => {
      const q = queue(call);
      const before = q.consumers.find((c) => c.consumer_id === call.param("consumer"));
      if (before === undefined) throw new ApiError(404, 11001, "Consumer not found");
      const updated = { ...before, ...consumer(call) };
      q.consumers = [updated];
      await runtime.apply();
      return { result: { ...updated, queue_name: q.name } };
    })
    .on("DELETE", `${BASE}/:queue/consumers/:consumer`, async (call) => {
      const q = queue(call);
      q.consumers = q.consumers.filter((c) => c.consumer_id !== call.param("consumer"));
      await runtime.apply();
      return { result: null };
    });
};

function describe({ account }: World, q: Queue): Record<string, unknown> {
  const producers = [...account.scripts.values()]
    .filter((s) => s.bindings.some((b) => b.type === "queue" && b["queue_name"] === q.name))
    .map((s) => ({ type: "worker", script: s.name }));
  return {
    queue_id: q.id,
    queue_name: q.name,
    created_on: q.createdOn,
    modified_on: q.modifiedOn,
    producers,
    producers_total_count: producers.length,
    consumers: q.consumers,
    consumers_total_count: q.consumers.length,
    settings: q.settings,
  };
}
