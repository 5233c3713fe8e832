import fc from "fast-check";
import { UNKNOWN } from "../../providers/types";
import {
  blind,
  containsSecret,
  containsUnknown,
  equal,
  fromPlain,
  fromWire,
  markBagLike,
  markLike,
  sealListsOf,
  Secret,
  SECRET_SIG,
  SIG,
  toPlain,
  toWire,
  type Value,
  type Values,
} from "../../engine/values";
import { anyBag, anyValue } from "./support/anyValue";

/** Every text in a value, with whether a secret holds it. */
function texts(value: Value, secret = false): { text: string; secret: boolean }[] {
  if (value instanceof Secret) return texts(value.value, true);
  if (Array.isArray(value)) return value.flatMap((item) => texts(item, secret));
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap((item) => texts(item, secret));
  return typeof value === "string" ? [{ text: value, secret }] : [];
}

describe("values", () => {
  it("come back from the wire as they went", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(equal(fromWire(toWire(value)), value)).toBe(true);
      }),
    );
  });

  it("reach a provider without marks, and get every mark back from the inputs they came from", () => {
    fc.assert(
      fc.property(anyBag, (inputs) => {
        const plain = toPlain(inputs);
        expect(JSON.stringify(plain)).not.toContain(SECRET_SIG);
        // A list with a secret inside comes back as one secret.
        expect(equal(markLike(fromPlain(plain), inputs), sealListsOf(inputs))).toBe(true);
      }),
    );
  });

  it("never lose a mark when a provider answers in another shape: what holds a secret becomes secret as a whole", () => {
    fc.assert(
      fc.property(anyValue, anyValue, (answer, source) => {
        fc.pre(containsSecret(source) && !containsSecret(answer) && answer !== null);
        const sameShape =
          (Array.isArray(answer) && Array.isArray(source) && answer.length === source.length) ||
          (typeof answer === "object" &&
            !Array.isArray(answer) &&
            typeof source === "object" &&
            !Array.isArray(source) &&
            !(source instanceof Secret));
        fc.pre(!sameShape);
        expect(markLike(answer, source)).toBeInstanceOf(Secret);
      }),
    );
  });

  it("stay secret when a service hands a list back in another order, or repeats a secret elsewhere", () => {
    const hidden = "a hidden text";
    const inputs: Values = {
      id: "x",
      bindings: [
        { name: "B", text: new Secret(hidden) },
        { name: "A", text: "plain" },
      ],
    };
    const answer: Values = {
      id: hidden,
      bindings: [
        { name: "A", text: "plain" },
        { name: "B", text: hidden },
      ],
      copy: { of: hidden },
    };
    const { id, ...marked } = markBagLike(answer, inputs);
    expect(id).toBe(hidden);
    expect(JSON.stringify(blind(marked))).not.toContain(hidden);
    expect(toPlain(marked)).toEqual({ bindings: answer.bindings, copy: answer.copy });
  });

  it("show no secret when blinded", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const shown = texts(blind(value)).map(({ text }) => text);
        expect(shown.filter((text) => text !== "[secret]")).toEqual(
          texts(value)
            .filter(({ secret, text }) => !secret && text !== "[secret]")
            .map(({ text }) => text),
        );
      }),
    );
  });

  it("are unknown when any part is, secrets included", () => {
    expect(containsUnknown({ a: [1, new Secret(UNKNOWN)] })).toBe(true);
    expect(containsUnknown({ a: [1, new Secret("x")] })).toBe(false);
  });

  it("read Pulumi's output values: unknown without a value, secret when they say so", () => {
    const output = (rest: Record<string, unknown>): Record<string, unknown> => ({
      [SIG]: "d0e6a833031e9bbcd3f4e8bde6ca49a4",
      ...rest,
    });
    expect(fromWire(output({}))).toBe(UNKNOWN);
    expect(fromWire(output({ value: "x" }))).toBe("x");
    expect(fromWire(output({ value: "x", secret: true }))).toEqual(new Secret("x"));
  });
});
