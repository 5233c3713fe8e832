import { jsonHasOneReading } from "../oracles/json";

it.each([
  ["half a character as a key", '{"\\ud83d":null}'],
  ["two keys that other readers repair to the same one", '{"\\ud83d":1,"\\ud83e":2}'],
])("refuses %s", (_name, text) => {
  expect(jsonHasOneReading(text)).toBe(false);
});
