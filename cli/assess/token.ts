import { DAY_MS } from "../../edge/time";
import { names } from "../../infra/model";
import { SESSION_SECONDS, ciClaims, planRotation, vaultPolicies } from "../../infra/plans";
import { holds } from "../../rotation/status";
import { statusFromNotes, tokenNotes } from "../live/tokenNotes";
import { readPolicyHcl } from "../support/policyHcl";
import { asList, asRecord, asText, cannotTell, cannotTellFrom, judged, type Finding, type Question } from "./question";
import { onVault } from "./systems";

const age: Question = {
  id: "token-age",
  section: "token",
  title: "The token exists, is not due for rotation, and expires in time",
  controls: ["NIST SP 800-53 IA-5"],
  ask: async (context) => {
    if (!names(context.environment).vault)
      return [cannotTell("the token", "Workers KV shows nothing without its key; run gatehouse token status")];
    return onVault(context, async (vault, place) => {
      const { response, notes } = await tokenNotes(vault, place);
      const subject = `${place.mount}/${place.token}`;
      if (response.call.status === 404)
        return [judged(subject, ["there is no token yet; run gatehouse token put"], "", [response.call])];
      if (response.call.status !== 200)
        return [
          cannotTellFrom(
            subject,
            response,
            `read on ${place.mount}/metadata/${place.token}, which the auditor's policy grants`,
          ),
        ];
      const plan = planRotation(context.environment);
      const expiresAt = asText(notes.expires_at);
      const status = statusFromNotes(notes, plan, context.now);
      const longest = plan.expiryDays;
      return [
        judged(
          subject,
          [
            ...(holds(status.level) ? [] : [status.says]),
            ...(notes.token_sha256 && expiresAt === "" && longest !== undefined ? ["it never expires"] : []),
            ...(longest !== undefined && Date.parse(expiresAt) > context.now + (longest + 1) * DAY_MS
              ? [`it expires at ${expiresAt}, more than ${longest} days from now`]
              : []),
          ],
          expiresAt === ""
            ? status.says
            : `expires at ${expiresAt}${status.dueAt ? `, due for rotation at ${status.dueAt}` : ""}`,
          [response.call],
        ),
      ];
    });
  },
};

/** One line a path, sorted: two policies that grant the same are the same, however they are written. */
const grants = (rules: readonly { readonly path: string; readonly capabilities: readonly string[] }[]): string[] =>
  rules.map(({ path, capabilities }) => `${path}: ${[...capabilities].sort().join(", ")}`).sort();

const policies: Question = {
  id: "vault-policies",
  section: "token",
  title: "Each policy in Vault grants what is declared, and no more",
  controls: ["NIST SP 800-53 AC-6", "NIST SP 800-53 IA-5"],
  ask: (context) =>
    onVault(context, (vault) =>
      Promise.all(
        Object.values(vaultPolicies(context.environment)).map(async ({ name, rules }) => {
          const response = await vault.get(`sys/policies/acl/${name}`);
          if (response.call.status === 404) return judged(name, ["there is no such policy"], "", [response.call]);
          if (response.call.status !== 200)
            return cannotTellFrom(
              name,
              response,
              `read on sys/policies/acl/${name}, which the auditor's policy grants`,
            );
          const [declared, live] = [
            grants(rules),
            grants(readPolicyHcl(asText(asRecord(asRecord(response.json()).data).policy))),
          ];
          return judged(
            name,
            [
              ...live.filter((line) => !declared.includes(line)).map((line) => `not declared: ${line}`),
              ...declared.filter((line) => !live.includes(line)).map((line) => `missing: ${line}`),
            ],
            `${declared.length} paths, as declared`,
            [response.call],
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
  title: "No other policy in Vault grants access to the token's path",
  controls: ["NIST SP 800-53 AC-6"],
  ask: (context) =>
    onVault(context, async (vault, place) => {
      const path = `${place.mount}/data/${place.token}`;
      const listed = await vault.get("sys/policies/acl?list=true");
      if (listed.call.status !== 200)
        return [
          cannotTellFrom(
            path,
            listed,
            "list on sys/policies/acl, which the auditor's policy does not grant; ask an administrator of Vault",
          ),
        ];
      const known: readonly string[] = Object.values(place.policies);
      const foreign = asList(asRecord(asRecord(listed.json()).data).keys)
        .map(asText)
        .filter((name) => !known.includes(name) && name !== "root");
      const read = await Promise.all(
        foreign.map(async (name) => ({ name, response: await vault.get(`sys/policies/acl/${name}`) })),
      );
      const unseen = read.filter(({ response }) => response.call.status !== 200).map(({ name }) => name);
      const wrong = read.flatMap(({ name, response }) =>
        readPolicyHcl(asText(asRecord(asRecord(response.json()).data).policy))
          .filter(
            (rule) => covers(rule.path, path) && !rule.capabilities.includes("deny") && rule.capabilities.length > 0,
          )
          .map((rule) => `${name} grants ${rule.capabilities.join(", ")} on ${rule.path}`),
      );
      const calls = [listed.call, ...read.map(({ response }) => response.call)];
      if (wrong.length === 0 && unseen.length > 0)
        return [cannotTell(path, `${unseen.slice(0, 5).join(", ")} cannot be read`, calls)];
      return [judged(path, wrong, `none of ${foreign.length} other policies grants access`, calls)];
    }),
};

type Expected = readonly [path: string, policy: string, seconds: number];

const roles: Question = {
  id: "vault-roles",
  section: "token",
  title: "Gate and rotator sign in for minutes, each with only its own policy",
  controls: ["NIST SP 800-53 IA-5", "NIST SP 800-53 AC-12"],
  ask: (context) =>
    onVault(context, (vault, place) =>
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
          const response = await vault.get(path);
          if (response.call.status === 404) return judged(path, ["there is no such role"], "", [response.call]);
          if (response.call.status !== 200)
            return cannotTellFrom(path, response, `read on ${path}, which the auditor's policy grants`);
          const role = asRecord(asRecord(response.json()).data);
          return judged(
            path,
            [
              ...policyGaps(role, policy),
              ...(role.bind_secret_id === true ? [] : ["it does not require a secret id"]),
              ...(role.token_type === "batch" ? [] : [`its tokens are of type ${asText(role.token_type)}`]),
              ...lifeGaps(role, seconds),
            ],
            `${policy}, ${seconds} s`,
            [response.call],
          );
        }),
      ),
    ),
};

/** The servers give a single value as a list of one. */
const isOnly = (live: unknown, value: string): boolean => asList(live).length === 1 && asList(live)[0] === value;

const policyGaps = (role: Readonly<Record<string, unknown>>, policy: string): string[] => [
  ...(isOnly(role.token_policies, policy)
    ? []
    : [`its policies are ${asList(role.token_policies).map(asText).join(", ") || "none"}, declared ${policy}`]),
  ...(role.token_no_default_policy === true ? [] : ["its tokens also have the default policy"]),
];
const lifeGaps = (role: Readonly<Record<string, unknown>>, seconds: number): string[] =>
  [Number(role.token_ttl), Number(role.token_max_ttl)].some((life) => !(life > 0 && life <= seconds))
    ? [`its tokens live ${asText(role.token_ttl)} s, at most ${asText(role.token_max_ttl)} s; declared ${seconds}`]
    : [];

const workflows: Question = {
  id: "vault-workflows",
  section: "token",
  title: "From CI, only the declared repository's default branch can sign in to Vault",
  controls: ["NIST SP 800-53 IA-5", "NIST SP 800-53 IA-9"],
  ask: (context) =>
    onVault(context, async (vault, place) => {
      const claims = ciClaims(context.environment);
      if (!claims) return [];
      const issuer = context.endpoints.oidcIssuer;
      const config = await vault.get(`auth/${place.ci.mount}/config`);
      const roleOf = async (role: string, policy: string): Promise<Finding> => {
        const path = `auth/${place.ci.mount}/role/${role}`;
        const response = await vault.get(path);
        if (response.call.status === 404) return judged(path, ["there is no such role"], "", [response.call]);
        if (response.call.status !== 200)
          return cannotTellFrom(path, response, `read on ${path}, which the auditor's policy grants`);
        const data = asRecord(asRecord(response.json()).data);
        const bound = asRecord(data.bound_claims);
        return judged(
          path,
          [
            ...Object.entries(claims)
              .filter(([claim, value]) => !(bound[claim] === value || isOnly(bound[claim], value)))
              .map(([claim, value]) => `${claim} is ${JSON.stringify(bound[claim] ?? null)}, declared ${value}`),
            ...(data.bound_claims_type === "string" ? [] : ["its claims are matched as patterns, not exactly"]),
            ...(isOnly(data.bound_audiences, place.ci.audience)
              ? []
              : [`its audiences are ${asList(data.bound_audiences).map(asText).join(", ") || "any"}`]),
            ...policyGaps(data, policy),
            ...(Number(data.token_max_ttl) > 0 && Number(data.token_max_ttl) <= SESSION_SECONDS.workflowMost
              ? []
              : [`its tokens live up to ${asText(data.token_max_ttl)} s`]),
          ],
          `${claims.repository} at ${claims.ref}`,
          [response.call],
        );
      };
      const path = `auth/${place.ci.mount}/config`;
      return [
        config.call.status === 200
          ? judged(
              path,
              asRecord(asRecord(config.json()).data).bound_issuer === issuer
                ? []
                : [
                    `the issuer is ${asText(asRecord(asRecord(config.json()).data).bound_issuer) || "none"}, declared ${issuer}`,
                  ],
              issuer,
              [config.call],
            )
          : cannotTellFrom(path, config, `read on ${path}, which the auditor's policy grants`),
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
    onVault(context, async (vault, place) => {
      const response = await vault.get(`${place.mount}/config`);
      if (response.call.status !== 200)
        return [
          cannotTellFrom(place.mount, response, `read on ${place.mount}/config, which the auditor's policy grants`),
        ];
      const config = asRecord(asRecord(response.json()).data);
      const declared = context.environment.tokenStore.kind === "vault" ? context.environment.tokenStore.maxVersions : 0;
      return [
        judged(
          place.mount,
          [
            ...(config.cas_required === true
              ? []
              : ["writes do not require check-and-set, so two rotators may overwrite each other"]),
            ...(Number(config.max_versions) > 0 && Number(config.max_versions) <= declared
              ? []
              : [`it keeps ${asText(config.max_versions)} versions, declared ${declared}`]),
          ],
          `check-and-set, ${declared} versions`,
          [response.call],
        ),
      ];
    }),
};

export const TOKEN: readonly Question[] = [age, policies, others, roles, workflows, store];
