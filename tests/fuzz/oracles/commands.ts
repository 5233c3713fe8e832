import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { readCommands } from "../../../gate/policy/git/commands";
import { judgeFetch } from "../../../gate/policy/git/fetching";
import { Refusal } from "../../../gate/policy/refusals";
import { folder, git, gitOk, lines } from "../support/git";

interface Server {
  readonly dir: string;
  readonly ids: Readonly<Record<string, string>>;
}
let server: Server | undefined;

/** A repository whose hook writes down the commands that git read, and lets nothing happen. */
function start(): Server {
  const dir = folder();
  gitOk(dir, ["init", "-q", "--bare", "-b", "main"]);
  gitOk(
    dir,
    ["fast-import", "--quiet"],
    [0, 1]
      .map(
        (i) =>
          `commit refs/heads/main\ncommitter a <a@example.com> ${1_767_600_000 + i} +0000\ndata 1\nx\nM 100644 inline f\ndata 1\n${i}\n\n`,
      )
      .join(""),
  );
  const [tip = "", old = ""] = lines(gitOk(dir, ["rev-list", "main"]));
  gitOk(dir, ["update-ref", "refs/heads/claude/there", old]);
  const hook = path.join(dir, "hooks", "pre-receive");
  writeFileSync(hook, `#!/bin/sh\ncat > "${dir}/seen"\nexit 1\n`);
  chmodSync(hook, 0o755);
  return { dir, ids: { "{tip}": tip, "{old}": old } };
}

export function forgetServer(): void {
  server = undefined;
}

const filled = ({ ids }: Server, text: string): string => text.replace(/\{tip\}|\{old\}/g, (name) => ids[name] ?? name);

/** A line in a packet; `length` replaces the true length when it is given. */
export interface Line {
  readonly text: string;
  readonly length?: string;
}

function bytesOf(at: Server, stream: readonly Line[]): Buffer {
  return Buffer.concat(
    stream.map(({ text, length }) => {
      const payload = Buffer.from(filled(at, text), "latin1");
      return Buffer.concat([Buffer.from(length ?? (payload.length + 4).toString(16).padStart(4, "0")), payload]);
    }),
  );
}

const EMPTY_PACK = Buffer.from("5041434b0000000200000000029d08823bd8a8eab510ad6ac75c823cfd3ed31e", "hex");

/** Commands that the gate reads are those that git reads: none more, none other, none fewer. */
export function gateReadsCommandsAsGit(stream: readonly Line[]): boolean {
  const at = (server ??= start());
  const bytes = bytesOf(at, stream);
  const read = readCommands(bytes);
  // What is split at any place is not complete, or refused for the same reason.
  if (read === undefined || read instanceof Refusal || read.commands.length === 0) return false;
  rmSync(path.join(at.dir, "seen"), { force: true });
  const answer = git(
    at.dir,
    ["receive-pack", "--stateless-rpc", at.dir],
    Buffer.concat([bytes.subarray(0, read.next), EMPTY_PACK]),
  );
  let seen: string[] = [];
  try {
    seen = lines(readFileSync(path.join(at.dir, "seen")));
  } catch {
    // No command was left: git refused them all, or the stream.
  }
  const gate = new Set(read.commands.map((c) => `${c.old} ${c.new} ${c.ref}`));
  for (const command of seen)
    if (!gate.has(command)) throw new Error(`git reads "${command}", and the gate reads ${[...gate].join(", ")}`);
  // What the hook does not see was refused by git by name, so git read it too.
  const report = answer.out.toString("latin1");
  for (const { old, new: next, ref } of read.commands) {
    if (seen.length > 0 && !seen.includes(`${old} ${next} ${ref}`) && !report.includes(ref))
      throw new Error(`git does not know ${ref}, which the gate reads`);
  }
  return seen.length > 0;
}

/** Lines of a fetch that the gate lets through are the lines that git reads, packet by packet. */
export function gateReadsFetchesAsGit({
  version,
  stream,
}: {
  readonly version: 0 | 2;
  readonly stream: readonly Line[];
}): boolean {
  const at = (server ??= start());
  const bytes = bytesOf(at, stream);
  if (judgeFetch(bytes) !== undefined) return false;
  const trace = path.join(at.dir, "trace");
  rmSync(trace, { force: true });
  git(at.dir, ["upload-pack", "--stateless-rpc", "--strict", at.dir], bytes, {
    GIT_TRACE_PACKET: trace,
    ...(version === 2 ? { GIT_PROTOCOL: "version=2" } : {}),
  });
  if (!existsSync(trace)) return false;
  const traced = readFileSync(trace, "latin1");
  const read = [...traced.matchAll(/ packet: +upload-pack< (.*)/g)]
    .map((m) => m[1] ?? "")
    .filter((line) => !/^000[012]$/.test(line));
  const sent = stream.filter((l) => l.length === undefined).map((l) => filled(at, l.text).replace(/\n$/, ""));
  for (const [i, line] of read.entries())
    if (line !== sent[i])
      throw new Error(`git reads ${JSON.stringify(line)} as line ${i}, and ${JSON.stringify(sent[i])} was sent`);
  return read.length > 0;
}
