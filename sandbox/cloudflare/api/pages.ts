import type { Call, Reply } from "../http/router";

/** One page of a list with `page` and `per_page`, and the `result_info` that clients page by. */
export function page(call: Call, items: readonly unknown[], perPage = 20, most = 1000): Reply {
  const number = (name: string, otherwise: number): number => {
    const text = call.query.get(name);
    return text !== null && /^\d{1,6}$/.test(text) ? Math.max(1, Number(text)) : otherwise;
  };
  const size = Math.min(most, number("per_page", perPage));
  const at = number("page", 1);
  const result = items.slice((at - 1) * size, at * size);
  return {
    result,
    resultInfo: {
      page: at,
      per_page: size,
      count: result.length,
      total_count: items.length,
      total_pages: Math.ceil(items.length / size),
    },
  };
}

/** Whole list on one page, as the lists without paging answer. */
export const list = (items: readonly unknown[]): Reply => ({
  result: items,
  resultInfo: {
    page: 1,
    per_page: Math.max(items.length, 20),
    count: items.length,
    total_count: items.length,
    total_pages: 1,
  },
});
