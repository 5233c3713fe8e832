import { appendFileSync } from "node:fs";
import type { Head } from "../../../gate/policy/checkpoint";
import { asRecord } from "../../../infra/config/json";
import { names } from "../../../infra/model";
import { retention } from "../../../infra/plans";
import { longestLock } from "../../live/bucketLock";
import { CouldNotRun } from "../../support/exit";
import type { Access, Context } from "../../live/context";
import { BEFORE_FIRST } from "../chain";
import { writeEvents } from "../events";
import { dropPiece, findState, makeDir, writeState, type LockState, type PullState, type TrailFiles } from "../trail";
import { type AgentSources, pullAgent } from "./agent";
import { pullGitHub } from "./github";
import { newPart, openRecords, type Progress, type Source } from "./records";
import type { Deliveries } from "./webhooks";

export interface Pulled {
  readonly state: PullState;
  /** Records that are new. */
  readonly records: number;
  /** Events of GitHub that are new. */
  readonly events: number;
  /** Lines of the agent's side that are new. */
  readonly agent: number;
  /** What could not be asked, and why. */
  readonly notes: readonly string[];
}

/**
 * Appends what is new to the folder: the gate's records from the sources in turn, GitHub's side and the agent's. Every piece is
 * noted when it is written, so an interrupted pull goes on where it was.
 * @param deliveries where the gate keeps what GitHub delivered; the stack's bucket when absent
 * @throws CouldNotRun when a source cannot be read, the folder is not as the last pull left it, or it is another stack's
 */
export async function pullTrail(
  context: Context,
  files: TrailFiles,
  sources: readonly Source[],
  progress: Progress = () => undefined,
  agents: AgentSources = { logs: [] },
  deliveries?: Access<Deliveries>,
): Promise<Pulled> {
  makeDir(files.dir);
  const { environment } = context;
  const before = findState(files);
  if (before !== undefined && (before.stack !== context.stack || before.organization !== environment.organization))
    throw new CouldNotRun(
      `${files.dir}: this is the trail of the stack ${before.stack} (${before.organization}); pull ${context.stack} into another folder. Nothing was changed`,
    );
  dropPiece(files.checkpoints);
  let state: PullState = {
    v: 1,
    live: false,
    deleteSeconds: retention(environment).deleteSeconds,
    pulledAt: "",
    cursor: { ...BEFORE_FIRST, bytes: 0 },
    ...before,
    stack: context.stack,
    organization: environment.organization,
    machineUser: environment.agent.machineUser,
    repositories: environment.repositories.map(({ name }) => name),
  };
  const sink = openRecords(files, state.cursor.bytes);
  // GitHub first: whatever it shows now, the gate has on record by the time it is asked.
  const github = await pullGitHub(context, files, state, { deliveries, progress });
  const agent = await pullAgent(agents, files, state, new Date(context.now).toISOString(), progress);
  let records = 0;
  let live = false;
  try {
    for (const source of sources)
      for await (const { text, checkpoint, head } of source.pieces(state.cursor.seq)) {
        const fresh = newPart(text, state.cursor);
        // Records without a note beside them are nobody's: a first pull that is killed here must be able to go on.
        if (state.pulledAt === "") {
          state = { ...state, pulledAt: new Date(context.now).toISOString() };
          writeState(files, state);
        }
        sink.append(fresh.text);
        records += fresh.lines;
        live = head !== undefined;
        if (checkpoint !== undefined) appendFileSync(files.checkpoints, `${JSON.stringify(checkpoint)}\n`);
        state = {
          ...state,
          pulledAt: new Date(context.now).toISOString(),
          cursor: { ...fresh.last, bytes: state.cursor.bytes + Buffer.byteLength(fresh.text) },
          ...headOf(head, state),
          // The key comes from the gate itself: what the bucket holds says nothing about who wrote it.
          ...(head !== undefined && checkpoint !== undefined ? { key: state.key ?? checkpoint.key } : {}),
        };
        writeState(files, state);
        progress("records", records, head?.seq);
      }
  } finally {
    sink.close();
  }
  const lock = await lockOf(context);
  state = {
    ...state,
    live,
    pulledAt: new Date(context.now).toISOString(),
    ...(lock === undefined ? {} : { lock }),
    ...(github.state === undefined ? {} : { github: github.state }),
    ...(agent.state === undefined ? {} : { agent: agent.state }),
  };
  writeState(files, state);
  state = { ...state, events: writeEvents(files, state) };
  writeState(files, state);
  const notes = [...(github.state?.missing ?? []), ...(agent.state?.missing ?? [])];
  return { state, records, events: github.events, agent: agent.lines, notes };
}

/** The newest end of the trail that the gate has named and that was reached. */
const headOf = (head: Head | undefined, { head: known }: PullState): { head?: Head } =>
  head !== undefined && head.seq >= (known?.seq ?? 0) ? { head } : {};

/** How the bucket is locked now; undefined where the trail is in no bucket of Cloudflare's. */
async function lockOf({ cloudflare, environment }: Context): Promise<LockState | undefined> {
  const declared = retention(environment).lockSeconds;
  if ("missing" in cloudflare) return { declared };
  const response = await cloudflare.client.again(
    `/accounts/${environment.gate.accountId}/r2/buckets/${names(environment).auditBucket}/lock`,
  );
  if (response.call.status !== 200) return { declared };
  return {
    declared,
    found: Math.min(Number.MAX_SAFE_INTEGER, longestLock(asRecord(asRecord(response.json()).result).rules)),
  };
}
