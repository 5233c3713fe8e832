import { UnauthenticatedLimit } from "../../../../gate/worker/auth/unauthenticatedLimit";

it("counts strangers by the minute, and lets them in again", () => {
  const strangers = new UnauthenticatedLimit();
  const refused = Array.from({ length: 7_000 }, () => strangers.retryAfter(1_000)).filter((s) => s !== undefined);
  expect([refused.length, refused[0]]).toEqual([1_000, 60]);
  expect(strangers.retryAfter(61_000)).toBeUndefined();
  // A clock that is set back opens a new minute, and closes nothing.
  expect(strangers.retryAfter(1_000)).toBeUndefined();
});
