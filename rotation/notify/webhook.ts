import { base64, fromBase64, utf8 } from "../encoding";
import { Misuse, Refused } from "../errors";
import { request } from "../wire";
import type { Effects } from "../effects";
import type { Message, NotifyAdapter } from "./types";

/**
 * The signature of Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, as `v1,<base64>`.
 * @param secret `whsec_` and the base64 of at least 24 bytes
 */
export async function signWebhook(secret: string, id: string, timestamp: number, body: string): Promise<string> {
  const key = await crypto.subtle.importKey("raw", secretBytes(secret), { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  return `v1,${base64(await crypto.subtle.sign("HMAC", key, utf8(`${id}.${timestamp}.${body}`)))}`;
}

/** Longest age of a delivery that a receiver should accept, in seconds. */
const TOLERANCE_S = 300;

/**
 * Checks a delivery as a receiver does: one of the space-separated signatures fits, and the time is within five
 * minutes. For receivers written against this package, and for tests.
 */
export async function verifyWebhook(
  secret: string,
  headers: { id: string; timestamp: string; signature: string },
  body: string,
  nowMs: number,
): Promise<boolean> {
  const at = Number(headers.timestamp);
  if (!Number.isInteger(at) || Math.abs(nowMs / 1000 - at) > TOLERANCE_S) return false;
  const key = await crypto.subtle.importKey("raw", secretBytes(secret), { name: "HMAC", hash: "SHA-256" }, false, [
    "verify",
  ]);
  for (const part of headers.signature.split(" ")) {
    if (!part.startsWith("v1,")) continue;
    try {
      if (
        await crypto.subtle.verify(
          "HMAC",
          key,
          fromBase64(part.slice(3)),
          utf8(`${headers.id}.${headers.timestamp}.${body}`),
        )
      )
        return true;
    } catch {
      continue; // not base64
    }
  }
  return false;
}

function secretBytes(secret: string): Uint8Array<ArrayBuffer> {
  if (!secret.startsWith("whsec_")) throw new Misuse("a webhook secret is whsec_ and the base64 of at least 24 bytes");
  const bytes = fromBase64(secret.slice(6));
  if (bytes.length < 24) throw new Misuse("a webhook secret needs at least 24 bytes");
  return bytes;
}

export function webhookAdapter(effects: Effects, url: string, secret: string): NotifyAdapter {
  return {
    name: `webhook ${url}`,
    deliver: async (message: Message) => {
      const body = JSON.stringify({ type: message.type, timestamp: message.at, data: message.data });
      const timestamp = Math.floor(effects.now() / 1000);
      const answer = await request(effects, {
        system: "a webhook",
        what: "take a message",
        method: "POST",
        url,
        body,
        attempts: 3,
        headers: {
          "content-type": "application/json",
          "webhook-id": message.id,
          "webhook-timestamp": String(timestamp),
          "webhook-signature": await signWebhook(secret, message.id, timestamp, body),
        },
      });
      if (answer.status < 200 || answer.status > 299)
        throw new Refused("a webhook", "take a message", answer.status, new URL(url).host);
    },
  };
}
