import { randomBytes } from "node:crypto";
import { webhookHeaders } from "../../../edge/webhookSignature";
import { newId, type WebhookEndpoint, type Workspace } from "../state";

/** At most so many attempts, with such pauses between them; the service waits 5 to 120 seconds. */
const PAUSES_MS = [50, 200];

/** Sends webhooks as the service does: signed by Standard Webhooks, up to three attempts, then dropped without a word. */
export class WebhookSender {
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  constructor(private readonly workspace: Workspace) {}

  /** Enters a receiver, as a person does in the Console. */
  register(url: string): WebhookEndpoint {
    const endpoint = {
      id: newId("whe"),
      url,
      key: `whsec_${randomBytes(32).toString("base64")}`,
      disabled: false,
    };
    this.workspace.webhooks.set(endpoint.id, endpoint);
    return endpoint;
  }

  /** Tells every receiver that something happened; the message names what, and no more. */
  send(type: string, id: string, more: Record<string, string> = {}): void {
    const message = {
      type: "event",
      id: newId("whevt"),
      created_at: this.workspace.now(),
      data: {
        type,
        id,
        organization_id: this.workspace.organizationId,
        workspace_id: this.workspace.id,
        ...more,
      },
    };
    for (const endpoint of this.workspace.webhooks.values()) {
      const delivery = this.#deliver(endpoint, message.id, JSON.stringify(message));
      this.#running.add(delivery);
      void delivery.finally(() => this.#running.delete(delivery));
    }
  }

  /** When everything under way has arrived or was given up. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.settled();
  }

  async #deliver(endpoint: WebhookEndpoint, id: string, body: string): Promise<void> {
    for (let attempt = 0; attempt <= PAUSES_MS.length && !endpoint.disabled && !this.#stopped; attempt++) {
      if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, PAUSES_MS[attempt - 1]));
      const response = await fetch(endpoint.url, {
        method: "POST",
        headers: await webhookHeaders(endpoint.key, id, Date.now(), body),
        body,
        redirect: "manual",
        signal: AbortSignal.timeout(5_000),
      }).catch(() => undefined);
      await response?.body?.cancel();
      if (response?.ok) return;
      if (response && response.status >= 300 && response.status < 400) endpoint.disabled = true;
    }
  }
}
