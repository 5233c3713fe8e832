import { entryText, type AuditEntry } from "../../policy/audit";

/** What a queue holds at most. */
export interface Bound {
  readonly entries: number;
  /** Of their texts, in characters. */
  readonly size: number;
}

/** Finding of a record that stands for others like it, which have none of their own; its offset is their number. */
export const FURTHER_REQUESTS = "further-requests";

/**
 * Audit entries that wait for the ledger, oldest first. The queue is bounded, and no request is forgotten for it: what
 * finds no room is counted, and the record of the first of them names how many more there were.
 */
export class EntryQueue {
  private waiting: string[] = [];
  private size = 0;
  private summed: { readonly first: AuditEntry; readonly further: number } | undefined;
  /** How many entries went in, and how many of them are on disk. */
  private added = 0;
  private kept = 0;

  constructor(private readonly bound: Bound) {}

  get length(): number {
    return this.waiting.length + (this.summed === undefined ? 0 : 1);
  }

  /** Where the queue ends now: everything before it is on disk when `isKept` says so. */
  get end(): number {
    return this.added + (this.summed === undefined ? 0 : 1);
  }

  isKept(end: number): boolean {
    return this.kept >= end;
  }

  /** Whether the entry found room and has a record of its own. */
  add(entry: AuditEntry): boolean {
    const text = entryText(entry);
    if (this.waiting.length >= this.bound.entries || this.size + text.length > this.bound.size) {
      this.sum(entry);
      return false;
    }
    this.push(text);
    return true;
  }

  /** Counts an entry without a record of its own. */
  sum(entry: AuditEntry): void {
    this.summed =
      this.summed === undefined ? { first: entry, further: 0 } : { ...this.summed, further: this.summed.further + 1 };
  }

  /** Takes the oldest, within a bound of its own; the sum when nothing else waits. */
  take(bound: Bound): string[] {
    if (this.summed !== undefined && this.waiting.length < this.bound.entries) {
      const { first, further } = this.summed;
      this.summed = undefined;
      this.push(
        entryText(
          further === 0
            ? first
            : { ...first, findings: [...first.findings, { rule: FURTHER_REQUESTS, offset: further }] },
        ),
      );
    }
    let count = 0;
    let size = 0;
    for (const text of this.waiting) {
      if (count >= bound.entries || (count > 0 && size + text.length > bound.size)) break;
      count++;
      size += text.length;
    }
    this.size -= size;
    return this.waiting.splice(0, count);
  }

  /** So many of those that were taken are on disk. */
  keep(count: number): void {
    this.kept += count;
  }

  private push(text: string): void {
    this.waiting.push(text);
    this.size += text.length;
    this.added++;
  }
}
