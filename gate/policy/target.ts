import { listedRepository, type CompiledPolicy } from "./compiled";
import { isAgentLabel } from "./pullRequest/labels";
import { Refusal } from "./refusals";
import { judgeParameter } from "./rest/parameters";
import { usualSpelling, withoutFolderSlash } from "./rest/pathAliases";
import { judgeQuery, judgeSearch } from "./rest/query";
import type { Leaf } from "./rest/routeTrie";
import { canonicalise } from "./text/canonical";
import { TargetVerdict, type Interface } from "./verdict";

/** Methods that the gate knows. */
export const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]);
const API_PREFIX = "/api/v3";
const API_ROOT = "/api/v3/";

/** Which interface a canonical path belongs to. */
export function interfaceOf(path: string): Interface {
  if (path === "/graphql" || path === "/api/graphql") return "graphql";
  if (path === "/_gate" || path.startsWith("/_gate/")) return "control";
  const second = path.indexOf("/", 1);
  const third = second < 0 ? -1 : path.indexOf("/", second + 1);
  return third > 0 && (path.startsWith(".git", third - 4) || isGitWithoutSuffix(path, third)) ? "git" : "rest";
}

/**
 * Whether it is one of git's addresses without `.git`, which GitHub accepts too.
 * @param third the slash after owner and name
 */
function isGitWithoutSuffix(path: string, third: number): boolean {
  const first = path.charCodeAt(third + 1);
  if (first !== 103 && first !== 105) return false; // g, i: nothing else is looked at twice
  return (
    /^\/(?:info\/refs|git-(?:upload|receive)-pack|info\/lfs(?:\/.*)?)$/.test(path.slice(third)) &&
    !/^\/(?:repos|repositories|api)\//.test(path)
  );
}

/**
 * Step 3 of worker.ts: canonicalises the target, matches it with the table of routes, and judges its parameters and
 * query. Every request passes here, so it uses no URL object and reads the path once.
 * @param asWriter as if every listed repository could be written (see observe.ts)
 */
export function judgeTarget(policy: CompiledPolicy, method: string, target: string, asWriter = false): TargetVerdict {
  const verdict = new TargetVerdict();
  // The API root of an Enterprise Server ends in a slash: `gh auth status` asks for it.
  const reads = method === "GET" || method === "HEAD";
  const canonical = canonicalise(target === API_ROOT ? API_PREFIX : reads ? withoutFolderSlash(target) : target);
  if (canonical instanceof Refusal) return verdict.refuse(canonical);
  if (!METHODS.has(method)) return verdict.refuse("method-unknown");
  const kind = interfaceOf(canonical.path);
  verdict.kind = kind;
  if (kind !== "rest") {
    verdict.sent = target;
    return verdict;
  }
  let path = canonical.path;
  if (path.startsWith(API_PREFIX) && (path.length === API_PREFIX.length || path.charCodeAt(API_PREFIX.length) === 47)) {
    verdict.prefix = API_PREFIX;
    path = path.length === API_PREFIX.length ? "/" : path.slice(API_PREFIX.length);
  }
  if (path.startsWith("/repositories/")) {
    const named = byNumber(policy, path);
    if (named === undefined) return verdict.refuse("repository-not-listed");
    path = named;
  }
  let match = policy.trie.match(path);
  let leaf = match.leaves.get(method === "HEAD" ? "GET" : method);
  const usual = leaf === undefined && reads ? usualSpelling(path) : undefined;
  if (usual !== undefined) {
    path = usual;
    match = policy.trie.match(path);
    leaf = match.leaves.get("GET");
  }
  if (leaf === undefined) return refuseUnknown(policy, verdict, path);
  verdict.route = leaf.route;
  verdict.action = leaf.route === undefined ? leaf.closed : leaf.route.action;
  const refused = judgeParameters(policy, verdict, leaf, match.values);
  const route = leaf.route;
  // What is closed in every policy is closed in unlisted repositories too.
  if (refused !== undefined && (route !== undefined || refused.rule !== "repository-not-listed"))
    return verdict.refuse(refused);
  if (route === undefined) return verdict.refuse(leaf.rule, leaf.closed);
  if (route.access === "write" && verdict.repository?.access !== "write" && !asWriter)
    return verdict.refuse("access-read-only", verdict.repository?.fullName);
  if (route.guardLabel === true && isAgentLabel(policy, verdict.label))
    return verdict.refuse("pull-request-label", verdict.label);
  if (route.guardPath === true && verdict.repository?.guarded.touches(verdict.path) !== false)
    return verdict.refuse("protected-path", verdict.path);
  if (canonical.query === "") {
    if (route.search === true) return verdict.refuse("search-not-scoped");
    verdict.sent = path;
    return verdict;
  }
  const query = judgeQuery(canonical.query, leaf.openQuery);
  if (query instanceof Refusal) return verdict.refuse(query);
  if (route.search === true) {
    const scope = judgeSearch(query.get("q") ?? "", (name) => listedRepository(policy, name) !== undefined);
    if (scope instanceof Refusal) return verdict.refuse(scope);
    verdict.repository = listedRepository(policy, scope);
  }
  const head = query.get("head");
  if (head?.includes(":") === true && head.slice(0, head.indexOf(":")).toLowerCase() !== policy.owner)
    return verdict.refuse("fork-not-allowed", "head");
  verdict.sent = `${path}?${canonical.query}`;
  return verdict;
}

/**
 * Turns `/repositories/{id}/…`, the form of GitHub's pagination links, into `/repos/{owner}/{repo}/…`. Undefined for an
 * id that is not listed.
 */
function byNumber(policy: CompiledPolicy, path: string): string | undefined {
  const start = "/repositories/".length;
  const slash = path.indexOf("/", start);
  const repository = policy.byId.get(slash < 0 ? path.slice(start) : path.slice(start, slash));
  return repository && `/repos/${policy.organization}/${repository.name}${slash < 0 ? "" : path.slice(slash)}`;
}

function judgeParameters(
  policy: CompiledPolicy,
  verdict: TargetVerdict,
  leaf: Leaf,
  values: readonly string[],
): Refusal | undefined {
  for (let i = 0; i < leaf.names.length; i++) {
    const name = leaf.names[i];
    const raw = values[i];
    if (name === undefined || raw === undefined) return new Refusal("parameter-value");
    if (name === "owner") {
      if (raw !== policy.organization && raw.toLowerCase() !== policy.owner)
        return new Refusal("owner-not-allowed", raw);
    } else if (name === "repo") {
      verdict.repository = policy.repositories.get(raw.toLowerCase());
      if (verdict.repository === undefined) return new Refusal("repository-not-listed", raw);
    } else {
      const value = judgeParameter(name, raw, policy.branchPrefix);
      if (value instanceof Refusal) return value;
      if (name === "path" || name === "agentRef") verdict.path = value;
      else if (name === "label") verdict.label = value;
    }
  }
  return undefined;
}

/** Refuses a path without an open route. A rule about the repository comes first, because it says more. */
function refuseUnknown(policy: CompiledPolicy, verdict: TargetVerdict, path: string): TargetVerdict {
  const [, root, owner, name] = path.split("/", 4);
  if (root !== "repos" || owner === undefined || name === undefined) return verdict.refuse("route-not-allowed");
  if (owner.toLowerCase() !== policy.owner) return verdict.refuse("owner-not-allowed", owner);
  verdict.repository = policy.repositories.get(name.toLowerCase());
  return verdict.refuse(
    verdict.repository === undefined ? "repository-not-listed" : "route-not-allowed",
    verdict.repository === undefined ? name : "",
  );
}
