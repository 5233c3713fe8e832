import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { EngineError, messageOf } from "./errors";
import type { Deployment } from "./state";

/** Writes a whole file or nothing: a temporary file beside it, flushed to disk, then renamed over the old one. */
export function writeAtomically(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}.tmp`;
  const handle = openSync(temporary, "w", 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(handle);
  }
  renameSync(temporary, file);
  flushDirectory(dirname(file));
}

/** Makes the rename itself durable, where the platform lets one open a directory. */
function flushDirectory(directory: string): void {
  try {
    const handle = openSync(directory, "r");
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch {
    // Some platforms refuse this; the file itself is on disk all the same.
  }
}

/** A state file, or undefined when there is none yet. */
export function readDeployment(file: string): Deployment | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new EngineError(`the state cannot be read: ${messageOf(error)}`);
  }
  try {
    return JSON.parse(text) as Deployment;
  } catch (error) {
    throw new EngineError(`the state in ${file} is not JSON: ${messageOf(error)}`);
  }
}
