import type { Control, Framework } from "./control";

export const SLSA_SOURCE = {
  prefix: "SLSA Source",
  title: "SLSA Source track",
  version: "1.2",
  source: "https://slsa.dev/spec/v1.2/source-requirements",
  note:
    "A level is claimed by attestations of the source control system about each revision. The posture sets controls " +
    "that a level asks for; it issues no attestation, so it claims no level.",
} as const satisfies Framework;

export const SLSA_SOURCE_CONTROLS = [
  {
    id: "SLSA Source L1",
    title: "Version controlled",
    contributes: "All of the agent's changes are git revisions in a repository on GitHub.",
    evidence: ["lock:gate-ref"],
    limit: "No verification summary is issued.",
  },
  {
    id: "SLSA Source L2",
    title: "History & Provenance",
    contributes:
      "The default branch is neither rewritten nor deleted, tags are moved by people's teams alone, and each actor has an identity.",
    evidence: ["lock:ruleset-history", "lock:protection-history", "lock:ruleset-tags", "lock:gate-ref"],
    limit: "GitHub issues no source provenance by itself, and people's teams can still move a tag.",
  },
  {
    id: "SLSA Source L3",
    title: "Continuous technical controls",
    contributes: "Rulesets are declared, active, without a bypass for the agent, and compared with the live ones.",
    evidence: ["lock:ruleset-branches", "lock:ruleset-paths", "command:assess", "command:policy check"],
    limit: "`assess` looks at intervals. Continuity between them is not attested.",
  },
  {
    id: "SLSA Source L4",
    title: "Two-party review",
    contributes:
      "The agent is no trusted person: a change of it needs the declared approvals of people, for its final revision.",
    evidence: [
      "lock:owners-review",
      "lock:github-self-approval",
      "resource:github:index/branchProtection:BranchProtection",
    ],
    limit: "review.approvals: 2 or more, and review.administrators: bound",
  },
] as const satisfies readonly Control[];
