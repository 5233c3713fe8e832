import { createPublicKey, randomBytes, verify } from "node:crypto";
import { checkpointBytes, signCheckpoint } from "../../../gate/policy/checkpoint";
import { ed25519PublicKey } from "../../../infra/cloudflare/keys";

const record = { seq: 17, hash: "a".repeat(64) };

it("signs so that Node's own Ed25519 accepts it with the public half that the stack shows, and nothing else", async () => {
  const seed = randomBytes(32).toString("base64");
  const made = await signCheckpoint(seed, record);
  expect(made).toEqual({ v: 1, ...record, key: ed25519PublicKey(seed), signature: expect.any(String) as string });
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: made.key }, format: "jwk" });
  const holds = (at: typeof record): boolean =>
    verify(null, checkpointBytes(at), key, Buffer.from(made.signature, "base64url"));
  expect(holds(record)).toBe(true);
  for (const other of [
    { ...record, seq: 18 },
    { ...record, hash: "b".repeat(64) },
  ])
    expect(holds(other)).toBe(false);
});

it("signs the same twice: a mover that died leaves what the next one would write", async () => {
  const seed = randomBytes(32).toString("base64");
  expect(await signCheckpoint(seed, record)).toEqual(await signCheckpoint(seed, record));
});
