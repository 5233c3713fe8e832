import { gatehouse } from "../support/sandbox";

jest.setTimeout(180_000);

it.each([300, 1500, 3000, 5000, 8000, 13_000, 20_000])(
  "leaves no process behind when interrupted after %i ms",
  async (ms) => {
    const running = gatehouse(["sandbox", "rehearse"]);
    await new Promise((resolve) => {
      setTimeout(resolve, ms);
    });
    running.child.kill("SIGINT");
    await running.exited;
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    }); // what was told to end may need a moment
    expect(running.survivors()).toEqual([]);
  },
);
