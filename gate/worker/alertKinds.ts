/** How bad an alert of the gate's own is, and what a person does first. Data: docs/audit.md has the same list. */
export interface AlertKind {
  readonly severity: "critical" | "high" | "medium" | "info";
  readonly first: string;
}

/** What the gate and the forwarder tell at once. What only a whole trail shows, `gatehouse audit alert` tells. */
const KINDS: Readonly<Record<string, AlertKind>> = {
  "token-reflected": {
    severity: "critical",
    first: "GitHub's answer had the token in it, and the gate took it out. Rotate: gatehouse token rotate --urgent.",
  },
  "token-refused": {
    severity: "high",
    first: "GitHub rejects the token. Run gatehouse token status; if nobody revoked it, treat it as stolen.",
  },
  "token-expired": { severity: "high", first: "Run gatehouse token rotate." },
  "token-unavailable": { severity: "high", first: "Look at the token store: gatehouse assess." },
  "audit-archive-failed": {
    severity: "critical",
    first: "The gate is closed until its records reach the bucket. Look at the bucket and its lock.",
  },
  "audit-unavailable": { severity: "critical", first: "Look at the ledger and the bucket: gatehouse assess." },
  "audit-sink-failed": {
    severity: "medium",
    first: "Look at the sink and its credential; nothing is lost while the bucket keeps the records.",
  },
  "audit-sink-refused": {
    severity: "medium",
    first: "Read the reason in dead-letters/<sink>/ of the audit bucket, and mend the receiver's limits.",
  },
  "audit-sink-late": {
    severity: "high",
    first: "Records were deleted before the sink had them: lengthen audit.retentionDays, and pull what is left.",
  },
  "audit-checkpoint": {
    severity: "info",
    first: "Keep this message: audit verify --checkpoint holds the trail against it.",
  },
  "gate-key-denied": {
    severity: "info",
    first: "An operator ended a gate key. If nobody did, replace the operator key.",
  },
  stopped: { severity: "info", first: "An operator closed the gate. If nobody did, replace the operator key." },
  started: { severity: "info", first: "An operator opened the gate. If nobody did, replace the operator key." },
};

const OTHER: AlertKind = {
  severity: "high",
  first: "Find the record by its request id: gatehouse audit pull, then query. docs/gate.md explains each rule.",
};

export const alertKind = (type: string): AlertKind => (Object.hasOwn(KINDS, type) ? KINDS[type] : undefined) ?? OTHER;
