import fc from "fast-check";
import { closeGate, githubSeesWhatWasJudged, openGate } from "./oracles/wire";
import { fuzz, literal } from "./support/fuzz";
import { raw, requests } from "./support/targets";

beforeAll(openGate, 60_000);
afterAll(closeGate);

/** Only what stands on one line of a request; what ends lines is the attack corpus's business. */
const onOneLine = (text: string): boolean => /^[\x21-\xff]+$/.test(text);
const targets = fc
  .oneof(
    { weight: 6, arbitrary: requests.map((r) => r.target) },
    { weight: 1, arbitrary: raw },
    { weight: 1, arbitrary: fc.tuple(raw, requests).map(([a, b]) => a + b.target) },
  )
  .filter(onOneLine);
const headers = fc.array(
  fc.constantFrom<[string, string]>(
    ["Accept", "application/json"],
    ["Accept", "image/png"],
    ["X-GitHub-Api-Version", "2022-11-28"],
    ["X-HTTP-Method-Override", "DELETE"],
    ["Cookie", "a=b"],
    ["X-Forwarded-For", "192.0.2.1"],
    ["Connection", "x-custom"],
    ["X-Custom", "x"],
    ["TE", "trailers"],
    ["If-None-Match", '"e"'],
    ["Range", "bytes=0-1"],
    ["Proxy-Authorization", "Basic eA=="],
    ["Forwarded", "for=192.0.2.1"],
    ["Authorization", "Bearer other"],
    ["X-Original-URL", "/user"],
    ["User-Agent", "agent\t1"],
    ["Upgrade", "websocket"],
  ),
  { maxLength: 2 },
);

describe("over the wire", () => {
  fuzz("GitHub sees what was judged, or nothing", {
    cost: 8,
    values: fc.record({ method: fc.constantFrom("GET", "GET", "GET", "HEAD", "DELETE"), target: targets, headers }),
    holds: githubSeesWhatWasJudged,
    accepted: 0.03,
    regression: { from: "wire", call: (r) => `githubSeesWhatWasJudged(${literal(r)})` },
  });
});
