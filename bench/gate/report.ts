import type { DecisionTimes } from "./decisions";
import { RECORDS_AN_EXCHANGE, type LedgerTimes } from "./ledger";
import type { Sample } from "./load";
import type { McpCost } from "./mcp";
import type { MemoryProfile } from "./memory";
import type { ModuleSizes } from "./micro";
import { NGINX, WARDGATE } from "./peers";
import { BARE, CONNECTIONS, GATE, OTHER_GATE, type Rounds } from "./rounds";
import { GATE_ALIVE } from "./startup";
import { ratios, spread, type Spread } from "./stats";
import { KINDS, type Kind } from "./traffic";

/** What was measured; a part that was not asked for or cannot run here is absent. */
export interface Measured {
  readonly rounds?: Rounds;
  readonly start?: Readonly<Record<string, readonly number[]>>;
  readonly decisions?: DecisionTimes;
  readonly ledger?: { readonly gate: LedgerTimes; readonly other?: LedgerTimes };
  readonly sizes?: ModuleSizes;
  readonly mcp?: McpCost;
  readonly memory?: { readonly clone: MemoryProfile; readonly push: MemoryProfile };
}

/** One target and what was found. `holds` is undefined where it was not measured. */
export interface Target {
  readonly what: string;
  readonly target: string;
  readonly found: string;
  readonly holds: boolean | undefined;
}

const samplesOf = (r: Rounds, contender: string, kind: Kind, connections: number): readonly Sample[] =>
  r.series.find((s) => s.contender === contender && s.kind === kind && s.connections === connections)?.samples ?? [];

/** Ratio of a figure to another contender's of the same round. */
function toOther(
  r: Rounds,
  [contender, other]: readonly [string, string],
  kind: Kind,
  connections: number,
  of: (sample: Sample) => number,
): Spread | undefined {
  const [ours, base] = [samplesOf(r, contender, kind, connections), samplesOf(r, other, kind, connections)];
  return ours.length === 0 || base.length === 0 ? undefined : spread(ratios(ours.map(of), base.map(of)));
}

const toBare = (
  r: Rounds,
  contender: string,
  kind: Kind,
  connections: number,
  of: (sample: Sample) => number,
): Spread | undefined => toOther(r, [contender, BARE], kind, connections, of);

const fixed = (value: number, digits = 2): string => value.toFixed(digits);
/** The middle, and in parentheses the ends. */
const shown = (s: Spread | undefined, digits = 2): string =>
  s === undefined ? "-" : `${fixed(s.median, digits)} (${fixed(s.min, digits)} to ${fixed(s.max, digits)})`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

/** Ratios to the bare Worker of the same round, and the plain figures beneath. */
export function loadTables(r: Rounds): string {
  const blocks: string[] = [];
  for (const kind of KINDS) {
    const took = r.contenders.filter((name) => samplesOf(r, name, kind, 16).length > 0);
    blocks.push(
      `### ${kind}: ratios to the bare Worker, median (min to max) over rounds`,
      table(
        [
          "contender",
          "CPU a request @16",
          "@64",
          "requests/s @1",
          "@16",
          "@64",
          "p50 @16",
          "p99 @1",
          "p99 @16",
          "p99 @64",
        ],
        took.map((name) => [
          name,
          shown(toBare(r, name, kind, 16, (s) => s.cpu)),
          shown(toBare(r, name, kind, 64, (s) => s.cpu)),
          ...CONNECTIONS.map((c) => shown(toBare(r, name, kind, c, (s) => s.perSecond))),
          shown(toBare(r, name, kind, 16, (s) => s.p50)),
          ...CONNECTIONS.map((c) => shown(toBare(r, name, kind, c, (s) => s.p99))),
        ]),
      ),
      `### ${kind}: medians; absolute figures belong to this machine only`,
      table(
        [
          "contender",
          "req/s @1 · 16 · 64",
          "p50 ms @1 · 16 · 64",
          "p99 ms @1 · 16 · 64",
          "CPU µs @16",
          "RSS MB",
          "failures",
        ],
        took.map((name) => {
          const each = (of: (s: Sample) => number, digits: number): string =>
            CONNECTIONS.map((c) => fixed(spread(samplesOf(r, name, kind, c).map(of)).median, digits)).join(" · ");
          const all = CONNECTIONS.flatMap((c) => samplesOf(r, name, kind, c));
          return [
            name,
            each((s) => s.perSecond, 0),
            each((s) => s.p50, 2),
            each((s) => s.p99, 1),
            shown(spread(samplesOf(r, name, kind, 16).map((s) => s.cpu)), 0),
            fixed(Math.max(...all.map((s) => s.rss)), 0),
            String(all.reduce((sum, s) => sum + s.failures, 0)),
          ];
        }),
      ),
    );
  }
  if (r.contenders.includes(OTHER_GATE)) {
    const beside = (kind: Kind, connections: number, of: (s: Sample) => number): string =>
      shown(toOther(r, [GATE, OTHER_GATE], kind, connections, of));
    blocks.push(
      "### This build to the other build, median (min to max) over rounds",
      table(
        ["load", "CPU a request", "p50", "p99", "requests/s"],
        KINDS.flatMap((kind) =>
          CONNECTIONS.map((c) => [
            `${kind} @${c}`,
            beside(kind, c, (s) => s.cpu),
            beside(kind, c, (s) => s.p50),
            beside(kind, c, (s) => s.p99),
            beside(kind, c, (s) => s.perSecond),
          ]),
        ),
      ),
    );
  }
  blocks.push(
    `Upstream: ${r.stub}. Audit trail of the gate: ${r.audit.records} records for ${r.audit.requests} requests that were answered under load (those cut off at the end of a run are recorded too), ${r.audit.problems} problems in the chain.`,
  );
  for (const { name, reason } of r.skipped) blocks.push(`SKIPPED ${name}: ${reason}`);
  return blocks.join("\n\n");
}

export function smallTables(m: Measured): string {
  const blocks: string[] = [];
  if (m.start !== undefined)
    blocks.push(
      "### Start of the process to the first answer through it, ms",
      table(
        ["contender", "median (min to max)"],
        Object.entries(m.start).map(([name, times]) => [name, shown(spread(times), 1)]),
      ),
    );
  if (m.decisions !== undefined) {
    const { rest, restByTarget, restAmongMany, graphql, graphqlBytes } = m.decisions;
    blocks.push(
      `### Decisions in Node ${process.version}, µs`,
      table(
        ["decision", "median (min to max)"],
        [
          ["REST: canonicalise, match, judge parameters and query; mean over the requests below", shown(spread(rest))],
          ...Object.entries(restByTarget).map(([target, time]) => [`\`${target}\``, fixed(time)]),
          ["the first of them among 1,000 repositories", fixed(restAmongMany)],
          [`GraphQL: a query of ${graphqlBytes} bytes, its JSON and parsing included`, shown(spread(graphql), 1)],
        ],
      ),
    );
  }
  if (m.ledger !== undefined) {
    const { gate, other } = m.ledger;
    blocks.push(
      "### The ledger's processor time for a record, µs, median (min to max)",
      table(
        ["records an exchange", "this build", ...(other === undefined ? [] : ["the other build", "ratio"])],
        RECORDS_AN_EXCHANGE.map((size) => {
          const [ours, theirs] = [gate[size] ?? [], other?.[size]];
          return [
            String(size),
            shown(spread(ours), 1),
            ...(theirs === undefined ? [] : [shown(spread(theirs), 1), shown(spread(ratios(ours, theirs)))]),
          ];
        }),
      ),
    );
  }
  if (m.sizes !== undefined)
    blocks.push(
      "### Modules, KB",
      table(
        ["", "plain", "gzip", "gzip, minified"],
        [
          ["gate", ...[m.sizes.bytes, m.sizes.gzip, m.sizes.minifiedGzip].map((b) => fixed(b / 1000, 0))],
          ["ledger", "", fixed(m.sizes.ledgerGzip / 1000, 0), ""],
        ],
      ),
    );
  if (m.mcp !== undefined) blocks.push(mcpTable(m.mcp));
  if (m.memory !== undefined) {
    blocks.push(
      "### Memory of the gate while a stream passes, MB resident",
      table(
        ["stream", "MiB", "seconds", "before", "median of each quarter", "peak", "outcome"],
        Object.entries(m.memory).map(([name, p]: [string, MemoryProfile]) => [
          name,
          fixed(p.bytes / 1024 / 1024, 0),
          fixed(p.seconds, 1),
          fixed(p.before, 0),
          p.quarters.map((q) => fixed(q, 0)).join(" · "),
          fixed(p.peak, 0),
          p.outcome,
        ]),
      ),
    );
  }
  return blocks.join("\n\n");
}

const cpuOf = (sample: Sample): number => sample.cpu;
const startMore = ({ start: { off, on } }: McpCost): Spread =>
  spread(on.map((time, i) => time - (off[i] ?? Number.NaN)));

/** Ratios of what is compared in each round; undefined where no load was driven. */
function mcpRatios(
  { off, on, twins, calls }: McpCost,
  of: (sample: Sample) => number,
): {
  readonly reads: Spread | undefined;
  readonly calls: Spread | undefined;
} {
  const ratio = (ours: readonly Sample[], base: readonly Sample[]): Spread | undefined =>
    ours.length === 0 ? undefined : spread(ratios(ours.map(of), base.map(of)));
  return { reads: ratio(on, off), calls: ratio(calls, twins) };
}

function mcpTable(cost: McpCost): string {
  const { off, on, twins, calls, start, size } = cost;
  const row = (what: string, digits: number, of: (sample: Sample) => number): readonly string[] => {
    const ratio = mcpRatios(cost, of);
    const [offs, ons, rest, called] = [off, on, twins, calls].map((samples) =>
      samples.length === 0 ? "-" : fixed(spread(samples.map(of)).median, digits),
    );
    return [what, shown(ratio.reads), `${offs} · ${ons}`, shown(ratio.calls), `${rest} · ${called}`];
  };
  const failures = [off, on, twins, calls].flat().reduce((sum, sample) => sum + sample.failures, 0);
  return [
    "### MCP, 16 connections: ratios, median (min to max) over rounds",
    table(
      ["", "reads, on to off", "off · on", "a call of a tool to its REST request", "REST · call"],
      [row("CPU a request, µs", 0, cpuOf), row("p50, ms", 2, (s) => s.p50), row("p99, ms", 1, (s) => s.p99)],
    ),
    `Processor time of the start to the gate's own health, ms: off ${shown(spread(start.off), 1)}, on ${shown(spread(start.on), 1)}, more by ${shown(startMore(cost), 1)}. Module by gzip: ${fixed(size.all / 1000, 1)} KB, of which MCP ${fixed((size.all - size.without) / 1000, 1)} KB. Failures: ${failures}.`,
  ].join("\n\n");
}

/** A profile is flat when memory does not rise by more than this from the second quarter to the last, in MB. */
const FLAT_MB = 24;

/** The targets that were set for the gate, beside what was found: by medians. */
export function targets(m: Measured): Target[] {
  const found: Target[] = [];
  const add = (
    what: string,
    target: string,
    value: Spread | undefined,
    holds: (s: Spread) => boolean,
    unit = "",
    digits = 2,
  ): void => {
    found.push({
      what,
      target,
      found: value === undefined ? "not measured" : `${shown(value, digits)}${unit}`,
      holds: value === undefined ? undefined : holds(value),
    });
  };
  const r = m.rounds;
  const ratio = (kind: Kind, connections: number, of: (s: Sample) => number): Spread | undefined =>
    r && toBare(r, GATE, kind, connections, of);
  add(
    "CPU of a read to the bare Worker's, 16 connections",
    "≤ 1.5",
    ratio("reads", 16, (s) => s.cpu),
    (s) => s.median <= 1.5,
  );
  add(
    "CPU of a write to the bare Worker's, 16 connections",
    "≤ 2.0",
    ratio("writes", 16, (s) => s.cpu),
    (s) => s.median <= 2,
  );
  for (const c of CONNECTIONS)
    add(
      `p99 of reads to the bare Worker's, ${c} connection${c === 1 ? "" : "s"}`,
      "≤ 1.2",
      ratio("reads", c, (s) => s.p99),
      (s) => s.median <= 1.2,
    );
  for (const peer of ["wardgate", "iron-proxy"]) {
    const medians = (name: string, of: (s: Sample) => number): number | undefined => {
      const samples = r === undefined ? [] : samplesOf(r, name, "reads", 16);
      return samples.length === 0 ? undefined : spread(samples.map(of)).median;
    };
    for (const [what, of, better] of [
      ["requests a second", (s: Sample) => s.perSecond, (a: number, b: number) => a > b],
      ["CPU a read", (s: Sample) => s.cpu, (a: number, b: number) => a < b],
    ] as const) {
      const [ours, theirs] = [medians(GATE, of), medians(peer, of)];
      found.push({
        what: `${what} beside ${peer}, reads, 16 connections`,
        target: "ahead",
        found:
          ours === undefined || theirs === undefined ? "not measured" : `${fixed(ours, 0)} beside ${fixed(theirs, 0)}`,
        holds: ours === undefined || theirs === undefined ? undefined : better(ours, theirs),
      });
    }
  }
  const nginxTo = (other: string, of: (s: Sample) => number): Spread | undefined =>
    r && toOther(r, [NGINX, other], "reads", 16, of);
  add(
    "CPU of a read through nginx to the bare Worker's, 16 connections",
    "≤ 0.5",
    nginxTo(BARE, (s) => s.cpu),
    (s) => s.median <= 0.5,
  );
  add(
    "requests a second through nginx to wardgate's, reads, 16 connections",
    "≥ 3",
    nginxTo(WARDGATE, (s) => s.perSecond),
    (s) => s.median >= 3,
  );
  add("REST decision in Node, µs", "≤ 1", m.decisions && spread(m.decisions.rest), (s) => s.median <= 1);
  add(
    "GraphQL decision in Node, 500 bytes, µs",
    "≤ 25",
    m.decisions && spread(m.decisions.graphql),
    (s) => s.median <= 25,
    "",
    1,
  );
  found.push({
    what: "module of the gate, compressed",
    target: "< 200 KB",
    found: m.sizes === undefined ? "not measured" : `${fixed(m.sizes.gzip / 1000, 0)} KB`,
    holds: m.sizes && m.sizes.gzip < 200_000,
  });
  for (const [name, what] of [
    [GATE_ALIVE, "start to its own first answer"],
    [GATE, "start to the first answer from GitHub, token store and new ledger included"],
  ] as const) {
    const [gate, bare] = [m.start?.[name], m.start?.[BARE]];
    const later = gate && bare && spread(gate.map((t, i) => t - (bare[i] ?? Number.NaN)));
    add(`${what}, behind the bare Worker's, ms`, "≤ 10", later, (s) => s.median <= 10, "", 1);
  }
  const ofMcp = m.mcp && mcpRatios(m.mcp, cpuOf);
  // Two runs of the same cost differ by a few hundredths.
  add("CPU of reads with MCP on to off, 16 connections", "≤ 1.05", ofMcp?.reads, (s) => s.median <= 1.05);
  add("CPU of a call of a tool to its REST request's, 16 connections", "≤ 1.5", ofMcp?.calls, (s) => s.median <= 1.5);
  add(
    "processor time of the start with MCP on, more than with it off, ms",
    "≤ 1",
    m.mcp && startMore(m.mcp),
    (s) => s.median <= 1,
    "",
    1,
  );
  for (const [name, p] of Object.entries(m.memory ?? {}) as [string, MemoryProfile][]) {
    const rise = (p.quarters[3] ?? Number.NaN) - (p.quarters[1] ?? Number.NaN);
    found.push({
      what: `memory during the ${name}`,
      target: "flat",
      found: `rises ${fixed(rise, 0)} MB from second to last quarter, peak ${fixed(p.peak, 0)} MB`,
      holds: Math.abs(rise) <= FLAT_MB,
    });
  }
  return found;
}

export function targetTable(list: readonly Target[]): string {
  return `### Targets\n\n${table(
    ["what", "target", "found: median (min to max)", ""],
    list.map((t) => [
      t.what,
      t.target,
      t.found,
      t.holds === undefined ? "not measured" : t.holds ? "holds" : "does not hold",
    ]),
  )}`;
}
