import type { AuditEntry } from "../../../gate/policy/audit";

/** An entry of the audit trail: a request without a key, but for what is given. */
export const entry = (over: Partial<AuditEntry> = {}): AuditEntry => ({
  ts: "2026-03-01T00:00:00.000Z",
  agent: "agent",
  requestId: "r-1",
  clientIp: "",
  method: "GET",
  path: "/x",
  route: "",
  repository: "",
  decision: "deny",
  reason: "unauthenticated",
  status: 401,
  bytesIn: 0,
  bytesOut: 0,
  ms: 1,
  tokenSha256: "",
  findings: [],
  ...over,
});

/** The longest path that an entry holds. */
export const longest = "/" + "a".repeat(1023);
