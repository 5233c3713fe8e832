import type { Sample } from "../../../bench/gate/load";
import { loadTables, smallTables, targets, type Measured } from "../../../bench/gate/report";
import { BARE, GATE, OTHER_GATE, type Rounds } from "../../../bench/gate/rounds";
import { ratios, spread } from "../../../bench/gate/stats";

const sample = (cpu: number, p99: number, perSecond = 1000): Sample => ({
  requests: 1000,
  perSecond,
  p50: 1,
  p99,
  cpu,
  rss: 80,
  failures: 0,
});

function rounds(gate: readonly Sample[], bare: readonly Sample[]): Rounds {
  const series = (["reads", "writes"] as const).flatMap((kind) =>
    ([1, 16, 64] as const).flatMap((connections) => [
      { contender: GATE, kind, connections, samples: gate },
      { contender: BARE, kind, connections, samples: bare },
    ]),
  );
  return {
    stub: "nginx",
    contenders: [GATE, BARE],
    skipped: [],
    series,
    audit: { requests: 1, records: 1, problems: 0 },
  };
}

/** As many rounds with the gate of another build. */
function withOther(all: Rounds, other: readonly Sample[]): Rounds {
  const series = all.series
    .filter(({ contender }) => contender === GATE)
    .map((of) => ({ ...of, contender: OTHER_GATE, samples: other }));
  return { ...all, contenders: [...all.contenders, OTHER_GATE], series: [...all.series, ...series] };
}

const verdict = (measured: Measured, what: RegExp): boolean | undefined =>
  targets(measured).find((t) => what.test(t.what))?.holds;

describe("figures", () => {
  it("are quoted by the middle and both ends", () => {
    expect(spread([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 });
    expect(spread([4, 1, 2, 3])).toEqual({ min: 1, median: 2.5, max: 4 });
  });

  it("are compared round by round, so that a slow round counts against both", () => {
    expect(ratios([150, 300], [100, 200])).toEqual([1.5, 1.5]);
  });
});

describe("another build of the gate", () => {
  const own = rounds([sample(90, 10), sample(240, 20)], [sample(50, 10), sample(100, 10)]);

  it("is compared round by round, in a table of its own", () => {
    const tables = loadTables(withOther(own, [sample(100, 20), sample(300, 40)]));
    expect(tables).toContain("| reads @16 | 0.85 (0.80 to 0.90) | 1.00 (1.00 to 1.00) | 0.50 (0.50 to 0.50) |");
  });

  it("has no table where none took part", () => {
    expect(loadTables(own)).not.toContain("other build");
  });
});

describe("targets", () => {
  it("hold at their edge and not beyond it", () => {
    expect(verdict({ rounds: rounds([sample(150, 12)], [sample(100, 10)]) }, /CPU of a read/)).toBe(true);
    expect(verdict({ rounds: rounds([sample(151, 12)], [sample(100, 10)]) }, /CPU of a read/)).toBe(false);
    expect(verdict({ rounds: rounds([sample(151, 12)], [sample(100, 10)]) }, /CPU of a write/)).toBe(true);
    expect(verdict({ rounds: rounds([sample(151, 12.5)], [sample(100, 10)]) }, /p99 of reads.*16/)).toBe(false);
  });

  it("go by the median, so that one disturbed round decides nothing", () => {
    expect(
      verdict(
        {
          rounds: rounds(
            [sample(140, 1), sample(900, 1), sample(145, 1)],
            [sample(100, 1), sample(100, 1), sample(100, 1)],
          ),
        },
        /CPU of a read/,
      ),
    ).toBe(true);
  });

  it("are neither held nor missed where nothing was measured", () => {
    expect(targets({}).map((t) => t.holds)).toEqual(targets({}).map(() => undefined));
    expect(verdict({ rounds: rounds([sample(1, 1)], [sample(1, 1)]) }, /wardgate/)).toBeUndefined();
  });

  it("see memory that rises while a stream passes", () => {
    const profile = { bytes: 1, seconds: 1, before: 50, peak: 90, quarters: [60, 85, 86, 85], outcome: "status 200" };
    expect(
      verdict(
        { memory: { clone: profile, push: { ...profile, quarters: [60, 85, 110, 140] } } },
        /memory during the clone/,
      ),
    ).toBe(true);
    expect(
      verdict(
        { memory: { clone: profile, push: { ...profile, quarters: [60, 85, 110, 140] } } },
        /memory during the push/,
      ),
    ).toBe(false);
  });
});

describe("MCP", () => {
  const mcp = (calls: number) => ({
    off: [sample(100, 10), sample(200, 10)],
    on: [sample(102, 10), sample(204, 10)],
    twins: [sample(100, 10), sample(200, 10)],
    calls: [sample(calls, 10), sample(2 * calls, 10)],
    size: { all: 130_000, without: 125_000 },
    start: { off: [30, 31], on: [30.5, 31.5] },
  });

  it("is compared round by round: reads with it on and off, a call and its REST request, the start", () => {
    const of = (calls: number) =>
      [/reads with MCP on/, /call of a tool/, /start with MCP/].map((what) => verdict({ mcp: mcp(calls) }, what));
    expect([of(149), of(151)]).toEqual([
      [true, true, true],
      [true, false, true],
    ]);
    const tables = smallTables({ mcp: mcp(149) });
    expect(tables).toContain(
      "| CPU a request, µs | 1.02 (1.02 to 1.02) | 150 · 153 | 1.49 (1.49 to 1.49) | 150 · 224 |",
    );
    expect(tables).toContain("more by 0.5 (0.5 to 0.5). Module by gzip: 130.0 KB, of which MCP 5.0 KB. Failures: 0.");
  });

  it("shows size and start alone where no load was driven", () => {
    const idle = { ...mcp(1), off: [], on: [], twins: [], calls: [] };
    expect(verdict({ mcp: idle }, /call of a tool/)).toBeUndefined();
    expect(smallTables({ mcp: idle })).toContain("| CPU a request, µs | - | - · - | - | - · - |");
  });
});
