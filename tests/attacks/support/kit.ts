import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { deflateSync } from "node:zlib";

export const ZERO = "0".repeat(40);

export type ObjectType = "commit" | "tree" | "blob" | "tag";
export interface GitObject {
  readonly type: ObjectType;
  readonly content: Buffer;
  readonly id: string;
}

export interface Entry {
  readonly mode: string;
  readonly name: string;
  readonly id: string;
}

/** One entry of a pack: a whole object, or a delta on another by id or by distance. */
export type Packed =
  GitObject | { readonly delta: Buffer; readonly base: string } | { readonly delta: Buffer; readonly back: number };

/** A change: text of a file, null for its removal, or an entry with a mode of its own. */
export type Change = string | null | { readonly mode: string; readonly content?: string; readonly id?: string };

const TYPE_NUMBER: Readonly<Record<ObjectType, number>> = { commit: 1, tree: 2, blob: 3, tag: 4 };

export function gitObject(type: ObjectType, content: Buffer | string): GitObject {
  const bytes = Buffer.from(content as string);
  return {
    type,
    content: bytes,
    id: createHash("sha1").update(`${type} ${bytes.length}\0`).update(bytes).digest("hex"),
  };
}

export const pkt = (text: string): Buffer =>
  Buffer.concat([Buffer.from((Buffer.byteLength(text) + 4).toString(16).padStart(4, "0")), Buffer.from(text)]);
export const FLUSH = Buffer.from("0000");

/** Writes git's own formats by hand, so that a push can hold what no git client would send. */
export class GitKit {
  /** Tip of the default branch, and of the tag. */
  readonly main: string;
  readonly first: string;
  private readonly trees = new Map<string, Entry[]>();
  readonly root: string;
  readonly firstRoot: string;

  constructor(readonly gitDir: string) {
    const git = (...args: string[]): string =>
      execFileSync("git", ["--git-dir", gitDir, ...args], { encoding: "utf8" });
    this.main = git("rev-parse", "refs/heads/main").trim();
    this.first = git("rev-list", "--max-parents=0", "refs/heads/main").trim();
    this.firstRoot = git("rev-parse", `${this.first}^{tree}`).trim();
    this.root = git("rev-parse", "refs/heads/main^{tree}").trim();
    this.trees.set("", []);
    for (const line of git("ls-tree", "-r", "-t", "refs/heads/main")
      .split("\n")
      .filter((l) => l !== "")) {
      const [, mode = "", type, id = "", path = ""] = /^(\d+) (\w+) (\w+)\t(.*)$/.exec(line) ?? [];
      if (type === "tree") this.trees.set(path, []);
      const cut = path.lastIndexOf("/");
      this.trees
        .get(path.slice(0, Math.max(0, cut)))
        ?.push({ mode: mode.replace(/^0/, ""), name: path.slice(cut + 1), id });
    }
  }

  blob(content: string | Buffer): GitObject {
    return gitObject("blob", content);
  }

  tree(entries: readonly Entry[], sorted = true): GitObject {
    const key = (e: Entry): Buffer => Buffer.from(e.name + (e.mode === "40000" ? "/" : ""), "utf8");
    const list = sorted ? [...entries].sort((a, b) => Buffer.compare(key(a), key(b))) : entries;
    return gitObject(
      "tree",
      Buffer.concat(
        list.map((e) => Buffer.concat([Buffer.from(`${e.mode} ${e.name}\0`, "utf8"), Buffer.from(e.id, "hex")])),
      ),
    );
  }

  commit(tree: string, parents: readonly string[], message = "change\n", extra = ""): GitObject {
    const who = "agent <agent@example.com> 1780000000 +0000";
    return gitObject(
      "commit",
      `tree ${tree}\n${parents.map((p) => `parent ${p}\n`).join("")}author ${who}\ncommitter ${who}\n${extra}\n${message}`,
    );
  }

  /** Entries of a directory of the default branch. */
  entries(path = ""): Entry[] {
    return [...(this.trees.get(path) ?? [])];
  }

  /** The trees and blobs that a set of changes to the default branch needs; the last object is the new root. */
  edit(changes: Readonly<Record<string, Change>>): GitObject[] {
    const made: GitObject[] = [];
    const build = (directory: string, here: readonly (readonly [string, Change])[]): GitObject => {
      const entries = new Map(this.entries(directory).map((e) => [e.name, e]));
      const below = new Map<string, [string, Change][]>();
      for (const [path, change] of here) {
        const slash = path.indexOf("/");
        if (slash >= 0) {
          const name = path.slice(0, slash);
          below.set(name, [...(below.get(name) ?? []), [path.slice(slash + 1), change]]);
        } else if (change === null) entries.delete(path);
        else {
          const blob = this.blob(typeof change === "string" ? change : (change.content ?? ""));
          if (typeof change === "string" || change.id === undefined) made.push(blob);
          entries.set(path, {
            name: path,
            mode: typeof change === "string" ? "100644" : change.mode,
            id: typeof change === "string" ? blob.id : (change.id ?? blob.id),
          });
        }
      }
      for (const [name, changed] of below) {
        const tree = build(directory === "" ? name : `${directory}/${name}`, changed);
        if (tree.content.length === 0) entries.delete(name);
        else entries.set(name, { name, mode: "40000", id: tree.id });
      }
      const tree = this.tree([...entries.values()]);
      made.push(tree);
      return tree;
    };
    build("", Object.entries(changes));
    return made;
  }

  /** A commit with changes on top of the default branch, with all it needs. */
  change(
    changes: Readonly<Record<string, Change>>,
    parents: readonly string[] = [this.main],
    message = "change\n",
  ): { objects: GitObject[]; id: string; tree: string } {
    const objects = this.edit(changes);
    const tree = objects[objects.length - 1]?.id ?? "";
    const commit = this.commit(tree, parents, message);
    return { objects: [...objects, commit], id: commit.id, tree };
  }

  command(old: string, next: string, ref: string, capabilities = ""): Buffer {
    return pkt(`${old} ${next} ${ref}${capabilities}`);
  }

  /** A body for git-receive-pack. The first command carries the capabilities. */
  push(
    commands: readonly (readonly [old: string, next: string, ref: string])[],
    pack: Buffer = this.pack([]),
    capabilities = "report-status",
  ): Buffer {
    return Buffer.concat([
      ...commands.map(([old, next, ref], i) => this.command(old, next, ref, i === 0 ? `\0${capabilities}` : "")),
      FLUSH,
      pack,
    ]);
  }

  /** A push of changes to one new reference. */
  pushChange(ref: string, changes: Readonly<Record<string, Change>>, message?: string): Buffer {
    const { objects, id } = this.change(changes, [this.main], message);
    return this.push([[ZERO, id, ref]], this.pack(objects));
  }

  /** A pack; `count` and `trailer` may lie. */
  pack(
    entries: readonly Packed[],
    options: {
      readonly count?: number;
      readonly trailer?: Buffer;
      readonly version?: number;
      readonly magic?: string;
    } = {},
  ): Buffer {
    const head = Buffer.alloc(12);
    head.write(options.magic ?? "PACK");
    head.writeUInt32BE(options.version ?? 2, 4);
    head.writeUInt32BE(options.count ?? entries.length, 8);
    const body = Buffer.concat([head, ...entries.map((entry) => this.packed(entry))]);
    return Buffer.concat([body, options.trailer ?? createHash("sha1").update(body).digest()]);
  }

  packed(entry: Packed): Buffer {
    if ("type" in entry)
      return Buffer.concat([sizeHeader(TYPE_NUMBER[entry.type], entry.content.length), deflateSync(entry.content)]);
    if ("base" in entry)
      return Buffer.concat([
        sizeHeader(7, entry.delta.length),
        Buffer.from(entry.base, "hex"),
        deflateSync(entry.delta),
      ]);
    return Buffer.concat([sizeHeader(6, entry.delta.length), offset(entry.back), deflateSync(entry.delta)]);
  }

  /** A delta that gives `to`, whatever its base, whose length is `from`. */
  delta(from: number, to: Buffer): Buffer {
    const parts: Buffer[] = [varint(from), varint(to.length)];
    for (let at = 0; at < to.length; at += 127) {
      const piece = to.subarray(at, at + 127);
      parts.push(Buffer.from([piece.length]), piece);
    }
    return Buffer.concat(parts);
  }
}

function sizeHeader(type: number, size: number): Buffer {
  const bytes = [(type << 4) | (size & 15)];
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) | 128;
    bytes.push(rest & 127);
  }
  return Buffer.from(bytes);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 127) | (rest > 127 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.from(bytes);
}

function offset(back: number): Buffer {
  const bytes = [back & 127];
  for (let rest = back >> 7; rest > 0; rest >>= 7) bytes.unshift((--rest & 127) | 128);
  return Buffer.from(bytes);
}
