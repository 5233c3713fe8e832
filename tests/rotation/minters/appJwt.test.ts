import { createVerify, generateKeyPairSync, randomBytes } from "node:crypto";
import { base64 } from "../../../edge/encoding";
import { sealRecord, sealingKey } from "../../../edge/sealing";
import { appJwt } from "../../../rotation/minters/appJwt";
import { KvCell } from "../../../rotation/stores/kv";

const now = Date.UTC(2026, 5, 1);

describe("an App's signature, and a seal whose key is gone", () => {
  it.each(["pkcs1", "pkcs8"] as const)("makes an App's JWT from a %s key", async (type) => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      privateKeyEncoding: { type, format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    const [head = "", body = "", signature = ""] = (await appJwt(7, privateKey, now)).split(".");
    expect(
      createVerify("RSA-SHA256").update(`${head}.${body}`).verify(publicKey, Buffer.from(signature, "base64url")),
    ).toBe(true);
    const claims = JSON.parse(Buffer.from(body, "base64url").toString()) as { iat: number; exp: number; iss: string };
    expect(claims).toMatchObject({ iss: "7" });
    expect(claims.exp - now / 1000).toBeLessThanOrEqual(600);
  });
  it("takes what was sealed under a key that is gone for deleted, and puts the next value in its place", async () => {
    const [lost, key] = [base64(randomBytes(32)), base64(randomBytes(32))];
    let stored = { version: 7, value: await sealRecord(await sealingKey(lost), 7, { token: "x" }) };
    const storage = {
      get: () => Promise.resolve(stored),
      put: (_name: string, value: string, cas: number) => {
        expect(cas).toBe(stored.version);
        stored = { version: cas + 1, value };
        return Promise.resolve();
      },
    };
    const cell = new KvCell(storage, "token", key);
    expect(await cell.read()).toEqual({ version: 7 });
    expect(await cell.write({ token: "y" }, 7)).toBe(8);
    expect(await cell.read()).toEqual({ version: 8, data: { token: "y" } });
    stored = { version: 8, value: "no seal" };
    await expect(cell.read()).rejects.toThrow();
  });
});
