import { existsSync, mkdirSync, readFileSync, renameSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Head } from "../../gate/policy/checkpoint";
import { CouldNotRun } from "../support/exit";
import { reasonOf } from "../support/fileReasons";
import { readNamedFile } from "../support/files";
import type { Reviewed } from "./agent/reviewed";

/** The files of a pulled trail. */
export interface TrailFiles {
  readonly dir: string;
  /** The gate's records, untouched, oldest first. */
  readonly gate: string;
  readonly checkpoints: string;
  /** What GitHub says, one event a line, as GitHub gave it. */
  readonly github: string;
  /** What the agent did, by its own execution log: sessions, tool calls, confirmations. */
  readonly agent: string;
  /** The same as one stream of OCSF events. */
  readonly events: string;
  /** What the last pull knew. */
  readonly state: string;
}

export const trailFiles = (dir: string): TrailFiles => ({
  dir,
  gate: join(dir, "gate.ndjson"),
  checkpoints: join(dir, "checkpoints.ndjson"),
  github: join(dir, "github.ndjson"),
  agent: join(dir, "agent.ndjson"),
  events: join(dir, "events.ndjson"),
  state: join(dir, "pull.json"),
});

/** How a bucket is locked, as Cloudflare says, beside what the environment declares; in seconds. */
export interface LockState {
  readonly declared: number;
  /** The longest lock over the whole bucket; absent when Cloudflare could not be asked. */
  readonly found?: number;
}

/** What a pull notes for the next one, and for `verify`. */
export interface PullState {
  readonly v: 1;
  readonly stack: string;
  readonly organization: string;
  readonly machineUser: string;
  readonly repositories: readonly string[];
  /** When the last pull ended, in ISO 8601. */
  readonly pulledAt: string;
  /** Last record that was written, and how long the file is with it. */
  readonly cursor: Head & { readonly bytes: number };
  /** Whether the last pull asked the gate itself, which has the newest records; the bucket gets them a little later. */
  readonly live: boolean;
  /** Where the gate said that its trail ends; absent when only the bucket was asked. */
  readonly head?: Head;
  /** Public key of the checkpoint that the gate gave over its own connection. */
  readonly key?: string;
  readonly lock?: LockState;
  /** After so many seconds the bucket may drop a record. */
  readonly deleteSeconds: number;
  readonly github?: GitHubState;
  readonly agent?: AgentState;
  readonly events?: EventsState;
}

/** How far GitHub's side was read. */
export interface GitHubState {
  /** Where the events come from: the audit log has the token of each, the events of repositories have not. */
  readonly source: "audit-log" | "events";
  /** When it was read last, in ISO 8601. */
  readonly until: string;
  /** What could not be read, and why. */
  readonly missing: readonly string[];
}

/** How far the agent's side was read. */
export interface AgentState {
  /** When it was read last, in ISO 8601. */
  readonly until: string;
  /** What could not be read, and why. */
  readonly missing: readonly string[];
  /** What the stack declares at Anthropic, as the last pull found it there. */
  readonly reviewed?: Reviewed;
  /** Sessions that ended and were read to their end, with the time of their last change. */
  readonly ended: Readonly<Record<string, string>>;
}

/** How far the stream of events was written. */
export interface EventsState {
  readonly bytes: number;
  /** Bytes of the gate's records, and lines of GitHub's, that are in it. */
  readonly gate: number;
  readonly github: number;
  /** Lines of the agent's side; absent in what older versions wrote. */
  readonly agent?: number;
  /** Alarms that are in it. */
  readonly alarms: readonly string[];
}

/** The state of an earlier pull into this folder. @throws CouldNotRun when there is none, or it cannot be read */
export function readState(files: TrailFiles): PullState {
  const state = findState(files);
  if (state === undefined)
    throw new CouldNotRun(
      `${files.dir}: no audit trail here; pull one with \`gatehouse audit pull --out ${files.dir}\``,
    );
  return state;
}

/** As `readState`; undefined when the folder is empty or missing. */
export function findState(files: TrailFiles): PullState | undefined {
  if (!existsSync(files.state)) {
    if (sizeOf(files.gate) > 0)
      throw new CouldNotRun(
        `${files.gate}: there are records here, but ${files.state} is missing; give another folder, nothing was changed`,
      );
    return undefined;
  }
  let state: PullState | undefined;
  try {
    state = JSON.parse(readFileSync(files.state, "utf8")) as PullState;
  } catch {
    // said below
  }
  if (state?.v !== 1 || typeof state.cursor?.seq !== "number" || typeof state.cursor.bytes !== "number")
    throw new CouldNotRun(`${files.state}: this is not what a pull writes; give another folder, nothing was changed`);
  return state;
}

/** Writes the state whole or not at all. */
export function writeState(files: TrailFiles, state: PullState): void {
  const draft = `${files.state}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(state, undefined, 2)}\n`);
  renameSync(draft, files.state);
}

/** Makes the folder. @throws CouldNotRun with the reason */
export function makeDir(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true });
  } catch (error) {
    const there = (error as NodeJS.ErrnoException).code === "EEXIST";
    throw new CouldNotRun(
      `${dir}: the folder cannot be made: ${there ? "a file of this name is there" : reasonOf(error)}`,
    );
  }
}

/** What an interrupted pull wrote of a line is taken off again. */
export function dropPiece(file: string): void {
  if (!existsSync(file)) return;
  const bytes = readNamedFile(file);
  const whole = bytes.lastIndexOf("\n") + 1;
  if (whole < bytes.length) truncateSync(file, whole);
}

/** In bytes; 0 for a file that is not there. @throws CouldNotRun for a folder in its place */
export function sizeOf(file: string): number {
  if (!existsSync(file)) return 0;
  const stat = statSync(file);
  if (stat.isDirectory()) throw new CouldNotRun(`${file}: this is a folder, not a file; give another folder`);
  return stat.size;
}
