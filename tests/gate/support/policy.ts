import { environmentSchema, type EnvironmentInput } from "../../../infra/model/schema";
import { type GatePolicy } from "../../../gate/policy";
import { compilePolicy } from "../../../infra/plans/gatePolicy";

/** An environment that passes; each test spoils or changes what it is about. */
export function environment(gate: Partial<EnvironmentInput["gate"]> = {}): EnvironmentInput {
  return {
    organization: "acme",
    agent: { machineUser: "claude-bot", credential: { kind: "personal-access-token" } },
    repositories: [
      { name: "api", access: "write", reviewers: ["backend"], protectedPaths: ["deploy/**", "*.pem"] },
      { name: "docs", access: "read" },
    ],
    review: { team: "agent-reviewers" },
    tokenStore: { kind: "kv" },
    gate: { accountId: "0".repeat(32), ...gate },
    audit: { retentionDays: 400, sinks: [{ kind: "r2", bucket: "audit-trail" }] },
    rotation: { everyDays: 30 },
  };
}

/** The policy of that environment against a GitHub at `base` (github.com when absent). */
export function policyFor(base?: string, gate: Partial<EnvironmentInput["gate"]> = {}): GatePolicy {
  const endpoints =
    base === undefined
      ? { api: "https://api.github.com", graphql: "https://api.github.com/graphql", git: "https://github.com" }
      : { api: `${base}/api/v3`, graphql: `${base}/api/graphql`, git: base };
  return compilePolicy(environmentSchema.parse(environment(gate)), {
    repositories: [
      { name: "api", id: 101, nodeId: "R_kgDOapi" },
      { name: "docs", id: 102, nodeId: "R_kgDOdocs" },
    ],
    endpoints,
  });
}
