import fc from "fast-check";
import { getOperationAST, parse } from "graphql";
import { connection } from "../../../github/graphql/connection";
import { measure } from "../../../github/graphql/measure";
import { parseSearch } from "../../../github/graphql/types/search";
import { dataOf, errorsOf, scene } from "./harness";

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

describe("the measure of a document", () => {
  const of = (text: string, variables: Record<string, unknown> = {}): { nodes: number; cost: number } => {
    const document = parse(text);
    const operation = getOperationAST(document);
    if (!operation) throw new Error("no operation");
    return measure(document, operation, variables);
  };

  it("multiplies nested connections, through fragments and variables", () => {
    // GitHub's own example: 50 repositories, 10 issues each, 5 labels each.
    const text =
      "query($n:Int!){viewer{repositories(first:50){nodes{issues(first:$n){nodes{...L}}}}}} fragment L on Issue{labels(first:5){nodes{name}}}";
    expect(of(text, { n: 10 })).toEqual({ nodes: 50 + 500 + 2500, cost: Math.round((1 + 50 + 500) / 100) });
    expect(of("{viewer{login}}")).toEqual({ nodes: 0, cost: 1 });
  });

  it("is worked out at once for fragments that spread each other many times over", () => {
    const chain = Array.from(
      { length: 60 },
      (_, index) =>
        `fragment F${index} on User{a:repositories(first:2){nodes{owner{...F${index + 1} ...F${index + 1}}}}}`,
    ).join(" ");
    expect(of(`{viewer{...F0}} ${chain} fragment F60 on User{login}`).nodes).toBeGreaterThan(500_000);
  });

  it("keeps a document that asks for too much from being executed", async () => {
    const s = await scene();
    try {
      const inner = "repositories(first:100){nodes{issues(first:100){nodes{comments(first:100){nodes{id}}}}}}";
      const answer = await s.ask(s.as("acme-admin"), `{organization(login:"acme"){${inner}}}`);
      expect(answer).not.toHaveProperty("data");
      expect(errorsOf(answer)[0]).toBe(
        "MAX_NODE_LIMIT_EXCEEDED This query requests up to 1,010,100 possible nodes which exceeds the maximum limit of 500,000.",
      );
      const small = await s.ask(
        s.as("acme-admin"),
        '{rateLimit{cost nodeCount} repository(owner:"acme",name:"api"){labels(first:20){nodes{name}}}}',
      );
      expect(dataOf<{ rateLimit: unknown }>(small).rateLimit).toEqual({ cost: 1, nodeCount: 20 });
    } finally {
      await s.stop();
    }
  });
});

it("splits a search into words and qualifiers", () => {
  expect(parseSearch('is:pr -author:@me label:"good first issue" hello "two words"')).toEqual({
    words: ["hello", "two words"],
    qualifiers: [
      { name: "is", value: "pr", not: false },
      { name: "author", value: "@me", not: true },
      { name: "label", value: "good first issue", not: false },
    ],
  });
});
