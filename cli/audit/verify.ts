import { existsSync, readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { bundleOf } from "../bundle";
import type { Checkpoint, Head } from "../../gate/policy/checkpoint";
import { DAY_SECONDS } from "../../edge/time";
import { agentLines } from "./agent/lines";
import { agentAlarms, type AgentAlarm } from "./agent/reviewed";
import { BEFORE_FIRST, checkPart, cuts, joinParts, type ChainPart, type ChainProblem } from "./chain";
import { isSigned, parseCheckpoint, publicKey } from "./checkpoints";
import { around, type Around } from "./completeness";
import { sayNowAndThen } from "../support/sayNowAndThen";
import { readState, sizeOf, trailFiles, type PullState, type TrailFiles } from "./trail";

/** Whether a pulled trail can be trusted. */
export interface Verification {
  readonly records: number;
  readonly first?: { readonly seq: number; readonly ts: string };
  readonly last?: Head & { readonly ts: string };
  /** Checkpoints that hold. */
  readonly signed: number;
  /** What is wrong, each with its place. Empty when the trail holds. */
  readonly problems: readonly Problem[];
  /** How many there are, when not all are listed. */
  readonly count: number;
  /** What could not be checked, or holds with a reserve. */
  readonly notes: readonly string[];
  /** What GitHub saw of the machine user and the gate did not. */
  readonly around: readonly Around[];
  /** Sessions of the agent that are not what was reviewed. */
  readonly agent: readonly AgentAlarm[];
}

interface Problem {
  /** `gate.ndjson:17`, or what else is meant. */
  readonly place: string;
  readonly problem: string;
}

export interface VerifyOptions {
  /** Public keys to trust, as the stack shows them; without one, the key that the gate gave when the trail was pulled. */
  readonly keys?: readonly string[];
  /** A checkpoint that was received elsewhere, such as by the alert webhook. */
  readonly checkpoints?: readonly Checkpoint[];
  /** Accept a trail without checkpoints. */
  readonly unsigned?: boolean;
  readonly threads?: number;
  /** Is told how much of the records' file is checked, in bytes. */
  readonly progress?: (done: number, of: number) => void;
}

/** Files below this size are read in one thread: a second one takes longer to start. */
const SMALL = 8 * 1024 * 1024;
/** A record is in the bucket within seconds; its checkpoint follows at once. */
const UNSIGNED_MS = 10 * 60_000;

/**
 * Checks a pulled trail: the chain, the sequence, the signed checkpoints, the bucket's locks, and whether GitHub saw
 * anything of the machine user that the gate did not. It reads the files and asks nobody.
 * @throws CouldNotRun when there is no trail, or no key to check it with
 */
export async function verifyTrail(dir: string, options: VerifyOptions = {}): Promise<Verification> {
  const files = trailFiles(dir);
  const state = readState(files);
  const { checkpoints, problems: unsigned, notes } = trusted(files, state, options);
  const chain = await checkChain(files.gate, checkpoints, options);
  const found = around(files, state);
  const sessions = agentAlarms(agentLines(files.agent), state.agent?.reviewed);
  const problems: Problem[] = [
    ...chain.problems.map((one) => placed(files, one)),
    ...unsigned,
    ...startProblems(chain, state),
    ...endProblems(chain, state, checkpoints, options, files),
    ...lockProblems(state),
    ...found.events.map((event) => ({ place: `GitHub, ${event.at}`, problem: event.says })),
    ...sessions.map(({ at, rule, says }) => ({ place: `the agent, ${at}`, problem: `${rule}: ${says}` })),
  ];
  return {
    records: chain.records,
    ...(chain.first === undefined ? {} : { first: { seq: chain.first.seq, ts: chain.first.ts } }),
    ...(chain.last === undefined ? {} : { last: chain.last }),
    signed: chain.signed,
    problems,
    count: problems.length + chain.count - chain.problems.length,
    notes: [...notes, ...lockNotes(state), ...found.notes, ...(state.agent?.missing ?? [])],
    around: found.events,
    agent: sessions,
  };
}

/** Says on standard error how much of a long trail is checked. */
export function verifyProgress(): NonNullable<VerifyOptions["progress"]> {
  const say = sayNowAndThen();
  return (done, of) => say(() => `${Math.floor((100 * done) / of)} % of the records checked`);
}

const placed = (files: TrailFiles, { line, seq, problem }: ChainProblem): Problem => ({
  place: `${files.gate}:${line}`,
  problem: /^(?:records|the|not|requests)\b/.test(problem)
    ? `at record ${seq}: ${problem}`
    : `record ${seq} ${problem}`,
});

/** The checkpoints that one of the trusted keys signed, sorted; and what is wrong with the others. */
function trusted(
  files: TrailFiles,
  state: PullState,
  { keys = [], checkpoints: received = [] }: VerifyOptions,
): { readonly checkpoints: readonly Checkpoint[]; readonly problems: readonly Problem[]; readonly notes: string[] } {
  const texts = keys.length > 0 ? keys : state.key === undefined ? [] : [state.key];
  const trust = texts.map(publicKey);
  const problems: Problem[] = [];
  const checkpoints: Checkpoint[] = [];
  const add = (place: string, checkpoint: Checkpoint | undefined): void => {
    if (checkpoint === undefined) problems.push({ place, problem: "this is no checkpoint" });
    else if (!isSigned(checkpoint, trust))
      problems.push({ place, problem: `the checkpoint of record ${checkpoint.seq} is not signed by a trusted key` });
    else checkpoints.push(checkpoint);
  };
  if (trust.length > 0) {
    const lines = existsSync(files.checkpoints) ? readFileSync(files.checkpoints, "utf8").split("\n") : [];
    lines.forEach((line, i) => line !== "" && add(`${files.checkpoints}:${i + 1}`, parseCheckpoint(line)));
    received.forEach((one) => add("--checkpoint", one));
  }
  return {
    checkpoints: checkpoints.sort((a, b) => a.seq - b.seq),
    problems,
    notes:
      keys.length > 0 || trust.length === 0
        ? []
        : ["the key is the one that the gate itself gave; give the stack's output auditPublicKey with --key"],
  };
}

async function checkChain(
  file: string,
  checkpoints: readonly Checkpoint[],
  { threads = 2, progress }: VerifyOptions,
): Promise<ChainPart> {
  const heads = checkpoints.map(({ seq, hash }) => ({ seq, hash }));
  const size = sizeOf(file);
  const worker = size < SMALL || threads < 2 ? undefined : bundleOf("cli/audit/chainWorker.ts", []);
  let done = 0;
  const onRead = (bytes: number): void => progress?.((done += bytes), size);
  if (worker === undefined)
    return size === 0 ? EMPTY : checkPart(file, { start: 0, end: size, checkpoints: heads }, onRead);
  return joinParts(
    await Promise.all(
      cuts(file, threads).map(
        (part) =>
          new Promise<ChainPart>((resolve, reject) => {
            new Worker(worker, {
              workerData: { file, ...part, checkpoints: heads },
              resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 },
            })
              .on("message", (told: number | ChainPart) => {
                if (typeof told === "number") onRead(told);
                else resolve(told);
              })
              .once("error", reject);
          }),
      ),
    ),
  );
}
const EMPTY: ChainPart = { records: 0, lines: 0, problems: [], count: 0, signed: 0 };

/** A trail begins with its first record, or with the oldest that the bucket still has to keep. */
function startProblems({ first }: ChainPart, { pulledAt, deleteSeconds }: PullState): Problem[] {
  if (first === undefined) return [];
  const place = "the start of the trail";
  if (first.seq === 1)
    return first.prevHash === BEFORE_FIRST.hash
      ? []
      : [{ place, problem: "record 1 goes on behind another record: this is the rest of another trail" }];
  const age = (Date.parse(pulledAt) - Date.parse(first.ts)) / 1000;
  // Objects go when their newest record is old enough, so the oldest that is left is not much younger.
  return age >= deleteSeconds - DAY_SECONDS
    ? []
    : [{ place, problem: `records 1 to ${first.seq - 1} are missing, and the bucket had to keep them` }];
}

function endProblems(
  { last, signed, unsignedSince, records }: ChainPart,
  { head, cursor, key, pulledAt }: PullState,
  checkpoints: readonly Checkpoint[],
  { keys = [], unsigned = false }: VerifyOptions,
  files: TrailFiles,
): Problem[] {
  const problems: Problem[] = [];
  const place = "the end of the trail";
  const end = last?.seq ?? 0;
  if (end < cursor.seq || sizeOf(files.gate) < cursor.bytes)
    problems.push({ place, problem: `records ${end + 1} to ${cursor.seq} are missing: the last pull wrote them` });
  else if (head !== undefined && end < head.seq)
    problems.push({ place, problem: `records ${end + 1} to ${head.seq} are missing: the gate says that it has them` });
  else if (head !== undefined && end === head.seq && last?.hash !== head.hash)
    problems.push({ place, problem: `record ${end} is not the one that the gate says it wrote` });
  const newest = checkpoints.at(-1);
  if (newest !== undefined && newest.seq > end)
    problems.push({ place, problem: `records ${end + 1} to ${newest.seq} are missing: the gate signed them` });
  if (unsigned || records === 0) return problems;
  if (keys.length === 0 && key === undefined)
    problems.push({
      place,
      problem: "nothing says which key signs this trail; give the stack's output auditPublicKey with --key",
    });
  else if (signed === 0) problems.push({ place, problem: "no record is signed by a checkpoint" });
  else if (unsignedSince !== undefined && Date.parse(pulledAt) - Date.parse(unsignedSince) > UNSIGNED_MS)
    problems.push({ place, problem: `no checkpoint signs the records since ${unsignedSince}` });
  return problems;
}

const lockProblems = ({ lock }: PullState): Problem[] =>
  lock?.found === undefined || lock.found >= lock.declared
    ? []
    : [
        {
          place: "the bucket's lock rules",
          problem:
            lock.found === 0
              ? "no rule locks the whole bucket"
              : `records are locked for ${Math.floor(lock.found / DAY_SECONDS)} days, declared ${Math.floor(lock.declared / DAY_SECONDS)}`,
        },
      ];

const lockNotes = ({ lock }: PullState): string[] =>
  lock !== undefined && lock.found === undefined
    ? ["the bucket's lock rules were not read: the pull had no CLOUDFLARE_API_TOKEN that may"]
    : [];
