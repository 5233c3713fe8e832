import { readFile } from "node:fs/promises";
import { writeNamedFile } from "../support/files";

/** Writes a text unless the file already holds it; @returns whether they differed. With `dry` nothing is written. */
export async function writeIfChanged(file: string, text: string, dry = false): Promise<boolean> {
  const existing = await readFile(file, "utf8").catch(() => undefined);
  if (existing === text) return false;
  if (!dry) writeNamedFile(file, text);
  return true;
}
