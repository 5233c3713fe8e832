import { compile, type CompiledPolicy } from "./compiled";
import { judgeGitTarget } from "./git/target";
import { judgeGraphql } from "./graphql/judge";
import type { Lookup } from "./lookups";
import type { GatePolicy } from "./policy";
import { Refusal, type RuleId } from "./refusals";
import { judgeBody } from "./rest/body";
import { judgeTarget } from "./target";
import type { Interface, JudgedBody, TargetVerdict } from "./verdict";

/** A request as the decision sees it. `target` is the path and query that came in; `body` is its text, already bounded and decoded. */
export interface GateRequest {
  readonly method: string;
  readonly target: string;
  readonly body?: string;
  /** When it arrives, in milliseconds; without it no exception of the posture counts that ends some day. */
  readonly now?: number;
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
function decisionOf(verdict: TargetVerdict, target: string, body: JudgedBody | Refusal | undefined): Decision {
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
