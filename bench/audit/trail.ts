import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DAY_SECONDS } from "../../edge/time";
import { archiveKey } from "../../gate/policy/archiveKeys";
import { entryText, GENESIS, type AuditEntry } from "../../gate/policy/audit";
import { trailFiles, writeState, type TrailFiles } from "../../cli/audit/trail";

/** Lines of one object of the archive, as a busy gate leaves them: about 4 MB. */
const OBJECT_LINES = 7_000;
/** GitHub tells of one request in so many. */
const EVENT_EVERY = 1_000;

/** A trail that was made, and where. */
export interface MadeTrail {
  readonly files: TrailFiles;
  readonly bytes: number;
}

/** A request of a busy agent; one in nine writes, one in fifty is refused. */
function entryAt(seq: number): AuditEntry {
  const refused = seq % 50 === 0;
  return {
    ts: timeOf(seq),
    agent: "agent",
    requestId: `586c5m5w6l5a6h3b1w-${seq.toString(36)}`,
    clientIp: `203.0.113.${seq % 250}`,
    method: seq % 9 === 0 ? "POST" : "GET",
    path: `/repos/acme/api/issues/${seq % 977}/comments`,
    route: "issues.comments",
    repository: "acme/api",
    decision: refused ? "deny" : "allow",
    reason: refused ? "route-closed" : "",
    status: refused ? 403 : 200,
    bytesIn: 0,
    bytesOut: seq % 9973,
    ms: seq % 300,
    tokenSha256: refused ? "" : TOKEN,
    findings: [],
  };
}

const TOKEN = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
const timeOf = (seq: number): string => new Date(1_790_000_000_000 + seq * 37).toISOString();

/** The lines of a trail, chained without a promise for each. */
function* lines(count: number): Generator<{ readonly seq: number; readonly hash: string; readonly line: string }> {
  let hash: string = GENESIS;
  for (let seq = 1; seq <= count; seq++) {
    const start = `{"v":1,"seq":${seq},${entryText(entryAt(seq)).slice(1, -1)},"prevHash":"${hash}"`;
    hash = createHash("sha256").update(`${start}}`).digest("hex");
    yield { seq, hash, line: `${start},"hash":"${hash}"}\n` };
  }
}

/**
 * A folder as `audit pull` leaves it. @param github with GitHub's side: of every thousandth request an event, each of
 * which has its record
 */
export function makeTrail(dir: string, count: number, github: boolean): MadeTrail {
  mkdirSync(dir, { recursive: true });
  const files = trailFiles(dir);
  const fd = openSync(files.gate, "w");
  let text = "";
  let last: string = GENESIS;
  for (const { hash, line } of lines(count)) {
    last = hash;
    text += line;
    if (text.length < 1 << 20) continue;
    writeSync(fd, text);
    text = "";
  }
  writeSync(fd, text);
  closeSync(fd);
  const { size: bytes } = statSync(files.gate);
  writeFileSync(files.checkpoints, "");
  writeFolderState(files, { seq: count, hash: last, bytes }, github);
  if (github) writeFileSync(files.github, gitHubSide(count));
  return { files, bytes };
}

/** A folder beside another with the same records and, other than it, without GitHub's side or with it. */
export function writeFolderState(
  files: TrailFiles,
  cursor: { readonly seq: number; readonly hash: string; readonly bytes: number },
  github: boolean,
): void {
  const pulledAt = timeOf(cursor.seq + 1);
  writeState(files, {
    v: 1,
    stack: "bench",
    organization: "acme",
    machineUser: "claude-bot",
    repositories: ["api"],
    pulledAt,
    cursor,
    live: true,
    deleteSeconds: 90 * DAY_SECONDS,
    ...(github ? { github: { source: "audit-log", until: pulledAt, missing: [] } } : {}),
  });
}

function gitHubSide(count: number): string {
  let text = "";
  for (let seq = EVENT_EVERY + 1; seq <= count; seq += EVENT_EVERY) {
    const { method, path } = entryAt(seq);
    const event = { action: "api.request", actor: "claude-bot", repo: "acme/api", hashed_token: TOKEN };
    text += `${JSON.stringify({ source: "audit-log", at: timeOf(seq), id: `audit-log:${seq}`, event: { ...event, request_method: method, url_path: path } })}\n`;
  }
  return text;
}

/** The archive of a self-hosted gate: the same records as objects. @returns their names, oldest first */
export function makeArchive(dir: string, count: number): { readonly names: readonly string[]; readonly bytes: number } {
  mkdirSync(dir, { recursive: true });
  const names: string[] = [];
  let bytes = 0;
  let text = "";
  let first = 1;
  for (const { seq, line } of lines(count)) {
    text += line;
    if (seq - first + 1 < OBJECT_LINES && seq < count) continue;
    const name = archiveKey(first, seq).replace("audit/", "");
    writeFileSync(join(dir, name), text);
    names.push(name);
    bytes += text.length;
    text = "";
    first = seq + 1;
  }
  return { names, bytes };
}
