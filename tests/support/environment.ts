import { parseEnvironment } from "../../infra/config";
import { type Environment } from "../../infra/model";

/** Today, for tests that depend on it. */
export const TODAY = new Date("2026-06-15T12:00:00Z");

type Raw = Record<string, unknown>;

/** A raw environment that passes; tests spoil one field. */
export function rawEnvironment(): Raw {
  return {
    organization: "acme",
    plan: "team",
    agent: { machineUser: "claude-bot", credential: { kind: "personal-access-token", expiryDays: 30 } },
    repositories: [
      { name: "api", access: "write", reviewers: ["backend"] },
      { name: "docs", access: "read" },
    ],
    review: { team: "agent-reviewers", securityTeam: "security", approvals: 2, requiredChecks: [{ context: "ci" }] },
    tokenStore: { kind: "vault", path: "github/claude-bot" },
    gate: { accountId: "0123456789abcdef0123456789abcdef", workersDev: "acme-dev" },
    audit: {
      retentionDays: 90,
      sinks: [{ kind: "r2", bucket: "acme-agent-audit" }],
      alertWebhook: "https://alerts.acme.dev/hook",
    },
    rotation: { everyDays: 30, repository: "docs" },
  };
}

/**
 * The passing raw environment with one value replaced (or removed, with undefined) at a path such as
 * `repositories.0.access`.
 */
export function spoiled(path: string, value: unknown): Raw {
  const raw = rawEnvironment();
  const keys = path.split(".");
  const last = keys.pop()!;
  const holder = keys.reduce<Raw>((object, key) => (object[key] ??= {}) as Raw, raw);
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return raw;
}

/** A validated environment; each change is a path and a value. */
export function environment(changes: Readonly<Record<string, unknown>> = {}): Environment {
  let raw = rawEnvironment();
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split(".");
    const last = keys.pop()!;
    const holder = keys.reduce<Raw>((object, key) => (object[key] ??= {}) as Raw, raw);
    holder[last] = value;
    raw = { ...raw };
  }
  return parseEnvironment(raw, "Pulumi.test.yaml", { now: TODAY });
}
