import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A recorded call of the real plugin, with the answer that it got. */
export interface RecordedCall {
  case: string;
  operation: string;
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body: unknown;
  status: number;
  responseHeaders: Record<string, string>;
  response: unknown;
  /** The same call was sent this many times in a row. */
  repeated?: number;
}

const FOLDER = join(__dirname, "../../../../tests/fixtures/provider-calls");

/** All recorded calls of a package. */
export function readRecording(name: string): RecordedCall[] {
  return (
    readFileSync(join(FOLDER, `${name}.jsonl`), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      // One accessor goes by several stand-in names, after the key that it was found under.
      .map(
        (line) =>
          JSON.parse(line.replace(/<(?:mount|wrapped|secret-id)-accessor-(\d+)>/g, "<accessor-$1>")) as RecordedCall,
      )
  );
}

/** The calls of one operation of a case, repeated ones written out. */
export function callsOf(recording: readonly RecordedCall[], name: string, operation: string): RecordedCall[] {
  return recording
    .filter((call) => call.case === name && call.operation === operation)
    .flatMap((call) => Array.from({ length: call.repeated ?? 1 }, () => call));
}

/** Numbers of stand-in names (`<accessor-2>`) depend on the order of the recording; the kind is what counts. */
export function withoutNumbers<T>(value: T): T {
  return JSON.parse(JSON.stringify(value).replace(/<([a-z][a-z-]*?)-\d+>/g, "<$1>")) as T;
}
