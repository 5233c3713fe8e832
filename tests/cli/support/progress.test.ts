import fc from "fast-check";
import { duration, Progress, remainingMs, standing } from "../../../cli/support/progress";

const NOW = 1_000_000;

describe("how long the rest takes", () => {
  it("is not said before there is something to go by", () => {
    expect(remainingMs({ done: 19, known: 100, elapsedMs: 60_000 }, NOW)).toBeUndefined();
    expect(remainingMs({ done: 1000, known: 2000, elapsedMs: 1_999 }, NOW)).toBeUndefined();
  });
  it("follows the pace so far", () => {
    expect(remainingMs({ done: 100, known: 400, elapsedMs: 10_000 }, NOW)).toBe(30_000);
  });
  it("counts the wait for a limit that the rest will reach, and no other", () => {
    const at = { done: 100, known: 400, elapsedMs: 10_000 };
    expect(remainingMs({ ...at, limit: { remaining: 300, resetAt: NOW + 600_000 } }, NOW)).toBe(30_000);
    // 100 more until the limit; when it begins anew in 10 minutes, the other 200.
    expect(remainingMs({ ...at, limit: { remaining: 100, resetAt: NOW + 600_000 } }, NOW)).toBe(620_000);
    expect(remainingMs({ ...at, limit: { remaining: 100, resetAt: NOW + 1 } }, NOW)).toBe(30_000);
  });
  it("is never below nothing, and never shorter with a limit than without", () => {
    fc.assert(
      fc.property(
        fc.nat(5000),
        fc.nat(5000),
        fc.nat(100_000),
        fc.nat(5000),
        fc.nat(4_000_000),
        (done, known, elapsedMs, remaining, wait) => {
          const free = remainingMs({ done, known, elapsedMs }, NOW);
          const limited = remainingMs({ done, known, elapsedMs, limit: { remaining, resetAt: NOW + wait } }, NOW);
          expect(limited === undefined).toBe(free === undefined);
          if (free !== undefined && limited !== undefined) {
            expect(free).toBeGreaterThanOrEqual(0);
            expect(limited).toBeGreaterThanOrEqual(free - 1e-6);
          }
        },
      ),
    );
  });
});

it("says it in words", () => {
  expect(standing("assess", { done: 1234, known: 3012, elapsedMs: 60_000 }, NOW)).toBe(
    "assess: 1,234 of 3,012 calls, about 1 min left",
  );
  expect(standing("assess", { done: 3, known: 3012, elapsedMs: 60_000 }, NOW)).toBe("assess: 3 of 3,012 calls");
  const limit = { remaining: 100, resetAt: NOW + 30 * 60_000 };
  expect(standing("assess", { done: 1234, known: 3012, elapsedMs: 60_000, limit }, NOW)).toBe(
    "assess: 1,234 of 3,012 calls, about 31 min left with the wait for the hourly limit",
  );
  expect([10_000, 60_000, 3_600_000, 5_000_000].map(duration)).toEqual([
    "less than a minute",
    "about 1 min",
    "about 1 h 0 min",
    "about 1 h 23 min",
  ]);
});

describe("progress", () => {
  const ran = (
    asked: boolean,
    isTTY: boolean,
    run: (progress: Progress, pass: (ms: number) => void) => void,
  ): string => {
    let now = NOW;
    let text = "";
    const out = { isTTY, write: (part: string) => (text += part) };
    run(new Progress("assess", asked, out, () => now), (ms) => (now += ms));
    return text;
  };
  const answers = (progress: Progress, pass: (ms: number) => void): void => {
    for (let i = 0; i < 60; i++) progress.asked();
    for (let i = 0; i < 60; i++) {
      pass(500);
      progress.answered();
    }
    progress.end();
  };
  it("writes nothing where nobody looks and nobody asked", () => {
    expect(ran(false, false, answers)).toBe("");
  });
  it("writes a line from time to time where somebody asked", () => {
    expect(ran(true, false, answers).trimEnd().split("\n")).toEqual([
      "assess: 20 of 60 calls, less than a minute left",
      "assess: 40 of 60 calls, less than a minute left",
      "assess: 60 of 60 calls, less than a minute left",
    ]);
  });
  it("writes one line over and over on a terminal, and takes it away at the end", () => {
    const text = ran(false, true, answers);
    expect(text).toContain("\r\u001b[2Kassess: 41 of 60 calls");
    expect(text.endsWith("\r\u001b[2K")).toBe(true);
    expect(text).not.toContain("\n");
  });
  it("says a long wait once, however many wait, even where nobody asked", () => {
    const text = ran(false, false, (progress, pass) => {
      for (let i = 0; i < 6; i++) progress.waits(37 * 60_000 + i);
      pass(37 * 60_000);
      progress.waits(2_000);
    });
    expect(text).toBe("assess: GitHub's limit of requests is reached; goes on in about 37 min\n");
  });
  it("does not count a wait into the pace", () => {
    const text = ran(true, false, (progress, pass) => {
      for (let i = 0; i < 100; i++) progress.asked();
      for (let i = 0; i < 25; i++) {
        pass(200);
        progress.answered();
      }
      progress.waits(30 * 60_000);
      pass(30 * 60_000);
      progress.answered();
    });
    expect(text.trimEnd().split("\n").at(-1)).toBe("assess: 26 of 100 calls, less than a minute left");
  });
});
