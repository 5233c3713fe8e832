import type { Background, GateEnv } from "./env";
import { base64, fromBase64 } from "./bytes";

/** The same alert is sent again after this many milliseconds at the earliest. */
const QUIET_MS = 60_000;
/** How long the receiver has to answer. */
const SEND_MS = 10_000;

/**
 * Tells the operators what went wrong, by Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature: v1,…`).
 * Best effort: the refusal does not wait for it, and a failing webhook changes no decision. Details never hold a secret.
 */
export class Alerts {
  private readonly sent = new Map<string, number>();

  constructor(private readonly env: GateEnv) {}

  raise(
    background: Background,
    type: string,
    details: Readonly<Record<string, string | number>>,
    now = Date.now(),
  ): void {
    const last = this.sent.get(type) ?? Number.NEGATIVE_INFINITY;
    // A clock that went back must not silence it.
    if (now >= last && now - last < QUIET_MS) return;
    this.sent.set(type, now);
    console.error(JSON.stringify({ alert: type, ...details }));
    const url = this.env.ALERTS?.webhook;
    if (url === undefined) return;
    background.waitUntil(
      this.send(url, type, details, now).catch((error: unknown) =>
        console.error(JSON.stringify({ alert: "alert-not-sent", error: String(error) })),
      ),
    );
  }

  private async send(
    url: string,
    type: string,
    details: Readonly<Record<string, string | number>>,
    now: number,
  ): Promise<void> {
    const id = `msg_${crypto.randomUUID().replaceAll("-", "")}`;
    const timestamp = String(Math.floor(now / 1000));
    const body = JSON.stringify({ type: `gate.${type}`, timestamp: new Date(now).toISOString(), data: details });
    const headers: Record<string, string> = {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": timestamp,
    };
    if (this.env.ALERT_SECRET !== undefined)
      headers["webhook-signature"] = `v1,${await sign(this.env.ALERT_SECRET, `${id}.${timestamp}.${body}`)}`;
    const answer = await fetch(url, {
      method: "POST",
      headers,
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(SEND_MS),
    });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`the alert webhook answered ${answer.status}`);
  }
}

async function sign(secret: string, text: string): Promise<string> {
  const key = await crypto.subtle.importKey(
    "raw",
    fromBase64(secret.replace(/^whsec_/, "")),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  return base64(new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text))));
}
