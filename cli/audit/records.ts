import { closeSync, openSync, readSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import type { AuditRecord } from "../../gate/policy/audit";
import { sizeOf } from "./trail";

/**
 * The gate's records one by one, without ever holding the file. Lines that are no records are left out: `verify` says
 * which they are.
 * @param from where to begin, at the start of a line
 */
export function* recordsIn(file: string, from = 0): Generator<AuditRecord> {
  for (const line of linesIn(file, from)) {
    const record = parseRecord(line);
    if (record !== undefined) yield record;
  }
}

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
