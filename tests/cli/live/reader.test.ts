import fc from "fast-check";
import { gitHubReader, Reader } from "../../../cli/live/reader";
import { answer, effects } from "../support/effects";

describe("the reader", () => {
  it("sends GET and HEAD alone, and a POST only where that is a question", async () => {
    const sent: string[] = [];
    const reader = new Reader({
      effects: effects(async (url, { method }) => {
        sent.push(`${method} ${url}`);
        return answer(200, "{}");
      }),
      system: "GitHub",
      base: "https://x",
      postable: ["/graphql"],
    });
    await Promise.all([
      reader.get("/a"),
      reader.get("/a"),
      reader.head("/a"),
      reader.ask("/graphql", { query: "query { a }" }),
    ]);
    expect(sent.sort()).toEqual(["GET https://x/a", "HEAD https://x/a", "POST https://x/graphql"]);
    expect(() => reader.ask("/repos/a/b/issues", {})).toThrow("could change something");
  });

  it("asks GraphQL for queries alone", () => {
    const github = gitHubReader(
      effects(async () => answer(200, "{}")),
      { api: "https://x", graphql: "https://x/graphql" },
      "t",
    );
    for (const query of ["mutation { a }", "query { a } mutation { b }", "subscription { a }", "{ a }"])
      expect(() => github.graphql({ query, variables: {} })).toThrow("only queries");
  });

  it("reads every page, and follows no page to another host", async () => {
    const pages: Record<string, [string, string | undefined]> = {
      "https://x/list?per_page=100": ['[{"a":1}]', '<https://x/list?per_page=100&page=2>; rel="next"'],
      "https://x/list?per_page=100&page=2": ['[{"a":2}]', '<https://evil/list?page=3>; rel="next"'],
    };
    const reader = new Reader({
      effects: effects(async (url) => {
        const [body, link] = pages[url] ?? ["[]", undefined];
        return answer(200, body, link === undefined ? {} : { link });
      }),
      system: "GitHub",
      base: "https://x",
    });
    expect((await reader.list("/list")).items).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it("never asks more at once than it may, whatever comes back", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(200, 404, 500), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 5 }),
        async (statuses, atOnce) => {
          let running = 0;
          let most = 0;
          const reader = new Reader({
            atOnce,
            system: "GitHub",
            base: "https://x",
            effects: effects(async (url) => {
              most = Math.max(most, ++running);
              await new Promise((resume) => {
                setImmediate(resume);
              });
              running--;
              return answer(statuses[Number(url.slice("https://x/".length))] ?? 200, "{}");
            }),
          });
          const heard = await Promise.all(statuses.map((_, i) => reader.get(`/${i}`)));
          expect(most).toBeLessThanOrEqual(atOnce);
          expect(heard.map(({ call }) => call.status)).toEqual(statuses.map((status) => (status === 500 ? 0 : status)));
        },
      ),
      { numRuns: 30 },
    );
  });

  it("waits when GitHub asks it to", async () => {
    const waits: number[] = [];
    let asked = 0;
    const reader = new Reader({
      system: "GitHub",
      base: "https://x",
      effects: {
        ...effects(async () => (++asked === 1 ? answer(403, "{}", { "retry-after": "3" }) : answer(200, "{}"))),
        sleep: (ms) => {
          waits.push(ms);
          return Promise.resolve();
        },
      },
    });
    expect((await reader.get("/a")).call.status).toBe(200);
    expect(waits).toEqual([3000]);
  });
});
