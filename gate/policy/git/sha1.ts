import { sha1 } from "@noble/hashes/sha1";
import { hex, utf8 } from "../../../edge/encoding";

/** Git's id of an object: SHA-1 over header and content. Synchronous, because a pack is read in one go. */
export function objectIdOf(type: string, content: Uint8Array): string {
  return hex(
    sha1
      .create()
      .update(utf8(`${type} ${content.length}\0`))
      .update(content)
      .digest(),
  );
}
