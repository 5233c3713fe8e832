import type { Environment } from "../../../../infra/model";
import { environment } from "../../../support/environment";

/** One posture of each kind that documents must speak of. */
export const POSTURES: Readonly<Record<string, Environment>> = {
  "Vault, personal access token": environment(),
  "Workers KV, App": environment({
    tokenStore: { kind: "kv" },
    "agent.credential": { kind: "app-installation", appId: 1, installationId: 2 },
    "rotation.repository": undefined,
    "audit.alertWebhook": undefined,
  }),
  "Enterprise, reads alone": environment({
    plan: "enterprise",
    repositories: [{ name: "docs", access: "read" }],
  }),
  "a server of its own, copies and webhooks": environment({
    githubUrl: "https://github.acme.dev",
    "agent.credential": { kind: "ghes-impersonation", expiryDays: 30 },
    "audit.sinks": [
      { kind: "r2", bucket: "acme-agent-audit" },
      { kind: "logpush", destination: "s3://bucket/{DATE}?access-key-id=AKIDEXAMPLE&secret-access-key=hunter2hunter2" },
    ],
    "audit.alertWebhook": "https://hooks.acme.dev/services/T000/B000/hook-path-is-a-secret",
    "rotation.notify": ["https://notify.acme.dev/notify-path-is-a-secret"],
  }),
};

/** What stands in these postures and must stand in no document. */
export const SECRETS = ["hunter2", "AKIDEXAMPLE", "hook-path-is-a-secret", "notify-path-is-a-secret"];
