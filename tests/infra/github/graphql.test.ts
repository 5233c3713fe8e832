import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { graphqlApi, waitWish } from "../../../infra/github/graphql";

interface Asked {
  readonly path: string;
  readonly authorization: string;
  readonly body: unknown;
}
let server: Server;
let asked: Asked[] = [];
let answers: { status: number; headers?: Record<string, string>; body: string }[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    let text = "";
    request.on("data", (part: Buffer) => (text += part.toString()));
    request.on("end", () => {
      asked.push({
        path: request.url ?? "",
        authorization: request.headers.authorization ?? "",
        body: JSON.parse(text) as unknown,
      });
      const { status, headers = {}, body } = answers.shift() ?? { status: 200, body: "{}" };
      response.writeHead(status, headers).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(
  () =>
    new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    }),
);
beforeEach(() => {
  [asked, answers] = [[], []];
});
const base = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
const config = (values: Record<string, string> = {}) => ({ get: (key: string) => values[key] }) as never;
const question = { query: "query { viewer { login } }", variables: { a: 1 } };

it("asks under the provider's token and address, from its configuration or the environment", async () => {
  answers = [
    { status: 200, body: '{"data":{"a":1}}' },
    { status: 200, body: '{"data":{"a":2}}' },
  ];
  const byEnv = graphqlApi({ GITHUB_TOKEN: "one", GITHUB_BASE_URL: base() }, config());
  expect(await byEnv?.(question)).toEqual({ data: { a: 1 } });
  const byConfig = graphqlApi(
    { GITHUB_TOKEN: "one", GITHUB_BASE_URL: "http://127.0.0.1:9/" },
    config({ token: "two", baseUrl: `${base()}api/v3/` }),
  );
  expect(await byConfig?.(question)).toEqual({ data: { a: 2 } });
  expect(asked).toEqual([
    { path: "/api/graphql", authorization: "Bearer one", body: question },
    { path: "/api/graphql", authorization: "Bearer two", body: question },
  ]);
});

it.each([
  ["there is no token", {}, {}],
  ["the provider signs in as an App", { GITHUB_TOKEN: "one" }, { appAuth: '{"id":"1"}' }],
  ["the address is no GitHub's", { GITHUB_TOKEN: "one", GITHUB_BASE_URL: "http://acme.ghe.com" }, {}],
])("asks nothing where %s", (_why, env, settings) => {
  expect(graphqlApi(env, config(settings as Record<string, string>))).toBeUndefined();
});

it("waits for a limit as GitHub asks, and then asks again", async () => {
  answers = [
    { status: 403, headers: { "retry-after": "1" }, body: '{"message":"secondary rate limit"}' },
    {
      status: 403,
      headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(Math.ceil(Date.now() / 1000)) },
      body: "{}",
    },
    { status: 200, body: '{"data":{}}' },
  ];
  const said = jest.spyOn(console, "log").mockImplementation(() => undefined);
  const ask = graphqlApi({ GITHUB_TOKEN: "one", GITHUB_BASE_URL: base() }, config());
  expect(await ask?.(question)).toEqual({ data: {} });
  expect(asked).toHaveLength(3);
  expect(said.mock.calls.flat().join()).toContain("GitHub's limit of requests is reached; asking again in 1 seconds");
  said.mockRestore();
});

it.each([
  ["a failure of GitHub's", { status: 502, body: "bad gateway" }],
  ["a refusal", { status: 403, body: '{"message":"Resource not accessible"}' }],
  ["a redirection, which would carry the token elsewhere", { status: 302, headers: { location: "/x" }, body: "" }],
  ["no JSON", { status: 200, body: "<html>" }],
])("has no answer for %s", async (_what, answer) => {
  answers = [answer];
  const ask = graphqlApi({ GITHUB_TOKEN: "one", GITHUB_BASE_URL: base() }, config());
  expect(await ask?.(question)).toBeUndefined();
  expect(asked).toHaveLength(1);
});

it("goes through the proxy that the environment names, as the provider's plugin does", async () => {
  const before = { ...process.env };
  Object.assign(process.env, { http_proxy: base(), no_proxy: "", NO_PROXY: "" });
  answers = [{ status: 200, body: '{"data":{}}' }];
  try {
    const ask = graphqlApi({ GITHUB_TOKEN: "one", GITHUB_BASE_URL: "http://github.example.test" }, config());
    expect(await ask?.(question)).toEqual({ data: {} });
  } finally {
    process.env = before;
  }
  expect(asked.map(({ path }) => path)).toEqual(["http://github.example.test/api/graphql"]);
});

it("reads how long to wait", () => {
  const wish = (status: number, headers: Record<string, string>) =>
    waitWish({ status, header: (name) => headers[name] ?? null }, 1_000_000);
  expect(wish(200, { "retry-after": "5" })).toBeUndefined();
  expect(wish(403, {})).toBeUndefined();
  expect(wish(403, { "retry-after": "5" })).toBe(5000);
  expect(wish(403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1010" })).toBe(10_000);
  expect(wish(403, { "x-ratelimit-remaining": "1", "x-ratelimit-reset": "1010" })).toBeUndefined();
  expect(wish(429, {})).toBe(60_000);
});
