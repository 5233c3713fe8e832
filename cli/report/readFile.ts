import { createHash } from "node:crypto";
import { readNamedFile } from "../support/files";
import { readSnapshot, type Snapshot } from "./snapshot";

/** Reads what a file says of a stack. @throws CouldNotRun when it cannot be read or says nothing of one */
export function readFile(file: string): Snapshot {
  const bytes = readNamedFile(file);
  // PowerShell's `>` writes UTF-16 with a mark in front.
  const text = bytes.toString(bytes[0] === 0xff && bytes[1] === 0xfe ? "utf16le" : "utf8");
  return { ...readSnapshot(text, file), sha256: createHash("sha256").update(bytes).digest("hex") };
}
