export const ZERO = "0".repeat(40);
export interface Person {
  name: string;
  email: string;
  /** ISO 8601 */ date: string;
}
export interface Commit {
  sha: string;
  tree: string;
  parents: string[];
  author: Person;
  committer: Person;
  message: string;
  signature: string | null;
  payload: string | null;
}
export interface TreeEntry {
  mode: string;
  type: "blob" | "tree" | "commit";
  sha: string;
  size: number | null;
  path: string;
}
export interface FileChange {
  sha: string | null;
  filename: string;
  previousFilename?: string;
  status: "added" | "removed" | "modified" | "renamed";
  additions: number;
  deletions: number;
  patch?: string;
  mode: string;
}
export interface RefUpdate {
  ref: string;
  old: string;
  new: string;
}
export interface Ref {
  name: string;
  sha: string;
  type: string;
  peeled: string | null;
}

/** A person as commit and tag objects write one, in UTC. */
export const person = (p: Person): string =>
  `${clean(p.name)} <${clean(p.email)}> ${Math.floor(Date.parse(p.date) / 1000)} +0000`;
const clean = (text: string): string => text.replace(/[<>\n\0]/g, "").trim();

/** Reads a commit object. Signatures are kept as they stand, the payload is what they sign. */
export function parseCommit(sha: string, body: string): Commit {
  const cut = body.indexOf("\n\n");
  const commit: Commit = {
    sha,
    tree: "",
    parents: [],
    author: { name: "", email: "", date: "1970-01-01T00:00:00Z" },
    committer: { name: "", email: "", date: "1970-01-01T00:00:00Z" },
    message: body.slice(cut + 2),
    signature: null,
    payload: null,
  };
  let signing = false;
  for (const line of body.slice(0, cut).split("\n")) {
    if (signing && line.startsWith(" ")) {
      commit.signature += `\n${line.slice(1)}`;
      continue;
    }
    signing = false;
    const space = line.indexOf(" ");
    const value = line.slice(space + 1);
    switch (line.slice(0, space)) {
      case "tree":
        commit.tree = value;
        break;
      case "parent":
        commit.parents.push(value);
        break;
      case "author":
        commit.author = parsePerson(value);
        break;
      case "committer":
        commit.committer = parsePerson(value);
        break;
      case "gpgsig":
        commit.signature = value;
        signing = true;
        break;
      default:
    }
  }
  if (commit.signature !== null) commit.payload = body.replace(/^gpgsig (?:.*\n)(?: .*\n)*/m, "");
  return commit;
}

function parsePerson(value: string): Person {
  const match = /^(.*) <([^>]*)> (\d+) ([+-]\d{4})$/.exec(value);
  return match
    ? { name: match[1]!, email: match[2]!, date: new Date(Number(match[3]) * 1000).toISOString().replace(".000", "") }
    : { name: value, email: "", date: "1970-01-01T00:00:00Z" };
}
