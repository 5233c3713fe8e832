import { errors } from "../http/errors";
import type { Call } from "../http/router";

/** What a list can hold: things with a number that grows, by which a cursor finds its place again. */
export interface Numbered {
  readonly number: number;
}

interface PageOptions<T> {
  readonly present: (item: T) => unknown;
  readonly order?: "asc" | "desc";
  readonly largest?: number;
  /** The list can also be paged backwards. */
  readonly both?: boolean;
}

/**
 * One page by `limit` and `page`, the cursor of an earlier answer. A cursor names the last item that was seen, so things
 * that are made or deleted meanwhile neither repeat nor hide others.
 */
export function page<T extends Numbered>(
  call: Call,
  items: readonly T[],
  { present, order = "desc", largest = 100, both = false }: PageOptions<T>,
): unknown {
  const limitText = call.query.get("limit");
  const limit = limitText === null ? 20 : Number(limitText);
  if (!Number.isInteger(limit) || limit < 1 || limit > largest)
    throw errors.invalid(`limit: a whole number from 1 to ${largest}`);
  const sign = order === "asc" ? 1 : -1;
  const sorted = [...items].sort((a, b) => sign * (a.number - b.number));
  const cursor = readCursor(call.query.get("page"));
  const at = (item: T): number => sign * item.number;
  const ahead = sorted.filter((item) => at(item) > sign * (cursor?.number ?? -sign * Infinity));
  const behind = sorted.filter((item) => at(item) < sign * (cursor?.number ?? 0));
  const shown =
    cursor === undefined ? sorted.slice(0, limit) : cursor.back ? behind.slice(-limit) : ahead.slice(0, limit);
  const [first, last] = [shown[0], shown[shown.length - 1]];
  const more = last !== undefined && sorted.some((item) => at(item) > at(last));
  const before = first !== undefined && sorted.some((item) => at(item) < at(first));
  return {
    data: shown.map(present),
    next_page: more ? writeCursor(last.number, false) : null,
    ...(both ? { prev_page: before ? writeCursor(first.number, true) : null } : {}),
  };
}

const writeCursor = (number: number, back: boolean): string =>
  `page_${Buffer.from(`${back ? "b" : "a"}${number}`).toString("base64url")}`;

function readCursor(text: string | null): { number: number; back: boolean } | undefined {
  if (text === null || text === "") return undefined;
  const read = /^([ab])(\d+)$/.exec(Buffer.from(text.replace(/^page_/, ""), "base64url").toString());
  if (!read) throw errors.invalid("page: not a cursor of this list");
  return { number: Number(read[2]), back: read[1] === "b" };
}

const COMPARE: Readonly<Record<string, (time: number, bound: number) => boolean>> = {
  gt: (time, bound) => time > bound,
  gte: (time, bound) => time >= bound,
  lt: (time, bound) => time < bound,
  lte: (time, bound) => time <= bound,
};

/** Whether a time lies within the bounds `created_at[gt|gte|lt|lte]` of the query. @throws ApiError 400 on a bound that is no time */
export function createdWithin(call: Call): (time: string) => boolean {
  const bounds = Object.entries(COMPARE).flatMap(([name, compare]) => {
    const text = call.query.get(`created_at[${name}]`);
    if (text === null) return [];
    const bound = Date.parse(text);
    if (Number.isNaN(bound)) throw errors.invalid(`created_at[${name}]: not a time in RFC 3339`);
    return [(time: number) => compare(time, bound)];
  });
  return (time) => bounds.every((holds) => holds(Date.parse(time)));
}
