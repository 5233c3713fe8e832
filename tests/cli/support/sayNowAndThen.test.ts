import { sayNowAndThen } from "../../../cli/support/sayNowAndThen";

it("says how far it is after three seconds, and not at every step", () => {
  const written = jest.spyOn(process.stderr, "write").mockReturnValue(true);
  let now = 0;
  const say = sayNowAndThen(() => now);
  try {
    for (now = 0; now < 7_000; now += 100) say(() => `${now} records`);
    expect(written.mock.calls).toEqual([["3000 records …\n"], ["6000 records …\n"]]);
  } finally {
    written.mockRestore();
  }
});
