import { withoutSignalListeners } from "../../tools/signals";

it("takes away the listeners that were added, keeps those before, and gives back the value", () => {
  const ours = (): void => undefined;
  const theirs = (): void => undefined;
  process.on("SIGTERM", ours);
  try {
    expect(
      withoutSignalListeners(() => {
        process.on("SIGTERM", theirs);
        return 7;
      }),
    ).toBe(7);
    expect(process.listeners("SIGTERM")).toContain(ours);
    expect(process.listeners("SIGTERM")).not.toContain(theirs);
  } finally {
    process.removeListener("SIGTERM", ours);
  }
});
