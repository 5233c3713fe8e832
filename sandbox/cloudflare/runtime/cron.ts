const NAMES: readonly (readonly string[])[] = [
  [],
  [],
  [],
  ["", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
  ["", "SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], // Cloudflare counts Sunday as 1
];
const RANGES: readonly (readonly [number, number])[] = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [1, 7],
];

/**
 * A parsed cron expression: the values of minute, hour, day, month and weekday (1 = Sunday) at which it fires, in UTC.
 */
export interface Cron {
  readonly fields: readonly ReadonlySet<number>[];
  readonly anyDay: boolean;
  readonly anyWeekday: boolean;
}

/**
 * Parses a cron trigger's expression: five fields with `*`, lists, ranges, steps and names.
 * @throws Error naming the field; the forms L, W and # of the service are among what is refused
 */
export function parseCron(expression: string): Cron {
  const parts = expression.trim().split(/\s+/);
  if (parts.length !== 5) throw new Error(`"${expression}" must have five fields`);
  return {
    fields: parts.map((part, index) => parseField(part, index)),
    anyDay: parts[2] === "*",
    anyWeekday: parts[4] === "*",
  };
}

/**
 * Whether the expression fires in the minute of `date`. As in any cron, day and weekday are alternatives when both are
 * set.
 */
export function firesAt(cron: Cron, date: Date): boolean {
  const at = [
    date.getUTCMinutes(),
    date.getUTCHours(),
    date.getUTCDate(),
    date.getUTCMonth() + 1,
    date.getUTCDay() + 1,
  ];
  const fits = (index: number): boolean => cron.fields[index]?.has(at[index] ?? -1) ?? false;
  const day = cron.anyDay || cron.anyWeekday ? fits(2) && fits(4) : fits(2) || fits(4);
  return fits(0) && fits(1) && fits(3) && day;
}

function parseField(text: string, index: number): ReadonlySet<number> {
  const [min, max] = RANGES[index] ?? [0, 0];
  const bad = (): Error => new Error(`"${text}" is not a value the sandbox knows for field ${index + 1}`);
  const value = (word: string): number => {
    const named = NAMES[index]?.indexOf(word.toUpperCase()) ?? -1;
    const number = named > 0 ? named : /^\d+$/.test(word) ? Number(word) : NaN;
    if (!(number >= min && number <= max)) throw bad();
    return number;
  };
  const values = new Set<number>();
  for (const item of text.split(",")) {
    const [range = "", stepText] = item.split("/");
    const step = stepText === undefined ? 1 : Number(stepText);
    if (!Number.isInteger(step) || step < 1 || item.split("/").length > 2) throw bad();
    const ends = range.split("-");
    if (ends.length > 2) throw bad();
    const from = range === "*" ? min : value(ends[0] ?? "");
    const to = range === "*" ? max : ends[1] !== undefined ? value(ends[1]) : stepText === undefined ? from : max;
    if (to < from) throw bad();
    for (let n = from; n <= to; n += step) values.add(n);
  }
  return values;
}
