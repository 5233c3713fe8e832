import { printable } from "../refusals";
import { readPacket } from "./pktline";

/**
 * What the answer to a refused push needs from its commands. They are read less strictly than those that are judged,
 * because nothing of them reaches GitHub.
 */
export interface PushedRefs {
  /** The reference names as they came, in bytes. */
  readonly refs: readonly Uint8Array[];
  readonly capabilities: ReadonlySet<string>;
}

/** How many bytes of commands are read for the answer to a refused push: about ten thousand references. */
export const MAX_REPORTED_BYTES = 1024 * 1024;

const encoder = new TextEncoder();
const latin1 = new TextDecoder("latin1");
const utf8 = new TextDecoder();

/**
 * Reads the reference names of a push. Undefined while its commands are incomplete; null if they cannot be read or name
 * nothing.
 */
export function readPushedRefs(bytes: Uint8Array): PushedRefs | null | undefined {
  const refs: Uint8Array[] = [];
  let capabilities = "";
  for (let at = 0; ;) {
    let read: ReturnType<typeof readPacket>;
    try {
      read = readPacket(bytes, at);
    } catch {
      return null;
    }
    if (read === undefined) return bytes.length > MAX_REPORTED_BYTES ? null : undefined;
    at = read.next;
    if (read.packet.kind === "flush") break;
    if (read.packet.kind !== "data") return null;
    const line = bytes.subarray(read.packet.start, read.packet.end);
    const nul = line.indexOf(0);
    if (nul >= 0 && capabilities === "") capabilities = latin1.decode(line.subarray(nul + 1));
    const command = latin1.decode(nul < 0 ? line : line.subarray(0, nul));
    const start = /^[0-9a-f]{40,64} [0-9a-f]{40,64} (?=.)/s.exec(command)?.[0].length;
    if (start !== undefined)
      refs.push(line.subarray(start, command.endsWith("\n") ? command.length - 1 : command.length));
  }
  return refs.length === 0 ? null : { refs, capabilities: new Set(capabilities.trim().split(" ")) };
}

/**
 * The answer of git-receive-pack to a refused push: `ng <ref> <reason>` for each reference, and `lines` on side band 2,
 * which git shows as `remote: …`. Undefined if the client asked for no report. Source: gitprotocol-pack(5), "Report
 * Status".
 */
export function refusedPush(
  { refs, capabilities }: PushedRefs,
  reason: string,
  lines: readonly string[],
): Uint8Array | undefined {
  if (!capabilities.has("report-status") && !capabilities.has("report-status-v2")) return undefined;
  const report = concat([
    pkt(encoder.encode("unpack ok\n")),
    ...refs.map((ref) => pkt(concat([encoder.encode("ng "), quotable(ref), encoder.encode(` ${reason}\n`)]))),
    encoder.encode("0000"),
  ]);
  if (!capabilities.has("side-band-64k")) return report;
  return concat([
    ...banded(2, encoder.encode(lines.map((line) => `${line}\n`).join(""))),
    ...banded(1, report),
    encoder.encode("0000"),
  ]);
}

/** The answer to a refused fetch, which git shows as `fatal: remote error: …`. */
export function refusedFetch(lines: readonly string[]): Uint8Array {
  return pkt(encoder.encode(`ERR ${lines.join("\n")}`));
}

/** A reference name as it came, so that git recognises it, but without spaces and terminal control bytes. */
function quotable(ref: Uint8Array): Uint8Array {
  const text = utf8.decode(ref);
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  return /[\u0000-\u0020\u007f-\u009f]/.test(text) ? encoder.encode(printable(text, 1000).replaceAll(" ", "�")) : ref;
}

/** The most bytes in one side band packet: git's limit of a packet, less length and band. */
const BAND = 65_520 - 5;

function banded(band: 1 | 2, bytes: Uint8Array): Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += BAND)
    packets.push(pkt(concat([Uint8Array.of(band), bytes.subarray(at, at + BAND)])));
  return packets;
}

function pkt(payload: Uint8Array): Uint8Array {
  return concat([encoder.encode((payload.length + 4).toString(16).padStart(4, "0")), payload]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
