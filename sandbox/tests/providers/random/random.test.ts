import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compare as matches } from "bcryptjs";
import fc from "fast-check";
import { randomPackage } from "../../../providers/random";
import { drawString, type StringParameters } from "../../../providers/random/draw";
import type { Props } from "../../../providers/types";
import { urnOf } from "../support/replay";

const token = (name: string): string => `random:index/random${name}:Random${name}`;
const make = async (name: string, inputs: Props) => {
  const provider = await randomPackage.create({}, {});
  const urn = urnOf(token(name), "r");
  const { inputs: checked, failures } = await provider.check(urn, {}, inputs);
  if (failures) throw new Error(JSON.stringify(failures));
  return { provider, urn, inputs: checked, ...(await provider.create(urn, checked, false)) };
};
const count = (text: string, pattern: RegExp): number =>
  [...text].filter((character) => pattern.test(character)).length;

describe("random values", () => {
  const parameters = fc
    .record({
      minUpper: fc.nat(5),
      minLower: fc.nat(5),
      minNumeric: fc.nat(5),
      minSpecial: fc.nat(5),
      more: fc.nat(20),
      upper: fc.boolean(),
      lower: fc.boolean(),
      numeric: fc.boolean(),
      special: fc.boolean(),
    })
    .filter(({ upper, lower, numeric, special }) => upper || lower || numeric || special)
    .map(({ more, ...rest }): StringParameters => ({
      ...rest,
      length: rest.minUpper + rest.minLower + rest.minNumeric + rest.minSpecial + more,
    }));

  it("have the wanted length, the minima, and only wanted characters beyond them", () => {
    fc.assert(
      fc.property(parameters, (wanted) => {
        const text = drawString(wanted);
        expect(text).toHaveLength(wanted.length);
        for (const [pattern, minimum, allowed] of [
          [/[A-Z]/, wanted.minUpper, wanted.upper],
          [/[a-z]/, wanted.minLower, wanted.lower],
          [/[0-9]/, wanted.minNumeric, wanted.numeric],
          [/[^A-Za-z0-9]/, wanted.minSpecial, wanted.special],
        ] as const) {
          const found = count(text, pattern);
          expect(found).toBeGreaterThanOrEqual(minimum);
          if (!allowed) expect(found).toBe(minimum);
        }
      }),
    );
  });

  it("use every character of a set about equally often, at every place", () => {
    const draws = 4000;
    const wanted: StringParameters = {
      length: 5,
      upper: false,
      minUpper: 0,
      lower: false,
      minLower: 0,
      numeric: true,
      minNumeric: 1,
      special: false,
      minSpecial: 0,
    };
    const texts = Array.from({ length: draws }, () => drawString(wanted));
    for (let place = 0; place < wanted.length; place++) {
      for (const digit of "0123456789") {
        const found = texts.filter((text) => text[place] === digit).length;
        // 400 expected, with a deviation of 19: seven deviations either side.
        expect(found).toBeGreaterThan(267);
        expect(found).toBeLessThan(533);
      }
    }
  });

  it("put a demanded character at every place about equally often", () => {
    const off = { upper: false, minUpper: 0, special: false, minSpecial: 0 };
    const wanted: StringParameters = { ...off, length: 4, lower: true, minLower: 0, numeric: false, minNumeric: 1 };
    const places = Array.from({ length: 4000 }, () => drawString(wanted).search(/[0-9]/));
    for (let place = 0; place < wanted.length; place++) {
      const found = places.filter((other) => other === place).length;
      // 1000 expected, with a deviation of 27.
      expect(found).toBeGreaterThan(808);
      expect(found).toBeLessThan(1192);
    }
  });

  it("use a given set of special characters instead of the usual one", () => {
    const text = drawString({
      length: 40,
      upper: false,
      minUpper: 0,
      lower: false,
      minLower: 0,
      numeric: false,
      minNumeric: 0,
      special: true,
      minSpecial: 0,
      overrideSpecial: "_-",
    });
    expect(text).toMatch(/^[_-]{40}$/);
  });

  it("refuse an empty set and minima that do not fit", () => {
    const none: StringParameters = {
      length: 4,
      upper: false,
      minUpper: 0,
      lower: false,
      minLower: 0,
      numeric: false,
      minNumeric: 0,
      special: false,
      minSpecial: 0,
    };
    expect(() => drawString(none)).toThrow("the character set specified is empty");
    expect(() => drawString({ ...none, lower: true, minLower: 5 })).toThrow("more than length 4");
  });
});

describe("the random provider", () => {
  const sample = JSON.parse(
    readFileSync(join(__dirname, "../../../../tests/fixtures/pulumi/1-create.export.json"), "utf8"),
  ) as {
    deployment: { resources: { type: string; id: string; inputs: Props; outputs: Props }[] };
  };
  const sampled = (type: string): { id: string; inputs: Props; outputs: Props } =>
    sample.deployment.resources.find((resource) => resource.type === type) ?? { id: "", inputs: {}, outputs: {} };
  const shape = (outputs: Props) =>
    Object.keys(outputs)
      .filter((key) => key !== "__pulumi_raw_state_delta")
      .sort();

  it("makes a password in the real provider's shape, with a bcrypt hash that fits", async () => {
    const { id, outs } = await make("Password", { length: 32 });
    const real = sampled(token("Password"));
    expect(id).toBe(real.id);
    expect(shape(outs)).toEqual(shape(real.outputs));
    for (const [name, value] of Object.entries(outs))
      if (!["result", "bcryptHash"].includes(name)) expect({ [name]: value }).toEqual({ [name]: real.outputs[name] });
    expect(outs.bcryptHash).toMatch(/^\$2a\$10\$/);
    expect(await matches(String(outs.result), String(outs.bcryptHash))).toBe(true);
  });

  it("makes an id in the real provider's shape, all forms of the same bytes", async () => {
    const { id, outs } = await make("Id", { byteLength: 4 });
    expect(shape(outs)).toEqual(shape(sampled(token("Id")).outputs));
    const bytes = Buffer.from(id, "base64url");
    expect(bytes).toHaveLength(4);
    expect(outs).toMatchObject({
      b64Url: id,
      b64Std: bytes.toString("base64"),
      hex: bytes.toString("hex"),
      dec: String(bytes.readUInt32BE()),
    });
  });

  it("puts a prefix before all forms of an id, and reads both back at an import", async () => {
    const { provider, urn, id, outs } = await make("Id", { byteLength: 6, prefix: "bot-" });
    expect([outs.hex, outs.dec, outs.b64Std, outs.b64Url].every((form) => String(form).startsWith("bot-"))).toBe(true);
    const { props } = await provider.read(`bot-,${id}`, urn, {});
    expect(props).toMatchObject({ prefix: "bot-", hex: outs.hex, byteLength: 6 });
  });

  it("makes bytes, strings and UUIDs", async () => {
    const bytes = await make("Bytes", { length: 64 });
    // As the real plugin has it, in clear; whoever makes a secret takes a password, whose id says nothing.
    expect(bytes.id).toBe(bytes.outs.base64);
    expect(Buffer.from(String(bytes.outs.base64), "base64").toString("hex")).toBe(bytes.outs.hex);
    expect(String(bytes.outs.hex)).toHaveLength(128);
    const text = await make("String", { length: 12, special: false });
    expect(text.id).toBe(text.outs.result);
    expect(text.outs.result).toMatch(/^[A-Za-z0-9]{12}$/);
    const uuid = await make("Uuid", {});
    expect(uuid.outs.result).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("marks passwords and bytes secret, strings not", async () => {
    const provider = await randomPackage.create({}, {});
    expect(provider.secretOutputs(token("Password")).sort()).toEqual(["bcryptHash", "result"]);
    expect(provider.secretOutputs(token("Bytes")).sort()).toEqual(["base64", "hex"]);
    expect(provider.secretOutputs(token("String"))).toEqual([]);
  });

  it("keeps its value at a second preview and a refresh, and replaces it when an input changes", async () => {
    const { provider, urn, id, inputs, outs } = await make("Password", { length: 32, keepers: { at: "1" } });
    const diff = (news: Props) => provider.diff(id, urn, outs, inputs, news);
    expect(await diff(inputs)).toMatchObject({ changes: false });
    expect((await provider.read(id, urn, outs, inputs)).props).toEqual(outs);
    expect(await diff({ ...inputs, length: 40 })).toMatchObject({
      changes: true,
      replaces: ["length"],
      detailedDiff: {},
    });
    expect(await diff({ ...inputs, keepers: { at: "2" } })).toMatchObject({ replaces: ["keepers"] });
    expect(await diff({ ...inputs, numeric: false })).toMatchObject({ replaces: ["number", "numeric"] });
  });

  it("takes the state that the real provider wrote as unchanged", async () => {
    const provider = await randomPackage.create({}, {});
    for (const type of [token("Password"), token("Id")]) {
      const { id, inputs, outputs } = sampled(type);
      expect(await provider.diff(id, urnOf(type, "r"), outputs, inputs, inputs)).toMatchObject({ changes: false });
    }
  });

  it.each([
    ["Password", { length: 0 }, "length"],
    ["Password", { length: 3, minLower: 2, minUpper: 2 }, "length"],
    ["Password", { length: 8, number: true, numeric: false }, "number"],
    ["Id", { byteLength: 0 }, "byteLength"],
    ["Bytes", {}, "length"],
  ])("refuses Random%s %j", async (name, inputs, property) => {
    const provider = await randomPackage.create({}, {});
    expect((await provider.check(urnOf(token(name), "r"), {}, inputs)).failures).toEqual([
      expect.objectContaining({ property }),
    ]);
  });
});
