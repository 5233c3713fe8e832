import { Refusal } from "../refusals";
import { readPacket } from "./pktline";

/**
 * Lines that a fetch may have, in protocol 2 and before. `packfile-uris` is not among them, because it leads to other
 * hosts.
 */
const OPEN = [
  /^command=(?:ls-refs|fetch)$/,
  /^agent=[\x21-\x7e]{1,200}$/,
  /^object-format=sha1$/,
  /^session-id=[\x21-\x7e]{1,200}$/,
  /^server-option=/,
  /^(?:peel|symrefs|unborn)$/,
  /^ref-prefix [\x21-\x7e]{1,300}$/,
  /^(?:want|have|shallow) [0-9a-f]{40}$/,
  /^want [0-9a-f]{40} [\x20-\x7e]{1,1000}$/,
  /^want-ref [\x21-\x7e]{1,300}$/,
  /^(?:done|thin-pack|no-progress|include-tag|ofs-delta|sideband-all|wait-for-done|deepen-relative)$/,
  /^deepen [0-9]{1,10}$/,
  /^deepen-since [0-9]{1,12}$/,
  /^deepen-not [\x21-\x7e]{1,300}$/,
  /^filter (?:blob:none|blob:limit=[0-9]{1,15}[kmg]?|tree:[0-9]{1,6}|object:type=(?:blob|tree|commit|tag))$/,
];

/** Guard `fetch-command`: a request to git-upload-pack may contain only commands and arguments for reading. */
export function judgeFetch(bytes: Uint8Array): Refusal | undefined {
  const decoder = new TextDecoder("latin1");
  let at = 0;
  let lines = 0;
  try {
    while (at < bytes.length) {
      const read = readPacket(bytes, at);
      if (read === undefined) return new Refusal("git-malformed", "packet");
      at = read.next;
      if (read.packet.kind !== "data") continue;
      const line = decoder.decode(bytes.subarray(read.packet.start, read.packet.end)).replace(/\n$/, "");
      if (!OPEN.some((pattern) => pattern.test(line))) return new Refusal("git-command", line.slice(0, 60));
      if (line.startsWith("server-option=")) return new Refusal("git-capability", "server-option");
      lines++;
    }
  } catch {
    return new Refusal("git-malformed", "packet");
  }
  return lines === 0 && bytes.length > 0 && bytes.length !== 4 ? new Refusal("git-malformed", "empty") : undefined;
}
