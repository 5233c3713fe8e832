import { Refusal } from "../refusals";
import {
  matchSecrets,
  refusing,
  ENCODED_SPAN,
  withoutValue,
  type Finding,
  type SecretMatch,
  type SecretRules,
} from "../text/secrets";
import { InflateError, Inflater } from "./inflate";
import { applyDelta, readCommit, readTree, type Commit, type Tree } from "./objects";
import { objectIdOf } from "./sha1";

export interface PackLimits {
  readonly maxObjects: number;
  /** The largest size of the whole pack, inflated. */
  readonly maxInflated: number;
}

/** Inflated bytes of trees and commits that are kept; more cannot be inspected. */
const MAX_STRUCTURE = 8 * 1024 * 1024;
/**
 * Blobs up to these sizes are kept, so that the result of a delta on them can be searched. For larger blobs the delta's
 * own bytes are searched.
 */
const MAX_BLOB = 256 * 1024;
const MAX_BLOBS = 8 * 1024 * 1024;
/** How many findings are kept of one blob and of a pack, and how many blobs whose place decides. More are refused. */
const MAX_FINDINGS = 50;
const MAX_SUSPECTS = 20;

/** How much of a stream is searched at once, in bytes: windows overlap, so small ones would be searched many times. */
const WINDOW = 32 * 1024;

const latin1 = new TextDecoder("latin1");

type Type = "commit" | "tree" | "blob";
const TYPES: Readonly<Record<number, Type>> = { 1: "commit", 2: "tree", 3: "blob" };
const OFS_DELTA = 6;
const REF_DELTA = 7;

/** An object of the pack that may be the base of another. `content` is there for trees, commits and small blobs. */
interface Known {
  readonly type: Type | "unknown";
  readonly content: Uint8Array | undefined;
}

/**
 * Searches a stream for credentials in overlapping windows. A match that reaches the end of a window may continue, so
 * it is judged in the next window, or by `end`.
 */
export class Searcher {
  private tail = "";
  private offset = 0;
  /** Where reported matches start. The next window finds them again. */
  private reported = new Set<number>();
  private readonly decoder = new TextDecoder("latin1");

  constructor(
    private readonly found: (findings: readonly Finding[]) => void,
    private readonly rules?: SecretRules,
  ) {}

  begin(): void {
    this.tail = "";
    this.offset = 0;
    this.reported = new Set();
  }

  push(bytes: Uint8Array): void {
    const text = this.tail + this.decoder.decode(bytes);
    this.tail = text;
    if (text.length < WINDOW) return;
    this.search(text, text.length);
    const keep = Math.min(ENCODED_SPAN, text.length);
    this.offset += text.length - keep;
    this.tail = text.slice(text.length - keep);
  }

  /** The stream has ended. */
  end(): void {
    this.search(this.tail, Infinity);
  }

  private search(text: string, open: number): void {
    const matches = matchSecrets(text, this.offset, 20, this.rules).filter(
      ({ offset, length }) =>
        (offset - this.offset + length !== open || length > ENCODED_SPAN) && !this.reported.has(offset),
    );
    this.reported = new Set([...this.reported].filter((offset) => offset >= this.offset));
    for (const { offset } of matches) this.reported.add(offset);
    if (matches.length > 0) this.found(matches.map(withoutValue));
  }
}

/**
 * Reads a pack while it streams by, in bounded memory. It keeps trees and commits and applies deltas to them, so that
 * the changes of a push can be judged. It searches blobs for credentials. An object that cannot be resolved is not
 * kept; a walk that needs it fails, and the push is refused.
 */
export class PackInspector {
  readonly commits = new Map<string, Commit>();
  readonly trees = new Map<string, Tree>();
  /** Findings in objects without a known place. They refuse the push unless they are allowed. */
  readonly findings: Finding[] = [];
  /** Findings in blobs, by the blob's id. Whether they may pass depends on the blob's path (suspects.ts). */
  readonly suspects = new Map<string, readonly SecretMatch[]>();
  private readonly byOffset = new Map<number, Known>();
  private readonly byId = new Map<string, Known>();
  private readonly inflater = new Inflater((bytes) => this.take(bytes));
  private readonly searcher: Searcher;
  private state: "header" | "object" | "base" | "content" | "trailer" | "end" = "header";
  private left = new Uint8Array(0);
  /** Bytes of the pack before `left`. */
  private offset = 0;
  private remaining = 0;
  private inflated = 0;
  private structure = 0;
  private blobs = 0;
  private current = {
    offset: 0,
    type: 0,
    size: 0,
    base: undefined as Known | undefined,
    kept: undefined as Uint8Array | undefined,
    filled: 0,
  };

  /** @param rules what is searched for beside the public formats, and what may pass */
  constructor(
    private readonly limits: PackLimits,
    private readonly rules?: SecretRules,
  ) {
    this.searcher = new Searcher((findings) => this.note(findings), rules);
  }

  private note(findings: readonly Finding[]): void {
    this.findings.push(...findings.slice(0, Math.max(0, MAX_FINDINGS - this.findings.length)));
    const refused = refusing(findings)[0];
    // Allowed findings must not crowd out others.
    if (refused !== undefined && refusing(this.findings).length === 0) this.findings.push(refused);
  }

  /** Searches a whole blob. */
  private judgeBlob(content: Uint8Array): void {
    const matches = matchSecrets(latin1.decode(content), 0, MAX_FINDINGS, this.rules);
    const refused = refusing(matches);
    if (refused.length === 0 || refused.length >= MAX_FINDINGS || this.suspects.size >= MAX_SUSPECTS)
      this.note(matches.map(withoutValue));
    else this.suspects.set(objectIdOf("blob", content), matches);
  }

  /** Reads the next piece of the pack. A refusal ends the inspection. */
  push(chunk: Uint8Array): Refusal | undefined {
    let input = chunk;
    if (this.left.length > 0) {
      input = new Uint8Array(this.left.length + chunk.length);
      input.set(this.left);
      input.set(chunk, this.left.length);
    }
    let at = 0;
    try {
      for (;;) {
        const next = this.step(input, at);
        if (next instanceof Refusal) return next;
        if (next < 0) break;
        at = next;
      }
    } catch (error) {
      if (error instanceof InflateError) return new Refusal("pack-malformed", error.message);
      throw error;
    }
    this.offset += at;
    this.left = input.slice(at);
    return this.left.length > 1024 * 1024 ? new Refusal("pack-malformed") : undefined;
  }

  /** Whether the pack is complete, to its last byte. */
  get complete(): boolean {
    return this.state === "end" && this.left.length === 0;
  }

  private step(input: Uint8Array, at: number): number | Refusal {
    switch (this.state) {
      case "header":
        return this.header(input, at);
      case "object":
        return this.objectHeader(input, at);
      case "base":
        return this.baseOf(input, at);
      case "content": {
        const next = this.inflater.read(input, at);
        if (!this.inflater.done) return next === at ? -1 : next;
        const refused = this.finish();
        if (refused !== undefined) return refused;
        this.state = --this.remaining === 0 ? "trailer" : "object";
        return next;
      }
      case "trailer":
        if (input.length - at < 20) return -1;
        this.state = "end";
        return at + 20;
      case "end":
        return input.length > at ? new Refusal("pack-malformed", "bytes after the pack") : -1;
    }
  }

  private header(input: Uint8Array, at: number): number | Refusal {
    if (input.length - at < 12) return -1;
    const view = new DataView(input.buffer, input.byteOffset + at, 12);
    if (view.getUint32(0) !== 0x5041434b || view.getUint32(4) !== 2) return new Refusal("pack-malformed", "header");
    this.remaining = view.getUint32(8);
    if (this.remaining > this.limits.maxObjects) return new Refusal("pack-too-many-objects", String(this.remaining));
    this.state = this.remaining === 0 ? "trailer" : "object";
    return at + 12;
  }

  private objectHeader(input: Uint8Array, start: number): number | Refusal {
    let at = start;
    let byte = input[at++];
    if (byte === undefined) return -1;
    const type = (byte >> 4) & 7;
    let size = byte & 15;
    for (let scale = 16; byte >= 128; scale *= 128) {
      byte = input[at++];
      if (byte === undefined) return -1;
      if (at - start > 8) return new Refusal("pack-malformed", "object size");
      size += (byte & 127) * scale;
    }
    this.inflated += size;
    if (this.inflated > this.limits.maxInflated) return new Refusal("pack-not-inspectable", "inflates too much");
    if (type !== OFS_DELTA && type !== REF_DELTA && TYPES[type] === undefined)
      return new Refusal("pack-not-inspectable", type === 4 ? "a tag object" : "object type");
    this.current = { offset: this.offset + start, type, size, base: undefined, kept: undefined, filled: 0 };
    if (type === OFS_DELTA || type === REF_DELTA) this.state = "base";
    else return this.begin(at);
    return at;
  }

  private baseOf(input: Uint8Array, start: number): number | Refusal {
    if (this.current.type === REF_DELTA) {
      if (input.length - start < 20) return -1;
      let id = "";
      for (let i = start; i < start + 20; i++) id += ((input[i] ?? 0) + 256).toString(16).slice(1);
      // An unknown base may be a blob, may come later, or may be at GitHub. Its deltas stay unresolved.
      this.current.base = this.byId.get(id) ?? { type: "unknown", content: undefined };
      return this.begin(start + 20);
    }
    let at = start;
    let byte = input[at++];
    if (byte === undefined) return -1;
    let back = byte & 127;
    while (byte >= 128) {
      byte = input[at++];
      if (byte === undefined) return -1;
      if (at - start > 8) return new Refusal("pack-malformed", "delta offset");
      back = (back + 1) * 128 + (byte & 127);
    }
    this.current.base = this.byOffset.get(this.current.offset - back);
    return this.current.base === undefined ? new Refusal("pack-malformed", "delta offset") : this.begin(at);
  }

  /** Decides whether the object's content is kept, and starts to inflate it. */
  private begin(at: number): number | Refusal {
    const { size, base } = this.current;
    const type = base?.type ?? TYPES[this.current.type] ?? "unknown";
    if (type === "commit" || type === "tree") {
      this.structure += size;
      if (this.structure > MAX_STRUCTURE) return new Refusal("pack-not-inspectable", "too many trees");
      this.current.kept = new Uint8Array(size);
    } else if (
      size <= MAX_BLOB &&
      this.blobs + size <= MAX_BLOBS &&
      (base === undefined || base.content !== undefined)
    ) {
      this.current.kept = new Uint8Array(size);
      if (base === undefined) this.blobs += size;
    }
    this.searcher.begin();
    this.inflater.begin(size);
    this.state = "content";
    return at;
  }

  private take(bytes: Uint8Array): void {
    const { kept } = this.current;
    if (kept !== undefined) kept.set(bytes, this.current.filled);
    else this.searcher.push(bytes);
    this.current.filled += bytes.length;
  }

  private finish(): Refusal | undefined {
    const { offset, size, base, kept } = this.current;
    if (this.inflater.size !== size) return new Refusal("pack-malformed", "object size");
    if (kept === undefined) this.searcher.end();
    if (base === undefined) return this.keep(offset, TYPES[this.current.type] ?? "blob", kept);
    if (kept === undefined || base.content === undefined) {
      this.byOffset.set(offset, { type: base.type, content: undefined });
      return base.type === "tree" || base.type === "commit"
        ? new Refusal("pack-not-inspectable", "a delta without its base")
        : undefined;
    }
    const structural = base.type === "tree" || base.type === "commit";
    const made = applyDelta(base.content, kept, structural ? MAX_STRUCTURE - this.structure : MAX_BLOB * 4);
    if (made === undefined && structural) return new Refusal("pack-not-inspectable", "a delta that does not apply");
    this.inflated += made?.length ?? 0;
    if (this.inflated > this.limits.maxInflated) return new Refusal("pack-not-inspectable", "inflates too much");
    if (made === undefined) this.judgeWhole(kept);
    return this.keep(offset, base.type === "unknown" ? "blob" : base.type, made);
  }

  /** Searches the names of files. What a folder held before has been seen then too; few names look like a secret. */
  private judgeNames(tree: Tree): void {
    const found = matchSecrets([...tree.keys()].join("\n"), 0, MAX_FINDINGS, this.rules);
    if (found.length > 0) this.note(found.map(withoutValue));
  }

  /** Searches what is not a file: a commit, or a delta that does not apply. */
  private judgeWhole(content: Uint8Array): void {
    this.searcher.push(content);
    this.searcher.end();
  }

  private keep(offset: number, type: Type, content: Uint8Array | undefined): Refusal | undefined {
    if (content === undefined || type === "blob") {
      if (content !== undefined) this.judgeBlob(content);
      const stays = content !== undefined && this.blobs <= MAX_BLOBS;
      this.byOffset.set(offset, { type, content: stays ? content : undefined });
      if (stays) this.blobs += content.length;
      return undefined;
    }
    this.structure += content.length;
    if (this.structure > MAX_STRUCTURE * 2) return new Refusal("pack-not-inspectable", "too many trees");
    const id = objectIdOf(type, content);
    const known: Known = { type, content };
    this.byOffset.set(offset, known);
    this.byId.set(id, known);
    if (type === "tree") {
      const tree = readTree(content);
      if (tree === undefined) return new Refusal("pack-malformed", "a tree");
      this.trees.set(id, tree);
      this.judgeNames(tree);
      return undefined;
    }
    this.judgeWhole(content);
    const commit = readCommit(content);
    if (commit === undefined) return new Refusal("pack-malformed", "a commit");
    this.commits.set(id, commit);
    return undefined;
  }
}
