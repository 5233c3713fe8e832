/** What the state can set off without knowing who does it: `startGitHub` puts the two together. */
import type { Readable } from "node:stream";
import type { Hook, Organization, Repository } from "./state";

/** Tells the hooks of a repository and its organization what happened. */
export interface Webhooks {
  /** @param action such as `opened`; null for events without one, such as `push` */
  emit(
    event: string,
    action: string | null,
    about: { repo?: Repository; org?: Organization; senderId: number | null; payload?: Record<string, unknown> },
  ): void;
  /**
   * Delivers one event to one hook, whatever it listens to: pings and redeliveries. Resolves when it has been tried.
   */
  deliver(
    hook: Hook,
    event: string,
    action: string | null,
    payload: Record<string, unknown>,
    redelivery?: boolean,
  ): Promise<void>;
  stop(): Promise<void>;
}

/** What the events of repositories show. */
export interface Activities {
  /** @param event as webhooks call it; those that the list does not have are left out */
  record(
    event: string,
    action: string | null,
    repo: Repository,
    actorId: number,
    payload: Readonly<Record<string, unknown>>,
  ): void;
  /** Newest first. */
  of(repo: Repository): Record<string, unknown>[];
}

export interface Blob {
  contentType: string;
  filename?: string;
  content: Buffer | (() => Readable);
}

/** Serves content at time-limited addresses that ask for no credential. */
export interface Blobs {
  /** @returns a URL that works for five minutes */
  offer(path: string, blob: Blob): string;
  /** An address that takes one body of at most `size` bytes. @param store answers the status */
  receive(path: string, size: number, store: (content: Buffer) => Promise<number>): string;
}
