/**
 * One thing that happened, without any secret. `id` is the same on every delivery, so that a receiver can drop repeats.
 */
export interface Message {
  readonly id: string;
  /**
   * `token.rotated`, `token.rolled-back`, `token.expiring`, `token.revoked`, `token.needs-person`,
   * `gate-key.ready` (a new gate key is good: give it to the agent) or `gate-key.rotated` (it is used, the old one ended).
   */
  readonly type: string;
  /** ISO time. */
  readonly at: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A receiver of notifications: a webhook, a repository, the agent's runtime. */
export interface NotifyAdapter {
  /** Fixed and unique; the journal remembers by it who has confirmed. */
  readonly name: string;
  /** Resolves once the receiver has confirmed; throws otherwise. May be called again with the same message. */
  deliver(message: Message): Promise<void>;
}
