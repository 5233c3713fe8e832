import fc from "fast-check";
import { connection } from "../../../github/graphql/connection";

interface Shown {
  nodes: () => Promise<number[]>;
  edges: () => Promise<{ cursor: string; node: number }[]>;
  pageInfo: () => {
    endCursor: string | null;
    startCursor: string | null;
    hasNextPage: boolean;
    hasPreviousPage: boolean;
  };
}
const show = (items: number[], args: Record<string, unknown>): Shown =>
  connection("things", args, items, (item) => item) as unknown as Shown;

describe("a connection", () => {
  it("gives every item once, in order, whatever the size of the pages and the direction", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(60), fc.integer({ min: 1, max: 100 }), async (count, size) => {
        const items = Array.from({ length: count }, (_, index) => index);
        const forward: number[] = [];
        for (let after: string | null = null, more = true; more;) {
          const page = show(items, { first: size, after });
          forward.push(...(await page.nodes()));
          expect((await page.edges()).map((edge) => edge.node)).toEqual(await page.nodes());
          ({ endCursor: after, hasNextPage: more } = page.pageInfo());
        }
        const backward: number[] = [];
        for (let before: string | null = null, more = true; more;) {
          const page = show(items, { last: size, before });
          backward.unshift(...(await page.nodes()));
          ({ startCursor: before, hasPreviousPage: more } = page.pageInfo());
        }
        expect(forward).toEqual(items);
        expect(backward).toEqual(items);
      }),
    );
  });

  it("refuses a cursor that it did not make", async () => {
    await expect(async () => show([1, 2], { first: 1, after: "bm9uc2Vuc2U=" }).nodes()).rejects.toThrow(
      "does not appear to be a valid cursor",
    );
  });
});
