import type { GatePolicy, GateRepository } from "./policy";
import { CLOSED, ROUTES } from "./rest/routes";
import { RouteTrie } from "./rest/routeTrie";
import { Allowances } from "./text/allowances";
import { PathMatcher } from "./text/globs";
import { readPattern } from "./text/ownPattern";
import type { SecretRules } from "./text/secrets";

/** A listed repository, prepared for decisions. */
export interface CompiledRepository extends GateRepository {
  /** `owner/name` as it stands in records. */
  readonly fullName: string;
  readonly guarded: PathMatcher;
}

/** A policy, prepared once per isolate, so that decisions look up instead of search. */
export interface CompiledPolicy extends Omit<GatePolicy, "repositories"> {
  /** By lower-case name without owner. */
  readonly repositories: ReadonlyMap<string, CompiledRepository>;
  readonly byId: ReadonlyMap<string, CompiledRepository>;
  readonly byNodeId: ReadonlyMap<string, CompiledRepository>;
  readonly trie: RouteTrie;
  readonly open: ReadonlySet<string>;
  readonly owner: string;
  readonly allowances: Allowances;
  /** What contents are searched for at this time, in milliseconds. */
  readonly secretsAt: (now: number) => SecretRules;
}

const compiled = new WeakMap<GatePolicy, CompiledPolicy>();
const NO_QUERY: ReadonlySet<string> = new Set();

/**
 * Compiles a policy, once for each policy object. Throws if the policy has another version or shape; the gate then
 * stays closed.
 */
export function compile(policy: GatePolicy): CompiledPolicy {
  const known = compiled.get(policy);
  if (known !== undefined) return known;
  if (
    policy?.v !== 1 ||
    typeof policy.organization !== "string" ||
    policy.branchPrefix === "" ||
    !Array.isArray(policy.repositories) ||
    policy.repositories.length === 0
  ) {
    throw new Error("the gate has no policy of version 1");
  }
  const made = make(policy);
  compiled.set(policy, made);
  return made;
}

function make(policy: GatePolicy): CompiledPolicy {
  const all = policy.repositories.map((r): CompiledRepository => ({
    ...r,
    fullName: `${policy.organization}/${r.name}`,
    guarded: new PathMatcher([...policy.protectedPaths, ...r.protectedPaths]),
  }));
  const open = new Set([...policy.routes.read, ...policy.routes.write]);
  const trie = new RouteTrie();
  for (const route of ROUTES) {
    if (route.path !== "" && open.has(route.id))
      trie.add(route.method, route.path, {
        route,
        closed: "",
        rule: "route-closed",
        openQuery: route.query.length === 0 ? NO_QUERY : new Set(route.query),
      });
  }
  for (const { methods, path, action, rule = "route-closed" } of CLOSED) {
    for (const method of methods)
      trie.add(method, path, { route: undefined, closed: action, rule, openQuery: NO_QUERY });
  }
  const allowances = new Allowances(policy.allowedSecrets);
  const searched: SecretRules = searchedFor(policy);
  return {
    ...policy,
    repositories: new Map(all.map((r) => [r.name.toLowerCase(), r])),
    byId: new Map(all.filter((r) => r.id > 0).map((r) => [String(r.id), r])),
    byNodeId: new Map(all.filter((r) => r.nodeId !== "").map((r) => [r.nodeId, r])),
    trie,
    open,
    owner: policy.organization.toLowerCase(),
    allowances,
    secretsAt: (now) => ({ ...searched, allows: allowances.at(now) }),
  };
}

/** What a policy searches for beside the public formats, without what it allows. */
export function searchedFor({
  secretPatterns,
  canaryTokens,
  alertOnlySecrets,
}: Pick<GatePolicy, "secretPatterns" | "canaryTokens" | "alertOnlySecrets">): SecretRules {
  return {
    patterns: secretPatterns.map(({ name, expression }) => readPattern(name, expression)),
    canaries: new Map(canaryTokens.map(({ name, sha256 }) => [sha256, name])),
    alertOnly: new Set(alertOnlySecrets),
  };
}

/** The listed repository of an `owner/name`, ignoring case. Undefined for every other text. */
export function listedRepository(policy: CompiledPolicy, fullName: string): CompiledRepository | undefined {
  const slash = fullName.indexOf("/");
  // Only ASCII folds one to one; a Kelvin sign would fold to k.
  return /^[\w./-]+$/.test(fullName) && slash > 0 && fullName.slice(0, slash).toLowerCase() === policy.owner
    ? policy.repositories.get(fullName.slice(slash + 1).toLowerCase())
    : undefined;
}
