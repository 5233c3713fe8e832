import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { constants } from "node:buffer";
import { createHash } from "node:crypto";
import { CouldNotRun } from "../support/exit";
import { readNamedFile } from "../support/files";
import { findDocument, type PulumiDocument } from "./documents";
import { snapshotOf, type Snapshot } from "./snapshot";

/**
 * Reads what a file says of a stack. Such files have many megabytes: each of its forms (bytes, text, document) is let go
 * before the next but one is made.
 * @throws CouldNotRun when it cannot be read or says nothing of a stack
 */
export function readFile(file: string): Snapshot {
  const { document, sha256, size } = documentIn(file);
  if (size > LARGE) collectGarbage();
  return { ...snapshotOf(document, file), sha256 };
}

/** From so many bytes on it is worth a tenth of a second to free them at once. */
const LARGE = 8_000_000;

/**
 * Node frees memory late when there is plenty. Two files of a thousand repositories would take twice what they need,
 * more than a small runner has.
 */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}

function documentIn(file: string): { document: PulumiDocument; sha256: string; size: number } {
  const { text, ...rest } = textOf(file);
  return { document: findDocument(text, file), ...rest };
}

function textOf(file: string): { text: string; sha256: string; size: number } {
  const bytes = readNamedFile(file);
  if (bytes.length > constants.MAX_STRING_LENGTH)
    throw new CouldNotRun(
      `${file}: ${bytes.length} bytes; a report reads ${constants.MAX_STRING_LENGTH} at most, ten times what a stack of 1,000 repositories takes`,
    );
  return {
    size: bytes.length,
    // PowerShell's `>` writes UTF-16 with a mark in front.
    text: bytes.toString(bytes[0] === 0xff && bytes[1] === 0xfe ? "utf16le" : "utf8"),
    sha256: createHash("sha256").update(bytes).digest("hex"),
  };
}
