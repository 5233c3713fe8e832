import { ATTACK_CLASSES, CATALOGUE } from "../../../infra/model";

it("puts every action that something stops into one class, and no other", () => {
  const stopped = CATALOGUE.filter(({ at }) => Object.values(at).some((effect) => effect !== "allowed")).map(
    ({ id }) => id,
  );
  const classed = ATTACK_CLASSES.flatMap(({ actions }) => actions);
  expect([...classed].sort()).toEqual([...stopped].sort());
  expect(new Set(classed).size).toBe(classed.length);
});

it("names each class once, with an actor and a control", () => {
  const ids = ATTACK_CLASSES.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { actors, controls } of ATTACK_CLASSES) {
    expect(actors.length).toBeGreaterThan(0);
    expect(controls.length).toBeGreaterThan(0);
  }
});
