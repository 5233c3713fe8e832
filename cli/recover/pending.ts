import { parseUrn } from "../../infra/config/urn";
import type { Environment } from "../../infra/model";
import { githubEventsUrl } from "../../infra/plans";
import { asList, asRecord, asText, type JsonRecord } from "../../infra/config/json";

/** A resource whose creation was under way when an update was killed. */
export interface Pending {
  readonly urn: string;
  readonly type: string;
  readonly inputs: JsonRecord;
  /** URN of its parent; "" at the root. */
  readonly parent: string;
  /** URN of the provider that the program names; "" for a default provider. */
  readonly provider: string;
}

/** What to ask to learn whether it exists, and under which id Pulumi knows it. */
export type Lookup =
  /** Creating it again is harmless: the call sets it, or nothing of it is left outside. */
  | { readonly kind: "again" }
  | {
      readonly kind: "ask";
      readonly system: "github" | "vault" | "cloudflare";
      /** Below the system's address. */
      readonly path: string;
      /** The id that `pulumi import` takes, from the answer; undefined when it is not in there. */
      readonly id: (answer: JsonRecord) => string | undefined;
      /** For a secret that can be placed again only when every version is gone. */
      readonly remove?: string;
    };

const listOf = (value: unknown): readonly JsonRecord[] => asList(value).map(asRecord);

/** The pending creations of a `pulumi stack export`. @returns undefined when the document is no export */
export function pendingCreates(exported: unknown): Pending[] | undefined {
  const deployment = asRecord(exported).deployment;
  if (typeof deployment !== "object" || deployment === null) return undefined;
  return listOf(asRecord(deployment).pending_operations)
    .filter(({ type }) => type === "creating")
    .map(({ resource }) => asRecord(resource))
    .map((resource) => ({
      urn: asText(resource.urn),
      type: asText(resource.type),
      inputs: asRecord(resource.inputs),
      parent: asText(resource.parent),
      provider: explicitProvider(asText(resource.provider)),
    }))
    .filter(({ urn }) => urn !== "");
}

/** A reference to a provider is its URN and its id. */
function explicitProvider(reference: string): string {
  const parts = reference.split("::");
  const urn = parts.slice(0, -1).join("::");
  return /^default(_|$)/.test(parts.at(-2) ?? "") ? "" : urn;
}

/**
 * How the creation of one resource is looked into. A type that is not listed is made again by setting it, or is random.
 */
export function lookupFor({ urn, type, inputs }: Pending, environment: Environment): Lookup {
  const { organization, gate, audit, tokenStore } = environment;
  const own = (key: string): string => asText(inputs[key]);
  const segment = (key: string): string => encodeURIComponent(own(key));
  const named = (answer: unknown, key: string, wanted: string): string | undefined =>
    asText(listOf(answer).find((one) => one[key] === wanted)?.id) || undefined;
  const account = `/accounts/${gate.accountId}`;
  // The inputs of a webhook are a secret as a whole, so its name says which receiver it has.
  const receiver = /-audit-events-[^:]*$/.test(urn) ? githubEventsUrl(environment) : audit.alertWebhook;
  const hookTo = (all: unknown): string | undefined =>
    receiver === undefined
      ? undefined
      : asText(listOf(all).find(({ config }) => asRecord(config).url === receiver)?.id) || undefined;
  const of = (owner: string, id: string | undefined, between = "/"): string | undefined =>
    id === undefined ? undefined : `${owner}${between}${id}`;
  switch (type) {
    case "github:index/team:Team":
      return github(`/orgs/${organization}/teams/${segment("name")}`, ({ id }) => asText(id) || undefined);
    case "github:index/repositoryRuleset:RepositoryRuleset":
      return github(`/repos/${organization}/${segment("repository")}/rulesets?per_page=100`, (all) =>
        of(own("repository"), named(all, "name", own("name")), ":"),
      );
    case "github:index/organizationRuleset:OrganizationRuleset":
      return github(`/orgs/${organization}/rulesets?per_page=100`, (all) => named(all, "name", own("name")));
    case "github:index/organizationWebhook:OrganizationWebhook":
      return github(`/orgs/${organization}/hooks?per_page=100`, (all) => hookTo(all));
    case "github:index/repositoryWebhook:RepositoryWebhook":
      return github(`/repos/${organization}/${segment("repository")}/hooks?per_page=100`, (all) =>
        of(own("repository"), hookTo(all)),
      );
    case "github:index/repositoryFile:RepositoryFile":
      // Writing it again would be one more push to a branch that, once its rules stand, takes pull requests alone.
      return github(
        `/repos/${organization}/${segment("repository")}/contents/${encodeURI(own("file"))}?ref=${segment("branch")}`,
        ({ content }) =>
          Buffer.from(asText(content), "base64").toString("utf8") === own("content")
            ? `${own("repository")}:${own("file")}:${own("branch")}`
            : undefined,
      );
    case "github:index/repositoryPullRequest:RepositoryPullRequest": {
      const repository = own("baseRepository");
      const between = `head=${organization}:${segment("headRef")}&base=${segment("baseRef")}`;
      return github(`/repos/${organization}/${repository}/pulls?${between}`, (all) =>
        of(`${organization}:${repository}`, asText(listOf(all)[0]?.number) || undefined, ":"),
      );
    }
    case "vault:index/mount:Mount":
      return vault(`sys/mounts/${own("path")}`, own("path"));
    case "vault:index/authBackend:AuthBackend":
    case "vault:jwt/authBackend:AuthBackend":
      return vault(`sys/mounts/auth/${own("path")}`, own("path"));
    case "vault:appRole/authBackendRole:AuthBackendRole": {
      const path = `auth/${own("backend")}/role/${own("roleName")}`;
      return vault(path, path);
    }
    case "vault:kv/secretV2:SecretV2":
      return {
        ...vault(`${own("mount")}/metadata/${own("name")}`, `${own("mount")}/data/${own("name")}`),
        remove: `vault kv metadata delete ${namespaceFlag(tokenStore)}-mount=${quoted(own("mount"))} ${quoted(own("name"))}`,
      };
    case "cloudflare:index/r2Bucket:R2Bucket":
      return cloudflare(
        `${account}/r2/buckets/${segment("name")}`,
        () => `${gate.accountId}/${own("name")}/${own("jurisdiction") || "default"}`,
      );
    case "cloudflare:index/workersKvNamespace:WorkersKvNamespace":
      return cloudflare(`${account}/storage/kv/namespaces?per_page=100`, ({ result }) =>
        of(gate.accountId, named(result, "title", own("title"))),
      );
    case "cloudflare:index/workersRoute:WorkersRoute":
      return cloudflare(`/zones/${segment("zoneId")}/workers/routes`, ({ result }) =>
        of(own("zoneId"), named(result, "pattern", own("pattern"))),
      );
    case "cloudflare:index/logpushJob:LogpushJob":
      return cloudflare(`${account}/logpush/jobs`, ({ result }) =>
        of(
          `accounts/${gate.accountId}`,
          // A name may be taken twice, and jobs are counted: the last one is the one that was being made.
          listOf(result)
            .filter(({ name }) => name === own("name"))
            .map(({ id }) => asText(id))
            .sort((a, b) => Number(a) - Number(b))
            .at(-1),
        ),
      );
    case "github:index/branchProtection:BranchProtection":
      // The patterns are known to GraphQL alone.
      return github(`/graphql/${own("repositoryId")}/${own("pattern")}`, (answer) => {
        const repository = asRecord(asRecord(answer.data).node);
        const rules = listOf(asRecord(repository.branchProtectionRules).nodes);
        const found = rules.some(({ pattern }) => pattern === own("pattern"));
        return found ? `${asText(repository.name)}:${own("pattern")}` : undefined;
      });
    default:
      return { kind: "again" };
  }
}

const github = (path: string, id: (answer: JsonRecord) => string | undefined): Lookup => ({
  kind: "ask",
  system: "github",
  path,
  id,
});
const vault = (path: string, id: string) => ({ kind: "ask", system: "vault", path, id: () => id }) as const;
const cloudflare = (path: string, id: (answer: JsonRecord) => string | undefined): Lookup => ({
  kind: "ask",
  system: "cloudflare",
  path,
  id,
});

const namespaceFlag = (store: Environment["tokenStore"]): string =>
  store.kind === "vault" && store.namespace !== undefined ? `-namespace=${quoted(store.namespace)} ` : "";

/** What became of one pending creation. */
export interface PendingOutcome extends Pick<Pending, "urn" | "type" | "parent" | "provider"> {
  readonly state: "exists" | "absent" | "made again" | "cannot tell";
  /** As `pulumi import` takes it. */
  readonly id?: string;
  readonly remove?: string;
  /** Why it cannot be told. */
  readonly why?: string;
}

const quoted = (value: string): string =>
  /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;

/**
 * The commands that bring the stack back, in their order; each changes only the state, but for `vault` and the last.
 * `pulumi refresh --import-pending-creates` is none of them: Pulumi 3.274.1 takes the id and then drops the resource.
 */
export function commands(stack: string, all: readonly PendingOutcome[]): string[] {
  if (all.length === 0) return [];
  const on = `--stack ${quoted(stack)} --yes --skip-preview`;
  const existing = all.filter(({ state }) => state === "exists");
  return [
    `pulumi cancel --stack ${quoted(stack)} --yes`,
    `pulumi refresh ${on} --clear-pending-creates`,
    ...existing.map((one) => one.remove ?? importOf(one, on)),
    `pulumi up --stack ${quoted(stack)}`,
  ];
}

function importOf({ urn, type, id = "", parent, provider }: PendingOutcome, on: string): string {
  const { name } = parseUrn(urn);
  const related = (flag: string, to: string): string => (to === "" ? "" : ` --${flag} ${quoted(`${flag}=${to}`)}`);
  return `pulumi import ${type} ${quoted(name)} ${quoted(id)}${related("parent", parent)}${related("provider", provider)} ${on} --protect=false --generate-code=false`;
}
