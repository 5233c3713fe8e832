import fc from "fast-check";
import { createdWithin, page } from "../../../anthropic/api/pages";
import { Call } from "../../../anthropic/http/router";

interface Page {
  readonly data: number[];
  readonly next_page: string | null;
  readonly prev_page: string | null;
}
const ask = (numbers: readonly number[], query: Record<string, string>, order: "asc" | "desc"): Page =>
  page(
    new Call({}, new URLSearchParams(query), "", true),
    numbers.map((number) => ({ number })),
    { present: ({ number }) => number, order, both: true },
  ) as Page;

const list = fc.uniqueArray(fc.nat(200), { maxLength: 30 });
const order = fc.constantFrom("asc" as const, "desc" as const);

it("shows everything that stays exactly once, whatever is made and deleted between the pages", () => {
  fc.assert(
    fc.property(
      list,
      order,
      fc.integer({ min: 1, max: 7 }),
      fc.array(fc.record({ make: fc.nat(400), drop: fc.nat(200) })),
      (start, way, limit, changes) => {
        const now = new Set(start);
        const stays = new Set(start);
        const seen: number[] = [];
        let at: string | null = "";
        for (let i = 0; at !== null; i++) {
          const shown: Page = ask([...now], { limit: String(limit), page: at }, way);
          seen.push(...shown.data);
          at = shown.next_page;
          const change = changes[i];
          if (change === undefined) continue;
          now.delete(change.drop);
          stays.delete(change.drop);
          // What is new gets a number above all others.
          now.add(1000 + i);
        }
        expect(new Set(seen).size).toBe(seen.length);
        for (const one of stays) expect(seen).toContain(one);
        expect(seen).toEqual([...seen].sort((a, b) => (way === "asc" ? a - b : b - a)));
      },
    ),
  );
});

it("comes back by prev_page to the page before", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(200), { minLength: 3, maxLength: 30 }), order, (numbers, way) => {
      const first = ask(numbers, { limit: "2" }, way);
      expect(first.prev_page).toBeNull();
      const second = ask(numbers, { limit: "2", page: first.next_page ?? "" }, way);
      expect(ask(numbers, { limit: "2", page: second.prev_page ?? "" }, way).data).toEqual(first.data);
    }),
  );
});

it("keeps to the bounds of the query, and refuses one that is no time", () => {
  const call = (query: Record<string, string>) => new Call({}, new URLSearchParams(query), "", true);
  const within = createdWithin(
    call({ "created_at[gte]": "2026-11-30T12:00:00Z", "created_at[lt]": "2026-11-30T13:00:00Z" }),
  );
  expect(
    ["2026-11-30T11:59:59Z", "2026-11-30T12:00:00Z", "2026-11-30T12:59:59.999Z", "2026-11-30T13:00:00Z"].map(within),
  ).toEqual([false, true, true, false]);
  expect(() => createdWithin(call({ "created_at[gt]": "soon" }))).toThrow(/not a time/);
});
