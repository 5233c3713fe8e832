import type { CompiledPolicy, CompiledRepository } from "../compiled";
import { parseStrictJson, type Json } from "../text/json";
import { directoryLookup, type Lookup, type Standing } from "../lookups";
import { Refusal } from "../refusals";
import type { Route } from "./routes";
import { bodyFor, labelNames, missingLabel, readItem } from "../pullRequest/labels";
import {
  ALLOWED_SECRET,
  allowedBy,
  findSecrets,
  matchSecrets,
  refusing,
  secretsIn,
  STOOD_BEFORE,
  withoutValue,
  type Finding,
} from "../text/secrets";
import { withoutNulls } from "./shape";
import { tooLong, withTrailer } from "../pullRequest/trailer";
import type { TargetVerdict } from "../decide";

/** A body that may pass. `text` is what is sent: written anew from the judged value, so that no second reading exists; undefined when there is none. */
export interface JudgedBody {
  readonly text: string | undefined;
  readonly lookups: readonly Lookup[];
  /** What looks like a credential and is allowed; for the record. */
  readonly findings: readonly Finding[];
  /** Set when the text depends on what the pull request or the issue has now. */
  readonly kept?: Kept;
}

/** What must be read before a body can be written: a path of the API, and what is made of its answer. */
export interface Kept {
  readonly path: string;
  finish(answer: unknown): string | Refusal;
}

const NO_BODY: JudgedBody = { text: undefined, lookups: [], findings: [] };

/** A refusal for what the content holds; the record keeps the findings, never the content. */
export class SecretRefusal extends Refusal {
  /** @param why more than the rule that was broken */
  constructor(
    readonly findings: readonly Finding[],
    why = "",
  ) {
    super("secret-in-content", `${refusing(findings)[0]?.rule ?? ""}${why === "" ? "" : `; ${why}`}`);
  }
}

/**
 * Judges the body of a REST request whose target has passed. `text`: the decoded body, undefined or empty when there is none.
 * `requestId` goes into the trailer of a pull request that is opened. `now` (milliseconds): exceptions of the posture count until their day; without it none does.
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
  const written = opened(forced(given, route), route, requestId);
  if (written instanceof Refusal) return written;
  const { value } = written;
  const sent = JSON.stringify(value);
  const allows = policy.allowances.at(now);
  const findings = findSecrets(sent, 0, 20, allows);
  if (refusing(findings).length > 0) return new SecretRefusal(findings);
  const file = judgeEncodedContent(policy, verdict, route, value, now);
  if (file instanceof Refusal) return file;
  // Without the id of what it replaces a file is new: GitHub refuses it where one stands.
  const isNew = file.judge !== undefined && (value as { sha?: unknown }).sha === undefined;
  const refusedFile = isNew ? file.judge?.("") : undefined;
  if (refusedFile !== undefined) return refusedFile;
  const kept = keptOf(policy, verdict, route, value);
  return {
    text: sent,
    lookups: [...lookupsOf(verdict, route, value), ...standing(verdict, value, file)],
    findings: [...findings, ...file.findings],
    ...(kept === undefined ? {} : { kept }),
  };
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
function keptOf(policy: CompiledPolicy, verdict: TargetVerdict, route: Route, value: Json): Kept | undefined {
  if (route.marks !== "keeps") return undefined;
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

/** What was found in a file: `findings` for the record, and what must still be asked, or a refusal. */
export interface JudgedFile {
  readonly findings: readonly Finding[];
  /** Findings that pass if they stood there before. */
  readonly stood?: readonly Finding[];
  /** Refuses what is not in the content before; undefined when nothing is left to refuse. */
  readonly judge?: Standing["judge"];
}

/** Judges what a file holds. `path`: where it will stand, empty where that is not known: what lies at a path may be allowed, or may have stood there before. */
export function judgeFile(
  policy: CompiledPolicy,
  repository: CompiledRepository | undefined,
  path: string,
  content: string,
  now: number,
): SecretRefusal | JudgedFile {
  const matches = matchSecrets(content, 0, 20, policy.allowances.at(now));
  const findings = matches.map(withoutValue);
  const refused = refusing(matches);
  if (refused.length === 0) return { findings };
  if (repository === undefined || path === "") return new SecretRefusal(findings);
  const reason = policy.allowances.ofPath(repository.name, path, now);
  if (reason !== undefined) return { findings: findings.map((finding) => allowedBy(reason, finding)) };
  // More than are kept cannot be compared.
  if (refused.length >= 20) return new SecretRefusal(findings);
  return {
    findings: findings.filter(({ rule }) => rule === ALLOWED_SECRET),
    stood: refused.map((match) => allowedBy(STOOD_BEFORE, withoutValue(match))),
    judge: (before) => {
      const known = before === undefined ? undefined : secretsIn(before);
      const left = refused.filter(({ value }) => known?.has(value) !== true);
      const why = known === undefined ? "what stood there before could not be read" : "";
      return left.length === 0 ? undefined : new SecretRefusal(left.map(withoutValue), why);
    },
  };
}

/** Guard `body-file-secret`: files travel in base64, so they are searched decoded. Another alphabet or padding would be read differently elsewhere. */
export function decodedFile(content: string): string | undefined {
  const packed = content.replace(/[\r\n]/g, "");
  return packed.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(packed) ? atob(packed) : undefined;
}

/** The file of a body that holds one in base64, judged. A blob's place is not known: a tree may put it anywhere. */
function judgeEncodedContent(
  policy: CompiledPolicy,
  { repository, path }: TargetVerdict,
  route: Route,
  value: Json,
  now: number,
): Refusal | JudgedFile {
  const { content, encoding } = value as { content?: unknown; encoding?: unknown };
  const isFile = route.id === "contents.put";
  if (typeof content !== "string" || (!isFile && encoding !== "base64")) return { findings: [] };
  const file = decodedFile(content);
  if (file === undefined) return new Refusal("body-value", "content");
  return judgeFile(policy, repository, isFile ? path : "", file, now);
}

/** A file that is new has nothing before it; GitHub replaces one only when it is named by its id, and it must be the one there. */
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
