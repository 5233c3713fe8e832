import { closeSync, openSync, readSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import type { AuditRecord } from "../../gate/policy/audit";
import { sizeOf } from "./trail";

/**
 * The gate's records one by one, without ever holding the file. Lines that are no records are left out: `verify` says
 * which they are.
 * @param from where to begin, at the start of a line
 * @param left is told of each line that is left out, by its number from there
 */
export function* recordsIn(file: string, from = 0, left?: (line: number) => void): Generator<AuditRecord> {
  let count = 0;
  for (const line of linesIn(file, from)) {
    count++;
    const record = parseRecord(line);
    if (record !== undefined) yield record;
    else if (line !== "") left?.(count);
  }
}

/** Counts what is left out, for a note at the end. */
export class LeftOut {
  private first = 0;
  private count = 0;

  readonly add = (line: number): void => {
    if (this.count++ === 0) this.first = line;
  };

  /** What a person must know of an answer that is made of the rest; undefined when nothing was left out. */
  note(file: string): string | undefined {
    if (this.count === 0) return undefined;
    const others = this.count === 1 ? "" : `, and ${this.count - 1} more`;
    return `${file}:${this.first} is no record of the gate and was left out${others}; check the folder with \`gatehouse audit verify\``;
  }
}

/** Who wants few of a file's records whole, and of the others only when they were and with which token. */
export interface Glance {
  /** Each record: when its request came, and with which token (empty for none). */
  note(ms: number, tokenSha256: string): void;
  /** Whether it is wanted whole. @param until when its request was answered */
  isWanted(ms: number, until: number): boolean;
  keep(record: AuditRecord): void;
}

/**
 * Shows a file's records to `glance` and reads only those whole that it wants: to read the JSON of millions takes
 * several times as long.
 */
export function glanceAt(file: string, glance: Glance): void {
  let token = "";
  eachLine(file, (buffer, from, to) => {
    const found = fieldsOf(buffer.toString("latin1", from, to), token);
    const record = found === undefined ? parseRecord(buffer.toString("utf8", from, to)) : undefined;
    if (found === undefined && record === undefined) return;
    const ms = Date.parse(found?.ts ?? record?.ts ?? "");
    token = found?.tokenSha256 ?? record?.tokenSha256 ?? "";
    glance.note(ms, token);
    if (!glance.isWanted(ms, ms + (found?.ms ?? record?.ms ?? 0))) return;
    const whole = record ?? parseRecord(buffer.toString("utf8", from, to));
    if (whole !== undefined) glance.keep(whole);
  });
}

const [START, TIME, DURATION, TOKEN] = ['{"v":1,"seq":', ',"ts":"', ',"ms":', ',"tokenSha256":"'];
/** In ISO 8601 with milliseconds. */
const TIME_LENGTH = 24;

/**
 * The three fields by their place in a line as the gate writes it; undefined for any other line. What stands inside a
 * field's text cannot pass for another field, because JSON escapes its quotes.
 * @param known the token that is likely, since one is used for days; it is not made a text again
 */
function fieldsOf(line: string, known: string): Pick<AuditRecord, "ts" | "ms" | "tokenSha256"> | undefined {
  const time = line.indexOf(TIME);
  const duration = line.indexOf(DURATION, time);
  const token = line.indexOf(TOKEN, duration);
  if (!line.startsWith(START) || time < 0 || duration < 0 || token < 0) return undefined;
  const from = token + TOKEN.length;
  return {
    ts: line.slice(time + TIME.length, time + TIME.length + TIME_LENGTH),
    ms: Number(line.slice(duration + DURATION.length, token)),
    tokenSha256: line.startsWith(`${known}"`, from) ? known : line.slice(from, line.indexOf('"', from)),
  };
}

/** Shows each line of a file that ends, and the rest, as bytes between two places of a buffer. */
function eachLine(file: string, visit: (buffer: Buffer, from: number, to: number) => void): void {
  if (sizeOf(file) === 0) return;
  const fd = openSync(file, "r");
  try {
    let buffer = Buffer.allocUnsafe(1 << 20);
    let filled = 0;
    for (let read; (read = readSync(fd, buffer, filled, buffer.length - filled, null)) > 0;) {
      filled += read;
      let from = 0;
      for (let to; (to = buffer.indexOf(NEWLINE, from)) >= 0 && to < filled; from = to + 1) visit(buffer, from, to);
      buffer.copyWithin(0, from, filled);
      filled -= from;
      // A line that does not fit.
      if (filled === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)]);
    }
    if (filled > 0) visit(buffer, 0, filled);
  } finally {
    closeSync(fd);
  }
}

const NEWLINE = 10;

/** Lines of a file, as text. */
function* linesIn(file: string, from: number): Generator<string> {
  if (sizeOf(file) <= from) return;
  const fd = openSync(file, "r");
  try {
    const buffer = Buffer.allocUnsafe(1 << 20);
    const decoder = new StringDecoder("utf8");
    let rest = "";
    for (let read, at = from; (read = readSync(fd, buffer, 0, buffer.length, at)) > 0; at += read) {
      const lines = (rest + decoder.write(buffer.subarray(0, read))).split("\n");
      rest = lines.pop() ?? "";
      yield* lines;
    }
    if (rest !== "") yield rest;
  } finally {
    closeSync(fd);
  }
}

/** A line as a record; undefined when it is none. */
export function parseRecord(line: string): AuditRecord | undefined {
  try {
    const record = JSON.parse(line) as AuditRecord;
    return record.v === 1 && typeof record.seq === "number" && typeof record.ts === "string" ? record : undefined;
  } catch {
    return undefined;
  }
}
