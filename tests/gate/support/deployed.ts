import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { serveAccount, type Cloudflare } from "../../../sandbox/cloudflare";
import { Account } from "../../../sandbox/cloudflare/state";
import { embedPolicy, type GatePolicy } from "../../../gate/policy";
import { freshFetch } from "../../support/freshFetch";
import { AlertReceiver } from "./alerts";
import { bundle, made } from "./gate";
import { Upstream } from "./upstream";

const ACCOUNT = "c".repeat(31) + "1";
const hash = (text: string): string => createHash("sha256").update(text).digest("base64url");

/**
 * A gate that was uploaded to the Cloudflare stand-in as the stack does it: its policy in the module, its bindings the
 * stand-in's own.
 */
export class DeployedGate {
  readonly key = made("ghk_");
  readonly operatorKey = made("gop_");
  readonly token = `ghp_${randomBytes(18).toString("hex")}`;
  private readonly sealKey = randomBytes(32);

  private constructor(
    readonly upstream: Upstream,
    readonly alerts: AlertReceiver,
    private readonly cloudflare: Cloudflare,
    private readonly dataDir: string,
    readonly account: Account,
  ) {}

  static async start(): Promise<DeployedGate> {
    const dataDir = await mkdtemp(path.join(tmpdir(), "gatehouse-deployed-"));
    const account = new Account(ACCOUNT, "acme", []);
    return new DeployedGate(
      await Upstream.start(),
      await AlertReceiver.start(),
      await serveAccount(account, { dataDir }),
      dataDir,
      account,
    );
  }

  get url(): string {
    return this.cloudflare.gateUrl("github-gate");
  }

  /** Uploads ledger and gate. `bindings` are added to the gate's, or stand in place of those of the same name. */
  async deploy(
    policy: GatePolicy,
    bindings: readonly Record<string, unknown>[] = [],
  ): Promise<{ status: number; text: string }> {
    const namespace = (
      (await (
        await this.call("POST", "storage/kv/namespaces", { title: `tokens-${randomBytes(4).toString("hex")}` })
      ).json()) as { result: { id: string } }
    ).result.id;
    await this.call("POST", "r2/buckets", { name: "audit-trail" });
    if (!this.account.scripts.has("github-gate-ledger"))
      await this.upload("github-gate-ledger", bundle("ledger"), {
        migrations: { new_tag: "v1", new_sqlite_classes: ["Ledger"] },
      });
    await this.call("PUT", `storage/kv/namespaces/${namespace}/values/token`, this.sealed(this.token));
    const own = [
      { name: "GATE_KEYS", type: "json", json: [{ agent: "agent", sha256: hash(this.key) }] },
      { name: "OPERATOR_KEYS", type: "json", json: [{ sha256: hash(this.operatorKey) }] },
      { name: "TOKEN_STORE", type: "json", json: { kind: "kv" } },
      { name: "TOKEN_KEY", type: "secret_text", text: this.sealKey.toString("base64") },
      { name: "ALERTS", type: "json", json: { webhook: this.alerts.webhook } },
      { name: "ALERT_SECRET", type: "secret_text", text: this.alerts.secret },
      { name: "LEDGER", type: "durable_object_namespace", class_name: "Ledger", script_name: "github-gate-ledger" },
      { name: "TOKENS", type: "kv_namespace", namespace_id: namespace },
      { name: "AUDIT", type: "r2_bucket", bucket_name: "audit-trail" },
    ];
    const replaced = new Set(bindings.map((b) => b["name"]));
    return this.upload("github-gate", embedPolicy(bundle("worker"), policy), {
      bindings: [...own.filter((b) => !replaced.has(b.name)), ...bindings],
    });
  }

  ask(target: string, init: RequestInit = {}): Promise<Response> {
    return freshFetch(this.url + target, {
      redirect: "manual",
      ...init,
      headers: { authorization: `Bearer ${this.key}`, ...(init.headers as Record<string, string>) },
    });
  }

  operate(method: string, target: string, body?: unknown): Promise<Response> {
    return freshFetch(this.url + target, {
      method,
      headers: { authorization: `Bearer ${this.operatorKey}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** Lets the gate's schedule come due now. */
  async cron(): Promise<void> {
    const answer = await freshFetch(`${this.cloudflare.api}/_sandbox/cron`, {
      method: "POST",
      body: JSON.stringify({ script: "github-gate", cron: "* * * * *" }),
    });
    if (!answer.ok) throw new Error(`the stand-in ran no schedule: ${await answer.text()}`);
  }

  /** Texts of the audit bucket's objects, by key. */
  async auditObjects(prefix: string): Promise<string[]> {
    const listed = await this.call("GET", `r2/buckets/audit-trail/objects?per_page=1000&prefix=${prefix}`);
    if (!listed.ok) throw new Error(`the stand-in lists no objects: ${listed.status} ${await listed.text()}`);
    const { result } = (await listed.json()) as { result: { key: string }[] };
    return Promise.all(
      result.map(async ({ key }) => (await this.call("GET", `r2/buckets/audit-trail/objects/${key}`)).text()),
    );
  }

  /** Lets a binding fail, or come late with `delayMs`, until `repair`. This starts the gate anew, with empty caches. */
  async break(binding: string, how: { readonly delayMs?: number; readonly script?: string } = {}): Promise<void> {
    await this.control("POST", { binding, script: "github-gate", ...how });
  }

  async repair(): Promise<void> {
    await this.control("DELETE");
  }

  async stop(): Promise<void> {
    await this.cloudflare.stop();
    await this.upstream.stop();
    await this.alerts.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  private sealed(token: string): string {
    const iv = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", this.sealKey, iv);
    const data = Buffer.concat([
      cipher.update(JSON.stringify({ token, expires_at: "" })),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
    return JSON.stringify({ v: 1, version: 1, iv: iv.toString("base64"), data: data.toString("base64") });
  }

  private async control(method: string, body?: unknown): Promise<void> {
    const answer = await freshFetch(`${this.cloudflare.api}/_sandbox/faults`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`the stand-in refused the failure: ${await answer.text()}`);
  }

  private call(method: string, target: string, body?: unknown): Promise<Response> {
    const json = body !== undefined && typeof body !== "string" && !(body instanceof FormData);
    return fetch(`${this.cloudflare.api}/accounts/${ACCOUNT}/${target}`, {
      method,
      ...(body === undefined ? {} : { body: json ? JSON.stringify(body) : (body as string | FormData) }),
      headers: {
        authorization: `Bearer ${this.cloudflare.token}`,
        ...(json ? { "content-type": "application/json" } : {}),
      },
    });
  }

  private async upload(
    name: string,
    source: string,
    metadata: Record<string, unknown>,
  ): Promise<{ status: number; text: string }> {
    const form = new FormData();
    form.append("index.js", new File([source], "index.js", { type: "application/javascript+module" }));
    form.append("metadata", JSON.stringify({ main_module: "index.js", compatibility_date: "2026-03-01", ...metadata }));
    const answer = await this.call("PUT", `workers/scripts/${name}`, form);
    return { status: answer.status, text: await answer.text() };
  }
}
