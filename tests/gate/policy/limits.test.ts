import * as fc from "fast-check";
import { EMPTY_USAGE, giveBack, grantLease, LEASE_MS } from "../../../gate/policy/limits";
import { policyFor } from "../support/policy";

const limits = {
  ...policyFor().limits,
  requestsPerMinute: 20,
  requestsPerHour: 50,
  writesPerMinute: 5,
  bytesPerHour: 10_000,
};
const need = (requests: number, writes = 0, bytes = 0) => ({ requests, writes, bytes });

describe("grantLease", () => {
  it("never gives out more than a limit in a window, whoever asks, whenever, and whatever is given back", () => {
    const step = fc.record({
      wait: fc.integer({ min: -5000, max: 90_000 }),
      need: fc.integer({ min: 0, max: 30 }),
      want: fc.integer({ min: 0, max: 40 }),
      writes: fc.integer({ min: 0, max: 4 }),
      back: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let usage = EMPTY_USAGE;
        let now = 1_700_000_000_000;
        const minutes = new Map<number, { requests: number; writes: number }>();
        const hours = new Map<number, number>();
        for (const s of steps) {
          now += s.wait;
          const granted = grantLease(limits, usage, now, need(s.need, s.writes), need(s.want, s.writes + 2, 100));
          usage = granted.usage;
          const { grant } = granted;
          const unused = need(Math.floor(grant.requests * s.back));
          usage = giveBack(usage, now + 10, grant, unused);
          const minute = minutes.get(grant.minute) ?? { requests: 0, writes: 0 };
          minutes.set(grant.minute, {
            requests: minute.requests + grant.requests - unused.requests,
            writes: minute.writes + grant.writes,
          });
          hours.set(grant.hour, (hours.get(grant.hour) ?? 0) + grant.requests - unused.requests);
          expect(grant.ms).toBeLessThanOrEqual(LEASE_MS);
          if (granted.short.requests === undefined) expect(grant.requests).toBeGreaterThanOrEqual(s.need);
        }
        for (const m of minutes.values()) {
          expect(m.requests).toBeLessThanOrEqual(limits.requestsPerMinute);
          expect(m.writes).toBeLessThanOrEqual(limits.writesPerMinute);
        }
        for (const h of hours.values()) expect(h).toBeLessThanOrEqual(limits.requestsPerHour);
      }),
    );
  });

  it("says which limit is reached and when to come again", () => {
    const now = 60_000 * 1000 + 15_000;
    const all = grantLease(limits, EMPTY_USAGE, now, need(20), need(20));
    expect(all.short).toEqual({});
    expect(grantLease(limits, all.usage, now, need(1), need(1)).short).toEqual({
      requests: { rule: "limit-requests-minute", retryAfter: 45 },
    });
    expect(grantLease(limits, EMPTY_USAGE, now, need(1, 6), need(1, 6)).short).toMatchObject({
      writes: { rule: "limit-writes-minute" },
    });
    expect(grantLease(limits, EMPTY_USAGE, now, need(1, 0, 20_000), need(1)).short).toMatchObject({
      bytes: { rule: "limit-bytes-hour" },
    });
  });

  it("ends a lease with its window, so that it cannot be used in the next one", () => {
    expect(grantLease(limits, EMPTY_USAGE, 60_000 * 1000 + 59_500, need(1), need(10)).grant.ms).toBe(500);
  });

  it("leaves most of what is left to others", () => {
    expect(grantLease(limits, EMPTY_USAGE, 0, need(1), need(20)).grant.requests).toBeLessThanOrEqual(4);
  });
});
