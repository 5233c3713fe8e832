import { createHmac, randomBytes } from "node:crypto";
import { until } from "../../support/until";
import { Upstream } from "./upstream";

/** An alert as its receiver reads it. */
export interface Alert {
  readonly type: string;
  readonly data: Record<string, unknown>;
  readonly severity: string;
  /** What a person does first. */
  readonly first: string;
  /** Whether the signature is that of the shared secret. */
  readonly signed: boolean;
}

/** A receiver of the gate's alerts: Standard Webhooks on loopback. */
export class AlertReceiver {
  private readonly key = randomBytes(24);

  private constructor(private readonly server: Upstream) {}

  static async start(): Promise<AlertReceiver> {
    return new AlertReceiver(await Upstream.start());
  }

  get webhook(): string {
    return `${this.server.url}/hook`;
  }

  get secret(): string {
    return `whsec_${this.key.toString("base64")}`;
  }

  /** Bindings with which a gate sends its alerts here. */
  get bindings(): Record<string, unknown> {
    return { ALERTS: { webhook: this.webhook }, ALERT_SECRET: this.secret };
  }

  reset(): void {
    this.server.reset();
  }

  get all(): readonly Alert[] {
    return this.server.received.map(({ headers, body }) => {
      const alert = JSON.parse(body.toString()) as Omit<Alert, "signed">;
      const signature = createHmac("sha256", this.key)
        .update(`${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body.toString()}`)
        .digest("base64");
      return { ...alert, signed: headers["webhook-signature"] === `v1,${signature}` };
    });
  }

  /** The alert of a type; waits for it, up to three seconds. */
  async of(type: string): Promise<Alert | undefined> {
    return until(type, () => this.all.find((alert) => alert.type === type), { ms: 3_000 }).catch(() => undefined);
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}
