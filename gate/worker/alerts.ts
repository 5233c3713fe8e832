import { webhookHeaders } from "../../edge/webhookSignature";
import { alertKind } from "./alertKinds";
import type { Background, GateEnv } from "./env";

type AlertEnv = Pick<GateEnv, "ALERTS" | "ALERT_SECRET">;

/** The same kind of alert is not sent again for this long. */
const QUIET_MS = 60_000;
/** How long the receiver has to answer. */
const SEND_MS = 10_000;

/**
 * Tells operators what went wrong, as Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature: v1,…`).
 * Best effort: no refusal waits for it, and a failing webhook changes no decision. Details never contain a secret.
 */
export class Alerts {
  private readonly sent = new Map<string, number>();

  constructor(private readonly env: AlertEnv) {}

  raise(
    background: Background,
    type: string,
    details: Readonly<Record<string, string | number>>,
    now = Date.now(),
  ): void {
    const last = this.sent.get(type) ?? Number.NEGATIVE_INFINITY;
    // If the clock was set back, alerts must still go out.
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
    const body = JSON.stringify({
      type: `gate.${type}`,
      timestamp: new Date(now).toISOString(),
      data: details,
      ...alertKind(type),
    });
    const answer = await fetch(url, {
      method: "POST",
      headers: await webhookHeaders(this.env.ALERT_SECRET, id, now, body),
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(SEND_MS),
    });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`the alert webhook answered ${answer.status}`);
  }
}
