import { compile, type CompiledPolicy } from "./compiled";
import { judgeGitTarget } from "./git/target";
import { judgeGraphql } from "./graphql/judge";
import type { Lookup } from "./lookups";
import { MCP, readMessage } from "./mcp/message";
import { readCall } from "./mcp/tools";
import type { GatePolicy } from "./policy";
import { Refusal, type RuleId } from "./refusals";
import { judgeBody } from "./rest/body";
import { judgeTarget } from "./target";
import { pathOf } from "./text/canonical";
import type { Interface, JudgedBody, TargetVerdict } from "./verdict";

/**
 * A request to be decided. `target` is the path and query as received; `body` is the decoded text, within the size
 * limit.
 */
export interface GateRequest {
  readonly method: string;
  readonly target: string;
  readonly body?: string;
  /** When the request arrives, in milliseconds. Without it, exceptions with a last day do not apply. */
  readonly now?: number;
}

export interface Decision {
  readonly allow: boolean;
  /** `mcp`: a request to `/mcp` that calls no tool; a call has the kind of the request that it stands for. */
  readonly kind: Interface | "mcp";
  /** Id of the route, empty when none matched. */
  readonly route: string;
  /** `owner/name` of the listed repository, empty when none is meant. */
  readonly repository: string;
  readonly action: string;
  readonly rule?: RuleId;
  readonly status?: number;
  /** The part of the request to which the rule applies. */
  readonly at?: string;
  /** What the gate sends instead: the path without a client's prefix, the body written anew from what was judged. */
  readonly rewritten?: { readonly path?: string; readonly body?: string };
  /** Facts that must be looked up at GitHub and judged before the request may pass. */
  readonly lookups: readonly Lookup[];
}

/**
 * The whole decision about a request of any interface. Pure. For git it decides the target only, because packs are judged
 * as they stream by (see git/); for MCP the body only, which its headers must agree with. The operator's routes are never
 * allowed.
 */
export function decide(source: GatePolicy, request: GateRequest): Decision {
  const policy = compile(source);
  if (policy.mcp === true && pathOf(request.target) === MCP) return decideMcp(source, request);
  const verdict = judgeTarget(policy, request.method, request.target);
  if (verdict.refusal !== undefined) return decisionOf(verdict, request.target, undefined);
  if (verdict.kind === "graphql") return decideGraphql(policy, request);
  if (verdict.kind === "git") return decideGit(policy, request);
  if (verdict.kind === "control") return decisionOf(verdict.refuse("not-found"), request.target, undefined);
  return decisionOf(verdict, request.target, judgeBody(policy, verdict, request.body, "", request.now));
}

const OF_MCP = { kind: "mcp", route: "mcp", repository: "", action: "" } as const;

/** A call of a tool is decided as the request that it stands for. */
function decideMcp(source: GatePolicy, request: GateRequest): Decision {
  if (request.method !== "POST") return refused(OF_MCP, new Refusal("mcp-stream"));
  const message = readMessage(request.body ?? "");
  if (message instanceof Refusal) return refused(OF_MCP, message);
  if (message.method !== "tools/call") return { ...OF_MCP, allow: true, lookups: [] };
  const asked = readCall(message.params);
  if (asked instanceof Refusal) return refused(OF_MCP, asked);
  const { now } = request;
  const { method, target, body } = asked;
  const decision = decide(source, {
    method,
    target,
    ...(body === undefined ? {} : { body }),
    ...(now === undefined ? {} : { now }),
  });
  return decision.allow && decision.route !== asked.route.id
    ? refused(OF_MCP, new Refusal("mcp-tool", asked.tool.name))
    : decision;
}

function decideGraphql(policy: CompiledPolicy, request: GateRequest): Decision {
  const judged =
    request.method === "POST" && !request.target.includes("?")
      ? judgeGraphql(policy, request.body ?? "", "", request.now)
      : new Refusal("graphql-malformed");
  if (judged instanceof Refusal) return refused({ kind: "graphql", route: "", repository: "", action: "" }, judged);
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
  if (judged instanceof Refusal) return refused({ kind: "git", route: "", repository: "", action: "" }, judged);
  const route = "kind" in judged ? (judged.write ? "git.push" : "git.fetch") : judged.route;
  const action = route === "git.push" ? "write-agent-branch" : "read-repository";
  return { kind: "git", allow: true, route, repository: judged.repository.fullName, action, lookups: [] };
}

const refused = (
  about: Pick<Decision, "kind" | "route" | "repository" | "action">,
  { rule, status, at }: Refusal,
): Decision => ({ ...about, allow: false, rule, status, at, lookups: [] });

/** Combines the decisions about target and body. */
function decisionOf(verdict: TargetVerdict, target: string, body: JudgedBody | Refusal | undefined): Decision {
  const refusal = verdict.refusal ?? (body instanceof Refusal ? body : undefined);
  const common = {
    kind: verdict.kind,
    route: verdict.route?.id ?? "",
    repository: verdict.repository?.fullName ?? "",
    action: verdict.action,
  };
  if (refusal !== undefined) return refused(common, refusal);
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
