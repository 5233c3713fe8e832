import type { Hook, Repository, Organization } from "./state";

/** Tells the hooks of a repository and its organization what happened. Never fails its caller. */
export interface WebhookSender {
  /** @param action such as `opened`; null for events without one, such as `push` */
  emit(event: string, action: string | null, about: { repo?: Repository; org?: Organization; senderId: number | null; payload?: Record<string, unknown> }): void;
  /** Delivers one event to one hook, whatever it listens to: pings and redeliveries. */
  deliver(hook: Hook, event: string, action: string | null, payload: Record<string, unknown>, redelivery?: boolean): Promise<void>;
  stop(): Promise<void>;
}
