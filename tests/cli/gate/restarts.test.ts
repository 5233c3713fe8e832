import { restart } from "../../../cli/gate/restarts";

it("starts a process that ran well at once, and one that ends again and again less and less often", () => {
  expect(restart(60_000, 0)).toEqual({ delayMs: 0, shortRuns: 0 });
  expect(restart(60_000, 7)).toEqual({ delayMs: 0, shortRuns: 0 });
  const delays: number[] = [];
  let shortRuns = 0;
  for (let i = 0; i < 8; i++) {
    const next = restart(10, shortRuns);
    delays.push(next.delayMs);
    shortRuns = next.shortRuns;
  }
  expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  expect(restart(0, 1_000_000).delayMs).toBe(5000);
});
