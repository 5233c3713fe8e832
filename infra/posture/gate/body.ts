import type { CompiledPolicy } from "./compiled";
import { parseStrictJson, type Json } from "./json";
import { directoryLookup, type Lookup } from "./lookups";
import { Refusal } from "./refusals";
import type { Route } from "./routes";
import { bodyFor, labelNames, missingLabel, readItem } from "./marks";
import { findSecrets, type Finding } from "./secrets";
import { withoutNulls } from "./shape";
import { tooLong, withTrailer } from "./trailer";
import type { TargetVerdict } from "./decide";

/** A body that may pass. `text` is what is sent: written anew from the judged value, so that no second reading exists; undefined when there is none. */
export interface JudgedBody {
  readonly text: string | undefined;
  readonly lookups: readonly Lookup[];
  /** Set when the text depends on what the pull request or the issue has now. */
  readonly kept?: Kept;
}

/** What must be read before a body can be written: a path of the API, and what is made of its answer. */
export interface Kept {
  readonly path: string;
  finish(answer: unknown): string | Refusal;
}

const NO_BODY: JudgedBody = { text: undefined, lookups: [] };

/** A refusal for what the content holds; the record keeps the findings, never the content. */
export class SecretRefusal extends Refusal {
  constructor(readonly findings: readonly Finding[]) {
    super("secret-in-content", findings[0]?.rule);
  }
}

/**
 * Judges the body of a REST request whose target has passed. `text`: the decoded body, undefined or empty when there is none.
 * `requestId` goes into the trailer of a pull request that is opened.
 */
export function judgeBody(
  c: CompiledPolicy,
  verdict: TargetVerdict,
  text: string | undefined,
  requestId = "",
): JudgedBody | Refusal {
  const route = verdict.route;
  if (route === undefined) return new Refusal("route-not-allowed");
  if (text === undefined || text === "")
    return route.body === undefined || route.bodyOptional === true ? NO_BODY : new Refusal("body-missing");
  if (route.body === undefined)
    return route.method === "DELETE" && text.trim() === "{}" ? NO_BODY : new Refusal("body-unexpected");
  const parsed = parseStrictJson(text);
  if (parsed instanceof Refusal) return parsed;
  const given = withoutNulls(parsed.value, route.body);
  const refused = route.body(given, "", {
    organization: c.owner,
    branchPrefix: c.policy.branchPrefix,
    guarded: verdict.repository?.guarded,
  });
  if (refused !== undefined) return refused;
  const written = opened(forced(given, route), route, requestId);
  if (written instanceof Refusal) return written;
  const { value } = written;
  const sent = JSON.stringify(value);
  const findings = findSecrets(sent);
  if (findings.length > 0) return new SecretRefusal(findings);
  const hidden = judgeEncodedContent(route, value);
  if (hidden !== undefined) return hidden;
  const kept = keptOf(c, verdict, route, value);
  return { text: sent, lookups: lookupsOf(verdict, route, value), ...(kept === undefined ? {} : { kept }) };
}

/** Guard `proposal-length`: the text of a pull request with the gate's line; refused here where GitHub would refuse it for that line. */
function opened(value: Json, route: Route, requestId: string): { readonly value: Json } | Refusal {
  if (route.marks !== "opens" || requestId === "") return { value };
  const { body } = value as { body?: string | null };
  const sent = withTrailer(body ?? "", requestId);
  const long = tooLong(body ?? "", sent);
  return long === undefined
    ? { value: { ...(value as Record<string, Json>), body: sent } }
    : new Refusal("body-value", long);
}

/** A change of what the gate marks (the text of a pull request, its labels) depends on what is there. An issue may turn out to be a pull request. */
function keptOf(c: CompiledPolicy, verdict: TargetVerdict, route: Route, value: Json): Kept | undefined {
  if (route.marks !== "keeps") return undefined;
  const body = Array.isArray(value) ? {} : (value as Record<string, Json>);
  const sets = route.id === "issues.labels-set" || Object.hasOwn(body, "labels");
  if (!sets && !Object.hasOwn(body, "body")) return undefined;
  const pull = route.id === "pulls.update";
  return {
    path: verdict.sent.replace(/\/labels$/, ""),
    finish: (answer) => {
      const now = readItem(c, answer, pull);
      if (now === undefined) return new Refusal("lookup-failed");
      const labels = sets ? missingLabel(now, labelNames(value), isSameName) : [];
      if (Array.isArray(value)) return JSON.stringify([...value, ...labels]);
      const given = body["body"];
      const listed = body["labels"];
      return JSON.stringify({
        ...body,
        ...(labels.length === 0 ? {} : { labels: [...(Array.isArray(listed) ? listed : []), ...labels] }),
        ...(given === undefined ? {} : { body: bodyFor(now, typeof given === "string" ? given : "") }),
      });
    },
  };
}

const isSameName = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase();

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
  const body = value as { sha?: string; base?: string; head?: string; branch?: string };
  if (route.lookup === "branch-tip")
    return [{ kind: "compare", repository, base: repository.defaultBranch, head: body.sha ?? "" }];
  if (route.lookup === "branch-file") {
    const branch = body.branch ?? "";
    return [
      { kind: "compare", repository, base: repository.defaultBranch, head: branch, adds: [verdict.path] },
      ...directoryLookup(repository, branch, [verdict.path]),
    ];
  }
  const head = body.head ?? "";
  return [{ kind: "compare", repository, base: body.base ?? "", head: head.slice(head.indexOf(":") + 1) }];
}
