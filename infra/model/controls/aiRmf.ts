import type { Control, Framework } from "./control";

export const AI_RMF = {
  prefix: "NIST AI RMF",
  title: "NIST Artificial Intelligence Risk Management Framework",
  version: "1.0 (NIST AI 100-1)",
  source: "https://doi.org/10.6028/NIST.AI.100-1",
  note:
    "The framework is voluntary and names outcomes of a whole organization. The posture contributes to these " +
    "outcomes; none is reached by it alone.",
} as const satisfies Framework;

export const AI_RMF_CONTROLS = [
  {
    id: "NIST AI RMF GOVERN 1.4",
    title:
      "The risk management process and its outcomes are established through transparent policies, procedures, and " +
      "other controls based on organizational risk priorities.",
    contributes:
      "One environment file says what the agent may do, and all controls follow from it by code. The stack diff shows " +
      "each change of the agent's power before it is made.",
    evidence: ["command:report", "command:policy check", "command:documents", "page:docs/report.md"],
    limit: "The organization decides which risks it accepts; the file only records the decision.",
    topic: "access control",
  },
  {
    id: "NIST AI RMF GOVERN 1.5",
    title:
      "Ongoing monitoring and periodic review of the risk management process and its outcomes are planned and " +
      "organizational roles and responsibilities clearly defined, including determining the frequency of periodic review.",
    contributes:
      "`assess` compares the live systems with the declared ones on a schedule, and the rotation has declared intervals.",
    evidence: [
      "command:assess",
      "command:token status",
      "resource:cloudflare:index/workersCronTrigger:WorkersCronTrigger",
    ],
    limit: "It reviews the technical controls. The review of the process itself is for people.",
  },
  {
    id: "NIST AI RMF GOVERN 1.6",
    title:
      "Mechanisms are in place to inventory AI systems and are resourced according to organizational risk priorities.",
    contributes:
      "Each agent has an account, a team and a gate key of its own, all declared by one stack, so the stacks list the agents.",
    evidence: [
      "resource:github:index/membership:Membership",
      "resource:github:index/team:Team",
      "resource:github:index/teamRepository:TeamRepository",
      "command:report",
    ],
    limit:
      "It knows only the agents that it declares. `assess` finds other grants of the same account, and no other accounts.",
  },
  {
    id: "NIST AI RMF GOVERN 1.7",
    title:
      "Processes and procedures are in place for decommissioning and phasing out AI systems safely and in a manner " +
      "that does not increase risks or decrease the organization's trustworthiness.",
    contributes:
      "`token revoke --now` ends the agent's access and proves the token dead; `pulumi destroy` removes what the stack " +
      "made and keeps the locked audit records.",
    evidence: ["command:token revoke", "lock:bucket-lock", "page:README.md", "page:docs/recovery.md"],
    limit: "It does not delete the machine user's account or the agent's branches and pull requests.",
    topic: "incident response",
  },
  {
    id: "NIST AI RMF GOVERN 2.1",
    title:
      "Roles and responsibilities and lines of communication related to mapping, measuring, and managing AI risks are " +
      "documented and are clear to individuals and teams throughout the organization.",
    contributes:
      "The environment file names reviewers, the security team and the place of reminders and alerts; each party has " +
      "its own Vault policy.",
    evidence: [
      "lock:owners-review",
      "resource:vault:index/policy:Policy",
      "resource:github:index/repositoryFile:RepositoryFile",
      "command:documents",
    ],
    limit: "It names teams, not who is on duty.",
  },
  {
    id: "NIST AI RMF GOVERN 3.2",
    title:
      "Policies and procedures are in place to define and differentiate roles and responsibilities for human-AI " +
      "configurations and oversight of AI systems.",
    contributes:
      "The agent proposes on its own branches; people alone approve and merge. The catalogue of actions says for each " +
      "action who may do it.",
    evidence: ["lock:gate-review", "lock:owners-review", "lock:ruleset-branches", "lock:protection-push"],
    limit: "It cannot make a review thorough.",
    topic: "access control",
  },
  {
    id: "NIST AI RMF GOVERN 4.2",
    title:
      "Organizational teams document the risks and potential impacts of the AI technology they design, develop, deploy, " +
      "evaluate, and use, and they communicate about the impacts more broadly.",
    contributes:
      "`documents` writes the threat model of a posture: assets, actors, attack classes, and what stops each.",
    evidence: ["command:documents"],
    limit: "It covers access to repositories. Bias, safety and quality of the model's output are not in it.",
  },
  {
    id: "NIST AI RMF GOVERN 4.3",
    title:
      "Organizational practices are in place to enable AI testing, identification of incidents, and information sharing.",
    contributes:
      "The drill tries each forbidden action with each lock alone; the gate reports failures and the organization's " +
      "events go to a signed alert webhook.",
    evidence: ["command:sandbox drill", "resource:github:index/organizationWebhook:OrganizationWebhook"],
    limit: "The drill runs in the sandbox, on stand-ins of GitHub and Cloudflare. `assess` asks the live systems.",
    topic: "incident response",
  },
  {
    id: "NIST AI RMF GOVERN 6.2",
    title:
      "Contingency processes are in place to handle failures or incidents in third-party data or AI systems deemed to " +
      "be high-risk.",
    contributes:
      "When GitHub, Vault or Cloudflare fails, the gate closes. The runbook says what to type for each failure.",
    evidence: ["command:documents", "command:token revoke", "command:recover", "page:docs/recovery.md"],
    limit: "It has no second gate to switch to: while it is closed the agent does not work.",
    topic: "incident response",
  },
  {
    id: "NIST AI RMF MAP 3.3",
    title:
      "Targeted application scope is specified and documented based on the system's capability, established context, " +
      "and AI system categorization.",
    contributes:
      "Repositories, access, branch prefix, protected paths and limits are declared; whatever is not listed is refused.",
    evidence: ["lock:gate-repository", "lock:gate-route", "lock:gate-ref", "lock:token-repositories"],
    limit: "It limits where the agent works, not which task it is given there.",
    topic: "access control",
  },
  {
    id: "NIST AI RMF MAP 3.5",
    title:
      "Processes for human oversight are defined, assessed, and documented in accordance with organizational policies " +
      "from the GOVERN function.",
    contributes:
      "Each pull request of the agent is a draft with a label, goes to the teams that own the code, and needs their approval.",
    evidence: [
      "lock:owners-review",
      "lock:github-self-approval",
      "lock:gate-review",
      "resource:github:index/branchProtection:BranchProtection",
      "command:check agent-change",
    ],
    limit: "It counts approvals; it does not judge how carefully somebody read.",
    topic: "access control",
  },
  {
    id: "NIST AI RMF MAP 4.2",
    title:
      "Internal risk controls for components of the AI system, including third-party AI technologies, are identified " +
      "and documented.",
    contributes:
      "The model lists each lock with its enforcer and the resource that declares it, and the data-flow diagram shows " +
      "which data crosses which boundary.",
    evidence: ["command:documents", "command:report", "lock:gate-upstream", "lock:network-hosts"],
    limit: "The model that the agent runs on, its prompts and its other tools are outside the diagram's boundary.",
    topic: "data flows",
  },
  {
    id: "NIST AI RMF MEASURE 1.2",
    title:
      "Appropriateness of AI metrics and effectiveness of existing controls are regularly assessed and updated, " +
      "including reports of errors and potential impacts on affected communities.",
    contributes: "The drill and `assess` show whether each lock works, and exit with 1 when one does not.",
    evidence: ["command:sandbox drill", "command:assess"],
    limit: "It measures locks. Metrics of the agent's work are not its business.",
  },
  {
    id: "NIST AI RMF MEASURE 2.4",
    title:
      "The functionality and behavior of the AI system and its components – as identified in the MAP function – are " +
      "monitored when in production.",
    contributes:
      "The gate records each request with agent, route, repository, decision and rule, in a chain that shows a missing record.",
    evidence: ["resource:cloudflare:index/r2Bucket:R2Bucket", "lock:bucket-lock", "command:assess"],
    limit: "It sees what passes the gate. What the agent does on its own machine leaves no record here.",
    topic: "data flows",
  },
  {
    id: "NIST AI RMF MEASURE 2.7",
    title: "AI system security and resilience – as identified in the MAP function – are evaluated and documented.",
    contributes:
      "A corpus of attacks, the drill, and tests that kill parts in mid-operation evaluate the controls; the report shows the proofs.",
    evidence: ["command:sandbox drill", "command:sandbox rehearse", "page:docs/gate.md"],
    limit: "It evaluates access, not the model's robustness.",
  },
  {
    id: "NIST AI RMF MEASURE 2.8",
    title:
      "Risks associated with transparency and accountability – as identified in the MAP function – are examined and " +
      "documented.",
    contributes:
      "The agent has an identity of its own. Each pull request names the audit record of its request, and the records " +
      "name the hash of the token, which GitHub's audit log shows too.",
    evidence: ["resource:github:index/membership:Membership", "command:token history", "command:assess"],
    limit: "It shows which agent acted, not which person asked it to.",
    topic: "data flows",
  },
  {
    id: "NIST AI RMF MANAGE 1.3",
    title:
      "Responses to the AI risks deemed high priority, as identified by the MAP function, are developed, planned, and " +
      "documented. Risk response options can include mitigating, transferring, avoiding, or accepting.",
    contributes:
      "Two locks with different enforcers stand before each dangerous action, or the catalogue says why one is enough.",
    evidence: ["command:documents", "command:report", "command:sandbox drill"],
    limit: "It mitigates and avoids. Insurance and acceptance are decisions of the organization.",
  },
  {
    id: "NIST AI RMF MANAGE 1.4",
    title:
      "Negative residual risks (defined as the sum of all unmitigated risks) to both downstream acquirers of AI systems " +
      "and end users are documented.",
    contributes: "The threat model lists what the locks do not cover, and the pages say what each part cannot see.",
    evidence: ["command:documents", "page:docs/gate.md", "page:docs/assess.md"],
    limit: "It lists the residual risks of access, not those of the code that is merged.",
  },
  {
    id: "NIST AI RMF MANAGE 2.3",
    title: "Procedures are followed to respond to and recover from a previously unknown risk when it is identified.",
    contributes: "The kill switch works without knowing the cause, and the runbook says how to come back afterwards.",
    evidence: ["command:token revoke", "command:recover", "command:documents"],
    limit: "It contains the damage; finding the cause is for people.",
    topic: "incident response",
  },
  {
    id: "NIST AI RMF MANAGE 2.4",
    title:
      "Mechanisms are in place and applied, and responsibilities are assigned and understood, to supersede, disengage, " +
      "or deactivate AI systems that demonstrate performance or outcomes inconsistent with intended use.",
    contributes:
      "One command closes the gate, revokes the token and proves it dead, also while Vault is down. A token ends by " +
      "itself when nobody replaces it.",
    evidence: ["command:token revoke", "command:token rotate", "resource:random:index/randomPassword:RandomPassword"],
    limit: "It takes the agent's access to GitHub. Stopping the process on its machine is for whoever runs it.",
    topic: "incident response",
  },
  {
    id: "NIST AI RMF MANAGE 3.1",
    title:
      "AI risks and benefits from third-party resources are regularly monitored, and risk controls are applied and " +
      "documented.",
    contributes:
      "The agent's code is treated like a stranger's: its pull requests are checked once more in CI, and starting " +
      "other agents is closed.",
    evidence: ["command:check agent-change", "lock:gate-route", "lock:token-permission", "page:docs/dependencies.md"],
    limit: "It does not assess the vendor of the model.",
  },
  {
    id: "NIST AI RMF MANAGE 4.1",
    title:
      "Post-deployment AI system monitoring plans are implemented, including mechanisms for capturing and evaluating " +
      "input from users and other relevant AI actors, appeal and override, decommissioning, incident response, " +
      "recovery, and change management.",
    contributes:
      "Audit trail, alerts, drift check, kill switch, recovery and the stack diff are declared or scripted parts of the posture.",
    evidence: ["command:assess", "command:report", "command:token revoke", "command:recover"],
    limit: "It captures no feedback of users.",
    topic: "incident response",
  },
  {
    id: "NIST AI RMF MANAGE 4.3",
    title:
      "Incidents and errors are communicated to relevant AI actors, including affected communities. Processes for " +
      "tracking, responding to, and recovering from incidents and errors are followed and documented.",
    contributes:
      "Failures go to the alert webhook, overdue rotations to an issue, and the runbook has a page for each kind of incident.",
    evidence: [
      "resource:github:index/organizationWebhook:OrganizationWebhook",
      "command:token status",
      "command:documents",
    ],
    limit: "Telling those outside the organization is for people.",
    topic: "incident response",
  },
] as const satisfies readonly Control[];
