import { SCHEMA_FILE } from "../../infra/config/reference";
import type { CredentialKind, Plan, Visibility } from "../../infra/model";

/** A repository as GitHub has it, as far as it differs from the defaults. */
export interface KnownRepository {
  readonly name: string;
  readonly visibility: Visibility;
  readonly defaultBranch: string;
}

/** Everything that a new environment file says. No secret is among it. */
export interface Answers {
  readonly organization: string;
  readonly plan: Plan;
  readonly githubUrl?: string;
  readonly machineUser: string;
  readonly credential: CredentialKind;
  readonly clientId?: string;
  readonly appId?: number;
  readonly installationId?: number;
  /** Names of repositories that the agent may write to, and of those that it may read. */
  readonly write: readonly string[];
  readonly read: readonly string[];
  readonly reviewTeam: string;
  readonly securityTeam?: string;
  readonly approvals: number;
  readonly checks: readonly string[];
  readonly tokenStore: "vault" | "kv";
  readonly vaultAddress?: string;
  readonly accountId: string;
  readonly hostname?: string;
  readonly zoneId?: string;
  readonly workersDev?: string;
  readonly bucket: string;
  readonly retentionDays: number;
  readonly alertWebhook?: string;
}

/** How often the token is replaced, and how long one lives. */
const ROTATION_DAYS = 30;
/** Kinds whose life the file says. */
const WITH_EXPIRY: readonly CredentialKind[] = ["personal-access-token", "ghes-impersonation"];

/**
 * The text of a new `Pulumi.<stack>.yaml`.
 * @param known the repositories of the organization, where they could be asked for
 */
export function environmentFile(answers: Answers, known: readonly KnownRepository[] = []): string {
  const { organization, plan, githubUrl, machineUser, reviewTeam, securityTeam, approvals, checks } = answers;
  const { tokenStore, vaultAddress, accountId, hostname, zoneId, workersDev, bucket, retentionDays, alertWebhook } =
    answers;
  const lines = [
    `# yaml-language-server: $schema=./${SCHEMA_FILE}`,
    "# Who may do what. Every line is a security decision; docs/configuration.md explains each key.",
    "config:",
    `  gatehouse:organization: ${scalar(organization)}`,
    `  gatehouse:plan: ${plan}`,
    ...(githubUrl === undefined
      ? []
      : [`  gatehouse:githubUrl: ${scalar(githubUrl)}`, `  github:baseUrl: ${scalar(githubUrl)}`]),
    "",
    "  gatehouse:agent:",
    `    machineUser: ${scalar(machineUser)}   # a GitHub account for the agent alone`,
    `    credential: ${credential(answers)}`,
    "",
    "  # write: push to claude/** and open draft pull requests. read: clone. Everything else stays out of reach.",
    "  gatehouse:repositories:",
    ...answers.write.map((name) => repository(name, "write", known)),
    ...answers.read.map((name) => repository(name, "read", known)),
    "",
    "  gatehouse:review:",
    `    team: ${scalar(reviewTeam)}   # reviews what the agent writes`,
    ...(securityTeam === undefined
      ? []
      : [`    securityTeam: ${scalar(securityTeam)}   # owns CODEOWNERS, workflows and protected paths`]),
    `    approvals: ${approvals}`,
    ...(checks.length === 0
      ? []
      : [
          "    requiredChecks:",
          ...checks.map((context) => `      - { context: ${scalar(context)}, integrationId: 15368 }`),
        ]),
    "",
    ...(tokenStore === "kv"
      ? ["  gatehouse:tokenStore: { kind: kv }"]
      : [
          "  gatehouse:tokenStore:",
          "    kind: vault",
          "    mount: agents",
          `    path: ${scalar(`github/${machineUser}`)}`,
          ...(vaultAddress === undefined
            ? ["    # address: https://vault.example.com:8200   # where the gate reaches Vault; VAULT_ADDR when absent"]
            : [`    address: ${scalar(vaultAddress)}   # where the gate reaches Vault`]),
        ]),
    "",
    "  gatehouse:gate:",
    `    accountId: ${scalar(accountId)}`,
    ...(hostname === undefined ? [] : [`    hostname: ${scalar(hostname)}`]),
    ...(zoneId === undefined ? [] : [`    zoneId: ${scalar(zoneId)}`]),
    ...(workersDev === undefined ? [] : [`    workersDev: ${scalar(workersDev)}`]),
    "    requestsPerMinute: 120",
    "",
    "  gatehouse:audit:",
    `    retentionDays: ${retentionDays}   # while this lasts nobody can delete a record`,
    "    sinks:",
    `      - { kind: r2, bucket: ${scalar(bucket)} }`,
    ...(alertWebhook === undefined ? [] : [`    alertWebhook: ${scalar(alertWebhook)}`]),
    "",
    "  gatehouse:rotation:",
    `    everyDays: ${ROTATION_DAYS}`,
    "    graceMinutes: 10   # the replaced token is dead after this at the latest",
  ];
  return `${lines.join("\n")}\n`;
}

function credential({ credential: kind, clientId, appId, installationId }: Answers): string {
  if (kind === "app-user-token") return `{ kind: ${kind}, clientId: ${scalar(clientId ?? "")} }`;
  if (kind === "app-installation")
    return `{ kind: ${kind}, appId: ${appId ?? 0}, installationId: ${installationId ?? 0} }`;
  return WITH_EXPIRY.includes(kind) ? `{ kind: ${kind}, expiryDays: ${ROTATION_DAYS} }` : `{ kind: ${kind} }`;
}

function repository(name: string, access: "read" | "write", known: readonly KnownRepository[]): string {
  const found = known.find((one) => one.name.toLowerCase() === name.toLowerCase());
  return `    - { name: ${scalar(found?.name ?? name)}, access: ${access}${
    found && found.visibility !== "private" ? `, visibility: ${found.visibility}` : ""
  }${found && found.defaultBranch !== "main" ? `, defaultBranch: ${scalar(found.defaultBranch)}` : ""} }`;
}

/** A text that YAML reads as this text: quoted unless it plainly is one. */
export function scalar(text: string): string {
  const plainly = /^[a-zA-Z][a-zA-Z0-9._/-]*(?::\/\/[a-zA-Z0-9._:/-]+)?$/.test(text);
  return plainly && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text) ? text : JSON.stringify(text);
}

/** A bucket's name from an organization's: lower case, at most 63 characters. */
export const bucketName = (organization: string, stack: string): string =>
  `${organization}-agent-audit-${stack}`
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .slice(0, 63)
    .replace(/-+$/, "");
