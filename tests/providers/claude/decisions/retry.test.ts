import { LONGEST_WAIT_MS, outcome, pauseBefore } from "../../../../providers/claude/decisions/retry";

const failed = (status: number | undefined, headers: Record<string, string> = {}) => ({
  status,
  header: (name: string) => headers[name],
});
const NOW = Date.parse("2026-12-01T00:00:00Z");

it.each([
  [undefined, "unclear"],
  [500, "unclear"],
  [503, "unclear"],
  [408, "unclear"],
  [400, "refused"],
  [401, "refused"],
  [409, "refused"],
  [429, "refused"],
])("after %s the service has done it: %s", (status, expected) => {
  expect(outcome(failed(status))).toBe(expected);
});

it.each([
  [429, { "retry-after-ms": "250" }, 250],
  [429, { "retry-after": "7" }, 7000],
  [429, { "retry-after": "Tue, 01 Dec 2026 00:00:30 GMT" }, 30_000],
  [429, { "retry-after": "Mon, 30 Nov 2026 00:00:00 GMT" }, 0],
  [429, { "retry-after": "soon" }, 500],
  [429, {}, 500],
  [429, { "retry-after": "121" }, undefined],
  [429, { "x-should-retry": "false" }, undefined],
  [503, { "retry-after": "3" }, 3000],
  [undefined, {}, 500],
  [409, { "retry-after": "1" }, undefined],
  [400, {}, undefined],
])("%s with %j: waits %s ms", (status, headers, expected) => {
  expect(pauseBefore(failed(status, headers), 1, NOW)).toBe(expected);
});

it("waits longer each time, and gives up", () => {
  const limited = [1, 2, 3, 7, 8].map((tries) => pauseBefore(failed(429), tries, NOW));
  expect(limited).toEqual([500, 1000, 2000, 32_000, undefined]);
  expect([1, 2, 3, 4].map((tries) => pauseBefore(failed(502), tries, NOW))).toEqual([500, 1000, 2000, undefined]);
  expect(Math.max(...limited.map((pause) => pause ?? 0))).toBeLessThan(LONGEST_WAIT_MS);
});
