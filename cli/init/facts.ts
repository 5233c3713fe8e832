import { endpoints, PLANS, VISIBILITIES, type Plan, type Visibility } from "../../infra/model";
import { asList, asRecord, asText } from "../../infra/config/json";
import { ambientEffects } from "../../rotation/effects";
import { cloudflareAddress, cloudflareReader, gitHubReader, type GitHubReader } from "../live/reader";
import type { Env } from "../live/context";
import { addressFrom } from "../support/address";
import type { KnownRepository } from "./environmentFile";

/** What the systems say; a part is undefined where there is no credential, or it may not ask. */
interface CloudflareFacts {
  readonly accounts?: readonly { readonly id: string; readonly name: string }[];
  /** The name on workers.dev of an account. */
  subdomain(account: string): Promise<string | undefined>;
  /** Zones by name. */
  zones(account: string): Promise<Readonly<Record<string, string>> | undefined>;
}
interface GitHubFacts {
  /** Organizations that the token's account owns. */
  readonly organizations?: readonly string[];
  of(organization: string): Promise<OrganizationFacts>;
}
export interface OrganizationFacts {
  readonly plan?: Plan;
  /** Without archived ones. */
  readonly repositories?: readonly KnownRepository[];
  /** Slugs of visible teams: a secret one can own no code. */
  readonly teams?: readonly string[];
}
export interface Facts {
  readonly github: GitHubFacts;
  readonly cloudflare: CloudflareFacts;
  /** What could not be asked, and why. */
  readonly silent: readonly string[];
}

/** Asks GitHub and Cloudflare what a new environment can be made of; changes nothing. */
export async function lookUpFacts(env: Env): Promise<Facts> {
  const effects = ambientEffects();
  const silent: string[] = [];
  const at = endpoints(addressFrom(env, "GITHUB_BASE_URL"));
  const github = env.GITHUB_TOKEN ? gitHubReader(effects, at, env.GITHUB_TOKEN) : undefined;
  const cloudflare = env.CLOUDFLARE_API_TOKEN
    ? cloudflareReader(effects, cloudflareAddress(env), env.CLOUDFLARE_API_TOKEN)
    : undefined;
  const [memberships, accounts] = await Promise.all([
    github?.list("/user/memberships/orgs?state=active"),
    cloudflare?.get("/accounts?per_page=50"),
  ]);
  if (!github) silent.push("GITHUB_TOKEN is not set: organization, repositories and teams are not looked up.");
  else if (memberships?.failed)
    silent.push(
      `GitHub does not say what the token's account owns (${memberships.failed.call.status || memberships.failed.failure}).`,
    );
  if (!cloudflare) silent.push("CLOUDFLARE_API_TOKEN is not set: the account is not looked up.");
  else if (accounts?.call.status !== 200)
    silent.push(`Cloudflare does not list accounts (${accounts?.call.status || accounts?.failure}).`);
  return {
    silent,
    github: {
      ...(memberships && !memberships.failed
        ? {
            organizations: memberships.items
              .filter(({ role }) => role === "admin")
              .map(({ organization }) => asText(asRecord(organization).login)),
          }
        : {}),
      of: async (organization) => (github ? organizationFacts(github, organization) : {}),
    },
    cloudflare: {
      ...(accounts?.call.status === 200
        ? {
            accounts: asList(asRecord(accounts.json()).result).map((account) => ({
              id: asText(asRecord(account).id),
              name: asText(asRecord(account).name),
            })),
          }
        : {}),
      subdomain: async (account) => {
        const found = await cloudflare?.get(`/accounts/${account}/workers/subdomain`);
        return asText(asRecord(asRecord(found?.json()).result).subdomain) || undefined;
      },
      zones: async (account) => {
        const found = await cloudflare?.get(`/zones?account.id=${account}&per_page=50`);
        return found?.call.status === 200
          ? Object.fromEntries(
              asList(asRecord(found.json()).result).map((zone) => [
                asText(asRecord(zone).name),
                asText(asRecord(zone).id),
              ]),
            )
          : undefined;
      },
    },
  };
}

async function organizationFacts(github: GitHubReader, organization: string): Promise<OrganizationFacts> {
  const [one, repositories, teams] = await Promise.all([
    github.get(`/orgs/${organization}`),
    github.list(`/orgs/${organization}/repos`),
    github.list(`/orgs/${organization}/teams`),
  ]);
  const plan = planOf(asText(asRecord(asRecord(one.json()).plan).name));
  return {
    ...(plan ? { plan } : {}),
    ...(repositories.failed
      ? {}
      : {
          repositories: repositories.items
            .filter(({ archived }) => archived !== true)
            .map((found) => ({
              name: asText(found.name),
              visibility: VISIBILITIES.find((one) => one === found.visibility) ?? ("private" satisfies Visibility),
              defaultBranch: asText(found.default_branch) || "main",
            })),
        }),
    ...(teams.failed
      ? {}
      : { teams: teams.items.filter(({ privacy }) => privacy !== "secret").map(({ slug }) => asText(slug)) }),
  };
}

/** GitHub's name of a plan; older ones have names of their own. */
export function planOf(name: string): Plan | undefined {
  if (name === "") return undefined;
  return PLANS.find((plan) => plan === name) ?? (name.startsWith("business") ? "enterprise" : "team");
}
