import { hash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { GENESIS } from "../../gate/policy/audit";
import type { Head } from "../../gate/policy/checkpoint";

/** What is wrong with a trail, and where. */
export interface ChainProblem {
  /** Line of the file, from 1. */
  readonly line: number;
  /** The record's own number, or the one that was expected there. */
  readonly seq: number;
  readonly problem: string;
}

/** What one reading of a part of the file found. */
export interface ChainPart {
  readonly records: number;
  readonly lines: number;
  readonly first?: { readonly seq: number; readonly prevHash: string; readonly line: number; readonly ts: string };
  readonly last?: Head & { readonly ts: string };
  /** The first of them; `count` says how many there are. */
  readonly problems: readonly ChainProblem[];
  readonly count: number;
  /** Records whose hash is the one that a checkpoint signs. */
  readonly signed: number;
  /** Time of the first record behind the last checkpoint. */
  readonly unsignedSince?: string;
}

const KEPT_PROBLEMS = 200;
/** Bytes that are read at once; a line must fit. A record has some hundred, and a few thousand at most. */
const BUFFER = 1 << 20;
const NEWLINE = 10;
const COMMA = 0x2c;
const BRACE = 0x7d;
const START = Buffer.from('{"v":1,"seq":');
const TIME = Buffer.from(',"ts":"');
const GAP = Buffer.from(',"decision":"gap",');
const PREV = Buffer.from(',"prevHash":"');
const HASH = Buffer.from('","hash":"');
const END = Buffer.from('"}');
const HEX = 64;
/** A line ends in the two hashes, so everything behind the entry has a fixed length. */
const HASH_TAIL = HASH.length + HEX + END.length;
const TAIL = PREV.length + HEX + HASH_TAIL;

/** Whether `bytes` stand in `buffer` at `at`. A loop is quicker than a call for a dozen bytes. */
function stands(buffer: Buffer, at: number, bytes: Buffer): boolean {
  for (let i = 0; i < bytes.length; i++) if (buffer[at + i] !== bytes[i]) return false;
  return true;
}

/**
 * Checks the records between two positions of a file: each hash, each link, the sequence, and that the signed ones are
 * those that the gate signed. It looks at bytes and builds no text, so its speed is that of the hash. A part that
 * begins inside the file takes its first record's place on trust: whoever joins the parts compares.
 * @param checkpoints their signatures are checked elsewhere; sorted by number
 * @param onRead is told how many bytes were read since it was told last
 */
export function checkPart(
  file: string,
  { start, end, checkpoints = [] }: { start: number; end: number; checkpoints?: readonly Head[] },
  onRead: (bytes: number) => void = () => undefined,
): ChainPart {
  const fd = openSync(file, "r");
  try {
    const reader = new PartReader(checkpoints);
    const buffer = Buffer.allocUnsafe(BUFFER);
    let filled = 0;
    for (let at = start; ;) {
      const wanted = Math.min(buffer.length - filled, end - at);
      const read = wanted > 0 ? readSync(fd, buffer, filled, wanted, at) : 0;
      at += read;
      filled += read;
      onRead(read);
      const used = reader.feed(buffer.subarray(0, filled));
      if (read === 0) {
        if (used < filled) reader.cutOff();
        return reader.result();
      }
      if (used === 0 && filled === buffer.length) {
        reader.tooLong();
        filled = 0;
        continue;
      }
      buffer.copyWithin(0, used, filled);
      filled -= used;
    }
  } finally {
    closeSync(fd);
  }
}

class PartReader {
  private records = 0;
  private lines = 0;
  private seq = -1;
  private hash = "";
  private ts = "";
  private first: ChainPart["first"];
  private readonly problems: ChainProblem[] = [];
  private count = 0;
  private next = 0;
  private signed = 0;
  private unsignedSince: string | undefined;
  private readonly lastSigned: number;

  constructor(private readonly checkpoints: readonly Head[]) {
    this.lastSigned = checkpoints.at(-1)?.seq ?? 0;
  }

  /** Checks whole lines; returns how many bytes they had. */
  feed(buffer: Buffer): number {
    let from = 0;
    let last = -1;
    let gap = buffer.indexOf(GAP);
    for (;;) {
      const to = buffer.indexOf(NEWLINE, from);
      if (to < 0) break;
      this.lines++;
      if (to > from) {
        this.record(buffer, from, to);
        last = from;
        if (gap >= 0 && gap < to) {
          if (gap >= from) this.report(this.seq, "requests of an isolate are not on record (gap record)");
          gap = buffer.indexOf(GAP, to);
        }
      }
      from = to + 1;
    }
    if (last >= 0) this.ts = timeOf(buffer, last);
    return from;
  }

  cutOff(): void {
    this.lines++;
    this.report(this.seq + 1, "the last line is cut off");
  }

  tooLong(): void {
    this.report(this.seq + 1, "not an audit record: longer than 1 MiB");
  }

  result(): ChainPart {
    return {
      records: this.records,
      lines: this.lines,
      ...(this.first === undefined ? {} : { first: this.first }),
      ...(this.first === undefined ? {} : { last: { seq: this.seq, hash: this.hash, ts: this.ts } }),
      problems: this.problems,
      count: this.count,
      signed: this.signed,
      ...(this.unsignedSince === undefined ? {} : { unsignedSince: this.unsignedSince }),
    };
  }

  private report(seq: number, problem: string): void {
    this.count++;
    if (this.problems.length < KEPT_PROBLEMS) this.problems.push({ line: this.lines, seq, problem });
  }

  private record(buffer: Buffer, from: number, to: number): void {
    this.records++;
    let at = from + START.length;
    let here = 0;
    const tail = to - TAIL;
    if (
      tail > at &&
      stands(buffer, from, START) &&
      stands(buffer, tail, PREV) &&
      stands(buffer, to - HASH_TAIL, HASH) &&
      stands(buffer, to - END.length, END)
    )
      for (let digit = buffer[at] ?? 0; digit >= 0x30 && digit <= 0x39 && at < tail; digit = buffer[++at] ?? 0)
        here = here * 10 + digit - 0x30;
    if (here === 0 || buffer[at] !== COMMA) {
      this.report(this.seq + 1, "not an audit record");
      return;
    }
    const prevHash = buffer.toString("latin1", tail + PREV.length, tail + PREV.length + HEX);
    const stated = buffer.toString("latin1", to - END.length - HEX, to - END.length);
    // The hash covers the line without it, closed by a brace. The brace is written over the comma before `"hash"`.
    const cut = to - HASH_TAIL + 1;
    buffer[cut] = BRACE;
    const actual = hash("sha256", buffer.subarray(from, cut + 1), "hex");
    buffer[cut] = COMMA;
    if (actual !== stated) this.report(here, "was changed: its hash does not match");
    if (this.first === undefined) {
      this.first = { seq: here, prevHash, line: this.lines, ts: timeOf(buffer, from) };
    } else {
      const problem = seamProblem({ seq: this.seq, hash: this.hash }, { seq: here, prevHash });
      if (problem !== undefined) this.report(here, problem);
      if (here <= this.seq) return;
    }
    this.seq = here;
    this.hash = stated;
    this.compare(here, stated);
    if (this.unsignedSince === undefined && here > this.lastSigned) this.unsignedSince = timeOf(buffer, from);
  }

  private compare(here: number, stated: string): void {
    for (let wanted = this.checkpoints[this.next]; wanted !== undefined && wanted.seq <= here;) {
      if (wanted.seq === here) {
        if (wanted.hash === stated) this.signed++;
        else this.report(here, "is not the record that the gate signed here: the trail was written anew");
      }
      wanted = this.checkpoints[++this.next];
    }
  }
}

/** Why one record does not go on from another; undefined when it does. */
function seamProblem(
  before: Head,
  { seq, prevHash }: { readonly seq: number; readonly prevHash: string },
): string | undefined {
  if (seq <= before.seq) return "out of order or repeated";
  if (seq > before.seq + 1) return `records ${before.seq + 1} to ${seq - 1} are missing`;
  return prevHash === before.hash ? undefined : "does not continue the record before it";
}

/** The record's time, as it stands behind its number. */
function timeOf(buffer: Buffer, from: number): string {
  const at = buffer.indexOf(TIME, from);
  return at < 0 || at > from + 40 ? "" : buffer.toString("latin1", at + TIME.length, at + TIME.length + 24);
}

/** Joins parts of one file, oldest first: the second must go on where the first ended. */
export function joinParts(parts: readonly ChainPart[]): ChainPart {
  return parts.reduce((before, part) => {
    const { first, last } = part;
    const shifted = part.problems.map((one) => ({ ...one, line: one.line + before.lines }));
    const broken = first && before.last && seamProblem(before.last, first);
    const seam = first && broken ? [{ line: before.lines + first.line, seq: first.seq, problem: broken }] : [];
    const start = before.first ?? (first && { ...first, line: first.line + before.lines });
    const end = last ?? before.last;
    const unsignedSince = before.unsignedSince ?? part.unsignedSince;
    return {
      records: before.records + part.records,
      lines: before.lines + part.lines,
      ...(start === undefined ? {} : { first: start }),
      ...(end === undefined ? {} : { last: end }),
      problems: [...before.problems, ...seam, ...shifted].slice(0, KEPT_PROBLEMS),
      count: before.count + seam.length + part.count,
      signed: before.signed + part.signed,
      ...(unsignedSince === undefined ? {} : { unsignedSince }),
    };
  });
}

/** Positions at which a file is cut into so many parts, each at the start of a line. */
export function cuts(file: string, parts: number): { readonly start: number; readonly end: number }[] {
  const fd = openSync(file, "r");
  try {
    const { size } = fstatSync(fd);
    const buffer = Buffer.allocUnsafe(64 * 1024);
    const starts = [0];
    for (let part = 1; part < parts; part++) {
      let at = Math.max(Math.floor((size / parts) * part), starts.at(-1) ?? 0);
      for (;;) {
        const read = readSync(fd, buffer, 0, buffer.length, at);
        const found = buffer.subarray(0, read).indexOf(NEWLINE);
        at += found < 0 ? read : found + 1;
        if (found >= 0 || read === 0) break;
      }
      if (at < size) starts.push(at);
    }
    return starts.map((start, i) => ({ start, end: starts[i + 1] ?? size }));
  } finally {
    closeSync(fd);
  }
}

/** What comes before the first record of a trail. */
export const BEFORE_FIRST: Head = { seq: 0, hash: GENESIS };
