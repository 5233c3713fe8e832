import { createHash } from "node:crypto";
import fc from "fast-check";
import { base64, base64url, fromBase64, fromUtf8, hex, sha256, tokenHash, utf8 } from "../../edge/encoding";

it("reads base64 of both alphabets", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(Buffer.from(fromBase64(Buffer.from(bytes).toString("base64url")))).toEqual(Buffer.from(bytes));
      expect(base64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
    }),
  );
});

it("writes bytes as Node does, from a view and from a buffer", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const node = Buffer.from(bytes);
      expect([base64url(bytes), hex(bytes), hex(bytes.slice().buffer)]).toEqual([
        node.toString("base64url"),
        node.toString("hex"),
        node.toString("hex"),
      ]);
    }),
  );
});

it.each(["a", "é", "a*bc"])("refuses %j, which is no base64", (text) => {
  expect(() => fromBase64(text)).toThrow();
});

it("hashes a text's UTF-8 bytes", async () => {
  const text = "ghs_é漢";
  const hash = createHash("sha256").update(text);
  expect(hex(await sha256(text))).toBe(hash.copy().digest("hex"));
  expect(await tokenHash(text)).toBe(hash.digest("base64"));
  expect(fromUtf8(utf8(text))).toBe(text);
});
