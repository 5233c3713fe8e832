import { names, type VaultNames } from "../../infra/model";
import { SESSION_SECONDS, ciClaims, planRotation, vaultPolicies } from "../../infra/plans";
import { emptyJournal } from "../../rotation/journal";
import { holds, judge } from "../../rotation/status";
import { capabilities } from "../report/facts";
import type { Context, VaultReader } from "./context";
import { bag, cannotTell, judged, list, text, unheard, type Question, type Said } from "./question";

async function inVault(
  context: Context,
  ask: (vault: VaultReader, place: VaultNames) => Promise<readonly Said[]>,
): Promise<readonly Said[]> {
  const place = names(context.environment).vault;
  if (!place) return []; // Workers KV is the store: nothing is declared in Vault
  return "ask" in context.vault ? ask(context.vault.ask, place) : [cannotTell("Vault", context.vault.lack)];
}

/** What the rotator wrote beside the token: when it was made, when it ends, its hash. Never the token. */
export async function tokenNotes(
  vault: VaultReader,
  place: VaultNames,
): Promise<{
  readonly heard: Awaited<ReturnType<VaultReader["get"]>>;
  readonly notes: Readonly<Record<string, unknown>>;
}> {
  const heard = await vault.get(`${place.mount}/metadata/${place.token}`);
  return { heard, notes: bag(bag(bag(heard.json()).data).custom_metadata) };
}

const age: Question = {
  id: "token-age",
  section: "token",
  title: "The token is there, is not due, and ends in time",
  controls: ["NIST SP 800-53 IA-5"],
  ask: async (context) => {
    if (!names(context.environment).vault)
      return [cannotTell("the token", "Workers KV shows nothing of it without its key: gatehouse token status")];
    return inVault(context, async (vault, place) => {
      const { heard, notes } = await tokenNotes(vault, place);
      const subject = `${place.mount}/${place.token}`;
      if (heard.call.status === 404)
        return [judged(subject, ["there is no token yet: gatehouse token put"], "", [heard.call])];
      if (heard.call.status !== 200)
        return [
          unheard(subject, heard, `read on ${place.mount}/metadata/${place.token}, as the auditor's policy gives`),
        ];
      const plan = planRotation(context.environment);
      const expiresAt = text(notes.expires_at);
      const record = notes.token_sha256
        ? {
            token: "not read",
            sha256: text(notes.token_sha256),
            kind: plan.kind,
            login: plan.login,
            expires_at: expiresAt,
            rotation_id: text(notes.rotation_id),
          }
        : undefined;
      const journal = notes.rotated_at
        ? {
            ...emptyJournal,
            history: [
              {
                id: text(notes.rotation_id),
                reason: "",
                startedAt: "",
                endedAt: text(notes.rotated_at),
                outcome: "finished" as const,
                notes: [],
                phases: {},
              },
            ],
          }
        : emptyJournal;
      const status = judge(record, journal, plan, context.now);
      const longest = plan.expiryDays;
      return [
        judged(
          subject,
          [
            ...(holds(status.level) ? [] : [status.says]),
            ...(record && expiresAt === "" && longest !== undefined ? ["it has no end"] : []),
            ...(longest !== undefined && Date.parse(expiresAt) > context.now + (longest + 1) * 86_400_000
              ? [`it ends at ${expiresAt}, later than ${longest} days from now`]
              : []),
          ],
          expiresAt === "" ? status.says : `ends at ${expiresAt}${status.dueAt ? `, due at ${status.dueAt}` : ""}`,
          [heard.call],
        ),
      ];
    });
  },
};

/** Capabilities by path, sorted: two policies that say the same are the same, however they are written. */
const meaning = (hcl: string): string[] =>
  capabilities(hcl)
    .map(({ path, capabilities: granted }) => `${path}: ${[...granted].sort().join(", ")}`)
    .sort();

const policies: Question = {
  id: "vault-policies",
  section: "token",
  title: "Each party's policy in Vault says what the environment says, and no more",
  controls: ["NIST SP 800-53 AC-6", "NIST SP 800-53 IA-5"],
  ask: (context) =>
    inVault(context, (vault) =>
      Promise.all(
        Object.values(vaultPolicies(context.environment)).map(async ({ name, hcl }) => {
          const heard = await vault.get(`sys/policies/acl/${name}`);
          if (heard.call.status === 404) return judged(name, ["there is no such policy"], "", [heard.call]);
          if (heard.call.status !== 200)
            return unheard(name, heard, `read on sys/policies/acl/${name}, as the auditor's policy gives`);
          const [declared, standing] = [meaning(hcl), meaning(text(bag(bag(heard.json()).data).policy))];
          return judged(
            name,
            [
              ...standing.filter((line) => !declared.includes(line)).map((line) => `not declared: ${line}`),
              ...declared.filter((line) => !standing.includes(line)).map((line) => `missing: ${line}`),
            ],
            `${declared.length} paths, as declared`,
            [heard.call],
          );
        }),
      ),
    ),
};

/** Whether a policy path of Vault covers a path: `+` is one segment, a `*` at the end is the rest. */
export function covers(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.replace(/^\//, "").split("/"), path.split("/")];
  for (const [i, segment] of wanted.entries()) {
    const last = i === wanted.length - 1;
    if (last && segment.endsWith("*")) return given.slice(i).join("/").startsWith(segment.slice(0, -1));
    if (given[i] === undefined || (segment !== "+" && segment !== given[i])) return false;
  }
  return wanted.length === given.length;
}

const others: Question = {
  id: "vault-others",
  section: "token",
  title: "No other policy of Vault opens the token's path",
  controls: ["NIST SP 800-53 AC-6"],
  ask: (context) =>
    inVault(context, async (vault, place) => {
      const path = `${place.mount}/data/${place.token}`;
      const listed = await vault.get("sys/policies/acl?list=true");
      if (listed.call.status !== 200)
        return [
          unheard(
            path,
            listed,
            "list on sys/policies/acl, which the auditor's policy does not give: ask an administrator of Vault",
          ),
        ];
      const known: readonly string[] = Object.values(place.policies);
      const foreign = list(bag(bag(listed.json()).data).keys)
        .map(text)
        .filter((name) => !known.includes(name) && name !== "root");
      const read = await Promise.all(
        foreign.map(async (name) => ({ name, heard: await vault.get(`sys/policies/acl/${name}`) })),
      );
      const unseen = read.filter(({ heard }) => heard.call.status !== 200).map(({ name }) => name);
      const wrong = read.flatMap(({ name, heard }) =>
        capabilities(text(bag(bag(heard.json()).data).policy))
          .filter(
            (rule) => covers(rule.path, path) && !rule.capabilities.includes("deny") && rule.capabilities.length > 0,
          )
          .map((rule) => `${name} gives ${rule.capabilities.join(", ")} by ${rule.path}`),
      );
      const calls = [listed.call, ...read.map(({ heard }) => heard.call)];
      if (wrong.length === 0 && unseen.length > 0)
        return [cannotTell(path, `${unseen.slice(0, 5).join(", ")} cannot be read`, calls)];
      return [judged(path, wrong, `none of ${foreign.length} others opens it`, calls)];
    }),
};

type Expected = readonly [path: string, policy: string, seconds: number];

const roles: Question = {
  id: "vault-roles",
  section: "token",
  title: "Gate and rotator sign in for minutes, with their own policy alone",
  controls: ["NIST SP 800-53 IA-5", "NIST SP 800-53 AC-12"],
  ask: (context) =>
    inVault(context, (vault, place) =>
      Promise.all(
        (
          [
            [`auth/${place.appRole.mount}/role/${place.appRole.role}`, place.policies.gate, SESSION_SECONDS.gate],
            [
              `auth/${place.appRole.mount}/role/${place.appRole.rotator}`,
              place.policies.rotator,
              SESSION_SECONDS.rotator,
            ],
          ] satisfies Expected[]
        ).map(async ([path, policy, seconds]) => {
          const heard = await vault.get(path);
          if (heard.call.status === 404) return judged(path, ["there is no such role"], "", [heard.call]);
          if (heard.call.status !== 200) return unheard(path, heard, `read on ${path}, as the auditor's policy gives`);
          const role = bag(bag(heard.json()).data);
          return judged(
            path,
            [
              ...policyGaps(role, policy),
              ...(role.bind_secret_id === true ? [] : ["it needs no secret id"]),
              ...(role.token_type === "batch" ? [] : [`its tokens are of type ${text(role.token_type)}`]),
              ...lifeGaps(role, seconds),
            ],
            `${policy}, ${seconds} s`,
            [heard.call],
          );
        }),
      ),
    ),
};

/** The servers give a single value as a list of one. */
const isOnly = (standing: unknown, value: string): boolean =>
  list(standing).length === 1 && list(standing)[0] === value;

const policyGaps = (role: Readonly<Record<string, unknown>>, policy: string): string[] => [
  ...(isOnly(role.token_policies, policy)
    ? []
    : [`its policies are ${list(role.token_policies).map(text).join(", ") || "none"}, declared ${policy}`]),
  ...(role.token_no_default_policy === true ? [] : ["its tokens have the default policy too"]),
];
const lifeGaps = (role: Readonly<Record<string, unknown>>, seconds: number): string[] =>
  [Number(role.token_ttl), Number(role.token_max_ttl)].some((life) => !(life > 0 && life <= seconds))
    ? [`its tokens live ${text(role.token_ttl)} s, at most ${text(role.token_max_ttl)} s; declared ${seconds}`]
    : [];

const workflows: Question = {
  id: "vault-workflows",
  section: "token",
  title: "Only the declared repository's default branch signs in from CI",
  controls: ["NIST SP 800-53 IA-5", "NIST SP 800-53 IA-9"],
  ask: (context) =>
    inVault(context, async (vault, place) => {
      const claims = ciClaims(context.environment);
      if (!claims) return [];
      const issuer = context.endpoints.oidcIssuer;
      const config = await vault.get(`auth/${place.ci.mount}/config`);
      const roleOf = async (role: string, policy: string): Promise<Said> => {
        const path = `auth/${place.ci.mount}/role/${role}`;
        const heard = await vault.get(path);
        if (heard.call.status === 404) return judged(path, ["there is no such role"], "", [heard.call]);
        if (heard.call.status !== 200) return unheard(path, heard, `read on ${path}, as the auditor's policy gives`);
        const data = bag(bag(heard.json()).data);
        const bound = bag(data.bound_claims);
        return judged(
          path,
          [
            ...Object.entries(claims)
              .filter(([claim, value]) => !(bound[claim] === value || isOnly(bound[claim], value)))
              .map(([claim, value]) => `${claim} is ${JSON.stringify(bound[claim] ?? null)}, declared ${value}`),
            ...(data.bound_claims_type === "string" ? [] : ["its claims are patterns"]),
            ...(isOnly(data.bound_audiences, place.ci.audience)
              ? []
              : [`its audiences are ${list(data.bound_audiences).map(text).join(", ") || "any"}`]),
            ...policyGaps(data, policy),
            ...(Number(data.token_max_ttl) > 0 && Number(data.token_max_ttl) <= SESSION_SECONDS.workflowMost
              ? []
              : [`its tokens live up to ${text(data.token_max_ttl)} s`]),
          ],
          `${claims.repository} at ${claims.ref}`,
          [heard.call],
        );
      };
      const path = `auth/${place.ci.mount}/config`;
      return [
        config.call.status === 200
          ? judged(
              path,
              bag(bag(config.json()).data).bound_issuer === issuer
                ? []
                : [`the issuer is ${text(bag(bag(config.json()).data).bound_issuer) || "none"}, declared ${issuer}`],
              issuer,
              [config.call],
            )
          : unheard(path, config, `read on ${path}, as the auditor's policy gives`),
        await roleOf(place.ci.rotatorRole, place.policies.rotator),
        await roleOf(place.ci.auditorRole, place.policies.auditor),
      ];
    }),
};

const store: Question = {
  id: "vault-store",
  section: "token",
  title: "The token's mount requires check-and-set and keeps few versions",
  controls: ["NIST SP 800-53 SC-28"],
  ask: (context) =>
    inVault(context, async (vault, place) => {
      const heard = await vault.get(`${place.mount}/config`);
      if (heard.call.status !== 200)
        return [unheard(place.mount, heard, `read on ${place.mount}/config, as the auditor's policy gives`)];
      const config = bag(bag(heard.json()).data);
      const declared = context.environment.tokenStore.kind === "vault" ? context.environment.tokenStore.maxVersions : 0;
      return [
        judged(
          place.mount,
          [
            ...(config.cas_required === true
              ? []
              : ["a write needs no check-and-set, so two rotators may overwrite each other"]),
            ...(Number(config.max_versions) > 0 && Number(config.max_versions) <= declared
              ? []
              : [`it keeps ${text(config.max_versions)} versions, declared ${declared}`]),
          ],
          `check-and-set, ${declared} versions`,
          [heard.call],
        ),
      ];
    }),
};

export const TOKEN: readonly Question[] = [age, policies, others, roles, workflows, store];
