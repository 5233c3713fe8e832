import fc from "fast-check";
import { fromWire, Secret, toWire, type Value, type Values } from "../../../engine/values";
import { UNKNOWN } from "../../../providers/types";

/** Any property value, secrets at any depth (but none inside another: the wire's reader flattens those). */
export const anyValue: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Value>(null, true, false, UNKNOWN),
    fc.integer(),
    fc.string(),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), tie("value"), { maxKeys: 3 }),
    tie("value").map((value) => fromWire(toWire(new Secret(value)))),
  ),
})).value;
export const anyBag = fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), anyValue, {
  maxKeys: 4,
}) as fc.Arbitrary<Values>;
