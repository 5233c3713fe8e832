import fc from "fast-check";
import { grantsStayWithinLimits, isolatesShareTheLimit, type Course, type Crowd, type Step } from "./oracles/limits";
import { fuzz, literal } from "./support/fuzz";

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("grant" as const),
      requests: fc.nat({ max: 40 }),
      writes: fc.nat({ max: 10 }),
      bytes: fc.nat({ max: 5000 }),
      more: fc.nat({ max: 300 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("back" as const),
      lease: fc.nat({ max: 30 }),
      used: fc.nat({ max: 100 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("time" as const),
      ms: fc.oneof(
        fc.nat({ max: 3000 }),
        fc.integer({ min: -2000, max: 0 }),
        fc.constantFrom(60_000, 3_600_000, 59_999),
      ),
    }),
  },
);
const courses: fc.Arbitrary<Course> = fc.record({
  perMinute: fc.integer({ min: 1, max: 100 }),
  perHour: fc.integer({ min: 1, max: 400 }),
  writes: fc.integer({ min: 0, max: 20 }),
  bytes: fc.integer({ min: 0, max: 20_000 }),
  start: fc.oneof(fc.nat({ max: 3_600_000 }), fc.constantFrom(0, 59_999, 3_599_999)),
  steps: fc.array(step, { minLength: 1, maxLength: 60, size: "max" }),
});
const crowds: fc.Arbitrary<Crowd> = fc.record({
  perMinute: fc.integer({ min: 1, max: 60 }),
  writes: fc.integer({ min: 0, max: 10 }),
  isolates: fc.integer({ min: 1, max: 4 }),
  requests: fc.array(
    fc.record({
      isolate: fc.nat({ max: 3 }),
      write: fc.boolean(),
      wait: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 4 })),
    }),
    { minLength: 1, maxLength: 120, size: "max" },
  ),
  exchanges: fc.array(
    fc.record({
      turns: fc.nat({ max: 3 }),
      lost: fc.oneof(
        { weight: 6, arbitrary: fc.constant("no" as const) },
        fc.constantFrom("request" as const, "answer" as const),
      ),
    }),
    { minLength: 1, maxLength: 6 },
  ),
});

describe("limits", () => {
  fuzz("are never exceeded by what is granted and given back", {
    values: courses,
    holds: grantsStayWithinLimits,
    accepted: 0.8,
    regression: { from: "limits", call: (c) => `grantsStayWithinLimits(${literal(c)})` },
  });
  fuzz("are never exceeded by isolates that share them", {
    cost: 10,
    values: crowds,
    holds: isolatesShareTheLimit,
    accepted: 0.5,
    regression: { from: "limits", call: (c) => `isolatesShareTheLimit(${literal(c)})` },
  });
});
