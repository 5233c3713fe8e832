import { tokenHash } from "../../edge/encoding";
import { iso, randomId } from "../text";
import { RequestRefused, Unavailable, messageOf } from "../errors";
import { JournalCell } from "../journalCell";
import type { Journal, OutboxEntry, Phase, RotationState } from "../journal";
import type { MinterMemory } from "../minters/types";
import type { TokenRecord } from "../record";
import { LEASE_MS, type Outcome, type Result, type RotationDeps } from "./types";

/** How long a refreshed authorization that cannot be recorded is held, and how often recording is tried. */
export const HOLD_MS = 120_000;
export const HOLD_STEP_MS = 5_000;

/**
 * One rotator at work: what it works with, the journal as it last wrote it, and what it will tell. Each step reads the
 * journal, does its part of the world's change, and writes the journal; nothing else is carried from step to step.
 */
export class Run {
  readonly cell: JournalCell;
  /** What a person has to do. */
  readonly todo: string[] = [];
  /** The outcome of the rotation that this run has ended last. */
  ended: Outcome | undefined;

  constructor(readonly deps: RotationDeps) {
    this.cell = new JournalCell(deps.effects, deps.store.journal, deps.rotatorId, deps.leaseMs ?? LEASE_MS);
  }

  get journal(): Journal {
    return this.cell.journal;
  }

  get rotation(): RotationState {
    const { rotation } = this.journal;
    if (!rotation) throw new Error(`the journal says ${this.journal.phase} but names no rotation`);
    return rotation;
  }

  /** The new token, which every phase after minting has. */
  get next(): TokenRecord {
    const { next } = this.rotation;
    if (!next) throw new Error(`the journal says ${this.journal.phase} but holds no new token`);
    return next;
  }

  /** The journal's memory for the minter. `current` moves only when the gate is proven to use the new token. */
  get memory(): MinterMemory {
    const { slots, current } = this.journal;
    return { ...(slots ? { slots } : {}), ...(current ? { current } : {}) };
  }

  report(step: string, says: string): void {
    this.deps.effects.report({ step, says });
  }

  /**
   * Writes that a phase is done. @param keepMs how much longer than usual the lease must last, for a step that waits
   */
  async reach(
    phase: Phase,
    change: Partial<RotationState> = {},
    rest: Partial<Journal> = {},
    keepMs = 0,
  ): Promise<void> {
    const rotation = { ...this.rotation, ...change };
    await this.cell.commit(
      {
        ...this.journal,
        ...rest,
        phase,
        rotation: { ...rotation, times: { ...rotation.times, [phase]: this.deps.effects.now() } },
      },
      keepMs,
    );
  }

  /** Writes that there is no going on; the steps of rollback.ts follow. */
  async turnBack(why: string, change: Partial<RotationState> = {}, rest: Partial<Journal> = {}): Promise<void> {
    this.report("rolling-back", why);
    await this.reach(
      "rolling-back",
      { ...change, rollback: { why, restored: this.rotation.storedVersion === undefined } },
      rest,
    );
  }

  /**
   * A refreshed authorization lives in this process until it is recorded: then a store that is away is waited for,
   * bounded.
   */
  async held(write: () => Promise<void>): Promise<void> {
    for (let waited = 0; ; waited += HOLD_STEP_MS) {
      try {
        return await write();
      } catch (error) {
        if (
          !(error instanceof Unavailable || error instanceof RequestRefused) ||
          !this.deps.minter.rescue ||
          waited >= HOLD_MS
        )
          throw error;
        this.report("holding", `the new authorization cannot be recorded yet: ${messageOf(error)}`);
        await this.deps.effects.sleep(HOLD_STEP_MS);
      }
    }
  }

  message(type: string, data: Record<string, unknown>): OutboxEntry {
    const { adapters = [], plan, effects } = this.deps;
    return {
      id: `msg_${randomId()}`,
      type,
      at: iso(effects.now()),
      data: { organization: plan.organization, login: plan.login, kind: plan.kind, ...data },
      to: adapters.map((a) => a.name),
    };
  }

  outcome(result: Result, says: string, more: Partial<Outcome> = {}): Outcome {
    return { result, says, phase: this.cell.journal?.phase ?? "idle", todo: [...this.todo], notes: [], ...more };
  }

  /** Whether what this run has just finished for somebody else was not what it was started for. */
  async stillWanted(supplied: string | undefined): Promise<boolean> {
    if (this.ended?.result === "rolled-back")
      return this.deps.minter.declaration.unattended === false ? supplied !== undefined : this.todo.length === 0;
    return supplied !== undefined && (await tokenHash(supplied)) !== this.ended?.newSha256;
  }
}
