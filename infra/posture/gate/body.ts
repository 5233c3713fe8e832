import type { CompiledPolicy } from "./compiled";
import { parseStrictJson, type Json } from "./json";
import type { Lookup } from "./lookups";
import { Refusal } from "./refusals";
import type { Route } from "./routes";
import { findSecrets, type Finding } from "./secrets";
import type { TargetVerdict } from "./decide";

/** A body that may pass. `text` is what is sent: written anew from the judged value, so that no second reading exists; undefined when there is none. */
export interface JudgedBody {
  readonly text: string | undefined;
  readonly lookups: readonly Lookup[];
}

const NO_BODY: JudgedBody = { text: undefined, lookups: [] };

/** A refusal for what the content holds; the record keeps the findings, never the content. */
export class SecretRefusal extends Refusal {
  constructor(readonly findings: readonly Finding[]) {
    super("secret-in-content", findings[0]?.rule);
  }
}

/** Judges the body of a REST request whose target has passed. `text`: the decoded body, undefined or empty when there is none. */
export function judgeBody(c: CompiledPolicy, verdict: TargetVerdict, text: string | undefined): JudgedBody | Refusal {
  const route = verdict.route;
  if (route === undefined) return new Refusal("route-not-allowed");
  if (text === undefined || text === "") return route.body === undefined || route.bodyOptional === true ? NO_BODY : new Refusal("body-missing");
  if (route.body === undefined) return route.method === "DELETE" && text.trim() === "{}" ? NO_BODY : new Refusal("body-unexpected");
  const parsed = parseStrictJson(text);
  if (parsed instanceof Refusal) return parsed;
  const refused = route.body(parsed.value, "", { organization: c.owner, branchPrefix: c.policy.branchPrefix, guarded: verdict.repository?.guarded });
  if (refused !== undefined) return refused;
  const value = forced(parsed.value, route);
  const sent = JSON.stringify(value);
  const findings = findSecrets(sent);
  if (findings.length > 0) return new SecretRefusal(findings);
  const hidden = judgeEncodedContent(route, value);
  if (hidden !== undefined) return hidden;
  return { text: sent, lookups: lookupsOf(verdict, route, value) };
}

function forced(value: Json, route: Route): Json {
  return route.force === undefined ? value : { ...(value as Record<string, Json>), ...route.force };
}

/** Guard `body-file-secret`: files travel in base64, so they are searched decoded. Another alphabet or padding would be read differently elsewhere. */
function judgeEncodedContent(route: Route, value: Json): Refusal | undefined {
  const { content, encoding } = value as { content?: unknown; encoding?: unknown };
  if (typeof content !== "string" || (route.id !== "contents.put" && encoding !== "base64")) return undefined;
  const packed = content.replace(/[\r\n]/g, "");
  if (packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(packed)) return new Refusal("body-value", "content");
  const findings = findSecrets(atob(packed));
  return findings.length > 0 ? new SecretRefusal(findings) : undefined;
}

function lookupsOf(verdict: TargetVerdict, route: Route, value: Json): readonly Lookup[] {
  const repository = verdict.repository;
  if (route.lookup === undefined || repository === undefined) return [];
  const body = value as { sha?: string; base?: string; head?: string };
  if (route.lookup === "branch-tip") return [{ kind: "compare", repository, base: repository.defaultBranch, head: body.sha ?? "", proposal: false }];
  const head = body.head ?? "";
  return [{ kind: "compare", repository, base: body.base ?? "", head: head.slice(head.indexOf(":") + 1), proposal: true }];
}
