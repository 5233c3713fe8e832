import { canonicalise } from "./text/canonical";
import { compile, listedRepository, type CompiledPolicy, type CompiledRepository } from "./compiled";
import { judgeBody, type JudgedBody } from "./rest/body";
import { judgeGitTarget } from "./git/target";
import { judgeGraphql } from "./graphql/judge";
import type { Lookup } from "./lookups";
import { isMark } from "./pullRequest/labels";
import { judgeParameter } from "./rest/parameters";
import type { GatePolicy } from "./policy";
import { judgeQuery, judgeSearch } from "./rest/query";
import { Refusal, type RuleId } from "./refusals";
import type { Route } from "./rest/routes";
import { usualSpelling, withoutFolderSlash } from "./rest/pathAliases";
import type { Leaf } from "./rest/routeTrie";

/** A request as the decision sees it. `target` is the path and query that came in; `body` is its text, already bounded and decoded. */
export interface GateRequest {
  readonly method: string;
  readonly target: string;
  readonly body?: string;
  /** When it arrives, in milliseconds; without it no exception of the posture counts that ends some day. */
  readonly now?: number;
}

/** Which interface of the gate a path belongs to. */
export type Interface = "rest" | "graphql" | "git" | "control";

/** The part of a decision that needs no body: where the request goes, or why it does not. */
export class TargetVerdict {
  refusal: Refusal | undefined = undefined;
  kind: Interface = "rest";
  route: Route | undefined = undefined;
  /** Action of the access model, also of a refused request where it is known. */
  action = "";
  repository: CompiledRepository | undefined = undefined;
  /** Path and query below the upstream's base: exactly what is sent. */
  sent = "";
  /** Prefix under which the agent talks REST (`/api/v3` or empty), for the links of the answer. */
  prefix = "";
  /** The value of the parameter `path`, or of `agentRef`, decoded. */
  path = "";
  /** The value of the parameter `label`, decoded. */
  label = "";

  refuse(rule: RuleId | Refusal, at = ""): this {
    this.refusal = typeof rule === "string" ? new Refusal(rule, at) : rule;
    return this;
  }
}

export interface Decision {
  readonly allow: boolean;
  readonly kind: Interface;
  /** Id of the route, empty when none matched. */
  readonly route: string;
  /** `owner/name` of the listed repository, empty when none is meant. */
  readonly repository: string;
  readonly action: string;
  readonly rule?: RuleId;
  readonly status?: number;
  /** Where in the request the rule applies. */
  readonly at?: string;
  /** What the gate sends instead of what came: the path without a client's prefix, the body as it was judged. */
  readonly rewritten?: { readonly path?: string; readonly body?: string };
  /** Facts that must still be looked up and judged before the request may go on. */
  readonly lookups: readonly Lookup[];
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]);
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

/** Git's addresses without `.git`, which GitHub takes as well; `third`: the slash behind owner and name. */
function isGitWithoutSuffix(path: string, third: number): boolean {
  const first = path.charCodeAt(third + 1);
  if (first !== 103 && first !== 105) return false; // g, i: nothing else is looked at twice
  return (
    /^\/(?:info\/refs|git-(?:upload|receive)-pack|info\/lfs(?:\/.*)?)$/.test(path.slice(third)) &&
    !/^\/(?:repos|repositories|api)\//.test(path)
  );
}

/** Judges method and target. `asWriter`: as if every listed repository could be written (see observe.ts). The hot path: no regular expression, no URL object, one pass over the path. */
export function judgeTarget(policy: CompiledPolicy, method: string, target: string, asWriter = false): TargetVerdict {
  const verdict = new TargetVerdict();
  // An Enterprise Server's API root is spelled with its slash: `gh auth status` asks for it.
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
  // What is closed in every posture is closed in every repository, whether it is listed or not.
  if (refused !== undefined && (route !== undefined || refused.rule !== "repository-not-listed"))
    return verdict.refuse(refused);
  if (route === undefined) return verdict.refuse(leaf.rule, leaf.closed);
  if (route.access === "write" && verdict.repository?.access !== "write" && !asWriter)
    return verdict.refuse("access-read-only", verdict.repository?.fullName);
  if (route.guardLabel === true && isMark(policy, verdict.label))
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

/** `/repositories/{id}/…`, the form of GitHub's own pagination links, as `/repos/{owner}/{repo}/…`; undefined for an id that is not listed. */
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

/** A path without an open route: names the repository rule first, because it says more. */
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

/**
 * The whole decision about a request, whatever its interface. Pure: shared by the gate, the drill and the report.
 * Of git it decides the target (and the body of neither service: packs are read as they stream by, see git/); control routes are never allowed.
 */
export function decide(source: GatePolicy, request: GateRequest): Decision {
  const policy = compile(source);
  const verdict = judgeTarget(policy, request.method, request.target);
  if (verdict.refusal !== undefined) return decisionOf(verdict, request.target, undefined);
  if (verdict.kind === "graphql") return decideGraphql(policy, request);
  if (verdict.kind === "git") return decideGit(policy, request);
  if (verdict.kind === "control") return decisionOf(verdict.refuse("not-found"), request.target, undefined);
  return decisionOf(verdict, request.target, judgeBody(policy, verdict, request.body, "", request.now));
}

function decideGraphql(policy: CompiledPolicy, request: GateRequest): Decision {
  const judged =
    request.method === "POST" && !request.target.includes("?")
      ? judgeGraphql(policy, request.body ?? "", "", request.now)
      : new Refusal("graphql-malformed");
  if (judged instanceof Refusal)
    return {
      kind: "graphql",
      allow: false,
      route: "",
      repository: "",
      action: "",
      rule: judged.rule,
      status: judged.status,
      at: judged.at,
      lookups: [],
    };
  const route = judged.write ? "graphql.mutation" : "graphql.query";
  return {
    kind: "graphql",
    allow: true,
    route,
    repository: judged.repository?.fullName ?? "",
    action: judged.action,
    rewritten: { body: judged.text },
    lookups: judged.lookups,
  };
}

function decideGit(policy: CompiledPolicy, request: GateRequest): Decision {
  const judged = judgeGitTarget(policy, request.method, request.target);
  if (judged instanceof Refusal)
    return {
      kind: "git",
      allow: false,
      route: "",
      repository: "",
      action: "",
      rule: judged.rule,
      status: judged.status,
      at: judged.at,
      lookups: [],
    };
  const route = "kind" in judged ? (judged.write ? "git.push" : "git.fetch") : judged.route;
  const action = route === "git.push" ? "write-agent-branch" : "read-repository";
  return { kind: "git", allow: true, route, repository: judged.repository.fullName, action, lookups: [] };
}

/** Puts the two parts of a decision together. */
export function decisionOf(verdict: TargetVerdict, target: string, body: JudgedBody | Refusal | undefined): Decision {
  const refusal = verdict.refusal ?? (body instanceof Refusal ? body : undefined);
  const common = {
    kind: verdict.kind,
    route: verdict.route?.id ?? "",
    repository: verdict.repository?.fullName ?? "",
    action: verdict.action,
  };
  if (refusal !== undefined)
    return { ...common, allow: false, rule: refusal.rule, status: refusal.status, at: refusal.at, lookups: [] };
  const judged = body instanceof Refusal ? undefined : body;
  const rewritten = {
    ...(verdict.sent === target ? {} : { path: verdict.sent }),
    ...(judged?.text === undefined ? {} : { body: judged.text }),
  };
  return {
    ...common,
    allow: true,
    ...(Object.keys(rewritten).length === 0 ? {} : { rewritten }),
    lookups: judged?.lookups ?? [],
  };
}
