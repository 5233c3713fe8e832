import { AGENT_BRANCH_PREFIX } from "../../gate/contract";
import { endpoints, names, writable, type Environment } from "../../infra/model";
import { forwardedSinks, agentHosts, ciClaims } from "../../infra/plans";
import { hostOf } from "../support/address";
import { code, pageHead, table, type DocumentInput } from "./posture";

/** What a boundary encloses is trusted alike, and run by the same people. */
interface Boundary {
  readonly id: string;
  readonly title: string;
  readonly nodes: readonly { readonly id: string; readonly title: string; readonly store?: boolean }[];
}

interface Flow {
  readonly from: string;
  readonly to: string;
  /** What passes, in the words of the diagram. */
  readonly what: string;
  /** How it is protected on its way. */
  readonly protection: string;
}

/** `data-flow.md`: which data crosses which boundary, as a Mermaid diagram and as a table. */
export function dataFlowPage(input: DocumentInput): string {
  const { boundaries, flows } = dataFlow(input.environment);
  const title = new Map(
    boundaries.flatMap((boundary) => [boundary, ...boundary.nodes].map(({ id, title: name }) => [id, name] as const)),
  );
  return [
    ...pageHead(
      input,
      "Data flows",
      `How data moves between the agent \`${input.environment.agent.name}\`, its gate and the organization \`${input.environment.organization}\`. A box around parts is a trust boundary: inside,`,
      "the same people are responsible. The numbers of the arrows are those of the table.",
      "",
    ),
    "```mermaid",
    mermaid(boundaries, flows),
    "```",
    "",
    ...table(
      ["", "from", "to", "what passes", "how it is protected"],
      flows.map(({ from, to, what, protection }, i) => [
        String(i + 1),
        title.get(from) ?? from,
        title.get(to) ?? to,
        what,
        protection,
      ]),
    ),
    "",
    "## What crosses no boundary",
    "",
    "- The GitHub token never reaches the agent, the operator's files, Pulumi's state, a log or an argument.",
    "- Bodies of requests and answers are not recorded.",
    "- No other way leads from the agent to GitHub, provided that its network opens nothing but the hosts of flow 1.",
    "",
    "What the agent sends to the vendor of its model is outside this diagram.",
    "",
  ].join("\n");
}

/** Boundaries and flows of a posture. Pure. */
export function dataFlow(environment: Environment): {
  readonly boundaries: readonly Boundary[];
  readonly flows: readonly Flow[];
} {
  const { agent, audit, gate, organization, rotation } = environment;
  const named = names(environment);
  const at = endpoints(environment.githubUrl);
  const github = hostOf(at.origin);
  const upstream = [...new Set([at.api, at.graphql, at.git].map(hostOf))];
  const vault = named.vault;
  const store = vault ? "vault" : "kv";
  const ci = ciClaims(environment);
  const logpush = audit.sinks.some(({ kind }) => kind === "logpush");
  const { sinks } = forwardedSinks(environment);
  const forwarder = named.forwarderScript !== undefined;
  const alert = audit.alertWebhook === undefined ? undefined : hostOf(audit.alertWebhook);
  const notified = [...new Set(rotation.notify.map(hostOf))];
  const hosts = agentHosts(environment);
  const receivers = alert !== undefined || notified.length > 0 || logpush || forwarder;
  const boundaries: Boundary[] = [
    { id: "agentNetwork", title: "The agent's network", nodes: [{ id: "agent", title: `Agent (${agent.name})` }] },
    {
      id: "cloudflare",
      title: "Cloudflare account",
      nodes: [
        { id: "gate", title: `Gate ${named.gateScript}` },
        { id: "ledger", title: `Ledger ${named.ledgerScript}` },
        { id: "rotator", title: `Rotator ${named.rotatorScript}` },
        ...(forwarder ? [{ id: "forwarder", title: `Forwarder ${named.forwarderScript}` }] : []),
        { id: "bucket", title: `Audit bucket ${named.auditBucket}`, store: true },
        ...(vault ? [] : [{ id: "kv", title: `Token store ${named.tokensNamespace} (Workers KV)`, store: true }]),
      ],
    },
    ...(vault
      ? [
          {
            id: "vaultServer",
            title: "Vault or OpenBao",
            nodes: [{ id: "vault", title: `Token store ${vault.mount}/${vault.token}`, store: true }],
          },
        ]
      : []),
    {
      id: "organization",
      title: `Organization ${organization}`,
      nodes: [
        { id: "github", title: `GitHub (${github})` },
        { id: "repositories", title: `${environment.repositories.length} listed repositories`, store: true },
      ],
    },
    {
      id: "people",
      title: "People",
      nodes: [
        { id: "reviewers", title: "Reviewers" },
        { id: "operator", title: "Operator, with Pulumi" },
        ...(ci ? [{ id: "ci", title: `Workflows of ${ci.repository}` }] : []),
      ],
    },
    ...(receivers
      ? [
          {
            id: "receivers",
            title: "Receivers",
            nodes: [
              ...(alert === undefined ? [] : [{ id: "alerts", title: `Alerts: ${alert}` }]),
              ...(notified.length === 0 ? [] : [{ id: "notified", title: `Rotations: ${notified.join(", ")}` }]),
              ...(logpush ? [{ id: "logpush", title: "Logpush destination", store: true }] : []),
              ...sinks.map((sink, i) => ({
                id: `sink${i + 1}`,
                title: `Sink ${sink.name}: ${hostOf(sink.url)}`,
                store: true,
              })),
            ],
          },
        ]
      : []),
  ];
  const https = "https";
  const flows: Flow[] = [
    {
      from: "agent",
      to: "gate",
      what: "requests (REST, GraphQL, git) with the gate key",
      protection: `${https}; the key is compared by its hash; ${hosts.length > 0 ? `the agent's network opens ${hosts.map(code).join(", ")} alone` : "the agent's network opens the gate's host alone"}`,
    },
    {
      from: "gate",
      to: "agent",
      what: "answers of GitHub without the token, or a refusal with its rule",
      protection: `${https}; headers by allow-list; the token is removed in every encoding that the gate knows`,
    },
    {
      from: "gate",
      to: "ledger",
      what: "counts against the limits, and records",
      protection: "inside one account, by a binding; each record holds the hash of the one before",
    },
    {
      from: "ledger",
      to: "bucket",
      what: "audit records: who, when, route, repository, decision, hash of the token",
      protection: `a lock for ${audit.retentionDays} days`,
    },
    {
      from: "gate",
      to: store,
      what: "reads the GitHub token",
      protection: vault
        ? `${https}; AppRole ${code(vault.appRole.role)} may read this path alone; kept for ${gate.tokenCacheSeconds} s at most`
        : `sealed with AES-256-GCM; the key is a secret binding of the Worker; kept for ${gate.tokenCacheSeconds} s at most`,
    },
    {
      from: "gate",
      to: "github",
      what: "what was judged and nothing else, with the GitHub token",
      protection: `${https} to ${upstream.map(code).join(" and ")}, which stand in the policy; redirects are followed inside the gate, without the token`,
    },
    {
      from: "github",
      to: "repositories",
      what:
        writable(environment).length > 0
          ? `branches below ${AGENT_BRANCH_PREFIX} and draft pull requests`
          : "nothing that writes: the agent may only read",
      protection: `the account ${code(agent.machineUser)} by its role, token permissions and rulesets`,
    },
    {
      from: "reviewers",
      to: "github",
      what: "reviews and merges",
      protection: "their own accounts; approvals of teams that own the code",
    },
    {
      from: "rotator",
      to: store,
      what: "reads and replaces the token; writes the journal",
      protection: vault
        ? `${https}; AppRole ${code(vault.appRole.rotator)}; writes by check-and-set`
        : "by the gate, which reads and writes for it; journal and minting secret are sealed with a key that the gate does not have",
    },
    {
      from: "rotator",
      to: "github",
      what: "verifies the new token, revokes the old one and proves it dead",
      protection: https,
    },
    {
      from: "operator",
      to: "cloudflare",
      what: "the stack: Workers, policy, generated secrets",
      protection: "Cloudflare's API; secrets are encrypted in the state",
    },
    {
      from: "operator",
      to: "github",
      what: "the stack: team, rulesets, branch protection, CODEOWNERS, webhook",
      protection: "an owner's token, which the stack does not keep",
    },
    ...(vault
      ? [
          {
            from: "operator",
            to: "vault",
            what: "the stack: mount, policies, sign-ins; a token that a person made, once, from a hidden prompt",
            protection: `${https}; policy ${code(vault.policies.deployer)} cannot read the token`,
          },
        ]
      : [
          {
            from: "operator",
            to: "gate",
            what: "a token that a person made, once, from a hidden prompt",
            protection: `${https}; the operator key; sealed before it is stored`,
          },
        ]),
    ...(ci && vault
      ? [
          {
            from: "ci",
            to: "vault",
            what: "rotation by schedule",
            protection: `an identity token of ${code(ci.repository)}, branch ${code(ci.ref.replace("refs/heads/", ""))}, good for one session; no stored secret`,
          },
        ]
      : []),
    ...(audit.githubEvents && audit.githubEventsUrl === undefined
      ? [
          {
            from: "github",
            to: "gate",
            what: "events about rules, members, keys and pushes, which the gate keeps in the audit bucket",
            protection: `${https}; signed by GitHub with the webhook's secret`,
          },
        ]
      : []),
    ...(alert === undefined
      ? []
      : [
          {
            from: "gate",
            to: "alerts",
            what: "alerts and signed checkpoints of the audit trail",
            protection: `${https}; signed (Standard Webhooks)`,
          },
          {
            from: "github",
            to: "alerts",
            what: "events about rules, members, keys and pushes",
            protection: `${https}; signed by GitHub with the webhook's secret`,
          },
        ]),
    ...(notified.length === 0
      ? []
      : [
          {
            from: "rotator",
            to: "notified",
            what: "each rotation, with hashes",
            protection: `${https}; signed (Standard Webhooks)`,
          },
        ]),
    ...(logpush
      ? [
          {
            from: "gate",
            to: "logpush",
            what: "a copy of the audit records",
            protection: "Cloudflare's Logpush; the destination is a secret of the stack",
          },
        ]
      : []),
    ...(forwarder
      ? [
          {
            from: "forwarder",
            to: "bucket",
            what: "reads the audit records; keeps those that a sink refuses",
            protection: "binding; how far each sink is, the ledger keeps",
          },
          ...sinks.map((sink, i) => ({
            from: "forwarder",
            to: `sink${i + 1}`,
            what: `a copy of the audit records (${sink.kind})`,
            protection: `${https}; the credential is a secret of the stack, which the gate does not have`,
          })),
        ]
      : []),
  ];
  return { boundaries, flows };
}

/** A flowchart with one subgraph a boundary. Labels are quoted, so no name of an organization can be syntax. */
export function mermaid(boundaries: readonly Boundary[], flows: readonly Flow[]): string {
  return [
    "flowchart LR",
    ...boundaries.flatMap(({ id, title, nodes }) => [
      `  subgraph ${id} [${label(title)}]`,
      ...nodes.map((node) => `    ${node.id}${node.store ? `[(${label(node.title)})]` : `[${label(node.title)}]`}`),
      "  end",
    ]),
    ...flows.map(({ from, to }, i) => `  ${from} -->|${i + 1}| ${to}`),
  ].join("\n");
}

const label = (text: string): string => `"${text.replace(/["#<>&]/g, (char) => `#${char.charCodeAt(0)};`)}"`;
