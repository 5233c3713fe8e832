import type { Attempt } from "../../../drill/attempts";
import type { Pair } from "../../../drill/pairs";
import type { Fixture } from "../../../drill/fixture";
import type { GatePolicy } from "../../../../gate/policy/policy";
import type { Condition } from "../conditions";

/** One declared lock taken away, or made wider, and who must notice. */
export interface Mutant {
  /** What was taken away, as a person reads it. */
  readonly what: string;
  /** The change, made before anything is opened for a pair. Absent where the gate is what changes. */
  readonly before?: ((fixture: Fixture) => Promise<void>) | undefined;
  /** The gate with another policy. */
  readonly policy?: (policy: GatePolicy) => GatePolicy;
  /** Pairs that may notice, tried until one does. */
  readonly concerns: (pair: Pair) => boolean;
  /** Attempts in place of the pair's own, where only a certain file or reference shows the hole. */
  readonly attempts?: readonly Attempt[];
  /** What a merge waits for, and must no longer. */
  readonly condition?: Condition;
}
