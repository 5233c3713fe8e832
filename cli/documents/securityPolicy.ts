import { AGENT_BRANCH_PREFIX } from "../../gate/contract";
import { names, owners, people, securityTeam, writable, type Environment } from "../../infra/model";
import { byCode, sorted } from "../../infra/model/text";
import { code, pageHead, table, type DocumentInput } from "./posture";

/** Where the agent may push. */
const BRANCHES = code(AGENT_BRANCH_PREFIX);

/** `security-policy.md`: the posture as a policy that an organization can adopt. */
export function securityPolicyPage(input: DocumentInput): string {
  const { environment, stack } = input;
  const { agent, audit, gate, organization, review, rotation } = environment;
  const alerts = audit.alertWebhook !== undefined;
  return [
    ...pageHead(
      input,
      `Security policy: access of ${agent.name} to ${organization}`,
      "This policy says what the coding agent may do in the organization's repositories, who answers for it, and how the rules are kept.",
      "",
    ),
    "## Scope",
    "",
    `It covers the account \`${agent.machineUser}\`, its GitHub token, the gate \`${gate.name}\`, and every person who operates, reviews or changes them. The model, its prompts and its other`,
    "tools have policies of their own.",
    "",
    "## Responsibilities",
    "",
    ...table(["who", "answers for"], responsibilities(environment)),
    "",
    "## What the agent may do",
    "",
    ...table(
      ["repository", "access", "owned by"],
      [...environment.repositories]
        .sort((a, b) => byCode(a.name, b.name))
        .map((one) => [
          code(one.name),
          one.access === "write" ? `read; branches below ${BRANCHES}; draft pull requests` : "read",
          one.access === "write" ? owners(environment, one).map(code).join(", ") : "–",
        ]),
    ),
    "",
    "Nothing else is allowed. In particular the agent",
    "",
    ...[
      "does not approve, merge, or mark a pull request as ready;",
      `does not push to a branch outside ${BRANCHES}, force-push, delete a reference, or make a tag or a release;`,
      "does not change workflows, local actions, CODEOWNERS or protected paths;",
      "does not change settings, rules, keys, webhooks, secrets or members;",
      "does not start another agent;",
      "does not reach a repository that is not listed above.",
    ].map((line) => `- ${line}`),
    "",
    "## Review",
    "",
    ...(writable(environment).length === 0
      ? ["The agent writes nowhere."]
      : [
          `- Each change of the agent needs ${review.approvals} ${review.approvals === 1 ? "approval" : "approvals"}, among them one of a team that owns the code, for its last push.`,
          review.requiredChecks.length === 0
            ? "- No status check is required."
            : `- These checks must pass: ${review.requiredChecks.map(({ context }) => code(context)).join(", ")}.`,
          review.administrators === "bound"
            ? "- Nobody passes the review, owners of the organization included."
            : "- Owners of the organization may pass the review. GitHub records each pass, and each needs a reason in writing.",
          "- A reviewer reads the whole change as the work of a stranger.",
        ]),
    "",
    "## Credentials",
    "",
    ...credentials(environment).map((line) => `- ${line}`),
    "",
    "## Records",
    "",
    ...[
      `Each request of the agent is recorded, also a refused one, and kept for ${audit.retentionDays} days. Nobody deletes a record before.`,
      "Records hold no content: neither bodies nor answers.",
      alerts
        ? "Failures of the gate, changes of rules and members, and signed checkpoints of the trail go to the alert receiver."
        : "No alert receiver is declared (`audit.alertWebhook`): somebody reads the gate's log and GitHub's audit log each working day.",
    ].map((line) => `- ${line}`),
    "",
    "## Changes of this policy",
    "",
    ...[
      `\`Pulumi.${stack}.yaml\` is the source; everything else follows from it. It is changed by pull request, with the report of what the change does to the agent's power.`,
      `A change that widens the agent's power needs an approval of ${code(securityTeam(environment))}.`,
      "An exception from a rule of the policy pack has an owner, a reason and a last day (docs/policy.md of Gatehouse).",
    ].map((line) => `- ${line}`),
    "",
    "## Review of the controls",
    "",
    ...table(
      ["what", "how", "how often"],
      [
        ["the live systems are as declared", code(`gatehouse assess --stack ${stack}`), "daily"],
        ["each lock works", code("gatehouse sandbox drill"), "after each change of the stack or of Gatehouse"],
        ["the token is replaced", code(`gatehouse token status --stack ${stack}`), `every ${rotation.everyDays} days`],
        ["incidents are practised", "[incident-response.md](incident-response.md)", "quarterly"],
        ["this policy and the [threat model](threat-model.md)", "read by the people named above", "yearly"],
      ],
    ),
    "",
    "[controls.md](controls.md) says which controls of standards this serves, and what it leaves to others.",
    "",
  ].join("\n");
}

function responsibilities(environment: Environment): string[][] {
  const { review, repositories, rotation } = environment;
  const contributors = sorted(repositories.flatMap((one) => one.contributors));
  const reviewers = sorted(writable(environment).flatMap((one) => owners(environment, one)));
  const pushers = sorted(writable(environment).flatMap((one) => people(environment, one)));
  return [
    [code(securityTeam(environment)), "CODEOWNERS, workflows and protected paths; dismissal of reviews; incidents"],
    [code(review.team), "reviews of whatever no other team owns"],
    ...(reviewers.length === 0 ? [] : [[reviewers.map(code).join(", "), "reviews of the code they own"]]),
    ...(pushers.length === 0 ? [] : [[pushers.map(code).join(", "), "merging into the default branch"]]),
    ...(contributors.length === 0
      ? []
      : [[contributors.map(code).join(", "), `branches of their own outside ${BRANCHES}`]]),
    ["the operator", "the stack, the rotation, the gate key"],
    [
      "the auditor",
      rotation.repository === undefined
        ? "reading age, hash and history of the token, without reading the token"
        : `reading age, hash and history of the token, without reading the token; reminders are issues of ${code(rotation.repository)}`,
    ],
  ];
}

function credentials(environment: Environment): string[] {
  const { agent, rotation, gate } = environment;
  const { vault } = names(environment);
  const kind = agent.credential.kind;
  const life = "expiryDays" in agent.credential ? `, lives ${agent.credential.expiryDays} days at most` : "";
  return [
    `The GitHub token (${kind})${life}, is replaced every ${rotation.everyDays} ${rotation.everyDays === 1 ? "day" : "days"}, and at once on suspicion. The old one is dead ${rotation.graceMinutes} minutes later. The schedule is policy text too: \`gatehouse token policy\`.`,
    vault
      ? `It lies in Vault, ${code(`${vault.mount}/${vault.token}`)}. The gate reads it, the rotator replaces it, and no person reads it.`
      : "It lies in Workers KV, encrypted. The gate reads it, the rotator replaces it, and no person reads it.",
    "The agent gets a gate key and nothing else. The key is replaced at once when it leaked.",
    `After a revocation the gate uses the token for ${gate.tokenCacheSeconds} seconds at most.`,
    "Nobody pastes a token or a key into a file, a chat, an issue, an argument or a variable of a pipeline.",
  ];
}
