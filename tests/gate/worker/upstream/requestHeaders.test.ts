import { RequestHeaders } from "../../../../gate/worker/upstream/requestHeaders";
import type { Token } from "../../../../gate/worker/upstream/token";

const token = (value: string): Token => ({ value, basic: "", sha256: "", expiresAt: Infinity });
const headers = (value: string, etag?: string): Record<string, string> => ({
  authorization: `Bearer ${value}`,
  accept: "application/json",
  ...(etag === undefined ? {} : { "if-none-match": etag }),
});

describe("headers of requests", () => {
  it("are made once for what is sent again, and are those that were asked for", () => {
    const made = new RequestHeaders();
    const first = token("one");
    const one = made.of(first, headers("one"));
    expect(made.of(first, headers("one"))).toBe(one);
    expect(Object.fromEntries(made.of(first, headers("one", '"a"')))).toEqual(headers("one", '"a"'));
    expect(Object.fromEntries(made.of(first, headers("one", '"b"')))).toEqual(headers("one", '"b"'));
    expect(Object.fromEntries(one)).toEqual(headers("one"));
  });

  it("are forgotten with their token, and when they are many", () => {
    const made = new RequestHeaders();
    const first = token("one");
    const one = made.of(first, headers("one"));
    made.of(token("two"), headers("two"));
    expect(made.of(first, headers("one"))).not.toBe(one);
    const again = made.of(first, headers("one"));
    for (let i = 0; i < 64; i++) made.of(first, headers("one", `"${i}"`));
    expect(made.of(first, headers("one"))).not.toBe(again);
  });
});
