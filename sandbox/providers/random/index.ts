import { randomUUID } from "node:crypto";
import { genSalt, hash } from "bcryptjs";
import type { CheckFailure, ProviderPackage, Props } from "../types";
import type { Properties } from "../support/properties";
import { DeclarativeProvider } from "../support/provider";
import type { Live, ResourceType } from "../support/resource";
import { drawBytes, drawString } from "./draw";

/** The random package has no service behind it. */
type NoClient = undefined;

/** The cost that the real provider uses. */
const BCRYPT_COST = 10;

const KEEPERS: Properties = { keepers: { kind: "map", replace: true } };

const STRING: Properties = {
  ...KEEPERS,
  length: { kind: "number", required: true, replace: true },
  lower: { kind: "boolean", default: true, computed: true, replace: true },
  minLower: { kind: "number", default: 0, computed: true, replace: true },
  minNumeric: { kind: "number", default: 0, computed: true, replace: true },
  minSpecial: { kind: "number", default: 0, computed: true, replace: true },
  minUpper: { kind: "number", default: 0, computed: true, replace: true },
  number: { kind: "boolean", computed: true, replace: true },
  numeric: { kind: "boolean", computed: true, replace: true },
  overrideSpecial: { kind: "string", replace: true },
  special: { kind: "boolean", default: true, computed: true, replace: true },
  upper: { kind: "boolean", default: true, computed: true, replace: true },
  result: { kind: "string", output: true },
};

/** A type whose values are drawn once and never change: there is nothing to read and nothing to delete. */
function drawn(
  properties: Properties,
  draw: (plan: Props) => Promise<Live> | Live,
  importFrom: (id: string) => Promise<Live> | Live,
  more: Pick<ResourceType<NoClient>, "check" | "derive"> = {},
): ResourceType<NoClient> {
  return {
    properties,
    create: async (_client, { plan }) => draw(plan),
    // Without the drawn value in the state this is an import, whose id is the value.
    read: async (_client, id, state) =>
      Object.entries(properties).some(([name, { output }]) => output && state[name] !== undefined)
        ? { id, outs: {} }
        : importFrom(id),
    // Only properties that do not force a replacement could come here; the plan becomes the state.
    update: (_client, id) => Promise.resolve({ id, outs: {} }),
    ...more,
  };
}

/** `number` is the deprecated name of `numeric`; each follows the other. */
function sameNumber(given: Props): Props {
  const numeric = given.numeric ?? given.number ?? true;
  return { number: numeric, numeric };
}

function stringOf(plan: Props): string {
  const overrideSpecial = typeof plan.overrideSpecial === "string" ? { overrideSpecial: plan.overrideSpecial } : {};
  return drawString({
    length: Number(plan.length),
    upper: truthy(plan.upper),
    minUpper: Number(plan.minUpper),
    lower: truthy(plan.lower),
    minLower: Number(plan.minLower),
    numeric: truthy(plan.numeric),
    minNumeric: Number(plan.minNumeric),
    special: truthy(plan.special),
    minSpecial: Number(plan.minSpecial),
    ...overrideSpecial,
  });
}

function checkString(inputs: Props): CheckFailure[] {
  const failures: CheckFailure[] = [];
  const length = inputs.length;
  if (typeof length === "number" && (!Number.isInteger(length) || length < 1))
    failures.push({ property: "length", reason: `must be a whole number of at least 1, but is ${length}` });
  const minima = ["minLower", "minNumeric", "minSpecial", "minUpper"].reduce(
    (sum, name) => sum + (typeof inputs[name] === "number" ? inputs[name] : 0),
    0,
  );
  if (typeof length === "number" && minima > length)
    failures.push({
      property: "length",
      reason: `must be at least ${minima}, the sum of the minimum counts, but is ${length}`,
    });
  if (inputs.number !== undefined && inputs.numeric !== undefined && inputs.number !== inputs.numeric)
    failures.push({ property: "number", reason: `conflicts with "numeric"; use "numeric" alone` });
  return failures;
}

function checkAtLeastOne(name: string): (inputs: Props) => CheckFailure[] {
  return (inputs) => {
    const value = inputs[name];
    return typeof value === "number" && (!Number.isInteger(value) || value < 1)
      ? [{ property: name, reason: `must be a whole number of at least 1, but is ${value}` }]
      : [];
  };
}

const STRING_META = JSON.stringify({ schema_version: "3" });

async function passwordLive(text: string, more: Props): Promise<Live> {
  // The real provider's library writes "2a"; for texts of up to 72 bytes, all that bcrypt looks at, it is the same
  // algorithm as "2b".
  const salt = (await genSalt(BCRYPT_COST)).replace(/^\$2b\$/, "$2a$");
  return { id: "none", outs: { ...more, result: text, bcryptHash: await hash(text, salt), __meta: STRING_META } };
}

function importedString(text: string): Props {
  return {
    length: text.length,
    lower: true,
    minLower: 0,
    minNumeric: 0,
    minSpecial: 0,
    minUpper: 0,
    number: true,
    numeric: true,
    special: true,
    upper: true,
  };
}

const RANDOM_PASSWORD = drawn(
  {
    ...STRING,
    bcryptHash: { kind: "string", output: true, secret: true },
    result: { kind: "string", output: true, secret: true },
  },
  (plan) => passwordLive(stringOf(plan), {}),
  (id) => passwordLive(id, importedString(id)),
  { check: checkString, derive: sameNumber },
);

const RANDOM_STRING = drawn(
  STRING,
  (plan) => {
    const text = stringOf(plan);
    return { id: text, outs: { result: text, __meta: JSON.stringify({ schema_version: "2" }) } };
  },
  (id) => ({ id, outs: { ...importedString(id), result: id, __meta: JSON.stringify({ schema_version: "2" }) } }),
  { check: checkString, derive: sameNumber },
);

function idOutputs(bytes: Buffer, prefix: string): Props {
  return {
    byteLength: bytes.length,
    hex: prefix + bytes.toString("hex"),
    dec: prefix + BigInt(`0x${bytes.toString("hex") || "0"}`).toString(10),
    b64Std: prefix + bytes.toString("base64"),
    b64Url: prefix + bytes.toString("base64url"),
  };
}

const RANDOM_ID = drawn(
  {
    ...KEEPERS,
    byteLength: { kind: "number", required: true, replace: true },
    prefix: { kind: "string", replace: true },
    b64Std: { kind: "string", output: true },
    b64Url: { kind: "string", output: true },
    dec: { kind: "string", output: true },
    hex: { kind: "string", output: true },
  },
  (plan) => {
    const bytes = drawBytes(Number(plan.byteLength));
    return {
      id: bytes.toString("base64url"),
      outs: idOutputs(bytes, typeof plan.prefix === "string" ? plan.prefix : ""),
    };
  },
  (id) => {
    const comma = id.lastIndexOf(",");
    const prefix = comma >= 0 ? id.slice(0, comma) : "";
    const text = id.slice(comma + 1);
    return {
      id: text,
      outs: { ...(prefix === "" ? {} : { prefix }), ...idOutputs(Buffer.from(text, "base64url"), prefix) },
    };
  },
  { check: checkAtLeastOne("byteLength") },
);

const RANDOM_BYTES = drawn(
  {
    ...KEEPERS,
    length: { kind: "number", required: true, replace: true },
    base64: { kind: "string", output: true, secret: true },
    hex: { kind: "string", output: true, secret: true },
  },
  (plan) => {
    // In clear, like every id: the real plugin's id is the value too.
    const bytes = drawBytes(Number(plan.length));
    return {
      id: bytes.toString("base64"),
      outs: { id: undefined, base64: bytes.toString("base64"), hex: bytes.toString("hex") },
    };
  },
  (id) => {
    const bytes = Buffer.from(id, "base64");
    const base64 = bytes.toString("base64");
    return { id: base64, outs: { id: undefined, length: bytes.length, base64, hex: bytes.toString("hex") } };
  },
  { check: checkAtLeastOne("length") },
);

const RANDOM_UUID = drawn(
  { ...KEEPERS, result: { kind: "string", output: true } },
  () => {
    const uuid = randomUUID();
    return { id: uuid, outs: { result: uuid } };
  },
  (id) => ({ id, outs: { result: id } }),
);

/** The resource types by token. */
export const RANDOM_TYPES: Readonly<Record<string, ResourceType<NoClient>>> = {
  "random:index/randomBytes:RandomBytes": RANDOM_BYTES,
  "random:index/randomId:RandomId": RANDOM_ID,
  "random:index/randomPassword:RandomPassword": RANDOM_PASSWORD,
  "random:index/randomString:RandomString": RANDOM_STRING,
  "random:index/randomUuid:RandomUuid": RANDOM_UUID,
};

function truthy(value: unknown): boolean {
  return value === true || value === "true";
}

/** Passwords, ids, bytes, strings and UUIDs, as @pulumi/random 4.21.1 makes them. */
export const randomPackage: ProviderPackage = {
  name: "random",
  version: "4.21.1",
  types: Object.keys(RANDOM_TYPES),
  functions: [],
  create: () =>
    Promise.resolve(
      new DeclarativeProvider<NoClient>({
        name: "random",
        flavour: "framework",
        types: RANDOM_TYPES,
        functions: {},
        client: () => Promise.resolve(undefined),
      }),
    ),
};
