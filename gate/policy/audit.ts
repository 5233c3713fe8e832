import type { Finding } from "./text/secrets";

/** One request in the audit trail. It never contains a token, a key, a query value or a body. */
export interface AuditEntry {
  /** When the request arrived, in ISO 8601 with milliseconds. */
  readonly ts: string;
  readonly agent: string;
  readonly requestId: string;
  readonly clientIp: string;
  readonly method: string;
  /** Path without its query. */
  readonly path: string;
  /** Id of the route, empty when none matched. */
  readonly route: string;
  /** `owner/name`, empty when no listed repository is meant. */
  readonly repository: string;
  /** `observe`: the request would have been refused, but passed. `gap`: records of an isolate are missing. */
  readonly decision: "allow" | "deny" | "observe" | "gap";
  /** Rule of a refusal, empty otherwise. */
  readonly reason: string;
  readonly status: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly ms: number;
  /**
   * Base64 SHA-256 of the GitHub token used, as GitHub's audit log has it in `hashed_token`; empty when none was used.
   */
  readonly tokenSha256: string;
  /**
   * Base64url SHA-256 of the gate key under which the request came, as the gate's own list of keys has it. Absent where
   * no valid gate key was shown, and in records of older gates.
   */
  readonly gateKeySha256?: string | undefined;
  /** Id of the session that the gate key belongs to; absent for a key that many sessions share. */
  readonly session?: string | undefined;
  readonly findings: readonly Finding[];
}

export interface AuditRecord extends AuditEntry {
  readonly v: 1;
  readonly seq: number;
  readonly prevHash: string;
  readonly hash: string;
}

/** `prevHash` of the first record. */
export const GENESIS = "0".repeat(64);

/**
 * A record without `v`, `seq` and the hashes, as an isolate writes it before the ledger gives it its place. The keys
 * have a fixed order, so a record is the same text wherever it is made.
 */
export function entryText(e: AuditEntry): string {
  return JSON.stringify({
    ts: e.ts,
    agent: e.agent,
    requestId: e.requestId,
    clientIp: e.clientIp,
    method: e.method,
    path: e.path,
    route: e.route,
    repository: e.repository,
    decision: e.decision,
    reason: e.reason,
    status: e.status,
    bytesIn: e.bytesIn,
    bytesOut: e.bytesOut,
    ms: e.ms,
    tokenSha256: e.tokenSha256,
    // Left out where there is none: such a record is the same text as before there were these keys.
    gateKeySha256: e.gateKeySha256,
    session: e.session,
    findings: e.findings,
  });
}

const hashedPart = (seq: number, entry: string, prevHash: string): string =>
  `{"v":1,"seq":${seq},${entry.slice(1, -1)},"prevHash":"${prevHash}"`;

const encoder = new TextEncoder();
/** A table: looking up is four times as fast as converting, and a busy ledger writes thousands of hashes a second. */
const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => (byte + 256).toString(16).slice(1));

async function sha256Hex(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text)));
  let hex = "";
  for (let i = 0; i < digest.length; i++) hex += HEX[digest[i] ?? 0];
  return hex;
}

/**
 * Gives an entry its place in the chain: returns the line and its hash, which the next line contains. The hash covers
 * the line without `hash`, closed by a brace.
 */
export async function chainLine(
  seq: number,
  entry: string,
  prevHash: string,
): Promise<{ readonly line: string; readonly hash: string }> {
  const start = hashedPart(seq, entry, prevHash);
  const hash = await sha256Hex(`${start}}`);
  return { line: `${start},"hash":"${hash}"}`, hash };
}

export interface ChainCheck {
  readonly records: number;
  /** What is wrong, each with the line's sequence number. Empty if the chain is intact. */
  readonly problems: readonly { readonly seq: number; readonly problem: string }[];
  readonly lastSeq: number;
  readonly lastHash: string;
}

/**
 * Verifies lines of an audit trail, oldest first: each hash, each link, the sequence without gaps, and the ledger's own
 * gap records.
 * @param after What came before the first line; the start of the trail when absent. Pass `undefined` hash to begin
 *   anywhere.
 */
export async function verifyChain(
  lines: Iterable<string>,
  after?: { readonly seq: number; readonly hash: string },
): Promise<ChainCheck> {
  const problems: { seq: number; problem: string }[] = [];
  let records = 0;
  let seq = after?.seq ?? 0;
  let hash = after?.hash ?? GENESIS;
  for (const line of lines) {
    if (line === "") continue;
    records++;
    const place = /^\{"v":1,"seq":(\d{1,15}),/.exec(line);
    const end = /,"prevHash":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}$/.exec(line);
    if (place?.[1] === undefined || end?.[1] === undefined || end[2] === undefined) {
      problems.push({ seq: seq + 1, problem: "not an audit record" });
      continue;
    }
    const here = Number(place[1]);
    if (here !== seq + 1)
      problems.push({
        seq: here,
        problem: here > seq ? `records ${seq + 1} to ${here - 1} are missing` : "out of order or repeated",
      });
    else if (end[1] !== hash) problems.push({ seq: here, problem: "does not continue the record before it" });
    if ((await sha256Hex(`${line.slice(0, line.lastIndexOf(',"hash":'))}}`)) !== end[2])
      problems.push({ seq: here, problem: "was changed: its hash does not match" });
    if (line.includes(',"decision":"gap",'))
      problems.push({ seq: here, problem: "an isolate's records are missing (gap record)" });
    seq = here;
    hash = end[2];
  }
  return { records, problems, lastSeq: seq, lastHash: hash };
}
