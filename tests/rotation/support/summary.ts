import type { Row } from "./faults";

const STEPS = ["begin", "minting", "minted", "verified", "stored", "switched", "proven", "draining", "revoked", "idle"];
const FAMILIES: readonly (readonly [string, RegExp])[] = [
  ["kill -9", /^kill/],
  ["timeout", /^timeout/],
  ["5xx", /^50\d/],
  ["403", /^403/],
  ["429", /^429/],
  ["no network", /for a while/],
  ["Vault", /^Vault/],
];
/** Letters of the cells. */
const OUTCOMES: readonly (readonly [string, string, (row: Row) => boolean])[] = [
  ["L", "standby authorization lost, service goes on, a person authorizes again", (r) => r.standbyLost],
  ["b", "rolled back, and replaced by the next run", (r) => r.results.includes("rolled-back")],
  ["r", "replaced by running again", (r) => r.results.length > 1],
  ["f", "replaced by the same run", () => true],
];
const letter = (row: Row): string => OUTCOMES.find(([, , holds]) => holds(row))?.[0] ?? "?";
const pad = (text: string, width: number): string => text.padEnd(width);

/**
 * step × fault × outcome as counts, and a line for each kind and store; a cell with a broken promise has an exclamation
 * mark.
 */
export function summary(rows: readonly Row[]): string {
  const cell = (of: readonly Row[]): string => {
    if (of.length === 0) return "";
    const counts = OUTCOMES.map(([name]) => [name, of.filter((row) => letter(row) === name).length] as const)
      .filter(([, n]) => n > 0)
      .reverse();
    return counts.map(([name, n]) => `${n}${name}`).join(" ") + (of.some((row) => row.broken.length > 0) ? " !" : "");
  };
  const stepOf = (row: Row): string => row.step.split(":")[0] ?? "";
  const width = 17;
  const table = STEPS.map((step) => [
    step,
    ...FAMILIES.map(([, pattern]) => cell(rows.filter((row) => stepOf(row) === step && pattern.test(row.fault)))),
  ]).filter((line) => line.slice(1).some((text) => text !== ""));
  const groups = new Map<string, Row[]>();
  for (const row of rows)
    groups.set(`${pad(row.kind, 24)}${row.store}`, [...(groups.get(`${pad(row.kind, 24)}${row.store}`) ?? []), row]);
  const sum = (of: readonly Row[], count: (row: Row) => number): string =>
    String(of.reduce((total, row) => total + count(row), 0));
  return [
    "",
    "A rotation with one fault in one of its calls: after the step × kind of fault, how often with which outcome",
    ...[["step", ...FAMILIES.map(([name]) => name)], ...table].map((line) =>
      line
        .map((text, i) => pad(text, i === 0 ? 10 : width))
        .join("")
        .trimEnd(),
    ),
    ...OUTCOMES.map(([name, says]) => `  ${name}  ${says}`).reverse(),
    "",
    [
      pad("kind", 24),
      pad("store", 8),
      pad("rotations", 11),
      pad("requests", 10),
      pad("failed", 8),
      pad("promises broken", 16),
    ]
      .join("")
      .trimEnd(),
    ...[...groups].map(([name, of]) =>
      [
        pad(name, 32),
        pad(String(of.length), 11),
        pad(
          sum(of, (r) => r.sent),
          10,
        ),
        pad(
          sum(of, (r) => r.failed),
          8,
        ),
        sum(of, (r) => r.broken.length),
      ]
        .join("")
        .trimEnd(),
    ),
    "GATEHOUSE_FAULT_TABLES=<folder> writes every row.",
    "",
  ].join("\n");
}
