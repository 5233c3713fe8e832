import { bucketName, type Answers } from "./environmentFile";
import type { Facts, OrganizationFacts } from "./facts";

/** What was given on the command line: any of the answers, and lists that are empty where nothing was given. */
export interface Given extends Partial<Omit<Answers, "checks">> {
  readonly write: readonly string[];
  readonly read: readonly string[];
  readonly check: readonly string[];
}

export const DEFAULTS = {
  plan: "team",
  credential: "personal-access-token",
  approvals: 2,
  retentionDays: 400,
} as const;

/**
 * The answers that follow from what was given and from what the systems say, without asking a person; or every option
 * that is still needed, each with why.
 */
export async function resolve(
  given: Given,
  facts: Facts,
  stack: string,
): Promise<{ readonly answers: Answers; readonly organization: OrganizationFacts } | { readonly missing: string[] }> {
  const missing: string[] = [];
  const need = <T>(value: T | undefined, option: string, why: string): T | undefined => {
    if (value === undefined) missing.push(`${option}: ${why}`);
    return value;
  };
  const organization = need(
    given.organization ?? only(facts.github.organizations),
    "--organization",
    choose("the organization's login", facts.github.organizations),
  );
  const known = organization === undefined ? {} : await facts.github.of(organization);
  const machineUser = need(given.machineUser, "--machine-user", "the login of the agent's own GitHub account");
  const reviewTeam = need(given.reviewTeam, "--review-team", choose("the team that reviews", known.teams));
  const repositories = known.repositories?.map(({ name }) => name);
  if (given.write.length + given.read.length === 0)
    missing.push(`--write or --read: ${choose("a repository for the agent", repositories)}`);
  missing.push(
    ...unknown("--write", given.write, repositories),
    ...unknown("--read", given.read, repositories),
    ...unknown("--review-team", given.reviewTeam ? [given.reviewTeam] : [], known.teams),
    ...unknown("--security-team", given.securityTeam ? [given.securityTeam] : [], known.teams),
  );
  const credential = given.credential ?? DEFAULTS.credential;
  if (credential === "app-user-token") need(given.clientId, "--client-id", "the App's client id");
  if (credential === "app-installation") {
    need(given.appId, "--app-id", "the App's id");
    need(given.installationId, "--installation-id", "the id of its installation in the organization");
  }
  const accounts = facts.cloudflare.accounts;
  const accountId = need(
    given.accountId ?? only(accounts?.map(({ id }) => id)),
    "--account-id",
    choose(
      "the Cloudflare account's 32 digits",
      accounts?.map(({ id, name }) => `${id} (${name})`),
    ),
  );
  const zones = given.hostname && accountId ? await facts.cloudflare.zones(accountId) : undefined;
  const zoneId = given.zoneId ?? (given.hostname ? zoneOf(given.hostname, zones) : undefined);
  if (given.hostname) need(zoneId, "--zone-id", "the 32 digits of the host name's zone");
  const workersDev =
    given.workersDev ?? (given.hostname || !accountId ? undefined : await facts.cloudflare.subdomain(accountId));
  if (missing.length > 0 || !organization || !machineUser || !reviewTeam || !accountId) return { missing };
  return {
    organization: known,
    answers: {
      organization,
      plan: given.plan ?? known.plan ?? DEFAULTS.plan,
      machineUser,
      credential,
      write: given.write,
      read: given.read.filter((name) => !given.write.includes(name)),
      reviewTeam,
      approvals: given.approvals ?? DEFAULTS.approvals,
      checks: given.check,
      tokenStore: given.tokenStore ?? "vault",
      accountId,
      bucket: given.bucket ?? bucketName(organization, stack),
      retentionDays: given.retentionDays ?? DEFAULTS.retentionDays,
      ...defined({
        githubUrl: given.githubUrl,
        clientId: given.clientId,
        appId: given.appId,
        installationId: given.installationId,
        securityTeam: given.securityTeam,
        vaultAddress: given.vaultAddress,
        hostname: given.hostname,
        zoneId,
        workersDev,
        alertWebhook: given.alertWebhook,
      }),
    },
  };
}

/** Without the keys whose value is undefined. */
export function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

const only = (all: readonly string[] | undefined): string | undefined => (all?.length === 1 ? all[0] : undefined);

const SHOWN = 8;
const choose = (what: string, all: readonly string[] | undefined): string =>
  all && all.length > 0 ? `${what}: ${all.slice(0, SHOWN).join(", ")}${all.length > SHOWN ? ", …" : ""}` : what;

const unknown = (option: string, names: readonly string[], all: readonly string[] | undefined): string[] =>
  all === undefined
    ? []
    : names
        .filter((name) => !all.some((one) => one.toLowerCase() === name.toLowerCase()))
        .map((name) => `${option} ${name}: ${choose("not there; there are", all)}`);

/** The zone that a host name lies in: the longest one that ends it. */
export function zoneOf(hostname: string, zones: Readonly<Record<string, string>> | undefined): string | undefined {
  const [found] = Object.entries(zones ?? {})
    .filter(([name]) => hostname === name || hostname.endsWith(`.${name}`))
    .sort(([a], [b]) => b.length - a.length);
  return found?.[1];
}
