import type { Control, Framework } from "./control";

export const SP_800_53 = {
  prefix: "NIST SP 800-53",
  title: "NIST Special Publication 800-53, Security and Privacy Controls for Information Systems and Organizations",
  version: "revision 5",
  source:
    "https://raw.githubusercontent.com/usnistgov/oscal-content/main/nist.gov/SP800-53/rev5/json/NIST_SP-800-53_rev5_catalog.json",
  note:
    "A control of this catalog is met by an organization. Each row says which part the posture carries for an agent's " +
    "access to GitHub; parameters, people and all other systems remain.",
} as const satisfies Framework;

const TEAM_REPOSITORY = "resource:github:index/teamRepository:TeamRepository";
const MEMBERSHIP = "resource:github:index/membership:Membership";
const VAULT_POLICY = "resource:vault:index/policy:Policy";
const WORKER = "resource:cloudflare:index/workersScript:WorkersScript";
const PASSWORD = "resource:random:index/randomPassword:RandomPassword";
const SECRET_ID = "resource:vault:appRole/authBackendRoleSecretId:AuthBackendRoleSecretId";

export const SP_800_53_CONTROLS = [
  {
    id: "NIST SP 800-53 AC-2",
    title: "Account Management",
    contributes:
      "The agent's account belongs to one agent, joins by a declared team and leaves when the stack is destroyed.",
    evidence: [MEMBERSHIP, "resource:github:index/teamMembership:TeamMembership", "lock:role-member"],
    limit: "GitHub accounts are made and closed by people.",
    topic: "access control",
  },
  {
    id: "NIST SP 800-53 AC-3",
    title: "Access Enforcement",
    contributes:
      "The gate decides each request by a declared policy, and GitHub enforces role, token permissions and rulesets by itself.",
    evidence: [
      "lock:gate-route",
      "lock:gate-repository",
      "lock:gate-graphql",
      "lock:ruleset-branches",
      "lock:role-pull",
    ],
    limit: "It enforces the agent's access, not that of people.",
    topic: "access control",
  },
  {
    id: "NIST SP 800-53 AC-4",
    title: "Information Flow Enforcement",
    contributes:
      "Requests go to one constant origin; redirects are followed inside the gate to listed hosts without the token; " +
      "answers pass by allow-listed headers; credentials in content are refused.",
    evidence: ["lock:gate-upstream", "lock:gate-answer", "lock:network-hosts"],
    limit: "It does not classify what the agent reads. What an agent read may reach the vendor of its model.",
    topic: "data flows",
  },
  {
    id: "NIST SP 800-53 AC-5",
    title: "Separation of Duties",
    contributes: "Whoever proposes does not approve: the agent writes, owners of the code approve, people merge.",
    evidence: ["lock:owners-review", "lock:github-self-approval", "lock:gate-review", "lock:protection-dismissal"],
    limit:
      "Owners of the organization can change the rules; with `review.administrators: bound` they pass none of them.",
    topic: "access control",
  },
  {
    id: "NIST SP 800-53 AC-6",
    title: "Least Privilege",
    contributes:
      "Repositories, permissions, routes and Vault paths are listed one by one. Each party at Vault has a policy of exact paths.",
    evidence: ["lock:token-permission", "lock:token-repositories", "lock:role-no-admin", TEAM_REPOSITORY, VAULT_POLICY],
    limit: "GitHub's permissions are coarse; where one permission opens more than is needed, the gate alone limits it.",
    topic: "access control",
  },
  {
    id: "NIST SP 800-53 AC-6(5)",
    title: "Privileged Accounts",
    contributes: "The machine user is a plain member and has neither maintain nor admin anywhere.",
    evidence: ["lock:role-no-admin", "lock:role-member", MEMBERSHIP],
    limit: "Privileged accounts of people are not declared here.",
    topic: "access control",
  },
  {
    id: "NIST SP 800-53 AC-6(9)",
    title: "Log Use of Privileged Functions",
    contributes:
      "Operator requests to the gate are in the audit trail; GitHub's events about rules, members and keys go to the alert webhook.",
    evidence: ["resource:github:index/organizationWebhook:OrganizationWebhook", "command:token history"],
    limit: "Without `audit.alertWebhook` GitHub's own audit log is the only record of what administrators do.",
  },
  {
    id: "NIST SP 800-53 AC-12",
    title: "Session Termination",
    contributes:
      "Sessions of gate, rotator and workflows at Vault end within the hour; a stopped gate refuses within two seconds.",
    evidence: ["resource:vault:appRole/authBackendRole:AuthBackendRole", "command:token revoke"],
    limit: "Sessions of people on GitHub's pages are GitHub's.",
  },
  {
    id: "NIST SP 800-53 AU-2",
    title: "Event Logging",
    contributes: "Each request is an event: what was let through, what was refused, by which rule.",
    evidence: [WORKER, "resource:cloudflare:index/r2Bucket:R2Bucket", "page:docs/gate.md"],
    limit: "Beyond 6,000 requests a minute without a key, further ones are recorded as a sum.",
    topic: "data flows",
  },
  {
    id: "NIST SP 800-53 AU-3",
    title: "Content of Audit Records",
    contributes:
      "A record has time, agent, address of the client, route, repository, decision, rule, status, and the hash of the token.",
    evidence: ["command:assess", "page:docs/gate.md"],
    limit: "Bodies and answers are not recorded.",
    topic: "data flows",
  },
  {
    id: "NIST SP 800-53 AU-5",
    title: "Response to Audit Logging Process Failures",
    contributes: "When records cannot be written, the gate closes and alerts.",
    evidence: ["page:docs/gate.md", "command:assess"],
    limit: "A crashed isolate can lose its reads of one second; a gap record says how many at most.",
    topic: "incident response",
  },
  {
    id: "NIST SP 800-53 AU-6",
    title: "Audit Record Review, Analysis, and Reporting",
    contributes:
      "`assess` checks the chain from its first record, looks for gaps, and joins it with Vault and GitHub by the token's hash.",
    evidence: ["command:assess"],
    limit: "Nobody is told what a record means; the organization's monitoring must read them.",
    topic: "incident response",
  },
  {
    id: "NIST SP 800-53 AU-9",
    title: "Protection of Audit Information",
    contributes: "A lock of the bucket keeps each record unchanged until its retention is over.",
    evidence: ["lock:bucket-lock", "resource:cloudflare:index/r2BucketLock:R2BucketLock"],
    limit: "Whoever may administer the Cloudflare account can remove the rule of the lock first; `assess` notices.",
  },
  {
    id: "NIST SP 800-53 AU-9(3)",
    title: "Cryptographic Protection",
    contributes:
      "Each record holds the hash of the one before, and the gate signs the head of the chain; once an hour the alert webhook gets the signed head.",
    evidence: ["command:assess"],
    limit:
      "Whoever administers the Cloudflare account can replace the gate with its key; the copies at the alert webhook show it.",
  },
  {
    id: "NIST SP 800-53 AU-10",
    title: "Non-repudiation",
    contributes: "Only the gate writes the line that links a pull request to its record, and webhooks are signed.",
    evidence: ["resource:github:index/organizationWebhook:OrganizationWebhook", "command:check agent-change"],
    limit: "Commits are signed only with `review.signedCommits`.",
  },
  {
    id: "NIST SP 800-53 AU-11",
    title: "Audit Record Retention",
    contributes: "`audit.retentionDays` becomes the lock and the lifecycle of the bucket.",
    evidence: ["lock:bucket-lock", "resource:cloudflare:index/r2BucketLifecycle:R2BucketLifecycle"],
    limit: "GitHub's own audit log keeps its own time.",
  },
  {
    id: "NIST SP 800-53 AU-12",
    title: "Audit Record Generation",
    contributes: "The gate writes the record of a write before its answer, and of a read within a second after it.",
    evidence: [WORKER, "command:assess"],
    limit: "What does not pass the gate has no record: blocking other ways is the job of the agent's network.",
  },
  {
    id: "NIST SP 800-53 CA-7",
    title: "Continuous Monitoring",
    contributes: "`assess` and the drift check run on a schedule, and the rotator checks the token every five minutes.",
    evidence: ["command:assess", "resource:cloudflare:index/workersCronTrigger:WorkersCronTrigger"],
    limit: "Between two runs a change and its undoing go unnoticed, except in GitHub's audit log.",
  },
  {
    id: "NIST SP 800-53 CM-2",
    title: "Baseline Configuration",
    contributes: "The stack is the baseline: one file, versioned, from which all settings follow.",
    evidence: ["command:report", "command:assess"],
    limit: "Settings that GitHub shows on web pages alone are not in it.",
  },
  {
    id: "NIST SP 800-53 CM-3",
    title: "Configuration Change Control",
    contributes:
      "The report says of each change of the stack whether it widens the agent's power; policies stop what must not be.",
    evidence: ["command:report", "command:policy check", "lock:ruleset-branches"],
    limit: "Who approves a change of the environment file is set in the repository that holds it.",
    topic: "access control",
  },
  {
    id: "NIST SP 800-53 CM-3(2)",
    title: "Testing, Validation, and Documentation of Changes",
    contributes:
      "A change of the agent's waits for the required checks and for owners; a change of the stack is rehearsed and drilled.",
    evidence: ["lock:owners-review", "lock:ruleset-checks", "command:check agent-change", "command:sandbox rehearse"],
    limit: "What the checks test is the repository's business.",
  },
  {
    id: "NIST SP 800-53 CM-5",
    title: "Access Restrictions for Change",
    contributes: "Branches, tags, workflows and protected paths are changed by people's teams alone.",
    evidence: [
      "lock:ruleset-branches",
      "lock:ruleset-tags",
      "lock:ruleset-paths",
      "lock:gate-path",
      "lock:token-workflows",
    ],
    limit: "Owners of the organization can change any rule; the alert webhook shows it.",
    topic: "access control",
  },
  {
    id: "NIST SP 800-53 CM-6",
    title: "Configuration Settings",
    contributes: "Settings are derived, deployed by Pulumi, and compared with the live systems by `assess`.",
    evidence: ["command:assess", "command:policy check"],
    limit: "Some properties cannot be read back; docs/assess.md lists them.",
  },
  {
    id: "NIST SP 800-53 CM-8",
    title: "System Component Inventory",
    contributes: "The state of the stack lists each component of the agent's access.",
    evidence: ["command:report"],
    limit: "The machine that the agent runs on is not in it.",
  },
  {
    id: "NIST SP 800-53 CP-10",
    title: "System Recovery and Reconstitution",
    contributes:
      "An interrupted rotation or update goes on where it stopped; `recover` finds what a killed update left.",
    evidence: ["command:recover", "command:token rotate", "page:docs/recovery.md"],
    limit: "Backups of Vault and of the Pulumi state are the organization's.",
    topic: "incident response",
  },
  {
    id: "NIST SP 800-53 IA-2",
    title: "Identification and Authentication (Organizational Users)",
    contributes: "Each agent shows a gate key of its own; the gate compares hashes in constant time.",
    evidence: ["lock:gate-key", PASSWORD],
    limit: "The sign-in of people, with a second factor, is GitHub's and the organization's.",
    topic: "access control",
  },
  {
    id: "NIST SP 800-53 IA-4",
    title: "Identifier Management",
    contributes: "One machine user for one agent, with a name that appears in records, on keys and in pull requests.",
    evidence: [MEMBERSHIP, "lock:gate-key"],
    limit: "An App's installation acts by the App's name.",
  },
  {
    id: "NIST SP 800-53 IA-5",
    title: "Authenticator Management",
    contributes:
      "The GitHub token has a declared life, is replaced on schedule without a gap, and is proven dead afterwards; the " +
      "gate key has generations with an overlap.",
    evidence: ["command:token rotate", "command:token gate-key", "command:token history", "lock:github-no-minting"],
    limit: "A personal access token needs two minutes of a person for each rotation; GitHub has no API for it.",
    topic: "access control",
  },
  {
    id: "NIST SP 800-53 IA-5(6)",
    title: "Protection of Authenticators",
    contributes: "The token lies in Vault or sealed in Workers KV; the agent, the operator and Pulumi never see it.",
    evidence: ["lock:vault-policy", "lock:cloudflare-binding", "lock:gate-answer"],
    limit: "A person who makes a token sees it once.",
  },
  {
    id: "NIST SP 800-53 IA-5(7)",
    title: "No Embedded Unencrypted Static Authenticators",
    contributes:
      "No token stands in code, state, log or argument; policies refuse a stack that declares one, and the gate refuses " +
      "content that looks like a credential.",
    evidence: ["command:policy check", "command:check agent-change", VAULT_POLICY],
    limit: "It finds credentials by the formats that issuers publish; a password without a format passes.",
  },
  {
    id: "NIST SP 800-53 IA-9",
    title: "Service Identification and Authentication",
    contributes: "Gate, rotator and workflows sign in to Vault each by a role of its own.",
    evidence: [SECRET_ID, "resource:vault:jwt/authBackendRole:AuthBackendRole"],
    limit: "The first secret id comes from the deployment.",
  },
  {
    id: "NIST SP 800-53 IR-4",
    title: "Incident Handling",
    contributes: "The runbook says what to type for each kind of incident; containing takes one command and one key.",
    evidence: ["command:documents", "command:token revoke"],
    limit: "Analysis and lessons are for people.",
    topic: "incident response",
  },
  {
    id: "NIST SP 800-53 IR-5",
    title: "Incident Monitoring",
    contributes:
      "Refusals, failures, gaps and stops are records; the history of rotations keeps the reason of each emergency.",
    evidence: ["command:token history", "command:assess"],
    limit: "It tracks no tickets.",
    topic: "incident response",
  },
  {
    id: "NIST SP 800-53 IR-6",
    title: "Incident Reporting",
    contributes: "The gate and the rotator report failures to the alert webhook, signed.",
    evidence: ["resource:github:index/organizationWebhook:OrganizationWebhook", "command:token status"],
    limit: "Without `audit.alertWebhook` and `rotation.notify` nobody is told.",
    topic: "incident response",
  },
  {
    id: "NIST SP 800-53 IR-8",
    title: "Incident Response Plan",
    contributes: "`documents` writes the plan's technical part for the organization's own posture.",
    evidence: ["command:documents"],
    limit: "Names, telephone numbers and duties to report to others must be added.",
    topic: "incident response",
  },
  {
    id: "NIST SP 800-53 PL-8",
    title: "Security and Privacy Architectures",
    contributes: "The data-flow diagram and the threat model are derived from the same model as the controls.",
    evidence: ["command:documents"],
    limit: "They end at the agent's machine.",
    topic: "data flows",
  },
  {
    id: "NIST SP 800-53 SC-5",
    title: "Denial-of-service Protection",
    contributes: "Requests, writes, bytes, sizes and times have limits; whatever the gate keeps is bounded.",
    evidence: [WORKER, "resource:vault:index/quotaRateLimit:QuotaRateLimit", "page:docs/gate.md"],
    limit: "Floods before the Worker are Cloudflare's.",
  },
  {
    id: "NIST SP 800-53 SC-7",
    title: "Boundary Protection",
    contributes: "The gate is the one managed interface between the agent and GitHub.",
    evidence: ["lock:gate-upstream", "lock:network-hosts", "lock:gate-key"],
    limit: "The agent's network must close every other way; the stack's output `agentHosts` says what to open.",
    topic: "data flows",
  },
  {
    id: "NIST SP 800-53 SC-7(5)",
    title: "Deny by Default — Allow by Exception",
    contributes:
      "Methods, paths, query parameters, body keys, GraphQL fields and git commands are refused unless listed.",
    evidence: ["lock:gate-route", "lock:gate-graphql", "lock:gate-repository"],
    limit: "Observe mode lets some refused REST requests through until its day is over.",
    topic: "data flows",
  },
  {
    id: "NIST SP 800-53 SC-7(8)",
    title: "Route Traffic to Authenticated Proxy Servers",
    contributes: "The agent reaches GitHub only through the gate, with its key.",
    evidence: ["lock:gate-key", "lock:network-hosts"],
    limit: "The route is enforced by the agent's network.",
    topic: "data flows",
  },
  {
    id: "NIST SP 800-53 SC-8",
    title: "Transmission Confidentiality and Integrity",
    contributes:
      "The gate is reached and reaches GitHub and Vault by https; webhooks are signed and their certificates checked.",
    evidence: ["lock:gate-upstream", "resource:github:index/organizationWebhook:OrganizationWebhook"],
    limit: "Certificates are Cloudflare's, GitHub's and Vault's.",
    topic: "data flows",
  },
  {
    id: "NIST SP 800-53 SC-8(1)",
    title: "Cryptographic Protection",
    contributes: "A policy refuses a gate whose upstream is not https.",
    evidence: ["command:policy check", "lock:gate-upstream"],
    limit: "Versions and suites of TLS are Cloudflare's.",
    topic: "data flows",
  },
  {
    id: "NIST SP 800-53 SC-12",
    title: "Cryptographic Key Establishment and Management",
    contributes:
      "Gate, operator, alert and webhook secrets are generated, held as secrets, and replaced by generation.",
    evidence: [PASSWORD, "command:token gate-key"],
    limit: "The key of the Pulumi state is chosen by the organization (docs/state.md).",
  },
  {
    id: "NIST SP 800-53 SC-28",
    title: "Protection of Information at Rest",
    contributes:
      "The token is encrypted by Vault, or sealed (AES-256-GCM) with a key that Cloudflare gives to the Worker alone.",
    evidence: ["lock:vault-policy", "lock:cloudflare-binding", "resource:vault:kv/secretBackendV2:SecretBackendV2"],
    limit: "Audit records are protected against change; they are readable by whoever may read the bucket.",
    topic: "data flows",
  },
  {
    id: "NIST SP 800-53 SC-28(1)",
    title: "Cryptographic Protection",
    contributes:
      "Secrets in the Pulumi state are encrypted by the stack's secrets provider; a policy finds one that is not.",
    evidence: ["command:policy check"],
    limit: "The strength of a passphrase is the organization's.",
    topic: "data flows",
  },
  {
    id: "NIST SP 800-53 SI-4",
    title: "System Monitoring",
    contributes:
      "The trail shows refused requests by rule; the gate alerts on its own failures, on a stop, and on its token in an answer.",
    evidence: ["command:assess", "resource:github:index/organizationWebhook:OrganizationWebhook"],
    limit: "It recognizes no unusual but allowed behavior.",
    topic: "incident response",
  },
  {
    id: "NIST SP 800-53 SI-7",
    title: "Software, Firmware, and Information Integrity",
    contributes: "Vault takes no write without check-and-set; git ids of pushed objects are computed and compared.",
    evidence: ["resource:vault:kv/secretBackendV2:SecretBackendV2", "resource:vault:index/mount:Mount"],
    limit: "It does not attest builds.",
  },
  {
    id: "NIST SP 800-53 SI-10",
    title: "Information Input Validation",
    contributes: "The gate parses targets, headers, JSON, GraphQL and git packs, and sends only what it judged.",
    evidence: ["lock:gate-route", "lock:gate-graphql", "lock:gate-path", "page:docs/gate.md"],
    limit: "The meaning of the agent's code is not validated.",
    topic: "data flows",
  },
] as const satisfies readonly Control[];
