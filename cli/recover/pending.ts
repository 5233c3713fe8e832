import type { Environment } from "../../infra/posture";

type Bag = Readonly<Record<string, unknown>>;

/** A resource whose creation was under way when an update was killed. */
export interface Pending {
  readonly urn: string;
  readonly type: string;
  readonly inputs: Bag;
}

/** What to ask to learn whether it exists, and under which id Pulumi knows it. */
export type Look =
  /** Creating it again is harmless: the call sets it, or nothing of it is left outside. */
  | { readonly kind: "again" }
  | {
      readonly kind: "ask";
      readonly system: "github" | "vault" | "cloudflare";
      /** Below the system's address. */
      readonly path: string;
      /** Pulumi's id from the answer; undefined when it is not in there. */
      readonly id: (answer: Bag) => string | undefined;
      /** For a secret that can be placed again only when every version is gone. */
      readonly remove?: string;
    };

const bag = (value: unknown): Bag => (typeof value === "object" && value !== null ? (value as Bag) : {});
const text = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "");
const list = (value: unknown): readonly Bag[] => (Array.isArray(value) ? value.map(bag) : []);

/** The pending creations of a `pulumi stack export`. @returns undefined when the document is no export */
export function pendingCreates(exported: unknown): Pending[] | undefined {
  const deployment = bag(exported).deployment;
  if (typeof deployment !== "object" || deployment === null) return undefined;
  return list(bag(deployment).pending_operations)
    .filter(({ type }) => type === "creating")
    .map(({ resource }) => bag(resource))
    .map((resource) => ({
      urn: text(resource.urn),
      type: text(resource.type),
      inputs: bag(resource.inputs),
    }))
    .filter(({ urn }) => urn !== "");
}

/** How the creation of one resource is looked into. A type that is not listed is made again by setting it, or is random. */
export function look({ type, inputs }: Pending, { organization, gate, audit }: Environment): Look {
  const own = (key: string): string => text(inputs[key]);
  const segment = (key: string): string => encodeURIComponent(own(key));
  const named = (answer: unknown, key: string, wanted: string): string | undefined =>
    text(list(answer).find((one) => one[key] === wanted)?.id) || undefined;
  const account = `/accounts/${gate.accountId}`;
  switch (type) {
    case "github:index/team:Team":
      return github(`/orgs/${organization}/teams/${segment("name")}`, ({ id }) => text(id) || undefined);
    case "github:index/repositoryRuleset:RepositoryRuleset":
      return github(`/repos/${organization}/${segment("repository")}/rulesets?per_page=100`, (all) =>
        named(all, "name", own("name")),
      );
    case "github:index/organizationRuleset:OrganizationRuleset":
      return github(`/orgs/${organization}/rulesets?per_page=100`, (all) => named(all, "name", own("name")));
    case "github:index/organizationWebhook:OrganizationWebhook":
      return github(`/orgs/${organization}/hooks?per_page=100`, (all) => {
        const hook = list(all).find(({ config }) => bag(config).url === audit.alertWebhook);
        return text(hook?.id) || undefined;
      });
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
        remove: `vault kv metadata delete -mount=${own("mount")} ${own("name")}`,
      };
    case "cloudflare:index/r2Bucket:R2Bucket":
      return cloudflare(`${account}/r2/buckets/${segment("name")}`, () => own("name"));
    case "cloudflare:index/workersKvNamespace:WorkersKvNamespace":
      return cloudflare(`${account}/storage/kv/namespaces?per_page=100`, ({ result }) =>
        named(result, "title", own("title")),
      );
    case "cloudflare:index/workersRoute:WorkersRoute":
      return cloudflare(`/zones/${segment("zoneId")}/workers/routes`, ({ result }) =>
        named(result, "pattern", own("pattern")),
      );
    case "cloudflare:index/logpushJob:LogpushJob":
      return cloudflare(`${account}/logpush/jobs`, ({ result }) => named(result, "name", own("name")));
    case "github:index/branchProtection:BranchProtection":
      // Its id is known to GraphQL alone.
      return github(`/graphql/${own("repositoryId")}/${own("pattern")}`, (answer) => {
        const rules = bag(bag(bag(answer.data).node).branchProtectionRules).nodes;
        return text(list(rules).find(({ pattern }) => pattern === own("pattern"))?.id) || undefined;
      });
    default:
      return { kind: "again" };
  }
}

const github = (path: string, id: (answer: Bag) => string | undefined): Look => ({
  kind: "ask",
  system: "github",
  path,
  id,
});
const vault = (path: string, id: string) => ({ kind: "ask", system: "vault", path, id: () => id }) as const;
const cloudflare = (path: string, id: (answer: Bag) => string | undefined): Look => ({
  kind: "ask",
  system: "cloudflare",
  path,
  id,
});

/** What became of one pending creation. */
export interface Became extends Pick<Pending, "urn" | "type"> {
  readonly state: "exists" | "absent" | "made again" | "cannot tell";
  readonly id?: string;
  readonly remove?: string;
  /** Why it cannot be told. */
  readonly why?: string;
}

const quoted = (value: string): string =>
  /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;

/** The commands that bring the stack back, in their order; each changes only the state, but for `vault` and the last. */
export function commands(stack: string, all: readonly Became[]): string[] {
  if (all.length === 0) return [];
  const imports = all.filter(({ state, id, remove }) => state === "exists" && id !== undefined && remove === undefined);
  const removals = all.flatMap(({ state, remove }) => (state === "exists" && remove !== undefined ? [remove] : []));
  const on = `--stack ${quoted(stack)} --yes`;
  return [
    `pulumi cancel ${on}`,
    ...removals,
    ...(imports.length === 0
      ? []
      : [
          `pulumi refresh ${on} --skip-preview ${imports
            .flatMap(({ urn, id = "" }) => [urn, id])
            .map((value) => `--import-pending-creates ${quoted(value)}`)
            .join(" ")}`,
        ]),
    `pulumi refresh ${on} --skip-preview --clear-pending-creates`,
    `pulumi up --stack ${quoted(stack)}`,
  ];
}
