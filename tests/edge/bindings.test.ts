import { binding, bindingKinds, json, only } from "../../edge/bindings";

const LIST = {
  CONFIG: json<{ a: number }>(),
  SECRET: only("vault", binding("secret_text")),
  HEADER: only(["self-hosted", "proxy"], binding("plain_text")),
  STORE: binding("kv_namespace"),
} as const;

it.each([
  [[], ["CONFIG json", "STORE kv_namespace"]],
  [["vault"], ["CONFIG json", "SECRET secret_text", "STORE kv_namespace"]],
  [["proxy"], ["CONFIG json", "STORE kv_namespace"]],
  [
    ["proxy", "self-hosted"],
    ["CONFIG json", "HEADER plain_text", "STORE kv_namespace"],
  ],
] as const)(
  "has what is always there, and what all conditions of %j ask for, in the list's order",
  (conditions, expected) => {
    expect([...bindingKinds(LIST, conditions)].map((entry) => entry.join(" "))).toEqual(expected);
  },
);

it("knows the conditions of its list alone", () => {
  // @ts-expect-error no binding has this condition
  expect(bindingKinds(LIST, ["valut"]).has("SECRET")).toBe(false);
});
