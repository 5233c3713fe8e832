/** Lists in pages: GitHub's connections with opaque cursors, bounds that must be given, and no page above 100. */
import { FieldRefusal } from "./errors";
import type { Args } from "./source";

const LARGEST_PAGE = 100;

export interface Page {
  /** Half-open range of items. */
  start: number;
  end: number;
}

const cursorOf = (index: number): string => Buffer.from(`cursor:v2:${index}`).toString("base64");

function indexOf(cursor: string): number {
  const match = /^cursor:v2:(\d+)$/.exec(Buffer.from(cursor, "base64").toString());
  if (!match) throw new FieldRefusal("UNPROCESSABLE", `\`${cursor}\` does not appear to be a valid cursor.`);
  return Number(match[1]);
}

/** The range that first, last, after and before name. @param name of the connection's field, for the error */
function pageOf(name: string, args: Args, total: number): Page {
  const { first, last } = args as { first?: number | null; last?: number | null };
  if (typeof first !== "number" && typeof last !== "number") {
    throw new FieldRefusal(
      "MISSING_PAGINATION_BOUNDARIES",
      `You must provide a \`first\` or \`last\` value to properly paginate the \`${name}\` connection.`,
    );
  }
  for (const [argument, value] of [
    ["first", first],
    ["last", last],
  ] as const) {
    if (typeof value !== "number") continue;
    if (value < 0)
      throw new FieldRefusal(
        "UNPROCESSABLE",
        `\`${argument}\` on the \`${name}\` connection cannot be less than zero.`,
      );
    if (value > LARGEST_PAGE) {
      const message = `Requesting ${value} records on the \`${name}\` connection exceeds the \`${argument}\` limit of ${LARGEST_PAGE} records.`;
      throw new FieldRefusal("EXCESSIVE_PAGINATION", message);
    }
  }
  let start = typeof args.after === "string" ? Math.min(total, indexOf(args.after) + 1) : 0;
  let end = typeof args.before === "string" ? Math.min(total, indexOf(args.before)) : total;
  if (typeof first === "number") end = Math.min(end, start + first);
  if (typeof last === "number") start = Math.max(start, end - last);
  return { start, end: Math.max(start, end) };
}

/**
 * `edge` gives fields of an edge besides `node` and `cursor`; `extra` fields of the connection besides the usual ones.
 */
export interface ConnectionOptions<T> {
  edge?: (item: T) => Record<string, unknown>;
  extra?: Record<string, unknown>;
}

/** A page of items that are all at hand. */
export function connection<T>(
  name: string,
  args: Args,
  items: readonly T[],
  toNode: (item: T) => unknown,
  options: ConnectionOptions<T> = {},
): Record<string, unknown> {
  // Connections may be asked for their total alone; then no bounds are needed, so the range is worked out when it is
  // looked at.
  const page = (): Page => pageOf(name, args, items.length);
  return connectionOf(page, items.length, ({ start, end }) => items.slice(start, end), toNode, options);
}

/** A page of items that are fetched by their place, for long lists such as a history. */
export function fetchedConnection<T>(
  name: string,
  args: Args,
  total: number,
  fetch: (page: Page) => Promise<T[]>,
  toNode: (item: T) => unknown,
): Record<string, unknown> {
  return connectionOf(() => pageOf(name, args, total), total, fetch, toNode, {});
}

function connectionOf<T>(
  page: () => Page,
  total: number,
  fetch: (page: Page) => T[] | Promise<T[]>,
  toNode: (item: T) => unknown,
  { edge, extra }: ConnectionOptions<T>,
): Record<string, unknown> {
  return {
    totalCount: total,
    pageInfo: () => {
      const { start, end } = page();
      const empty = end <= start;
      return {
        startCursor: empty ? null : cursorOf(start),
        endCursor: empty ? null : cursorOf(end - 1),
        hasNextPage: end < total,
        hasPreviousPage: start > 0,
      };
    },
    nodes: async () => (await fetch(page())).map(toNode),
    edges: async () => {
      const range = page();
      return (await fetch(range)).map((item, index) => ({
        cursor: cursorOf(range.start + index),
        node: toNode(item),
        ...edge?.(item),
      }));
    },
    ...extra,
  };
}
