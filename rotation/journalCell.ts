import { Conflict, Unavailable } from "./errors";
import { randomId } from "./text";
import { readJournal, writeJournal, type Journal } from "./journal";
import type { Effects } from "./effects";
import type { Cell } from "./stores/types";

/** Another rotator has written the journal: whoever gets this stops at once. */
export class ConcurrentRotation extends Error {
  constructor() {
    super("another rotator has taken this rotation over");
    this.name = "ConcurrentRotation";
  }
}

/** The journal as one rotator sees it: each write succeeds only on what it last read or wrote. */
export class JournalCell {
  journal!: Journal;
  #version = 0;
  /** Writes of this rotator whose fate was not learnt. */
  readonly #tried = new Set<string>();

  constructor(
    private readonly effects: Effects,
    private readonly cell: Cell,
    private readonly rotator: string,
    private readonly leaseMs: number,
  ) {}

  async load(): Promise<Journal> {
    const state = await this.cell.read();
    this.#version = state.version;
    this.journal = readJournal(state.data);
    return this.journal;
  }

  /**
   * Writes the journal under this rotator's lease. An answer that was lost is resolved by reading back.
   * Throws ConcurrentRotation when somebody else wrote; Unavailable when it stays unknown.
   * @param keepMs how much longer than usual the lease must last, for a step that waits
   */
  async commit(next: Omit<Journal, "writeId" | "rotator" | "leaseUntil">, keepMs = 0): Promise<void> {
    const journal: Journal = {
      ...next,
      writeId: randomId(),
      rotator: this.rotator,
      leaseUntil: next.phase === "idle" ? 0 : this.effects.now() + this.leaseMs + Math.max(0, keepMs),
    };
    this.#tried.add(journal.writeId);
    for (let attempt = 1; ; attempt += 1) {
      try {
        this.#version = await this.cell.write(writeJournal(journal), this.#version);
        this.journal = journal;
        return;
      } catch (error) {
        if (!(error instanceof Conflict) && !(error instanceof Unavailable)) throw error;
        const found = await this.cell.read();
        const written = found.data && readJournal(found.data).writeId;
        if (written === journal.writeId) {
          this.#version = found.version;
          this.journal = journal;
          return;
        }
        // An earlier write of ours arrived after all: it is ours to write over.
        if (written && this.#tried.has(written)) this.#version = found.version;
        else if (found.version !== this.#version) throw new ConcurrentRotation();
        if (attempt === 3) throw error;
      }
    }
  }
}
