import { readFileSync } from "node:fs";
import { join } from "node:path";
import { passphraseCrypter } from "../../sandbox/engine/secrets";
import { StateCodec, decodeDeployment, type Deployment, type ResourceState } from "../../sandbox/engine/state";
import { Secret, type Value } from "../../sandbox/engine/values";

const FIXTURES = join(__dirname, "..", "fixtures", "real-run");

/** A file of the recorded run. */
export const recorded = (name: string): string => readFileSync(join(FIXTURES, name), "utf8");

/** A request as the stand-ins list it and the recording keeps it. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string | string[]>>;
  readonly status: number;
}

/** How often each request was recorded during a step, such as `1-create.up` and `cloudflare`. */
const recordedCalls = (step: string, system: string): Record<string, number> =>
  countedCalls(
    recorded(`${step}.${system}.jsonl`)
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Call),
  );

/** How often each request was made. The order is left out: it changes with what happens to run side by side. */
const countedCalls = (calls: readonly Call[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const call of calls.map(callOf)) counts[call] = (counts[call] ?? 0) + 1;
  return counts;
};

/** A request as two runs can be compared by, such as `GET /repos/acme/api/rulesets/ID?includes_parents=false 304`. */
function callOf({ method, path, query, status }: Call): string {
  const address = path
    .replace(/^\/(client\/v4|api\/v3)(?=\/)/, "")
    .replace(/\/namespaces\/[0-9a-f]{32}/, "/namespaces/ID")
    .replace(/\/(hooks|organizations|rulesets|team|teams)\/\d+/g, "/$1/ID")
    .replace(/\/commits\/[0-9a-f]{40}/, "/commits/SHA");
  const asked = Object.entries(query)
    .map(([name, value]) => `${name}=${value}`)
    .sort();
  return `${method} ${address}${asked.length > 0 ? `?${asked.join("&")}` : ""} ${status}`;
}

/** The requests that one side made more often, by how many: `+1` are ours, `-1` the recorded ones. */
function callDifferences(
  ours: Readonly<Record<string, number>>,
  real: Readonly<Record<string, number>>,
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const call of new Set([...Object.keys(ours), ...Object.keys(real)])) {
    const more = (ours[call] ?? 0) - (real[call] ?? 0);
    if (more !== 0) found[call] = more > 0 ? `+${more}` : String(more);
  }
  return found;
}

/** The resources of an export, its secrets opened with the passphrase. */
export async function resourcesOf(exported: Deployment, passphrase: string): Promise<ResourceState[]> {
  const salt = (exported.deployment.secrets_providers?.state as { salt?: string } | undefined)?.salt;
  const codec = new StateCodec(await passphraseCrypter(passphrase, salt));
  return decodeDeployment(exported, codec).resources;
}

/** The recorded stack after `up`; its passphrase was "x". */
export const recordedResources = (name = "1-create.export.json"): Promise<ResourceState[]> =>
  resourcesOf(JSON.parse(recorded(name)) as Deployment, "x");

/** Values that every run draws anew, by the name of their property. */
const DRAWN = new Set([
  "accessor",
  "bcryptHash",
  "boundIssuer",
  "commitSha",
  "content",
  "contentSha256",
  "created",
  "createdOn",
  "creationDate",
  "etag",
  "modifiedOn",
  "newTag",
  "migrationTag",
  "nodeId",
  "oidcDiscoveryUrl",
  "result",
  "roleId",
  "rulesetId",
  "secretId",
  "sha",
  "startupTimeMs",
  "teamId",
  "url",
]);

/** A number that a stand-in gave, or an id that holds something drawn. */
const isDrawnId = (value: unknown): boolean =>
  (typeof value === "number" && value > 1e8) ||
  (typeof value === "string" && /(^|\D)\d{9}(\D|$)|^[0-9a-f]{32}$|[0-9a-f]{8}-[0-9a-f]{4}-|^BPR_/.test(value));

export interface Difference {
  readonly type: string;
  /** `outputs.rules.creation`; `id`; list places as `[]`. */
  readonly path: string;
  readonly real: string;
  readonly ours: string;
}

const SECRET = "[secret]";

/**
 * Differences between the recorded resource and ours: id, inputs, outputs, where secrets are marked, and what the
 * engine notes beside them. Of values that every run draws anew only their being there counts, and so it does of what
 * is secret.
 */
export function differences(real: ResourceState, ours: ResourceState): Difference[] {
  const found: Difference[] = [];
  const note = (path: string, left: unknown, right: unknown): void => {
    found.push({ type: real.type, path, real: brief(left), ours: brief(right) });
  };
  const walk = (path: string, name: string, left: Value | undefined, right: Value | undefined): void => {
    if (left instanceof Secret || right instanceof Secret) {
      if (!(left instanceof Secret && right instanceof Secret)) note(path, left, right);
      return;
    }
    if (Array.isArray(left) && Array.isArray(right)) {
      if (left.length !== right.length) note(path, left, right);
      else left.forEach((item, index) => walk(`${path}[]`, name, item, right[index]));
      return;
    }
    if (isBag(left) && isBag(right)) {
      for (const key of new Set([...Object.keys(left), ...Object.keys(right)]))
        walk(`${path}.${key}`, key, left[key], right[key]);
      return;
    }
    if (left !== undefined && right !== undefined && typeof left === typeof right) {
      if (DRAWN.has(name) || (isDrawnId(left) && isDrawnId(right))) return;
    }
    if (JSON.stringify(left) !== JSON.stringify(right)) note(path, left, right);
  };
  walk("id", "id", real.id, ours.id);
  walk("inputs", "", real.inputs, ours.inputs);
  walk("outputs", "", real.outputs, ours.outputs);
  for (const name of ["parent", "protect", "custom", "additionalSecretOutputs"] as const)
    walk(name, name, real[name], ours[name]);
  walk("dependencies", "", [...real.dependencies].sort(), [...ours.dependencies].sort());
  return found;
}

const isBag = (value: Value | undefined): value is Record<string, Value> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Secret);

const brief = (value: unknown): string =>
  value instanceof Secret
    ? SECRET
    : value === undefined
      ? "nothing"
      : JSON.stringify(value, (_key, item: unknown) => (item instanceof Secret ? SECRET : item)).slice(0, 120);

/** What differs from the recorded run on purpose, or because the recording could not know better. */
const KNOWN_DIFFERENCES: readonly { readonly type: RegExp; readonly path: RegExp; readonly why: string }[] = [
  {
    type: /./,
    path: /^outputs\.__pulumi_raw_state_delta$/,
    why: "the bridge's note on how to get from the state back to Terraform's; without it a plugin converts the state by its schema, as it does with every state from before the note existed",
  },
  {
    type: /^vault:/,
    path: /^inputs\.(__defaults|clockSkewLeeway|deleteAllVersions|disableBoundClaimsParsing|disableRead|disableRemount|expirationLeeway|externalEntropyAccess|local|localSecretIds|notBeforeLeeway|userClaimJsonPointer|verboseOidcLogging)$/,
    why: "recorded on bridge 3.137; the published vault 7.8.0 has 3.125, which writes falsy defaults (fixtures/pulumi shows one)",
  },
  {
    type: /^github:index\/team:Team$/,
    path: /^outputs\.membersCount$/,
    why: "how many are in the team when it is read: before or after the member comes, by chance of what runs side by side",
  },
  {
    type: /^vault:/,
    path: /^outputs\.(aliasMetadata|allowedManagedKeys|allowedResponseHeaders|delegatedAuthAccessors|jwksPairs|passthroughRequestHeaders|secretIdBoundCidrs)$/,
    why: "after a refresh the plugin has an empty list or map where the service says nothing, ours keeps null; to both it is the same, and no diff follows",
  },
  {
    type: /^github:index\/repositoryRuleset:/,
    path: /rules\.filePathRestriction\.restrictedFilePaths$/,
    why: "the program protects more paths than when the recording was made",
  },
  {
    type: /^cloudflare:index\/workersScript:WorkersScript$/,
    path: /^dependencies/,
    why: "the secrets of the bindings are made by resources of another type since the recording",
  },
  {
    type: /^(github:index\/organizationWebhook|vault:kv\/secretV2)/,
    path: /^dependencies/,
    why: "the same for the webhook's secret and the operator key",
  },
  {
    type: /^random:index\/randomPassword:/,
    path: /^dependencies/,
    why: "the machine user's password is asked first when a stack is destroyed: since the recording it depends on everything else",
  },
  {
    type: /^vault:kv\/secretV2/,
    path: /^outputs\.deleteAllVersions$/,
    why: "since the recording, the program deletes a placed secret with all its versions, so that it can be placed again",
  },
];
/** The differences that the table does not explain. */
export const unexplained = (found: readonly Difference[]): Difference[] =>
  found.filter(({ type, path }) => !KNOWN_DIFFERENCES.some((known) => known.type.test(type) && known.path.test(path)));

/** Requests that the recorded run did not make, or made otherwise, by step, `+1` and `-1` as above; each group with its reason. */
const KNOWN_CALLS: Readonly<
  Record<string, readonly { readonly calls: Readonly<Record<string, string>>; readonly why: string }[]>
> = {
  "1-create.up": [
    {
      calls: { "GET /repos/acme/api/codeowners/errors?ref=main 200": "+1" },
      why: "since the recording, the program asks GitHub which lines of CODEOWNERS have no owner that counts",
    },
    {
      calls: {
        "POST /api/graphql 200": "+2",
        "GET /orgs/acme/teams/agent-reviewers 200": "-1",
        "GET /orgs/acme/teams/backend 200": "-1",
        "GET /orgs/acme/teams/security 200": "-1",
        "GET /repos/acme/api 200": "-1",
        "GET /repos/acme/api/branches/main/protection 404": "-1",
        "GET /repos/acme/api/contents/.github/CODEOWNERS?ref=main 404": "-1",
        "GET /repos/acme/api/contents/CODEOWNERS?ref=main 200": "-1",
        "GET /repos/acme/api/rules/branches/main?per_page=100 200": "-1",
        "GET /repos/acme/api/teams?per_page=100 200": "-1",
        "GET /repos/acme/docs 200": "-1",
      },
      why: "since the recording, the program looks up all repositories and teams in two questions of GraphQL",
    },
  ],
};

/** The differences of a step's requests that the table does not explain. */
export function unexplainedCalls(step: string, system: string, ours: readonly Call[]): Record<string, string> {
  const found = callDifferences(countedCalls(ours), recordedCalls(step, system));
  for (const [call, more] of (KNOWN_CALLS[step] ?? []).flatMap(({ calls }) => Object.entries(calls)))
    if (found[call] === more) delete found[call];
  return found;
}
