/** Node ids in GitHub's form: a prefix, then base64url of a MessagePack array `[0, ...ids]`, such as `R_kgDOAAAD6A`. */

const PREFIXES = {
  user: "U",
  bot: "BOT",
  organization: "O",
  team: "T",
  repository: "R",
  issue: "I",
  pullRequest: "PR",
  comment: "IC",
  review: "PRR",
  reviewComment: "PRRC",
  protectionRule: "BPR",
  ruleset: "RRS",
  label: "LA",
  milestone: "MI",
  checkRun: "CR",
  checkSuite: "CS",
  status: "SC",
  workflow: "W",
  run: "WFR",
  job: "CJ",
  artifact: "MDg6QXJ0aWZhY3Q",
  release: "RE",
  asset: "RA",
  environment: "EN",
  invitation: "RI",
  app: "A",
  gist: "G",
  event: "IE",
  reaction: "REA",
  commitComment: "CC",
  branchPolicy: "DBP",
  deployKey: "DK",
} as const;
export type NodeKind = keyof typeof PREFIXES;

/** @param ids integers below 2^53; objects of a repository carry the repository's id first, as on GitHub. */
export function nodeId(kind: NodeKind, ...ids: number[]): string {
  const body = [Buffer.from([0x90 + ids.length + 1, 0x00])];
  for (const id of ids) {
    const bytes = id <= 0xffffffff ? Buffer.alloc(5, 0xce) : Buffer.alloc(9, 0xcf);
    if (bytes.length === 5) bytes.writeUInt32BE(id, 1);
    else bytes.writeBigUInt64BE(BigInt(id), 1);
    body.push(bytes);
  }
  return `${PREFIXES[kind]}_${Buffer.concat(body).toString("base64url")}`;
}

/**
 * Reads a node id back, or undefined when it is none of ours. Commits and blobs have their own form, see `gitNodeId`.
 */
export function parseNodeId(id: string): { kind: NodeKind; ids: number[] } | undefined {
  const cut = id.indexOf("_");
  const kind = (Object.keys(PREFIXES) as NodeKind[]).find((k) => PREFIXES[k] === id.slice(0, cut));
  if (!kind) return undefined;
  const bytes = Buffer.from(id.slice(cut + 1), "base64url");
  const ids: number[] = [];
  let at = 2;
  while (at < bytes.length) {
    if (bytes[at] === 0xce && at + 5 <= bytes.length) {
      ids.push(bytes.readUInt32BE(at + 1));
      at += 5;
    } else if (bytes[at] === 0xcf && at + 9 <= bytes.length) {
      ids.push(Number(bytes.readBigUInt64BE(at + 1)));
      at += 9;
    } else return undefined;
  }
  return ids.length > 0 && nodeId(kind, ...ids) === id ? { kind, ids } : undefined;
}

const GIT_PREFIXES = { commit: "C", tree: "T", blob: "B", ref: "REF", tag: "TA" } as const;
export type GitKind = keyof typeof GIT_PREFIXES;

/** Node id of a git object or ref: `[0, repository id, name]`, with the object's hash or the ref's full name. */
export function gitNodeId(kind: GitKind, repositoryId: number, name: string): string {
  const head = Buffer.from([0x93, 0x00, 0xce, 0, 0, 0, 0]);
  head.writeUInt32BE(repositoryId, 3);
  const text = Buffer.from(name);
  return `${GIT_PREFIXES[kind]}_${Buffer.concat([head, Buffer.from([0xd9, text.length]), text]).toString("base64url")}`;
}

export function parseGitNodeId(id: string): { kind: GitKind; repositoryId: number; name: string } | undefined {
  const cut = id.indexOf("_");
  const kind = (Object.keys(GIT_PREFIXES) as GitKind[]).find((k) => GIT_PREFIXES[k] === id.slice(0, cut));
  const bytes = Buffer.from(id.slice(cut + 1), "base64url");
  if (!kind || bytes.length < 10 || bytes[0] !== 0x93 || bytes[7] !== 0xd9) return undefined;
  return { kind, repositoryId: bytes.readUInt32BE(3), name: bytes.subarray(9).toString() };
}

/** Integers that GitHub would hand out: unique over all kinds, so that a mixed-up id is never accidentally right. */
export class IdSource {
  #next = 100_000_001;
  next(): number {
    return this.#next++;
  }
}

/**
 * The App behind GitHub Actions, whose checks a required check may be pinned to. Stated here too: the stand-in is an
 * oracle of its own, and asks the product nothing.
 */
export const ACTIONS_APP_ID = 15368;
