import { createHmac, randomUUID } from "node:crypto";
import { presentOrgSimple, presentUserId } from "./present/accounts";
import { presentRepository } from "./present/repositories";
import type { Webhooks } from "./services";
import type { Hook, Organization, Repository } from "./state";
import type { World } from "./world";

const MAX_RUNNING = 4;
const MAX_QUEUED = 1000;
const TIMEOUT_MS = 5000;
const KEPT = 100;

interface Delivery {
  hook: Hook;
  event: string;
  action: string | null;
  payload: Record<string, unknown>;
  redelivery: boolean;
  done(): void;
}

/**
 * Tells the hooks of a repository and its organization what happened: signed as GitHub signs, best effort, a few at a
 * time. Only loopback addresses are reached; any other delivery is recorded as failed without a connection.
 */
export class WebhookSender implements Webhooks {
  readonly #queue: Delivery[] = [];
  #running = 0;
  #stopped = false;
  readonly #abort = new AbortController();

  constructor(private readonly world: World) {}

  emit(
    event: string,
    action: string | null,
    about: { repo?: Repository; org?: Organization; senderId: number | null; payload?: Record<string, unknown> },
  ): void {
    if (about.repo && about.senderId !== null)
      this.world.activity.record(event, action, about.repo, about.senderId, about.payload ?? {});
    const org = about.org ?? (about.repo ? this.world.orgOf(about.repo) : undefined);
    const hooks = [...(about.repo?.hooks.values() ?? []), ...(org?.hooks.values() ?? [])].filter(
      (h) => h.active && (h.events.includes(event) || h.events.includes("*")),
    );
    if (hooks.length === 0) return;
    const payload = {
      ...(action === null ? {} : { action }),
      ...about.payload,
      ...(about.repo && !about.payload?.["repository"]
        ? { repository: presentRepository(this.world, about.repo) }
        : {}),
      ...(org ? { organization: presentOrgSimple(this.world, org) } : {}),
      sender: presentUserId(this.world, about.senderId),
    };
    for (const hook of hooks) void this.deliver(hook, event, action, payload);
  }

  deliver(
    hook: Hook,
    event: string,
    action: string | null,
    payload: Record<string, unknown>,
    redelivery = false,
  ): Promise<void> {
    if (this.#stopped || this.#queue.length >= MAX_QUEUED) return Promise.resolve();
    return new Promise((done) => {
      this.#queue.push({ hook, event, action, payload, redelivery, done });
      this.#next();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const waiting of this.#queue.splice(0)) waiting.done();
    this.#abort.abort();
  }

  #next(): void {
    while (this.#running < MAX_RUNNING) {
      const delivery = this.#queue.shift();
      if (!delivery) return;
      this.#running += 1;
      void this.#send(delivery).finally(() => {
        this.#running -= 1;
        delivery.done();
        this.#next();
      });
    }
  }

  async #send({ hook, event, action, payload, redelivery }: Delivery): Promise<void> {
    const guid = randomUUID();
    const form = hook.config.content_type === "form";
    const json = JSON.stringify(payload);
    const body = form ? new URLSearchParams({ payload: json }).toString() : json;
    const headers: Record<string, string> = {
      "user-agent": "GitHub-Hookshot/standin",
      accept: "*/*",
      "content-type": form ? "application/x-www-form-urlencoded" : "application/json",
      "x-github-event": event,
      "x-github-delivery": guid,
      "x-github-hook-id": String(hook.id),
      "x-github-hook-installation-target-type": "repository",
      "x-github-hook-installation-target-id": "0",
    };
    if (hook.config.secret) {
      headers["x-hub-signature"] = `sha1=${createHmac("sha1", hook.config.secret).update(body).digest("hex")}`;
      headers["x-hub-signature-256"] = `sha256=${createHmac("sha256", hook.config.secret).update(body).digest("hex")}`;
    }
    const started = Date.now();
    const outcome = await this.#post(hook.config.url, headers, body);
    const repository = payload["repository"] as { id?: number } | undefined;
    hook.deliveries.unshift({
      id: this.world.ids.next(),
      guid,
      deliveredAt: this.world.clock.iso(),
      redelivery,
      durationMs: Date.now() - started,
      event,
      action,
      repositoryId: repository?.id ?? null,
      url: hook.config.url,
      requestHeaders: headers,
      payload,
      ...outcome,
    });
    hook.deliveries.length = Math.min(hook.deliveries.length, KEPT);
  }

  async #post(
    url: string,
    headers: Record<string, string>,
    body: string,
  ): Promise<{
    status: string;
    statusCode: number;
    responseHeaders: Record<string, string>;
    responseBody: string | null;
  }> {
    const none = { responseHeaders: {}, responseBody: null };
    if (!isLoopback(url)) return { status: "not delivered: not a loopback address", statusCode: 0, ...none };
    try {
      const response = await fetch(url, {
        method: "POST",
        headers,
        body,
        redirect: "manual",
        signal: AbortSignal.any([this.#abort.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      const text = (await response.text()).slice(0, 10_000);
      return {
        status: response.ok ? "OK" : `Invalid HTTP Response: ${response.status}`,
        statusCode: response.status,
        responseHeaders: Object.fromEntries(response.headers),
        responseBody: text,
      };
    } catch (error) {
      return {
        status: error instanceof Error && error.name === "TimeoutError" ? "timed out" : "failed to connect to host",
        statusCode: 0,
        ...none,
      };
    }
  }
}

function isLoopback(url: string): boolean {
  try {
    const { hostname, protocol } = new URL(url);
    return (
      /^https?:$/.test(protocol) &&
      (hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname))
    );
  } catch {
    return false;
  }
}

/** A hook as a person creates it. */
export function newHook(world: World, config: Hook["config"], events: string[], active: boolean): Hook {
  const now = world.clock.iso();
  return { id: world.ids.next(), name: "web", active, events, config, createdAt: now, updatedAt: now, deliveries: [] };
}
