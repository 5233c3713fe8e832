import { fromBase64 } from "../../edge/encoding";
import { webhookHeaders } from "../../edge/webhookSignature";
import { Misuse, RequestRefused } from "../errors";
import { request } from "../wire";
import type { Effects } from "../effects";
import type { Message, NotifyAdapter } from "./types";

/** @throws Misuse for what is no secret of Standard Webhooks: `whsec_` and the base64 of at least 24 bytes */
function checkSecret(secret: string): void {
  if (!secret.startsWith("whsec_")) throw new Misuse("a webhook secret is whsec_ and the base64 of at least 24 bytes");
  if (fromBase64(secret.slice(6)).length < 24) throw new Misuse("a webhook secret needs at least 24 bytes");
}

export function webhookAdapter(effects: Effects, url: string, secret: string): NotifyAdapter {
  return {
    name: `webhook ${url}`,
    deliver: async (message: Message) => {
      checkSecret(secret);
      const body = JSON.stringify({ type: message.type, timestamp: message.at, data: message.data });
      const answer = await request(effects, {
        system: "a webhook",
        what: "take a message",
        method: "POST",
        url,
        body,
        attempts: 3,
        headers: await webhookHeaders(secret, message.id, effects.now(), body),
      });
      if (answer.status < 200 || answer.status > 299)
        throw new RequestRefused("a webhook", "take a message", answer.status, new URL(url).host);
    },
  };
}
