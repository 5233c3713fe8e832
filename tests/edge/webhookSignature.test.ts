import { randomBytes } from "node:crypto";
import { base64 } from "../../edge/encoding";
import { signWebhook, verifyWebhook, webhookHeaders } from "../../edge/webhookSignature";

const now = Date.UTC(2026, 5, 1);

it("signs like the published vector of Standard Webhooks", async () => {
  expect(
    await signWebhook(
      "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
      "msg_p5jXN8AQM9LWM0D4loKWxJek",
      1614265330,
      '{"test": 2432232314}',
    ),
  ).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
});

it("refuses an old delivery, another id and another body", async () => {
  const secret = `whsec_${base64(randomBytes(32))}`;
  const at = Math.floor(now / 1000);
  const signature = await signWebhook(secret, "m", at, "{}");
  const check = (id: string, timestamp: number, body: string) =>
    verifyWebhook(secret, { id, timestamp: String(timestamp), signature }, body, now);
  expect([
    await check("m", at, "{}"),
    await check("n", at, "{}"),
    await check("m", at - 1, "{}"),
    await check("m", at, "{ }"),
  ]).toEqual([true, false, false, false]);
  expect(await verifyWebhook(secret, { id: "m", timestamp: String(at), signature }, "{}", now + 301_000)).toBe(false);
});

it("takes one good signature among others, and none that is not base64", async () => {
  const secret = `whsec_${base64(randomBytes(32))}`;
  const signature = await signWebhook(secret, "m", now / 1000, "{}");
  const check = (text: string) =>
    verifyWebhook(secret, { id: "m", timestamp: String(now / 1000), signature: text }, "{}", now);
  expect([await check(`v1a,x v1,*** ${signature}`), await check("v1,***"), await check("")]).toEqual([
    true,
    false,
    false,
  ]);
});

it("gives the headers of a message, which go unsigned without a secret", async () => {
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const unsigned = { "content-type": "application/json", "webhook-id": "m", "webhook-timestamp": "1614265330" };
  expect(await webhookHeaders(undefined, "m", 1614265330_999, "{}")).toEqual(unsigned);
  expect(await webhookHeaders("", "m", 1614265330_999, "{}")).toEqual(unsigned);
  expect(await webhookHeaders(secret, "m", 1614265330_999, "{}")).toEqual({
    ...unsigned,
    "webhook-signature": await signWebhook(secret, "m", 1614265330, "{}"),
  });
});
