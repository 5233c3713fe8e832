import * as pulumi from "@pulumi/pulumi";
// In a project of your own, import from "pulumi-gatehouse".
import { createPosture, type EnvironmentInput } from "../../infra";

/** Which team owns which service: a list that many organizations have already. */
const OWNERS: Readonly<Record<string, string>> = { api: "backend" };
/** What the agent may read to understand the services, and never change. */
const READABLE = ["docs"];

const repositories: EnvironmentInput["repositories"] = [
  ...Object.entries(OWNERS).map(([name, team]) => ({ name, access: "write" as const, reviewers: [team] })),
  ...READABLE.map((name) => ({ name, access: "read" as const })),
];

export = async () => {
  const config = new pulumi.Config();
  const { gate } = await createPosture("agents", {
    organization: config.require("organization"),
    agent: { machineUser: "claude-bot", credential: { kind: "personal-access-token", expiryDays: 30 } },
    repositories,
    review: { team: "agent-reviewers", securityTeam: "security", requiredChecks: [{ context: "ci" }] },
    tokenStore: { kind: "vault", path: "github/claude-bot" },
    gate: { accountId: config.require("accountId"), name: "github-gate-dev", workersDev: "acme-dev" },
    audit: { retentionDays: 400, sinks: [{ kind: "r2", bucket: "acme-agent-audit" }] },
    rotation: { everyDays: 30 },
  });
  return { gateUrl: gate.url, gateKey: gate.agentKey, writable: Object.keys(OWNERS) };
};
