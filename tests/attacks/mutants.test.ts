import { EQUIVALENT } from "./equivalent";
import { sourceOf } from "./support/bundle";
import { filters, sites } from "./support/mutants";

describe("the guards that `npm run mutate` takes out", () => {
  it("are found in the gate's source", () => {
    expect(sites().length).toBeGreaterThan(250);
    expect(filters().length).toBeGreaterThan(40);
  });

  it("are excused only by lines that the source still has", () => {
    expect(EQUIVALENT.filter(([file, line]) => !sourceOf(file).includes(line))).toEqual([]);
  });
});
