import { createHash } from "node:crypto";
import * as path from "node:path";
import * as zlib from "node:zlib";
import { PackInspector } from "../../../gate/policy/git/pack";
import { Inflater, InflateError } from "../../../gate/policy/git/inflate";
import { readTree } from "../../../gate/policy/git/objects";
import { folder, git, gitOk, lines } from "../support/git";

/** A delta instruction: copy a range of the base (places and lengths are taken modulo its size), or insert bytes. */
export type Instruction = { readonly copy: number; readonly length: number } | { readonly insert: string };

/**
 * One entry of a pack, as a client may write it. `base` is a place in the pack, before or after; a delta's own content
 * is what it makes of it.
 */
export interface Entry {
  readonly type: "commit" | "tree" | "blob" | "tag";
  readonly content: string;
  readonly delta?: {
    readonly base: number;
    readonly by: "offset" | "id";
    readonly instructions: readonly Instruction[];
  };
  readonly level: number;
  readonly strategy: number;
  /** Added to the size that the header claims. */
  readonly lie: number;
  /** Needless continuation bytes in the header. */
  readonly padding: number;
}

export interface Pack {
  readonly entries: readonly Entry[];
  readonly countLie: number;
  readonly tail: string;
  /** Bytes of the finished pack that are replaced: place (modulo its length) and value. */
  readonly flips: readonly (readonly [number, number])[];
  readonly pieces: readonly number[];
}

const TYPE = { commit: 1, tree: 2, blob: 3, tag: 4 } as const;
const sha1 = (...parts: Uint8Array[]): Buffer => parts.reduce((h, p) => h.update(p), createHash("sha1")).digest();

/** A tree entry by name spelled in text: `mode name` with an invented object. */
function treeOf(text: string): Buffer {
  return Buffer.concat(
    text
      .split("\n")
      .filter((line) => line.includes(" "))
      .map((line) => Buffer.concat([Buffer.from(`${line}\0`, "latin1"), sha1(Buffer.from(line))])),
  );
}

function contentOf(entry: Entry): Buffer {
  if (entry.type === "tree") return treeOf(entry.content);
  if (entry.type === "commit")
    return Buffer.from(
      `tree ${sha1(Buffer.from("tree 0\0")).toString("hex")}\nauthor a <a@example.com> 1767600000 +0000\ncommitter a <a@example.com> 1767600000 +0000\n\n${entry.content}`,
      "latin1",
    );
  return Buffer.from(entry.content, "latin1");
}

function header(type: number, size: number, padding: number): Buffer {
  const bytes = [(type << 4) | (size & 15)];
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) | 128;
    bytes.push(rest & 127);
  }
  for (let i = 0; i < padding; i++) {
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) | 128;
    bytes.push(0);
  }
  return Buffer.from(bytes);
}

const varint = (value: number): number[] => {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest & 127) | 128);
  }
};

function deltaOf(base: Buffer, instructions: readonly Instruction[]): { delta: Buffer; made: Buffer } {
  const ops: number[] = [];
  const parts: Buffer[] = [];
  for (const instruction of instructions) {
    if ("insert" in instruction) {
      const bytes = Buffer.from(instruction.insert, "latin1").subarray(0, 127);
      if (bytes.length === 0) continue;
      ops.push(bytes.length, ...bytes);
      parts.push(bytes);
    } else if (base.length > 0) {
      const from = instruction.copy % base.length;
      const length = Math.max(1, Math.min(instruction.length, base.length - from));
      let op = 128;
      const more: number[] = [];
      for (let i = 0; i < 4; i++)
        if ((from >>> (8 * i)) & 255) {
          op |= 1 << i;
          more.push((from >>> (8 * i)) & 255);
        }
      for (let i = 0; i < 3; i++)
        if (length !== 0x10000 && (length >>> (8 * i)) & 255) {
          op |= 16 << i;
          more.push((length >>> (8 * i)) & 255);
        }
      ops.push(op, ...more);
      parts.push(base.subarray(from, from + length));
    }
  }
  const made = Buffer.concat(parts);
  return { delta: Buffer.from([...varint(base.length), ...varint(made.length), ...ops]), made };
}

/** Writes the pack, with a trailer that is right. */
function packOf(pack: Pack): Buffer {
  const contents: Buffer[] = [];
  const types: Entry["type"][] = [];
  const resolve = (i: number, depth: number): Buffer => {
    const known = contents[i];
    if (known !== undefined) return known;
    const entry = pack.entries[i];
    if (entry === undefined) return Buffer.alloc(0);
    const base = entry.delta === undefined || depth > 20 ? undefined : entry.delta.base % pack.entries.length;
    const content =
      base === undefined || entry.delta === undefined || base === i
        ? contentOf(entry)
        : deltaOf(resolve(base, depth + 1), entry.delta.instructions).made;
    types[i] = base === undefined || base === i ? entry.type : (types[base] ?? entry.type);
    return (contents[i] = content);
  };
  const idOf = (i: number): Buffer => {
    const content = resolve(i, 0);
    return sha1(Buffer.from(`${types[i]} ${content.length}\0`), content);
  };
  const out: Buffer[] = [Buffer.alloc(12)];
  out[0]?.write("PACK");
  out[0]?.writeUInt32BE(2, 4);
  out[0]?.writeUInt32BE(Math.max(0, pack.entries.length + pack.countLie), 8);
  const offsets: number[] = [];
  let offset = 12;
  for (const [i, entry] of pack.entries.entries()) {
    offsets.push(offset);
    const base = entry.delta === undefined ? i : entry.delta.base % pack.entries.length;
    let body: Buffer;
    let head: Buffer;
    if (entry.delta === undefined || base === i) {
      body = resolve(i, 0);
      head = header(TYPE[entry.type], Math.max(0, body.length + entry.lie), entry.padding);
    } else {
      body = deltaOf(resolve(base, 0), entry.delta.instructions).delta;
      const byOffset = entry.delta.by === "offset" && base < i;
      head = header(byOffset ? 6 : 7, Math.max(0, body.length + entry.lie), entry.padding);
      if (byOffset) {
        let back = offset - (offsets[base] ?? 0);
        const bytes = [back & 127];
        while ((back = Math.floor(back / 128)) > 0) bytes.unshift((--back & 127) | 128);
        head = Buffer.concat([head, Buffer.from(bytes)]);
      } else head = Buffer.concat([head, idOf(base)]);
    }
    const written = Buffer.concat([head, zlib.deflateSync(body, { level: entry.level, strategy: entry.strategy })]);
    out.push(written);
    offset += written.length;
  }
  const whole = Buffer.concat([...out, Buffer.from(pack.tail, "latin1")]);
  for (const [at, value] of pack.flips) whole[12 + (at % Math.max(1, whole.length - 12))] = value;
  return Buffer.concat([whole, sha1(whole)]);
}

/** One that stands by itself and repeats nothing: what repeats itself, or runs on, may be taken for a placeholder. */
const SECRET = /(?<![A-Za-z0-9_])ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8(?![A-Za-z0-9_])/;
let repository: string | undefined;

/** What git makes of a pack: ids by type; undefined when it refuses it. */
function gitReads(
  bytes: Buffer,
): { readonly ids: ReadonlyMap<string, string>; readonly content: (id: string) => Buffer } | undefined {
  repository ??= (() => {
    const dir = folder();
    gitOk(dir, ["init", "-q", "--bare"]);
    return dir;
  })();
  const objects = path.join(folder(), "objects");
  gitOk(repository, ["init", "-q", "--bare"], "", { GIT_OBJECT_DIRECTORY: objects });
  const env = { GIT_OBJECT_DIRECTORY: objects };
  if (git(repository, ["index-pack", "--stdin"], bytes, env).code !== 0) return undefined;
  const listed = lines(gitOk(repository, ["cat-file", "--batch-check", "--batch-all-objects"], "", env)).map((line) =>
    line.split(" "),
  );
  const repo = repository;
  return {
    ids: new Map(listed.map(([id = "", type = ""]) => [id, type])),
    content: (id) => gitOk(repo, ["cat-file", listed.find(([other]) => other === id)?.[1] ?? "blob", id], "", env),
  };
}

/**
 * Of a pack that both take, the gate knows no commit and no tree that git does not know, reads trees as git lists them,
 * misses none that git can resolve in the order of the pack, and has found every credential.
 */
export function gateReadsPacksAsGit(pack: Pack): boolean {
  const bytes = packOf(pack);
  const inspector = new PackInspector({ maxObjects: 1000, maxInflated: 16 * 1024 * 1024 });
  for (let from = 0, i = 0; from < bytes.length; i++) {
    const size = Math.max(1, pack.pieces[i % (pack.pieces.length || 1)] ?? bytes.length);
    if (inspector.push(bytes.subarray(from, from + size)) !== undefined) return false;
    from += size;
  }
  if (!inspector.complete) return false;
  const reading = gitReads(bytes);
  if (reading === undefined) return false; // git changes nothing then
  for (const [type, known] of [
    ["commit", inspector.commits],
    ["tree", inspector.trees],
  ] as const) {
    for (const id of known.keys())
      if (reading.ids.get(id) !== type) throw new Error(`the gate knows a ${type} ${id} that git does not know`);
    const forward = pack.entries.some((e, i) => e.delta !== undefined && e.delta.base % pack.entries.length > i);
    if (!forward)
      for (const [id, other] of reading.ids)
        if (other === type && !known.has(id)) throw new Error(`git knows a ${type} ${id} that the gate does not know`);
  }
  for (const [id, tree] of inspector.trees) {
    const again = readTree(reading.content(id));
    if (JSON.stringify([...tree]) !== JSON.stringify([...(again ?? [])]))
      throw new Error(`the gate reads the tree ${id} in another way`);
  }
  if (
    inspector.findings.length === 0 &&
    // Of a blob, they wait for the path that decides about them.
    inspector.suspects.size === 0 &&
    !pack.entries.some((e, i) => e.delta !== undefined && e.delta.base % pack.entries.length > i)
  ) {
    for (const [id, type] of reading.ids)
      if (type === "blob" && SECRET.test(reading.content(id).toString("latin1")))
        throw new Error(`a credential in ${id} was not found`);
  }
  return true;
}

export interface Deflated {
  readonly parts: readonly { readonly text: string; readonly times: number }[];
  readonly level: number;
  readonly strategy: number;
  readonly windowBits: number;
  readonly memLevel: number;
  readonly flips: readonly (readonly [number, number])[];
  readonly pieces: readonly number[];
}

/** The gate's inflater reads what zlib reads, to the same byte, in any pieces, and nothing that zlib refuses. */
export function inflatesAsZlib(value: Deflated): boolean {
  const plain = Buffer.concat(value.parts.map((p) => Buffer.from(p.text.repeat(p.times), "latin1")));
  const packed = zlib.deflateSync(plain, {
    level: value.level,
    strategy: value.strategy,
    windowBits: value.windowBits,
    memLevel: value.memLevel,
  });
  for (const [at, by] of value.flips) packed[2 + (at % Math.max(1, packed.length - 6))] = by;
  const stream = Buffer.concat([packed, Buffer.from("behind")]);
  let other: { readonly bytes: Buffer; readonly length: number } | undefined;
  try {
    const { buffer, engine } = zlib.inflateRawSync(stream.subarray(2), {
      info: true,
      windowBits: 15,
      maxOutputLength: 8_000_000,
    } as zlib.ZlibOptions) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    other = { bytes: buffer, length: 2 + engine.bytesWritten + 4 };
  } catch {
    other = undefined;
  }
  const got: Buffer[] = [];
  const inflater = new Inflater((bytes) => got.push(Buffer.from(bytes)));
  inflater.begin(other?.bytes.length ?? plain.length + 1000);
  let at = 0;
  try {
    for (let end = 0, i = 0; !inflater.done && end < stream.length; i++) {
      end = Math.min(stream.length, end + Math.max(1, value.pieces[i % (value.pieces.length || 1)] ?? stream.length));
      for (let next = -1; !inflater.done && next !== at;) {
        next = at;
        at = inflater.read(stream.subarray(0, end), at);
      }
    }
  } catch (error) {
    if (!(error instanceof InflateError)) throw error;
    if (other !== undefined) throw new Error("zlib reads what the gate refuses", { cause: error });
    return false;
  }
  if (!inflater.done) {
    if (other !== undefined && other.length <= stream.length)
      throw new Error("zlib reads to the end, the gate does not");
    return false;
  }
  if (other === undefined) throw new Error("the gate reads what zlib refuses");
  if (!Buffer.concat(got).equals(other.bytes)) throw new Error("the gate reads other bytes than zlib");
  if (at !== other.length) throw new Error(`zlib ends at ${other.length}, the gate at ${at}`);
  return true;
}
