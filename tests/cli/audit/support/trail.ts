import { generateKeyPairSync, sign } from "node:crypto";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chainLine, entryText, GENESIS, type AuditEntry } from "../../../../gate/policy/audit";
import { checkpointBytes, type Checkpoint, type Head } from "../../../../gate/policy/checkpoint";
import type { Around } from "../../../../cli/audit/completeness";
import { trailFiles, writeState, type PullState, type TrailFiles } from "../../../../cli/audit/trail";

export const TOKEN = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
export const at = (second: number): string => new Date(Date.UTC(2026, 10, 30, 12) + second * 1000).toISOString();

/** A read of the agent's that passed, with what a test changes. */
export const entry = (changes: Partial<AuditEntry> = {}): AuditEntry => ({
  ts: at(0),
  agent: "agent",
  requestId: "abc-1",
  clientIp: "203.0.113.7",
  method: "GET",
  path: "/repos/acme/api/issues",
  route: "issues.list",
  repository: "acme/api",
  decision: "allow",
  reason: "",
  status: 200,
  bytesIn: 0,
  bytesOut: 100,
  ms: 12,
  tokenSha256: TOKEN,
  findings: [],
  ...changes,
});

/** A push with the agent's token that GitHub tells of and the gate does not. */
export const around = (second: number, says: string): Around => ({
  at: at(second),
  ms: Date.parse(at(second)),
  action: "git.push",
  actor: "claude-bot",
  repository: "acme/api",
  tokenSha256: TOKEN,
  method: "",
  path: "",
  userAgent: "",
  detail: "",
  says,
});

/** Entries chained as the ledger chains them, one line each. */
export async function chained(
  entries: readonly AuditEntry[],
  after: Head = { seq: 0, hash: GENESIS },
): Promise<string[]> {
  const lines: string[] = [];
  let { seq, hash } = after;
  for (const one of entries) {
    const made = await chainLine(++seq, entryText(one), hash);
    hash = made.hash;
    lines.push(made.line);
  }
  return lines;
}

export const headOf = (line: string): Head => {
  const { seq, hash } = JSON.parse(line) as Head;
  return { seq, hash };
};

/** A key as the gate has one, and what it signs. */
export function signer(): { readonly key: string; sign(head: Head): Checkpoint } {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const key = publicKey.export({ format: "jwk" }).x ?? "";
  return {
    key,
    sign: (head) => ({
      v: 1,
      ...head,
      key,
      signature: sign(null, checkpointBytes(head), privateKey).toString("base64url"),
    }),
  };
}

/** A folder as `audit pull` leaves it. */
export function pulled(
  lines: readonly string[],
  {
    checkpoints = [],
    github = [],
    state = {},
  }: {
    readonly checkpoints?: readonly Checkpoint[];
    readonly github?: readonly object[];
    readonly state?: Partial<PullState>;
  } = {},
): TrailFiles {
  const files = trailFiles(mkdtempSync(join(tmpdir(), "gatehouse-trail-")));
  mkdirSync(files.dir, { recursive: true });
  const text = lines.map((line) => `${line}\n`).join("");
  const ndjson = (all: readonly object[]): string => all.map((one) => `${JSON.stringify(one)}\n`).join("");
  writeFileSync(files.gate, text);
  writeFileSync(files.checkpoints, ndjson(checkpoints));
  writeFileSync(files.github, ndjson(github));
  const last = lines.at(-1);
  const head = last === undefined ? { seq: 0, hash: GENESIS } : headOf(last);
  writeState(files, {
    v: 1,
    stack: "dev",
    organization: "acme",
    machineUser: "claude-bot",
    repositories: ["api"],
    pulledAt: at(60),
    cursor: { ...head, bytes: Buffer.byteLength(text) },
    head,
    live: true,
    deleteSeconds: 90 * 86_400,
    ...state,
  });
  return files;
}
