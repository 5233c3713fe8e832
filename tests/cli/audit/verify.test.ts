import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { verifyTrail, type VerifyOptions } from "../../../cli/audit/verify";
import type { PullState, TrailFiles } from "../../../cli/audit/trail";
import { at, chained, entry, headOf, pulled, signer } from "./support/trail";

const gate = signer();
let lines: string[];
beforeAll(async () => {
  lines = await chained(Array.from({ length: 8 }, (_, i) => entry({ ts: at(i), requestId: `r-${i}` })));
});
const trail = (
  changed: readonly string[] = lines,
  state: Partial<PullState> = {},
  signed: readonly number[] = [4, 8],
): TrailFiles =>
  pulled(changed, {
    checkpoints: signed.map((n) => gate.sign(headOf(lines[n - 1]!))),
    state: { cursor: { ...headOf(lines[7]!), bytes: 0 }, head: headOf(lines[7]!), ...state },
  });
const problems = async (files: TrailFiles, options: VerifyOptions = {}): Promise<string[]> => {
  const found = await verifyTrail(files.dir, { keys: [gate.key], ...options });
  expect(found.count).toBe(found.problems.length);
  return found.problems.map(({ place, problem }) => `${place.replace(files.dir, "DIR")}: ${problem}`);
};

it("holds as it was pulled, signed to its end", async () => {
  const found = await verifyTrail(trail().dir, { keys: [gate.key] });
  expect(found).toMatchObject({ records: 8, signed: 2, problems: [], count: 0, last: headOf(lines[7]!) });
});

it("finds records that were taken off at the end, by the last pull, the gate's head and the newest checkpoint", async () => {
  expect(await problems(trail(lines.slice(0, 6)))).toEqual([
    "the end of the trail: records 7 to 8 are missing: the last pull wrote them",
    "the end of the trail: records 7 to 8 are missing: the gate signed them",
  ]);
  const pullKnowsSix = { cursor: { ...headOf(lines[5]!), bytes: 0 } };
  expect(await problems(trail(lines.slice(0, 6), pullKnowsSix, [4]))).toEqual([
    "the end of the trail: records 7 to 8 are missing: the gate says that it has them",
  ]);
  // Whoever owns the bucket and this folder takes off the checkpoint too; the one from the webhook still tells.
  const bare = { ...pullKnowsSix, head: headOf(lines[5]!) };
  expect(await problems(trail(lines.slice(0, 6), bare, [4]))).toEqual([]);
  expect(await problems(trail(lines.slice(0, 6), bare, [4]), { checkpoints: [gate.sign(headOf(lines[7]!))] })).toEqual([
    "the end of the trail: records 7 to 8 are missing: the gate signed them",
  ]);
});

it("finds a whole trail that the bucket's owner wrote anew, whatever checkpoints they make", async () => {
  const anew = await chained(Array.from({ length: 8 }, (_, i) => entry({ ts: at(i), requestId: `other-${i}` })));
  const theirs = signer();
  const state = { cursor: { ...headOf(anew[7]!), bytes: 0 }, head: headOf(anew[7]!) };
  expect(await problems(trail(anew, state))).toEqual([
    "DIR/gate.ndjson:4: record 4 is not the record that the gate signed here: the trail was written anew",
    "DIR/gate.ndjson:8: record 8 is not the record that the gate signed here: the trail was written anew",
    "the end of the trail: no record is signed by a checkpoint",
  ]);
  const own = pulled(anew, { checkpoints: [theirs.sign(headOf(anew[7]!))], state });
  expect(await problems(own)).toEqual([
    "DIR/checkpoints.ndjson:1: the checkpoint of record 8 is not signed by a trusted key",
    "the end of the trail: no record is signed by a checkpoint",
  ]);
  // A true signature of another record does not move.
  const moved = pulled(anew, { checkpoints: [{ ...gate.sign(headOf(lines[7]!)), ...headOf(anew[7]!) }], state });
  expect(await problems(moved)).toContain(
    "DIR/checkpoints.ndjson:1: the checkpoint of record 8 is not signed by a trusted key",
  );
});

it("asks for signatures up to the end, and for a key to check them with", async () => {
  expect(await problems(trail(lines, { pulledAt: at(3600) }, [4]))).toEqual([
    `the end of the trail: no checkpoint signs the records since ${at(4)}`,
  ]);
  // The newest records may still wait for theirs.
  expect(await problems(trail(lines, { pulledAt: at(9) }, [4]))).toEqual([]);
  expect(await problems(trail(lines, {}, []))).toEqual(["the end of the trail: no record is signed by a checkpoint"]);
  expect(await problems(trail(lines, {}, []), { keys: [] })).toEqual([
    "the end of the trail: nothing says which key signs this trail; give the stack's output auditPublicKey with --key",
  ]);
  expect(await problems(trail(lines, {}, []), { unsigned: true })).toEqual([]);
  const noted = await verifyTrail(trail(lines, { key: gate.key }).dir);
  expect([noted.count, noted.notes[0]]).toEqual([0, expect.stringContaining("give the stack's output auditPublicKey")]);
});

it("finds a start that is missing, unless the bucket was free to drop it", async () => {
  const rest = lines.slice(3);
  expect(await problems(trail(rest))).toEqual([
    "the start of the trail: records 1 to 3 are missing, and the bucket had to keep them",
  ]);
  const later = new Date(Date.parse(at(0)) + 90 * 86_400_000).toISOString();
  expect(await problems(trail(rest, { pulledAt: later }))).toEqual([]);
  const foreign = await chained([entry()], { seq: 0, hash: "f".repeat(64) });
  expect(await problems(pulled(foreign, { checkpoints: [gate.sign(headOf(foreign[0]!))] }))).toEqual([
    "the start of the trail: record 1 goes on behind another record: this is the rest of another trail",
  ]);
});

it("holds the bucket's lock against what is declared", async () => {
  const lock = (declared: number, found?: number) => ({
    lock: { declared, ...(found === undefined ? {} : { found }) },
  });
  const day = 86_400;
  expect(await problems(trail(lines, lock(90 * day, 90 * day)))).toEqual([]);
  expect(await problems(trail(lines, lock(90 * day, 30 * day)))).toEqual([
    "the bucket's lock rules: records are locked for 30 days, declared 90",
  ]);
  expect(await problems(trail(lines, lock(90 * day, 0)))).toEqual([
    "the bucket's lock rules: no rule locks the whole bucket",
  ]);
  const { notes } = await verifyTrail(trail(lines, lock(90 * day)).dir, { keys: [gate.key] });
  expect(notes).toContainEqual(expect.stringContaining("lock rules were not read"));
});

it("says what is wrong with a folder or a key, and reads nothing else", async () => {
  const files = trail();
  await expect(verifyTrail(files.dir, { keys: ["short"] })).rejects.toThrow(/--key: "short" is no public key/);
  writeFileSync(files.github, "no json\n");
  await expect(verifyTrail(files.dir, { keys: [gate.key] })).resolves.toMatchObject({ count: 0 });
  appendFileSync(files.checkpoints, "no checkpoint\n");
  expect(await problems(files)).toEqual(["DIR/checkpoints.ndjson:3: this is no checkpoint"]);
  writeFileSync(files.state, "{");
  await expect(verifyTrail(files.dir)).rejects.toThrow(/pull\.json: this is not what a pull writes/);
  rmSync(files.state);
  await expect(verifyTrail(files.dir)).rejects.toThrow(/pull\.json is missing.*nothing was changed/);
  await expect(verifyTrail("/nowhere/at/all")).rejects.toThrow(/no audit trail here; pull one with/);
});
