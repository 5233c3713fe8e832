import { Refusal } from "../refusals";
import { agentBranchOf, isObjectId, isRefName } from "../text/values";
import { readPacket } from "./pktline";

/** One reference that a push would change. */
export interface RefCommand {
  readonly old: string;
  readonly new: string;
  readonly ref: string;
}

export const ZERO_ID = "0".repeat(40);

/** How many bytes and commands are read before the pack. */
export const MAX_COMMAND_BYTES = 65_536;
const MAX_COMMANDS = 32;

/**
 * Capabilities that a pushing client may choose. A signed push and push options would carry data that is not inspected.
 */
const OPEN = new Set([
  "report-status",
  "report-status-v2",
  "side-band-64k",
  "ofs-delta",
  "atomic",
  "quiet",
  "object-format=sha1",
]);

/**
 * Capabilities in the advertisement. With `delete-refs` git sends a deletion and shows the reason for the refusal;
 * without it, git itself rejects it without a reason.
 */
const OFFERED = new Set([...OPEN, "delete-refs"]);

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export interface PushCommands {
  readonly commands: readonly RefCommand[];
  /** Where the pack starts. */
  readonly next: number;
}

/** Reads the commands at the start of a push. Undefined while they are incomplete. */
export function readCommands(bytes: Uint8Array): PushCommands | Refusal | undefined {
  const commands: RefCommand[] = [];
  let at = 0;
  for (;;) {
    if (at > MAX_COMMAND_BYTES) return new Refusal("git-malformed", "too many commands");
    let read: ReturnType<typeof readPacket>;
    try {
      read = readPacket(bytes, at);
    } catch {
      return new Refusal("git-malformed", "packet");
    }
    if (read === undefined)
      return bytes.length > MAX_COMMAND_BYTES ? new Refusal("git-malformed", "too many commands") : undefined;
    at = read.next;
    if (read.packet.kind === "flush") return { commands, next: at };
    if (read.packet.kind !== "data") return new Refusal("git-malformed", read.packet.kind);
    const command = readCommand(bytes.subarray(read.packet.start, read.packet.end), commands.length === 0);
    if (command instanceof Refusal) return command;
    if (command === "shallow") continue;
    if (commands.some((c) => c.ref === command.ref)) return new Refusal("git-malformed", "two commands for one ref");
    commands.push(command);
    if (commands.length > MAX_COMMANDS) return new Refusal("git-malformed", "too many commands");
  }
}

function readCommand(bytes: Uint8Array, first: boolean): RefCommand | "shallow" | Refusal {
  let text: string;
  try {
    text = decoder.decode(bytes).replace(/\n$/, "");
  } catch {
    return new Refusal("git-malformed", "not UTF-8");
  }
  if (/^shallow [0-9a-f]{40}$/.test(text)) return "shallow";
  const nul = text.indexOf("\0");
  const capabilities = nul < 0 ? "" : text.slice(nul + 1);
  if (nul >= 0 && !first) return new Refusal("git-malformed", "capabilities after the first command");
  for (const capability of capabilities.split(" ")) {
    if (capability !== "" && !OPEN.has(capability) && !/^(?:agent|session-id)=[\x21-\x7e]{1,200}$/.test(capability))
      return new Refusal("git-capability", capability.slice(0, 60));
  }
  const [old, next, ref, ...rest] = (nul < 0 ? text : text.slice(0, nul)).split(" ");
  if (
    old === undefined ||
    next === undefined ||
    ref === undefined ||
    rest.length > 0 ||
    !isObjectId(old) ||
    !isObjectId(next)
  )
    return new Refusal("git-malformed", "command");
  if (!ref.startsWith("refs/") || !isRefName(ref)) return new Refusal("git-malformed", "ref name");
  return { old, new: next, ref };
}

/**
 * Guards `push-ref` and `push-delete`: every command must create or update an agent branch. Otherwise the whole push is
 * refused.
 */
export function judgeCommands(commands: readonly RefCommand[], branchPrefix: string): Refusal | undefined {
  for (const command of commands) {
    if (agentBranchOf(command.ref, branchPrefix) === undefined)
      return new Refusal("ref-outside-agent-space", command.ref);
    if (command.new === ZERO_ID) return new Refusal("ref-delete", command.ref);
  }
  return undefined;
}

/**
 * The advertisement of git-receive-pack, without closed capabilities and with `no-thin`, so that clients send packs
 * whose deltas can be read without other objects. Undefined if it is not an advertisement.
 */
export function filterAdvertisement(bytes: Uint8Array): Uint8Array | undefined {
  const text = new TextDecoder("latin1").decode(bytes);
  const first = /^001f# service=git-receive-pack\n0000/.exec(text);
  if (first === null) return undefined;
  const start = first[0].length;
  let read: ReturnType<typeof readPacket>;
  try {
    read = readPacket(bytes, start);
  } catch {
    return undefined;
  }
  if (read?.packet.kind !== "data") return undefined;
  const line = text.slice(read.packet.start, read.packet.end);
  const nul = line.indexOf("\0");
  if (nul < 0 || !/^[0-9a-f]{40} /.test(line)) return undefined;
  const kept = line
    .slice(nul + 1)
    .trim()
    .split(" ")
    .filter((c) => OFFERED.has(c) || c.startsWith("agent="));
  const head = `${line.slice(0, nul)}\0${[...kept, "no-thin"].join(" ")}\n`;
  const filtered =
    text.slice(0, start) + (head.length + 4).toString(16).padStart(4, "0") + head + text.slice(read.next);
  return Uint8Array.from(filtered, (c) => c.charCodeAt(0));
}
