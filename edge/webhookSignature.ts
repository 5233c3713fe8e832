import { base64, fromBase64, utf8 } from "./encoding";

/** Messages by Standard Webhooks (https://www.standardwebhooks.com): what a sender adds, and what a receiver checks. */

/** The longest difference between a message's time and the receiver's clock, in seconds. */
const TOLERANCE_S = 300;

const HMAC = { name: "HMAC", hash: "SHA-256" };

/** @param secret base64 of the key, after `whsec_` or alone */
const keyOf = (secret: string, use: "sign" | "verify") =>
  crypto.subtle.importKey("raw", fromBase64(secret.replace(/^whsec_/, "")), HMAC, false, [use]);

const signed = (id: string, timestamp: string, body: string) => utf8(`${id}.${timestamp}.${body}`);

/** HMAC-SHA256 over `id.timestamp.body`, as `v1,<base64>`. @param timestamp seconds since the epoch */
export async function signWebhook(secret: string, id: string, timestamp: number, body: string): Promise<string> {
  const key = await keyOf(secret, "sign");
  return `v1,${base64(await crypto.subtle.sign("HMAC", key, signed(id, String(timestamp), body)))}`;
}

/**
 * The headers of one message.
 * @param secret without one the message goes unsigned
 * @param nowMs milliseconds since the epoch
 */
export async function webhookHeaders(
  secret: string | undefined,
  id: string,
  nowMs: number,
  body: string,
): Promise<Record<string, string>> {
  const timestamp = Math.floor(nowMs / 1000);
  return {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    ...(!secret ? {} : { "webhook-signature": await signWebhook(secret, id, timestamp, body) }),
  };
}

/**
 * Checks a message as a receiver does: one of the space-separated signatures fits, and the time is within five
 * minutes. For receivers written against this package, and for tests.
 */
export async function verifyWebhook(
  secret: string,
  headers: { id: string; timestamp: string; signature: string },
  body: string,
  nowMs: number,
): Promise<boolean> {
  const { id, timestamp, signature } = headers;
  const at = Number(timestamp);
  if (!Number.isInteger(at) || Math.abs(nowMs / 1000 - at) > TOLERANCE_S) return false;
  const key = await keyOf(secret, "verify");
  for (const part of signature.split(" ")) {
    if (!part.startsWith("v1,")) continue;
    try {
      if (await crypto.subtle.verify("HMAC", key, fromBase64(part.slice(3)), signed(id, timestamp, body))) return true;
    } catch {
      continue; // not base64
    }
  }
  return false;
}
