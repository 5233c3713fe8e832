import * as fc from "fast-check";
import { canonicalise, decodeCanonical, targetOf } from "../../../../gate/policy/text/canonical";
import { Refusal } from "../../../../gate/policy/refusals";

const ruleOf = (target: string): string => {
  const result = canonicalise(target);
  return result instanceof Refusal ? result.rule : "passes";
};

describe("canonicalise", () => {
  it.each([
    ["/repos/acme/api", "/repos/acme/../api", "path-dot-segment"],
    ["/repos/acme/api", "/repos/./acme/api", "path-dot-segment"],
    ["/repos/acme/.github", "/repos/acme/..", "path-dot-segment"],
    ["/repos/acme/api", "/repos//acme/api", "path-empty-segment"],
    ["/repos/acme/api", "/repos/acme/api/", "path-empty-segment"],
    ["/repos/acme/a%20b", "/repos/acme/a%2eb", "path-encoding"],
    ["/repos/acme/a%20b", "/repos/acme/%2E%2E", "path-encoding"],
    ["/repos/acme/a%C3%A9", "/repos/acme/a%c3%a9", "path-encoding"],
    ["/repos/acme/a%20b", "/repos/acme/a%2", "path-encoding"],
    ["/repos/acme/a%20b", "/repos/acme/a%25", "path-encoding"],
    ["/repos/acme/a%20b", "/repos/acme/a%00", "path-encoding"],
    ["/repos/acme/a%20b", "/repos/acme/a%0D%0Ab", "path-encoding"],
    ["/repos/acme/a%2Fb", "/repos/acme/a%5Cb", "path-encoding"],
    ["/repos/acme/api", "/repos/acme/api;x=1", "path-character"],
    ["/repos/acme/api", "/repos/acme\\api", "path-character"],
    ["/repos/acme/api", "/repos/acme/é", "path-character"],
    ["/repos/acme/api", "/repos/acme/api#x", "path-character"],
    ["/repos/acme/api", "http://evil/repos/acme/api", "target-malformed"],
    ["/repos/acme/api", "", "target-malformed"],
    ["/repos?page=1", "/repos?", "query-malformed"],
  ])("passes %s and refuses %s", (good, bad, rule) => {
    expect(ruleOf(good)).toBe("passes");
    expect(ruleOf(bad)).toBe(rule);
  });

  it("refuses a target that is too long", () => {
    expect(ruleOf(`/${"a".repeat(8000)}`)).toBe("passes");
    expect(ruleOf(`/${"a".repeat(8200)}`)).toBe("target-too-long");
  });

  it("gives back exactly what came in, and only what the WHATWG URL parser reads the same way", () => {
    const piece = fc.constantFrom(
      "/",
      ".",
      "..",
      "%2e",
      "%2E",
      "%2F",
      "%5C",
      "\\",
      "a",
      "b.git",
      "%20",
      ";",
      "//",
      "%",
      "%252e",
      "?",
      "#",
      "x=1",
      "&",
      "~",
      "é",
      "@",
      ":",
      "%C3%A9",
      "\t",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (parts) => {
        const target = `/${parts.join("")}`;
        const result = canonicalise(target);
        if (result instanceof Refusal) return;
        expect(result.path + (result.query === "" ? "" : `?${result.query}`)).toBe(target);
        const read = new URL(`https://api.github.com${target}`);
        expect(read.host).toBe("api.github.com");
        expect(read.pathname).toBe(result.path);
        expect(read.hash).toBe("");
      }),
      { numRuns: 2000 },
    );
  });

  it("decodes what encodeURIComponent encodes, and nothing twice", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), (text) => {
        const encoded = encodeURIComponent(text);
        const decoded = decodeCanonical(encoded);
        // oxlint-disable-next-line no-control-regex -- these characters are never decoded
        if (/[\u0000-\u001f\u007f%\\]/.test(text)) expect(decoded).toBeUndefined();
        else expect(decoded).toBe(text);
      }),
    );
  });

  it("refuses bytes that are not UTF-8", () => {
    expect(decodeCanonical("%C3%A9")).toBe("é");
    expect(decodeCanonical("%C3")).toBeUndefined();
    expect(decodeCanonical("%C0%AF")).toBeUndefined();
  });

  it("finds the target behind an origin", () => {
    expect(targetOf("https://gate.example:8443/repos/acme?x=1")).toBe("/repos/acme?x=1");
    expect(targetOf("https://gate.example")).toBe("");
  });
});
