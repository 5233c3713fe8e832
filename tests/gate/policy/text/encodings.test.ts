import { createHash, randomBytes } from "node:crypto";
import * as fc from "fast-check";
import { Searcher } from "../../../../gate/policy/git/pack";
import { DecodingBudget, decodings } from "../../../../gate/policy/text/encodings";
import { readPattern } from "../../../../gate/policy/text/ownPattern";
import { findSecrets, matchSecrets, type SecretRules } from "../../../../gate/policy/text/secrets";

const token = (): string => `ghp_${randomBytes(18).toString("hex")}`;
const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
const wrapped = (text: string, columns: number, end: string): string =>
  text.replace(new RegExp(`(.{${columns}})`, "g"), `$1${end}`);

/** One text in many writings. */
const WRITINGS: Readonly<Record<string, (text: string) => string>> = {
  base64: (text) => bytes(text).toString("base64"),
  base64url: (text) => bytes(text).toString("base64url"),
  "base64 in lines of 60": (text) => wrapped(bytes(text).toString("base64"), 60, "\n"),
  "base64 in indented lines": (text) => wrapped(bytes(text).toString("base64"), 48, "\r\n    "),
  "base64 from the middle of a word": (text) => `ab${bytes(text).toString("base64")}`,
  "hexadecimal digits": (text) => bytes(text).toString("hex"),
  "hexadecimal digits in capitals, after a zero": (text) => `0${bytes(text).toString("hex").toUpperCase()}`,
  "percent-encoding": (text) => [...bytes(text)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
  "percent-encoding of one character": (text) => text.replace("_", "%5F"),
  "JSON escapes": (text) => [...text].map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""),
  "a JSON text with line ends": (text) => JSON.stringify(`first\n${text}\tlast`),
  "JSON in JSON": (text) => JSON.stringify(JSON.stringify({ key: `\n${text}` })),
  "byte escapes": (text) => [...bytes(text)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join(""),
  "a continued line": (text) => `${text.slice(0, 20)}\\\n${text.slice(20)}`,
  "UTF-16": (text) => Buffer.from(text, "utf16le").toString("latin1"),
  "UTF-16, big end first": (text) => Buffer.from(text, "utf16le").swap16().toString("latin1"),
};
const writings = Object.entries(WRITINGS);

it.each(writings)("finds a credential in %s, and that in each other writing", (writing, write) => {
  const secret = token();
  expect(findSecrets(`x ${write(secret)} y`).map(({ rule }) => rule)).toEqual(["github-classic-token"]);
  for (const [name, outer] of writings) {
    // Two levels each are one more than is taken off, and nobody writes UTF-16 in UTF-16.
    if (
      (name === "JSON in JSON" && /JSON in JSON|indented/.test(writing)) ||
      (name === "a continued line" && writing.includes("indented")) ||
      (name.startsWith("UTF") && writing.startsWith("UTF"))
    )
      continue;
    const found = matchSecrets(outer(`some words before ${write(secret)} and after`));
    expect([name, found.map(({ rule, value }) => [rule, value])]).toEqual([name, [["github-classic-token", secret]]]);
  }
});

it.each(writings)("finds own forms and canary tokens in %s too", (_, write) => {
  const decoy = `decoy-${randomBytes(12).toString("hex")}`;
  const own = `acme_${randomBytes(12).toString("hex")}`;
  const rules: SecretRules = {
    patterns: [readPattern("acme-key", "acme_[a-f0-9]{24}")],
    canaries: new Map([[createHash("sha256").update(decoy).digest("hex"), "wiki"]]),
  };
  expect(findSecrets(`x ${write(decoy)} y`, 0, 20, rules)).toMatchObject([{ rule: "canary-token", reason: "wiki" }]);
  expect(findSecrets(`x ${write(own)} y`, 0, 20, rules)).toMatchObject([{ rule: "acme-key" }]);
  expect(findSecrets(`x ${write(`${decoy.slice(0, -1)}x`)} ${write(own.slice(0, -1))} y`, 0, 20, rules)).toEqual([]);
});

it("takes what is written in another way and allowed for allowed, and names the place in the content", () => {
  const secret = token();
  const rules: SecretRules = { allows: (value) => (value === secret ? "demo" : undefined) };
  const packed = bytes(secret).toString("base64");
  expect(findSecrets(`key: ${packed}`, 0, 20, rules)).toMatchObject([{ rule: "allowed-secret", reason: "demo" }]);
  expect(findSecrets(`key: ${packed}`)).toMatchObject([{ offset: 5 }]);
  expect(findSecrets(`a%20b ${secret}`)).toMatchObject([{ offset: 6 }]);
  expect(findSecrets(`a\\n${secret}`)).toMatchObject([{ offset: 3 }]);
});

it("finds nothing in ordinary texts that are full of encodings", () => {
  const random = fc.sample(fc.uint8Array({ minLength: 3000, maxLength: 3000 }), { numRuns: 5, seed: 5 });
  for (const one of random)
    for (const [, write] of writings) expect(findSecrets(write(Buffer.from(one).toString("latin1")))).toEqual([]);
});

it("finds in a stream, wherever it is cut, what is encoded in it", () => {
  const secret = token();
  fc.assert(
    fc.property(
      fc.constantFrom(...writings.map(([, write]) => write)),
      fc.integer({ min: 0, max: 70_000 }),
      fc.integer({ min: 1, max: 40_000 }),
      (write, before, step) => {
        const text = `${"some words, ".repeat(before / 12)}${write(secret)}\n${"more words. ".repeat(4000)}`;
        const found: string[] = [];
        const searcher = new Searcher((findings) => found.push(...findings.map(({ rule }) => rule)));
        searcher.begin();
        for (let at = 0; at < text.length; at += step) searcher.push(bytes(text.slice(at, at + step)));
        searcher.end();
        expect(new Set(found)).toEqual(new Set(["github-classic-token"]));
      },
    ),
    { seed: 2, numRuns: 40 },
  );
});

it("decodes an amount that grows with the content and no faster, and refuses what has more", () => {
  const all = (text: string): number => {
    const budget = new DecodingBudget(text.length);
    const walk = (inner: string, depth: number): void => {
      if (depth < 3) for (const decoded of decodings(inner, budget)) walk(decoded.text, depth + 1);
    };
    walk(text, 0);
    return budget.spent;
  };
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("VVVV", "6767", "%41", "\\u0041", "\\x41", "a\0", "\n", " ", "QUJD"), {
        minLength: 1,
        maxLength: 200,
      }),
      (parts) => {
        const one = parts.join("").repeat(50);
        expect(all(one)).toBeLessThanOrEqual(18 * one.length + 70_000);
      },
    ),
    { seed: 4, numRuns: 60 },
  );
  // Made to be read in every way at every level.
  const packed = (text: string, times: number): string =>
    times === 0 ? text : packed(bytes(text).toString("base64"), times - 1);
  const bomb = `${"\\u0041%41".repeat(2_000)}${packed("%41\\x41 ".repeat(4_000), 3)}`;
  expect(all(bomb)).toBeLessThanOrEqual(18 * bomb.length + 70_000);
});
