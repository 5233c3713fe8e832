import type { CompiledPolicy } from "../compiled";
import { decodedFile, judgeFile, type JudgedFile } from "../fileContent";
import { directoryLookup, type Lookup, type Standing } from "../lookups";
import { bodyFor, labelNames, missingLabel, readItem } from "../pullRequest/labels";
import { tooLong, withTrailer } from "../pullRequest/trailer";
import { Refusal } from "../refusals";
import { parseStrictJson, type Json } from "../text/json";
import { findSecrets, refusing, textsIn } from "../text/secrets";
import { SecretRefusal, type DeferredBody, type JudgedBody, type TargetVerdict } from "../verdict";
import type { Route } from "./routes";
import { withoutNulls } from "./shape";

const NO_BODY: JudgedBody = { text: undefined, lookups: [], findings: [] };

/**
 * Judges the body of a REST request whose target has passed. `text`: the decoded body, undefined or empty when there is
 * none. `requestId` goes into the trailer of a pull request that is opened. `now` (milliseconds): exceptions of the
 * posture count until their day; without it none does.
 */
export function judgeBody(
  policy: CompiledPolicy,
  verdict: TargetVerdict,
  text: string | undefined,
  requestId = "",
  now = Infinity,
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
    organization: policy.owner,
    branchPrefix: policy.branchPrefix,
    guarded: verdict.repository?.guarded,
  });
  if (refused !== undefined) return refused;
  const made = opened(forced(given, route), route, requestId);
  if (made instanceof Refusal) return made;
  const { value } = made;
  const sent = JSON.stringify(value);
  const written = `${textsIn(withoutFile(value, route))}\n${verdict.path}`;
  const findings = findSecrets(written, 0, 20, policy.secretsAt(now));
  if (refusing(findings).length > 0) return new SecretRefusal(findings);
  const file = judgeEncodedContent(policy, verdict, route, value, now);
  if (file instanceof Refusal) return file;
  // Without the id of what it replaces a file is new: GitHub refuses it where one stands.
  const isNew = file.judge !== undefined && (value as { sha?: unknown }).sha === undefined;
  const refusedFile = isNew ? file.judge?.("") : undefined;
  if (refusedFile !== undefined) return refusedFile;
  const deferred = deferredOf(policy, verdict, route, value);
  return {
    text: sent,
    lookups: [...lookupsOf(verdict, route, value), ...standing(verdict, value, file)],
    findings: [...findings, ...file.findings],
    ...(deferred === undefined ? {} : { deferred }),
  };
}

/**
 * Guard `proposal-length`: the text of a pull request with the gate's line; refused here where GitHub would refuse it
 * for that line.
 */
function opened(value: Json, route: Route, requestId: string): { readonly value: Json } | Refusal {
  if (route.pullRequest !== "opens" || requestId === "") return { value };
  const { body } = value as { body?: string | null };
  const sent = withTrailer(body ?? "", requestId);
  const long = tooLong(body ?? "", sent);
  return long === undefined
    ? { value: { ...(value as Record<string, Json>), body: sent } }
    : new Refusal("body-value", long);
}

/**
 * A change of what the gate marks (the text of a pull request, its labels) depends on what is there. An issue may turn
 * out to be a pull request.
 */
function deferredOf(
  policy: CompiledPolicy,
  verdict: TargetVerdict,
  route: Route,
  value: Json,
): DeferredBody | undefined {
  if (route.pullRequest !== "updates") return undefined;
  const body = Array.isArray(value) ? {} : (value as Record<string, Json>);
  const sets = route.id === "issues.labels-set" || Object.hasOwn(body, "labels");
  if (!sets && !Object.hasOwn(body, "body")) return undefined;
  const pull = route.id === "pulls.update";
  return {
    path: verdict.sent.replace(/\/labels$/, ""),
    finish: (answer) => {
      const now = readItem(policy, answer, pull);
      if (now === undefined) return new Refusal("lookup-failed");
      const labels = sets ? missingLabel(now, labelNames(value), isSameName) : [];
      if (Array.isArray(value)) return JSON.stringify([...value, ...labels]);
      const given = body["body"];
      const text = given === undefined ? undefined : bodyFor(now, typeof given === "string" ? given : "");
      if (text instanceof Refusal) return text;
      const listed = body["labels"];
      return JSON.stringify({
        ...body,
        ...(labels.length === 0 ? {} : { labels: [...(Array.isArray(listed) ? listed : []), ...labels] }),
        ...(text === undefined ? {} : { body: text }),
      });
    },
  };
}

const isSameName = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase();

function forced(value: Json, route: Route): Json {
  return route.force === undefined ? value : { ...(value as Record<string, Json>), ...route.force };
}

/** Whether a body holds a file in base64. */
const holdsFile = ({ content, encoding }: { content?: unknown; encoding?: unknown }, route: Route): boolean =>
  typeof content === "string" && (route.id === "contents.put" || encoding === "base64");

/** The body without its file, which is judged decoded and by its place. */
function withoutFile(value: Json, route: Route): Json {
  return value !== null && typeof value === "object" && !Array.isArray(value) && holdsFile(value, route)
    ? { ...value, content: "" }
    : value;
}

/** The file of a body that holds one in base64, judged. A blob's place is not known: a tree may put it anywhere. */
function judgeEncodedContent(
  policy: CompiledPolicy,
  { repository, path }: TargetVerdict,
  route: Route,
  value: Json,
  now: number,
): Refusal | JudgedFile {
  const body = value as { content?: unknown; encoding?: unknown };
  if (!holdsFile(body, route)) return { findings: [] };
  const file = decodedFile(String(body.content));
  if (file === undefined) return new Refusal("body-value", "content");
  return judgeFile(policy, repository, route.id === "contents.put" ? path : "", file, now);
}

/**
 * A file that is new has nothing before it; GitHub replaces one only when it is named by its id, and it must be the one
 * there.
 */
function standing(
  { repository, path }: TargetVerdict,
  value: Json,
  { judge, stood = [] }: JudgedFile,
): readonly Standing[] {
  const { branch, sha } = value as { branch?: string; sha?: string };
  if (judge === undefined || repository === undefined || branch === undefined) return [];
  return [
    { kind: "standing", repository, at: branch, path, findings: stood, judge, ...(sha === undefined ? {} : { sha }) },
  ];
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
