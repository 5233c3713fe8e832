import type { ControlId } from "./controls";

/** Who might act against the organization through the agent's access. */
export const ACTORS = {
  agent: "the agent itself, mistaken or misled by its model",
  author: "whoever writes what the agent reads: an issue, a comment, a file, a web page",
  keyHolder: "whoever holds a leaked gate key",
  tokenHolder: "whoever holds a leaked GitHub token",
} as const;

export type Actor = keyof typeof ACTORS;

/** What an attacker is after, the actions of the catalogue that lead there, and what standards call it. */
export interface AttackClass {
  readonly id: string;
  readonly title: string;
  /** STRIDE: spoofing, tampering, repudiation, information disclosure, denial of service, elevation of privilege. */
  readonly stride: "S" | "T" | "R" | "I" | "D" | "E";
  readonly actors: readonly Actor[];
  /** Ids of actions of the catalogue. */
  readonly actions: readonly string[];
  readonly controls: readonly ControlId[];
}

const ANYBODY: readonly Actor[] = ["agent", "author", "keyHolder", "tokenHolder"];

/** Every dangerous action of the catalogue stands in one class; a test holds that. */
export const ATTACK_CLASSES: readonly AttackClass[] = [
  {
    id: "unreviewed-code",
    title: "Put code where nobody reviewed it",
    stride: "T",
    actors: ANYBODY,
    actions: ["push-default-branch", "push-other-branch", "create-tag", "create-release"],
    controls: ["OWASP LLM05:2025", "OWASP ASI02", "NIST SP 800-53 CM-5"],
  },
  {
    id: "pass-review",
    title: "Pass the review, or weaken it",
    stride: "E",
    actors: ANYBODY,
    actions: [
      "merge-pull-request",
      "stack-pull-requests",
      "enable-auto-merge",
      "mark-ready-for-review",
      "approve-review",
      "dismiss-review",
      "decide-suggestion",
      "forge-check",
    ],
    controls: ["OWASP LLM06:2025", "OWASP ASI09", "NIST SP 800-53 AC-5"],
  },
  {
    id: "change-rules",
    title: "Change the rules that hold the agent",
    stride: "E",
    actors: ANYBODY,
    actions: [
      "edit-codeowners",
      "edit-protected-path",
      "change-protection",
      "administer-repository",
      "add-collaborator",
    ],
    controls: ["OWASP ASI03", "NIST SP 800-53 AC-6(5)", "NIST SP 800-53 CM-5"],
  },
  {
    id: "run-with-secrets",
    title: "Run code with the repository's secrets, or read them",
    stride: "E",
    actors: ANYBODY,
    actions: ["edit-workflow", "run-workflow", "read-secret"],
    controls: ["OWASP ASI05", "OWASP LLM02:2025", "NIST SP 800-53 AC-6"],
  },
  {
    id: "reach-further",
    title: "Reach what nobody gave the agent",
    stride: "I",
    actors: ANYBODY,
    actions: ["read-other-repository", "arbitrary-graphql", "fork-repository"],
    controls: ["OWASP LLM02:2025", "OWASP ASI03", "NIST SP 800-53 AC-3"],
  },
  {
    id: "take-out",
    title: "Carry code or secrets out",
    stride: "I",
    actors: ["agent", "author", "keyHolder"],
    actions: ["create-gist", "create-repository", "publish", "transfer-repository", "add-hook", "reach-other-host"],
    controls: ["OWASP LLM02:2025", "NIST SP 800-53 AC-4", "NIST SP 800-53 SC-7"],
  },
  {
    id: "lasting-access",
    title: "Get access that outlives the token",
    stride: "S",
    actors: ANYBODY,
    actions: ["add-key", "add-account-key", "mint-token", "learn-token", "use-without-key"],
    controls: ["OWASP ASI03", "NIST SP 800-53 IA-5", "NIST SP 800-53 IA-2"],
  },
  {
    id: "destroy",
    title: "Destroy work or history",
    stride: "D",
    actors: ANYBODY,
    actions: ["delete-ref", "delete-repository"],
    controls: ["CIS 1.1.16", "CIS 1.1.17"],
  },
  {
    id: "hide",
    title: "Hide what was done",
    stride: "R",
    actors: ["agent", "keyHolder"],
    actions: ["change-audit"],
    controls: ["NIST SP 800-53 AU-9", "OWASP ASI10"],
  },
  {
    id: "act-through-others",
    title: "Act through another agent",
    stride: "E",
    actors: ["agent", "author"],
    actions: ["start-agent"],
    controls: ["OWASP ASI07"],
  },
  {
    id: "nuisance",
    title: "Write where the agent may only read",
    stride: "T",
    actors: ANYBODY,
    actions: ["write-agent-branch", "open-draft-pull-request", "update-pull-request", "comment", "write-issues"],
    controls: ["NIST SP 800-53 AC-6"],
  },
];
