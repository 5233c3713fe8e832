import { readFileSync, writeFileSync } from "node:fs";
import { CouldNotRun } from "./exit";
import { reasonOf } from "./fileReasons";

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
