import type { LockId } from "../locks";

/** A standard that the control mapping speaks of. */
export interface Framework {
  /** What the ids of its controls begin with. */
  readonly prefix: string;
  readonly title: string;
  readonly version: string;
  /** Where the ids and titles are from. */
  readonly source: string;
  /** What a reader must know before the table. */
  readonly note: string;
}

/** What the mission of a posture names, and a reader of the mapping looks for. */
export type Topic = "data flows" | "access control" | "incident response";

/**
 * Where to look: a lock of the model, a resource type that the stack declares, a command, or a page. A test holds that
 * each exists. Actions, policy rules and questions of `assess` name their controls themselves and are not repeated
 * here.
 */
export type Evidence = `lock:${LockId}` | `resource:${string}` | `command:${string}` | `page:${string}`;

/** What the posture does for one control of a standard, and what it does not do. */
export interface Control {
  /** The standard's prefix and its own id, such as `NIST SP 800-53 AC-6(5)`. */
  readonly id: string;
  /** The standard's own title; of CIS and Scorecard, which are not quoted, what it asks for in our words. */
  readonly title: string;
  readonly contributes: string;
  readonly evidence: readonly Evidence[];
  /** What remains for others to do. */
  readonly limit: string;
  readonly topic?: Topic;
}
