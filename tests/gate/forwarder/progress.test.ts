import fc from "fast-check";
import type { Outcome } from "../../../gate/forwarder/answers";
import { batchIn } from "../../../gate/forwarder/forward";
import { advance, MAX_RECORDS, progressOf, START, type Progress } from "../../../gate/forwarder/progress";

const trail = (records: number): string =>
  Array.from({ length: records }, (_, i) => `{"v":1,"seq":${i + 1},"x":"${"y".repeat(i % 7)}"}\n`).join("");

/** A receiver with a mind of its own: it fails as told, and refuses what has a poisoned record. */
function receiver(poison: ReadonlySet<string>, failures: readonly boolean[]) {
  const has = new Set<string>();
  let turn = 0;
  return {
    has,
    answer(lines: readonly string[]): Outcome {
      if (failures[turn++ % failures.length] === true) {
        // The half that fails after it has taken the batch: its answer is lost.
        if (turn % 2 === 0) for (const line of lines) if (!poison.has(line)) has.add(line);
        return { kind: "later", reason: "no" };
      }
      if (lines.some((line) => poison.has(line))) return { kind: "content", reason: "400" };
      for (const line of lines) has.add(line);
      return { kind: "taken", refused: [] };
    },
  };
}

it("brings every record to a failing receiver or to the dead letters, whatever fails and whatever is refused", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1200 }),
      fc.array(fc.integer({ min: 1, max: 1200 }), { maxLength: 30 }),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 9 }).filter((list) => list.includes(false)),
      (records, poisoned, failures) => {
        const text = trail(records);
        const all = text.trimEnd().split("\n");
        const poison = new Set(poisoned.flatMap((seq) => all[seq - 1] ?? []));
        const there = receiver(poison, failures);
        const dead: string[] = [];
        let progress: Progress = START;
        let now = 0;
        for (let steps = 0; ; steps++) {
          expect(steps).toBeLessThan(20_000);
          now = Math.max(now, progress.notBefore);
          const batch = batchIn(text, progress.seq, progress.size);
          if (batch === undefined) break;
          const step = advance(progress, batch, there.answer(batch.lines), now, 0.5);
          expect(step.progress.seq).toBeGreaterThanOrEqual(progress.seq);
          dead.push(...step.dead.map(({ line }) => line));
          // What the ledger keeps is a text.
          progress = progressOf(JSON.stringify(step.progress));
        }
        expect(new Set(dead)).toEqual(poison);
        expect(dead).toHaveLength(poison.size);
        expect(all.filter((line) => !there.has.has(line))).toEqual(all.filter((line) => poison.has(line)));
      },
    ),
    { numRuns: 60 },
  );
});

describe("waiting", () => {
  const batch = { first: 1, last: 1, lines: ["x"] };
  const later = (before: Progress, afterMs?: number): Progress =>
    advance(before, batch, { kind: "later", reason: "no", ...(afterMs === undefined ? {} : { afterMs }) }, 1000, 1)
      .progress;
  it("doubles up to five minutes, and ends with the first success", () => {
    const waits: number[] = [];
    let progress: Progress = START;
    for (let i = 0; i < 12; i++) {
      progress = later(progress);
      waits.push(progress.notBefore - 1000);
    }
    expect(waits.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(waits.at(-1)).toBe(300_000);
    expect(advance(progress, batch, { kind: "taken", refused: [] }, 1000, 1).progress).toEqual({
      ...START,
      seq: 1,
      size: MAX_RECORDS,
    });
  });
  it("is as long as the receiver asks", () => {
    expect(later(START, 60_000).notBefore).toBe(61_000);
    expect(later(START, 5).notBefore).toBe(2_000);
  });
  it("begins when ten records in a row are refused: that is hardly their fault", () => {
    let progress: Progress = START;
    for (let i = 0; i < 12; i++)
      progress = advance(progress, batch, { kind: "content", reason: "400" }, 1000, 1).progress;
    expect(progress.refused).toBe(12);
    expect(progress.notBefore).toBe(1000 + 4_000);
  });
});

describe("a batch", () => {
  it("begins behind the cursor, has at most so many records, and ends before it is too large", () => {
    const text = trail(20);
    expect(batchIn(text, 5, 3)).toMatchObject({ first: 6, last: 8 });
    expect(batchIn(text, 20, 3)).toBeUndefined();
    expect(batchIn("", 0, 3)).toBeUndefined();
    const long = Array.from({ length: 3 }, (_, i) => `{"v":1,"seq":${i + 1},"x":"${"y".repeat(400_000)}"}\n`).join("");
    expect(batchIn(long, 0, 500)?.lines).toHaveLength(1);
    const single = `{"v":1,"seq":1,"x":"${"y".repeat(900_000)}"}\n`;
    expect(batchIn(single, 0, 500)?.lines).toHaveLength(1);
  });
});
