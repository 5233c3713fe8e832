import { closeSync, openSync, truncateSync, writeSync } from "node:fs";
import type { Checkpoint, Head } from "../../../gate/policy/checkpoint";
import { CouldNotRun } from "../../support/exit";
import { sizeOf, type TrailFiles } from "../trail";

/** A piece of the trail as a source gave it: whole lines, oldest first. */
export interface Piece {
  readonly text: string;
  readonly checkpoint?: Checkpoint;
  /** Where the trail ended when it was asked for; only the gate knows. */
  readonly head?: Head;
}

/** A place that has the gate's records. */
export interface Source {
  readonly name: string;
  /** Pieces behind a record, until the end that it had when it was first asked. */
  pieces(after: number): AsyncIterable<Piece>;
}

/** Tells how far a long pull is. @param of how many there are, when a source knows */
export type Progress = (
  what: "records" | "events of GitHub" | "lines of the agent's log",
  done: number,
  of?: number,
) => void;

/** Where pulled records go. */
export interface Sink {
  /** What is appended is written before this returns. */
  append(text: string): void;
  close(): void;
}

/**
 * Opens the file for what comes next. What an interrupted pull wrote beyond its last note is taken off again.
 * @throws CouldNotRun when the file is shorter than the last pull left it: then somebody changed it, and it stays as it
 *   is
 */
export function openRecords({ gate, state }: TrailFiles, bytes: number): Sink {
  const size = sizeOf(gate);
  if (size < bytes)
    throw new CouldNotRun(
      `${gate}: the file has ${size} bytes, but ${state} says ${bytes}; somebody shortened it. Nothing was changed; pull into another folder`,
    );
  if (size > bytes) truncateSync(gate, bytes);
  const fd = openSync(gate, "a");
  return {
    append: (text) => {
      writeSync(fd, text);
    },
    close: () => closeSync(fd),
  };
}

const placeOf = (line: string): number => Number(/^\{"v":1,"seq":(\d{1,15}),/.exec(line)?.[1] ?? Number.NaN);
const hashOf = (line: string): string => /"hash":"([0-9a-f]{64})"\}$/.exec(line)?.[1] ?? "";

/**
 * What of a piece is new. Archive objects overlap when a mover died, so lines at the start that are known already are
 * left out; everything behind the first new line stays as it is, whatever it says.
 */
export function newPart(
  text: string,
  after: Head,
): { readonly text: string; readonly last: Head; readonly lines: number } {
  const whole = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  let from = 0;
  while (from < whole.length) {
    const to = whole.indexOf("\n", from);
    const line = whole.slice(from, to);
    if (line !== "" && !(placeOf(line) <= after.seq)) break;
    from = to + 1;
  }
  const kept = whole.slice(from);
  if (kept === "") return { text: "", last: after, lines: 0 };
  const lines = kept.slice(0, -1).split("\n");
  let last = after;
  for (let i = lines.length - 1; i >= 0 && last === after; i--) {
    const line = lines[i] ?? "";
    const seq = placeOf(line);
    if (Number.isFinite(seq)) last = { seq: Math.max(seq, after.seq), hash: hashOf(line) };
  }
  return { text: kept, last, lines: lines.length };
}
