import { readFileSync, writeFileSync } from "node:fs";
import { CouldNotRun } from "./exit";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  ENOTDIR: "no such file or folder",
  EISDIR: "this is a folder, not a file",
  EACCES: "no permission",
  EPERM: "no permission",
  EROFS: "the file system is read-only",
  EEXIST: "it is there already",
  ENOSPC: "the disk is full",
};

/** Why a file could not be used, for a person. */
const reasonOf = (error: unknown): string => {
  const { code = "unknown" } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? code;
};

/** Reads a file that a person named. @throws CouldNotRun with the file's name and the reason */
export function readNamedFile(file: string | 0, name = String(file)): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CouldNotRun(`${name}: the file cannot be read: ${reasonOf(error)}`);
  }
}

/** Writes a file that a person named. @throws CouldNotRun with the file's name and the reason */
export function writeNamedFile(file: string, text: string, flag: "w" | "a" | "wx" = "w"): void {
  try {
    writeFileSync(file, text, { flag });
  } catch (error) {
    throw new CouldNotRun(`${file}: the file cannot be written: ${reasonOf(error)}`);
  }
}
