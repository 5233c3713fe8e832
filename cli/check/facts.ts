import { createHash } from "node:crypto";
import type { ChangeCommit, ChangedFile, ChangeFacts, FileKind, PullFacts, SecretFound } from "./agentChange";
import { matchSecrets, type SecretRules } from "../../gate/policy/text/secrets";
import { type GitView, Unseen } from "./git";
import { parseNumstat, parseRaw, type RawEntry } from "./parse";

/**
 * Bounds of what is read; a change beyond them cannot be judged. Each is far above what the posture's limits let pass.
 */
export interface Bounds {
  readonly commits: number;
  readonly blobBytes: number;
  readonly totalBytes: number;
}

export const BOUNDS: Bounds = { commits: 1_000, blobBytes: 10 * 1024 * 1024, totalBytes: 256 * 1024 * 1024 };

const LINK = "120000";
const SUBMODULE = "160000";
const NOTHING = /^0+$/;
/** Renamed files are paired up to this many; beyond it they are judged as removed and added, which is stricter. */
const RENAMES = ["-M", "-l1000"];
const RAW = ["-r", "--raw", "-z", "--no-abbrev", "--no-ext-diff", "--no-textconv", "--no-color"];

/**
 * What a change consists of, from git's objects alone: the difference between `head` and where it left `base`, and
 * every commit on the way. Nothing of the change is checked out or run.
 * @param logins whom GitHub takes the commits for, by commit; where it does not say, addresses are judged
 */
export async function changeFacts(
  git: GitView,
  base: string,
  head: string,
  pull: PullFacts = {},
  { bounds = BOUNDS, logins = new Map<string, Logins>(), rules = {} }: FactOptions = {},
): Promise<ChangeFacts> {
  const none: ChangeFacts = { pull, commits: [], files: [], touched: [], secrets: [], unseen: [] };
  const unseen: string[] = [];
  try {
    const fork = (await git.text(["merge-base", base, head]).catch(() => "")).trim();
    if (fork === "")
      return { ...none, unseen: ["base and head have no common commit here; the history is incomplete or unrelated"] };
    const ids = (await git.text(["rev-list", `--max-count=${bounds.commits + 1}`, head, `^${base}`]))
      .split("\n")
      .filter(Boolean);
    if (ids.length > bounds.commits) return { ...none, unseen: [`more than ${bounds.commits} commits`] };
    const entries = parseRaw(await git.text(["diff-tree", ...RENAMES, ...RAW, fork, head])).flatMap(
      (group) => group.entries,
    );
    const lines = parseNumstat(
      await git.text(["diff-tree", ...RENAMES, "-r", "--numstat", "-z", "--no-ext-diff", "--no-textconv", fork, head]),
    );
    const byCommit = new Map(
      parseRaw(
        await git.text(["diff-tree", "--stdin", "-c", "--root", "--no-renames", ...RAW], `${ids.join("\n")}\n`),
      ).map((group) => [group.commit ?? "", group.entries]),
    );
    const contents = await readBlobs(git, [...entries, ...[...byCommit.values()].flat()], bounds, unseen);
    return {
      pull,
      commits: await commitsOf(git, ids, byCommit, logins),
      files: entries.map((entry) => fileOf(entry, lines, contents)),
      touched: ids.flatMap((commit) => (byCommit.get(commit) ?? []).map(({ path }) => ({ path, commit }))),
      secrets: [...ids].reverse().flatMap((commit) => secretsOf(commit, byCommit.get(commit) ?? [], contents, rules)),
      unseen,
    };
  } catch (error) {
    if (error instanceof Unseen) return { ...none, unseen: [...unseen, error.message] };
    throw error;
  }
}

export interface Logins {
  readonly author?: string;
  readonly committer?: string;
}
interface FactOptions {
  readonly bounds?: Bounds;
  readonly logins?: ReadonlyMap<string, Logins>;
  /** What is searched for beside the public formats of credentials. */
  readonly rules?: SecretRules;
}

async function commitsOf(
  git: GitView,
  ids: readonly string[],
  byCommit: ReadonlyMap<string, readonly RawEntry[]>,
  logins: ReadonlyMap<string, Logins>,
): Promise<ChangeCommit[]> {
  if (ids.length === 0) return [];
  const shown = await git.text(
    [
      "log",
      "-z",
      "--no-walk=unsorted",
      "--no-show-signature",
      "--no-color",
      "--encoding=UTF-8",
      "--format=%H%n%P%n%ae%n%ce",
      "--stdin",
    ],
    `${ids.join("\n")}\n`,
  );
  return shown
    .split("\0")
    .filter(Boolean)
    .map((record) => {
      const [sha = "", parents = "", authorEmail = "", committerEmail = ""] = record.split("\n");
      const { author, committer } = logins.get(sha) ?? {};
      return {
        sha,
        authorEmail,
        committerEmail,
        plainMerge: parents.includes(" ") && (byCommit.get(sha) ?? []).length === 0,
        ...(author === undefined ? {} : { authorLogin: author }),
        ...(committer === undefined ? {} : { committerLogin: committer }),
      };
    });
}

const isFile = (mode: string): boolean => mode !== SUBMODULE && mode !== "000000";
const kindOf = (mode: string): FileKind => (mode === LINK ? "symlink" : mode === SUBMODULE ? "submodule" : "file");

function fileOf(
  entry: RawEntry,
  lines: ReadonlyMap<string, number | undefined>,
  contents: ReadonlyMap<string, Buffer>,
): ChangedFile {
  const [oldMode = "000000"] = entry.oldModes;
  const mode = entry.newMode === "000000" ? oldMode : entry.newMode;
  const kind = entry.newMode === SUBMODULE || oldMode === SUBMODULE ? "submodule" : kindOf(mode);
  const count = lines.get(entry.path);
  const target = entry.newMode === LINK ? contents.get(entry.newId)?.toString("utf8") : undefined;
  return {
    path: entry.path,
    kind,
    executable: entry.newMode === "100755" && oldMode !== "100755",
    ...(entry.from === undefined ? {} : { from: entry.from }),
    ...(count === undefined ? {} : { lines: count }),
    ...(target === undefined ? {} : { target }),
  };
}

/**
 * Reads every content that the entries name, old and new, each once. What is too large or not there is said in
 * `unseen`.
 */
async function readBlobs(
  git: GitView,
  entries: readonly RawEntry[],
  bounds: Bounds,
  unseen: string[],
): Promise<Map<string, Buffer>> {
  const paths = new Map<string, string>();
  for (const { newMode, newId, oldModes, oldIds, path } of entries) {
    if (isFile(newMode)) paths.set(newId, path);
    oldModes.forEach((mode, i) => {
      if (isFile(mode)) paths.set(oldIds[i] ?? "", path);
    });
  }
  const ids = [...paths.keys()].filter((id) => id !== "" && !NOTHING.test(id));
  const sizes = (
    await git.text(["cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)"], `${ids.join("\n")}\n`)
  )
    .split("\n")
    .filter(Boolean);
  const readable: { id: string; size: number }[] = [];
  let total = 0;
  for (const [i, line] of sizes.entries()) {
    const [id = "", type, size] = line.split(" ");
    const path = paths.get(ids[i] ?? "") ?? "";
    if (type !== "blob") unseen.push(`the content of ${JSON.stringify(path)} is not there`);
    else if (Number(size) > bounds.blobBytes)
      unseen.push(`${JSON.stringify(path)} is larger than ${bounds.blobBytes} bytes`);
    else if ((total += Number(size)) > bounds.totalBytes) {
      unseen.push(`the contents are larger than ${bounds.totalBytes} bytes together`);
      break;
    } else readable.push({ id, size: Number(size) });
  }
  return readBatches(git, readable);
}

/** So much is read by one call of git, or one content alone. */
const BATCH_BYTES = 32 * 1024 * 1024;

async function readBatches(git: GitView, blobs: readonly { id: string; size: number }[]): Promise<Map<string, Buffer>> {
  const contents = new Map<string, Buffer>();
  for (let from = 0, to: number; from < blobs.length; from = to) {
    let bytes = 0;
    for (to = from; to < blobs.length && (to === from || bytes + (blobs[to]?.size ?? 0) <= BATCH_BYTES); to++)
      bytes += blobs[to]?.size ?? 0;
    const output = await git.run(
      ["cat-file", "--batch"],
      `${blobs
        .slice(from, to)
        .map(({ id }) => id)
        .join("\n")}\n`,
    );
    for (let at = 0; at < output.length;) {
      const end = output.indexOf(10, at);
      const [, id = "", size = ""] =
        /^([0-9a-f]{40,64}) blob (\d+)$/.exec(output.subarray(at, end).toString("latin1")) ?? [];
      if (id === "") throw new Unseen("git cat-file gave a content that was not announced");
      contents.set(id, output.subarray(end + 1, end + 1 + Number(size)));
      at = end + 2 + Number(size);
    }
  }
  return contents;
}

/** Findings in one content at most; known ones count too, so that they cannot crowd out a new one. */
const FINDINGS = 10_000;

/**
 * Credentials in the lines that a commit adds. A line that stood in a parent, or in a file that the commit removes, is
 * not added.
 */
function secretsOf(
  commit: string,
  entries: readonly RawEntry[],
  contents: ReadonlyMap<string, Buffer>,
  rules: SecretRules,
): SecretFound[] {
  const linesOf = (ids: readonly string[]): string[] =>
    ids.flatMap((id) => texts(contents.get(id))).flatMap((text) => text.split("\n"));
  let removed: Set<string> | undefined;
  return entries.flatMap(({ newMode, newId, oldIds, path }) =>
    texts(isFile(newMode) && !oldIds.includes(newId) ? contents.get(newId) : undefined).flatMap((text) => {
      const found = matchSecrets(text, 0, FINDINGS, rules);
      if (found.length === 0) return [];
      removed ??= new Set(
        linesOf(entries.filter((entry) => entry.newMode === "000000").flatMap((entry) => entry.oldIds)),
      );
      const known = new Set(linesOf(oldIds));
      return found.flatMap(({ rule, offset, value }) => {
        const start = text.lastIndexOf("\n", offset - 1) + 1;
        const end = text.indexOf("\n", offset);
        const line = text.slice(start, end < 0 ? undefined : end);
        return known.has(line) || removed?.has(line)
          ? []
          : [
              {
                path,
                rule,
                commit,
                line: text.slice(0, start).split("\n").length,
                // The first line of a private key is the same in all of them.
                ...(rule === "private-key" ? {} : { sha256: createHash("sha256").update(value).digest("hex") }),
              },
            ];
      });
    }),
  );
}

/**
 * A content as text: byte by byte, since every credential is ASCII, and once more where a byte-order mark says UTF-16.
 */
function texts(content: Buffer | undefined): string[] {
  if (content === undefined) return [];
  if (content[0] === 0xff && content[1] === 0xfe) return [content.toString("utf16le")];
  if (content[0] === 0xfe && content[1] === 0xff)
    return [
      Buffer.from(content.subarray(0, content.length & ~1))
        .swap16()
        .toString("utf16le"),
    ];
  return [content.toString("latin1")];
}
