import type { Control, Framework } from "./control";

export const OWASP_LLM = {
  prefix: "OWASP LLM",
  title: "OWASP Top 10 for LLM Applications",
  version: "2025",
  source: "https://genai.owasp.org/llm-top-10/",
  note: "The posture limits what a misled model can do at GitHub. It does not change the model.",
} as const satisfies Framework;

export const OWASP_LLM_CONTROLS = [
  {
    id: "OWASP LLM01:2025",
    title: "Prompt Injection",
    contributes:
      "Whatever a text makes the agent try, the same locks stop it: none of them reads the agent's intentions.",
    evidence: ["lock:gate-route", "lock:gate-repository", "lock:gate-ref", "lock:owners-review"],
    limit: "It does not recognize injected instructions, and an allowed action can be misused.",
  },
  {
    id: "OWASP LLM02:2025",
    title: "Sensitive Information Disclosure",
    contributes:
      "The agent never sees the token; credentials in what it writes are refused; it reads listed repositories alone.",
    evidence: ["lock:gate-answer", "lock:vault-policy", "lock:gate-repository", "lock:network-hosts"],
    limit: "A secret in a repository that the agent may read is read.",
  },
  {
    id: "OWASP LLM03:2025",
    title: "Supply Chain",
    contributes:
      "Workflows, local actions and CODEOWNERS are closed to the agent, and its changes of dependencies wait for review.",
    evidence: ["lock:gate-path", "lock:token-workflows", "lock:ruleset-paths", "lock:owners-review"],
    limit: "Models, plug-ins and packages on the agent's machine are not covered.",
  },
  {
    id: "OWASP LLM04:2025",
    title: "Data and Model Poisoning",
    contributes: "Nothing.",
    evidence: [],
    limit: "The posture neither trains nor stores a model.",
  },
  {
    id: "OWASP LLM05:2025",
    title: "Improper Output Handling",
    contributes: "What the agent writes is a proposal on a branch of its own until people merge it.",
    evidence: ["lock:gate-ref", "lock:ruleset-branches", "lock:owners-review"],
    limit: "Workflows that listen to every branch run the agent's code before a review.",
  },
  {
    id: "OWASP LLM06:2025",
    title: "Excessive Agency",
    contributes:
      "Functions, permissions and autonomy are each reduced: listed routes, least permissions, approval by people.",
    evidence: [
      "lock:gate-route",
      "lock:token-permission",
      "lock:role-no-admin",
      "lock:owners-review",
      "command:report",
    ],
    limit: "Tools of the agent beside GitHub are not covered.",
    topic: "access control",
  },
  {
    id: "OWASP LLM07:2025",
    title: "System Prompt Leakage",
    contributes: "No credential need stand in a prompt: the gate key is useless anywhere else.",
    evidence: ["lock:gate-key", "lock:vault-policy"],
    limit: "The prompt itself is not protected.",
  },
  {
    id: "OWASP LLM08:2025",
    title: "Vector and Embedding Weaknesses",
    contributes: "Nothing.",
    evidence: [],
    limit: "The posture has no vector store. What the agent indexes comes from the listed repositories alone.",
  },
  {
    id: "OWASP LLM09:2025",
    title: "Misinformation",
    contributes: "A draft with a label tells reviewers that a machine wrote it.",
    evidence: ["lock:owners-review", "command:check agent-change"],
    limit: "Whether it is right is for people to judge.",
  },
  {
    id: "OWASP LLM10:2025",
    title: "Unbounded Consumption",
    contributes: "Requests, writes, bytes and sizes have limits by the minute and by the hour.",
    evidence: ["resource:cloudflare:index/workersScript:WorkersScript", "page:docs/gate.md"],
    limit: "The cost of the model is not limited.",
  },
] as const satisfies readonly Control[];

export const OWASP_AGENTIC = {
  prefix: "OWASP ASI",
  title: "OWASP Top 10 for Agentic Applications",
  version: "2026",
  source: "https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/",
  note: "The posture covers one tool of an agent, GitHub, and the identity with which it uses it.",
} as const satisfies Framework;

export const OWASP_AGENTIC_CONTROLS = [
  {
    id: "OWASP ASI01",
    title: "Agent Goal Hijack",
    contributes: "A hijacked agent has the same limits as an honest one, and one command stops it.",
    evidence: ["lock:gate-route", "lock:owners-review", "command:token revoke"],
    limit: "It does not notice the hijack.",
  },
  {
    id: "OWASP ASI02",
    title: "Tool Misuse and Exploitation",
    contributes: "Each use of GitHub is judged by route, repository, reference, path and size, and recorded.",
    evidence: ["lock:gate-route", "lock:gate-ref", "lock:gate-path", "lock:gate-graphql", "command:assess"],
    limit: "Other tools of the agent need limits of their own.",
    topic: "access control",
  },
  {
    id: "OWASP ASI03",
    title: "Identity and Privilege Abuse",
    contributes:
      "The agent has an account, a token and a key of its own, with least privilege and a short life, and inherits nobody's access.",
    evidence: [
      "resource:github:index/membership:Membership",
      "lock:token-repositories",
      "lock:role-no-admin",
      "command:token rotate",
    ],
    limit: "Who may give the agent tasks is decided where the agent runs.",
    topic: "access control",
  },
  {
    id: "OWASP ASI04",
    title: "Agentic Supply Chain Vulnerabilities",
    contributes: "The agent reaches no host but the gate for GitHub, and cannot change workflows or local actions.",
    evidence: ["lock:network-hosts", "lock:gate-path", "lock:token-workflows"],
    limit: "Tools, MCP servers and models that the agent loads are not checked.",
  },
  {
    id: "OWASP ASI05",
    title: "Unexpected Code Execution (RCE)",
    contributes: "The agent starts no workflow, and changes none; workflows run with a read-only token.",
    evidence: ["lock:gate-route", "lock:token-permission", "lock:workflows-read", "lock:ruleset-paths"],
    limit: "Code on the agent's own machine runs as its sandbox allows.",
  },
  {
    id: "OWASP ASI06",
    title: "Memory & Context Poisoning",
    contributes:
      "The agent reads listed repositories alone, so strangers reach its context only through what these accept.",
    evidence: ["lock:gate-repository", "lock:network-hosts"],
    limit: "Texts in issues and pull requests of a listed repository reach it.",
  },
  {
    id: "OWASP ASI07",
    title: "Insecure Inter-Agent Communication",
    contributes: "The agent can neither start another agent nor assign work to one or ask it for review.",
    evidence: ["lock:gate-route", "lock:token-permission"],
    limit: "A mention in a text may wake an agent that listens to it.",
  },
  {
    id: "OWASP ASI08",
    title: "Cascading Failures",
    contributes:
      "Each agent has its own key, limits and kill switch; a failing dependency closes its gate and no other.",
    evidence: ["lock:gate-key", "command:token revoke", "page:docs/gate.md"],
    limit: "Several agents that share a repository share its rate limits at GitHub.",
    topic: "incident response",
  },
  {
    id: "OWASP ASI09",
    title: "Human-Agent Trust Exploitation",
    contributes: "Pull requests are drafts with a label and a line that only the gate writes; approvals are people's.",
    evidence: ["lock:gate-review", "lock:owners-review", "lock:github-self-approval", "command:check agent-change"],
    limit: "A convincing text can still persuade a reviewer.",
  },
  {
    id: "OWASP ASI10",
    title: "Rogue Agents",
    contributes: "One command ends the access, and the audit trail shows what was done until then.",
    evidence: ["command:token revoke", "lock:bucket-lock", "lock:network-hosts", "command:assess"],
    limit: "It does not detect that an agent acts against its task.",
    topic: "incident response",
  },
] as const satisfies readonly Control[];
