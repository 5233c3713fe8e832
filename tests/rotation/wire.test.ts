import { request } from "../../rotation/wire";
import type { Effects } from "../../rotation/effects";

describe("bounded retries", () => {
  it("never waits longer than allowed, and tells the wish of a long one", async () => {
    let slept = 0;
    let calls = 0;
    const effects: Effects = {
      fetch: () => {
        calls += 1;
        return Promise.resolve({
          status: 429,
          headers: new Headers({ "retry-after": "3600" }),
          text: () => Promise.resolve(""),
        });
      },
      now: () => 0,
      sleep: (ms) => {
        slept += ms;
        return Promise.resolve();
      },
      report: () => undefined,
    };
    await expect(
      request(effects, { system: "GitHub", what: "answer", method: "GET", url: "http://x/" }),
    ).rejects.toMatchObject({ name: "Unavailable", retryAfterMs: 3_600_000 });
    expect([slept, calls]).toEqual([0, 1]);
  });
});
