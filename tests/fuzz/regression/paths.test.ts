import { requestGoesWhereItSays, targetIsCanonical } from "../oracles/paths";

it("refuses an apostrophe in a query, which WHATWG URL would send encoded", () => {
  expect(targetIsCanonical("/repos/acme/api/issues?labels='")).toBe(false);
  expect(targetIsCanonical("/repos/acme/api/issues?labels=%27")).toBe(true);
});

it.each([
  [
    "a label that leads out of its route",
    "GET",
    "/repos/acme/api/labels/a%2F..%2F..%2Fkeys",
    "/repos/acme/api/labels/a%2Fb",
  ],
  ["a label with an empty part", "GET", "/repos/acme/api/labels/a%2F%2Fb", "/repos/acme/api/labels/..a"],
  [
    "a search whose scope is part of a word",
    "GET",
    "/search/issues?q=x%C2%A0repo%3Aacme%2Fapi",
    "/search/issues?q=x%20repo%3Aacme%2Fapi",
  ],
  [
    "a search with an operator that some readers take for OR",
    "GET",
    "/search/code?q=repo%3Aacme%2Fapi%20%7C%20x",
    "/search/code?q=repo%3Aacme%2Fapi%20-%20x%7Cy",
  ],
  [
    "a search with an ideographic blank",
    "GET",
    "/search/code?q=x%E3%80%80repo:acme/api",
    "/search/code?q=%E3%81%82+repo:acme/api",
  ],
])("refuses %s, and takes its twin", (_name, method, target, twin) => {
  expect([requestGoesWhereItSays({ method, target }), requestGoesWhereItSays({ method, target: twin })]).toEqual([
    false,
    true,
  ]);
});

it("takes the API's root with its slash, which clients of an Enterprise Server ask for, and no other trailing slash", () => {
  const root = (target: string): boolean => requestGoesWhereItSays({ method: "GET", target });
  expect(["/", "/api/v3", "/api/v3/", "/api/v3//", "/api/v3/user/", "/user/"].map(root)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});

it("takes an encoded semicolon, which is a character of a name and ends none", () => {
  expect(requestGoesWhereItSays({ method: "GET", target: "/repos/acme/api/contents/a%3Bb.txt" })).toBe(true);
  expect(requestGoesWhereItSays({ method: "GET", target: "/repos/acme/api/contents/a;b.txt" })).toBe(false);
});
