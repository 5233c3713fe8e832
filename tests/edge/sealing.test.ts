import { createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import fc from "fast-check";
import { base64 } from "../../edge/encoding";
import { derivedSealingKey, openRecord, openText, sealingKey, sealRecord, sealText } from "../../edge/sealing";

/** The bytes 0 to 31. */
const KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const USE = "gatehouse sealed address";

/**
 * Sealed by the versions that had a copy of the code in each place. They lie in token stores, and must open for ever.
 */
const RECORD =
  '{"v":1,"version":7,"iv":"1BAx1q6l1OHj2q0e","data":"bJoRRcpS6vlxOfJuafIocfIaD+S1Mz/XdABFZ1YM6W5Hu+svMVh4pV4V7wGljamjcVd/YAkFqxnXq10z3Jtlk3A="}';
const LFS_SECRET = "6a174c20-f6de-a53c-74d2-6018fcceff64";
const LFS =
  "cm79NiAuTXXXrSAW-vtbqTmMzNzygmj3efHRAtUu3UuM6NyjMShK6FYjlWqimfQ49KcQIuNIB8pwCDKAc4OVfrgw02jQKtPp2uCqjTQ-Dg0";
const DOWNLOAD = "Rsj2fUUMd_0tz2VRvOSarLzIbYXFWDoKEhtgEzmUwgDOv-eQ0yFqUtYG3j9Je2Tr_6RKkL7PV1S-S0xyq_c_";

describe("a record", () => {
  it("of an earlier version opens", async () => {
    expect(await openRecord(await sealingKey(KEY), RECORD)).toEqual({
      version: 7,
      content: { token: "a token — of before", expires_at: "" },
    });
  });
  it("opens for whoever knows the format, without this code", async () => {
    const { iv, data } = JSON.parse(await sealRecord(await sealingKey(KEY), 3, { token: "x" })) as {
      iv: string;
      data: string;
    };
    expect(plain(Buffer.from(KEY, "base64"), Buffer.from(iv, "base64"), Buffer.from(data, "base64"))).toBe(
      '{"token":"x"}',
    );
  });
  it("opens as it was sealed, never with another key, and is never the same twice", async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.string()), fc.nat(), async (content, version) => {
        const key = await sealingKey(base64(randomBytes(32)));
        const [one, two] = [await sealRecord(key, version, content), await sealRecord(key, version, content)];
        expect(one).not.toBe(two);
        expect(await openRecord(key, one)).toEqual({ version, content: { ...content } });
        await expect(openRecord(await sealingKey(base64(randomBytes(32))), one)).rejects.toThrow();
      }),
      { numRuns: 50 },
    );
  });
  it("does not open when it was touched, or has another format", async () => {
    const key = await sealingKey(KEY);
    await expect(openRecord(key, RECORD.replace("bJoR", "bJoS"))).rejects.toMatchObject({ name: "OperationError" });
    await expect(openRecord(key, RECORD.replace('"v":1', '"v":2'))).rejects.toThrow("unknown format");
  });
  it("takes a key of 32 bytes alone", async () => {
    await expect(sealingKey(base64(randomBytes(16)))).rejects.toThrow("base64 of 32 bytes");
  });
});

describe("a text", () => {
  it("of an earlier version opens, under either secret of a gate", async () => {
    expect(await openText(await derivedSealingKey(LFS_SECRET, USE), "lfs\nhash+of/the=token", LFS)).toEqual({
      href: "https://storage.example/x?sig=ü",
      size: 3,
    });
    expect(await openText(await derivedSealingKey(KEY, USE), "download\n", DOWNLOAD)).toEqual({
      url: "https://storage.example/y",
    });
  });
  it("opens for whoever knows the format, without this code", async () => {
    const sealed = Buffer.from(await sealText(await derivedSealingKey("secret", USE), "lfs\nx", { a: 1 }), "base64url");
    const key = Buffer.from(hkdfSync("sha256", "secret", "", USE, 32));
    expect(plain(key, sealed.subarray(0, 12), sealed.subarray(12), "lfs\nx")).toBe('{"a":1}');
  });
  it.each([
    ["bound to something else", USE, "lfs\nanother", LFS],
    ["for another use", "another use", "lfs\nhash+of/the=token", LFS],
    ["with a bit changed", USE, "lfs\nhash+of/the=token", LFS.replace("TXXX", "TXXY")],
    ["cut short", USE, "lfs\nhash+of/the=token", LFS.slice(0, 39)],
    ["in the other alphabet", USE, "lfs\nhash+of/the=token", LFS.replaceAll("-", "+")],
    ["empty", USE, "lfs\nhash+of/the=token", ""],
  ])("%s does not open", async (_, use, bound, text) => {
    expect(await openText(await derivedSealingKey(LFS_SECRET, use), bound, text)).toBeUndefined();
  });
  it("is never the same twice", async () => {
    const key = await derivedSealingKey("secret", USE);
    expect(await sealText(key, "", {})).not.toBe(await sealText(key, "", {}));
  });
});

function plain(key: Buffer, iv: Buffer, data: Buffer, associated?: string): string {
  const cipher = createDecipheriv("aes-256-gcm", key, iv).setAuthTag(data.subarray(-16));
  if (associated !== undefined) cipher.setAAD(Buffer.from(associated));
  return cipher.update(data.subarray(0, -16), undefined, "utf8") + cipher.final("utf8");
}
