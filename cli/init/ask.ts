import checkbox from "@inquirer/checkbox";
import input from "@inquirer/input";
import select from "@inquirer/select";
import { isEnterpriseServer } from "../../infra/model";
import { CREDENTIAL_KINDS, environmentSchema, PLANS, type CredentialKind } from "../../infra/model/schema";
import type { z } from "zod";
import { bucketName } from "./environmentFile";
import type { Facts } from "./facts";
import { DEFAULTS, defined, zoneOf, type Given } from "./resolve";

const KINDS: Readonly<Record<CredentialKind, string>> = {
  "personal-access-token": "a fine-grained token: a person clicks a link at each rotation",
  "app-installation": "a GitHub App's own token: no person is needed",
  "app-user-token": "a GitHub App acting as the machine user: no person is needed",
  "ghes-impersonation": "minted by a site administrator of your GitHub Enterprise Server",
};
/** Longer lists are typed rather than ticked. */
const MOST_TICKED = 60;
const { shape } = environmentSchema;
const { machineUser } = shape.agent.shape;
const { hostname: hostnameSchema, accountId: accountSchema } = shape.gate.shape;

/** Asks a person for what was not given, with what the systems say as choices. */
export async function ask(given: Given, facts: Facts, stack: string): Promise<Given> {
  const organization =
    given.organization ??
    (await oneOf("Which organization?", facts.github.organizations, "Its GitHub login:", shape.organization));
  const known = await facts.github.of(organization);
  const plan =
    given.plan ??
    known.plan ??
    (await select({
      message: "What does the organization pay for? It decides which locks GitHub offers.",
      choices: PLANS.map((value) => ({ value })),
      default: DEFAULTS.plan,
    }));
  const user =
    given.machineUser ??
    (await text("Login of the agent's own GitHub account (it may not exist yet):", machineUser, "claude-bot"));
  const kinds = CREDENTIAL_KINDS.filter((kind) => kind !== "ghes-impersonation" || isEnterpriseServer(given.githubUrl));
  const credential =
    given.credential ??
    (await select({
      message: "How is its token made?",
      choices: kinds.map((value) => ({ value, name: `${value}: ${KINDS[value]}` })),
    }));
  const app = await askForApp(credential, given);
  const names = known.repositories?.map(({ name }) => name);
  const write =
    given.write.length > 0 ? given.write : await severalOf("Which repositories may the agent write to?", names);
  const rest = names?.filter((name) => !write.includes(name));
  const read =
    given.read.length > 0 ? given.read : await severalOf("Which others may it read?", rest, write.length > 0);
  const team = shape.review.shape.team;
  const reviewTeam =
    given.reviewTeam ??
    (await oneOf("Which team reviews what the agent writes?", known.teams, "Slug of the team that reviews:", team));
  const securityTeam =
    given.securityTeam ??
    (await oneOf(
      "Which team owns CODEOWNERS, workflows and protected paths?",
      known.teams,
      "Slug of the team that owns CODEOWNERS and workflows:",
      team,
      reviewTeam,
    ));
  const check =
    given.check.length > 0
      ? given.check
      : words(await input({ message: "Checks that must pass before a merge, by name (empty for none):" }));
  const tokenStore =
    given.tokenStore ??
    (await select({
      message: "Where does the GitHub token lie?",
      choices: [
        { value: "vault" as const, name: "Vault or OpenBao, which Cloudflare can reach" },
        { value: "kv" as const, name: "Workers KV, sealed" },
      ],
    }));
  const vaultAddress =
    tokenStore === "vault" && given.vaultAddress === undefined
      ? await input({
          message: "Where does the gate reach Vault? (empty: VAULT_ADDR of the deployment)",
          validate: (value) => value === "" || fits(shape.githubUrl, value),
        })
      : given.vaultAddress;
  const accounts = facts.cloudflare.accounts;
  const accountId =
    given.accountId ??
    (accounts && accounts.length > 0
      ? await select({
          message: "Which Cloudflare account?",
          choices: accounts.map(({ id, name }) => ({ value: id, name: `${name} (${id})` })),
        })
      : await text("The Cloudflare account's 32 digits:", accountSchema));
  const address = await askForAddress(given, facts, accountId);
  return {
    ...given,
    organization,
    plan,
    machineUser: user,
    credential,
    ...app,
    write,
    read,
    reviewTeam,
    ...defined({ securityTeam: securityTeam === reviewTeam ? undefined : securityTeam }),
    check,
    tokenStore,
    ...defined({ vaultAddress: vaultAddress || undefined }),
    accountId,
    ...address,
    bucket:
      given.bucket ??
      (await input({
        message: "R2 bucket of the audit trail (made by the stack):",
        default: bucketName(organization, stack),
      })),
  };
}

async function askForApp(credential: CredentialKind, given: Given): Promise<Partial<Given>> {
  if (credential === "app-user-token")
    return { clientId: given.clientId ?? (await input({ message: "The App's client id:", required: true })) };
  if (credential !== "app-installation") return {};
  return {
    appId: given.appId ?? (await whole("The App's id:")),
    installationId: given.installationId ?? (await whole("Id of its installation in the organization:")),
  };
}

async function askForAddress(given: Given, facts: Facts, accountId: string): Promise<Partial<Given>> {
  if (given.hostname !== undefined || given.workersDev !== undefined) return {};
  const [zones, workersDev] = await Promise.all([
    facts.cloudflare.zones(accountId),
    facts.cloudflare.subdomain(accountId),
  ]);
  const hostname = await input({
    message: `Host name of the gate (empty for ${workersDev === undefined ? "the account's workers.dev" : `${workersDev}.workers.dev`}):`,
    validate: (value) => value === "" || fits(hostnameSchema, value),
  });
  if (hostname === "") return defined({ workersDev });
  const zoneId = zoneOf(hostname, zones) ?? (await text("The 32 digits of its zone:", accountSchema));
  return { hostname, zoneId };
}

/** One of the choices; where none is known, a text that the schema takes. */
async function oneOf(
  message: string,
  choices: readonly string[] | undefined,
  typed: string,
  schema: z.ZodType,
  first?: string,
): Promise<string> {
  if (choices === undefined || choices.length === 0) return text(typed, schema, first);
  return select({ message, choices: choices.map((value) => ({ value })), ...(first ? { default: first } : {}) });
}

async function severalOf(message: string, choices: readonly string[] | undefined, none = false): Promise<string[]> {
  if (choices !== undefined && choices.length === 0) return [];
  if (choices !== undefined && choices.length <= MOST_TICKED)
    return checkbox({ message, choices: choices.map((value) => ({ value })), pageSize: 12 });
  const absent = (names: string[]): string[] => names.filter((name) => choices?.includes(name) === false);
  return words(
    await input({
      message: `${message} (names, separated by commas${none ? "; empty for none" : ""})`,
      validate: (value) => absent(words(value)).length === 0 || `not there: ${absent(words(value)).join(", ")}`,
    }),
  );
}

const text = (message: string, schema: z.ZodType, first?: string): Promise<string> =>
  input({ message, required: true, validate: (value) => fits(schema, value), ...(first ? { default: first } : {}) });

const whole = async (message: string): Promise<number> =>
  Number(
    await input({ message, required: true, validate: (value) => /^[1-9]\d{0,14}$/.test(value) || "a whole number" }),
  );

/** True, or what would be right. */
function fits(schema: z.ZodType, value: string): true | string {
  const result = schema.safeParse(value);
  return result.success || (result.error.issues[0]?.message ?? "another value");
}

const words = (list: string): string[] => list.split(/[\s,]+/).filter((word) => word !== "");
