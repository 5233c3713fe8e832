import { readdirSync } from "node:fs";
import * as path from "node:path";
import * as ts from "typescript";
import { REFUSALS } from "../../../gate/policy/refusals";
import { sourceOf, sourceRoot, type Replacement } from "./bundle";
import type { Attack } from "./types";

/** The gate with one guard taken out. */
export interface Mutant {
  /** `file:line` and what was taken out. */
  readonly name: string;
  readonly guard: Attack["guard"];
  readonly file: string;
  /** The source's line of the guard. */
  readonly line: string;
  readonly replacement: Replacement;
}

const FOLDERS = ["gate/policy", "gate/worker"];
/** The table itself, and what only carries a refusal. */
const LEFT_OUT = new Set(["gate/policy/refusals.ts", "gate/worker/answer/problem.ts"]);
/** Functions that refuse with a rule of their own. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["bad", "body-value"],
  ["SecretRefusal", "secret-in-content"],
]);

/** Every place in the gate's source that refuses, each with what makes it not refuse. */
export function sites(): Mutant[] {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(path.join(sourceRoot(), folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .sort()
      .map((name) => `${folder}/${name}`),
  ).filter((file) => !LEFT_OUT.has(file));
  return files.flatMap((file) => sitesOf(file, sourceOf(file)));
}

function sitesOf(file: string, text: string): Mutant[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const found: Mutant[] = [];
  const visit = (node: ts.Node): void => {
    const rule = ruleOf(node);
    const edit = rule === undefined ? undefined : without(node, source);
    if (rule !== undefined && edit !== undefined) {
      const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
      const mutated = text.slice(0, edit.from) + edit.text + text.slice(edit.to);
      // Two refusals behind one condition are one guard.
      if (!found.some((m) => m.replacement.text === mutated))
        found.push({
          name: `${file}:${line} ${rule}`,
          guard: rule as Attack["guard"],
          file,
          line: text.split("\n")[line - 1] ?? "",
          replacement: { file, text: mutated },
        });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The rule that a call or `new` refuses with. */
function ruleOf(node: ts.Node): string | undefined {
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return undefined;
  const callee = ts.isPropertyAccessExpression(node.expression)
    ? node.expression.name.text
    : ts.isIdentifier(node.expression)
      ? node.expression.text
      : "";
  const alias = ALIASES.get(callee);
  if (alias !== undefined) return alias;
  const first = node.arguments?.[0];
  if (
    !["Refusal", "refuse", "stop"].includes(callee) ||
    first === undefined ||
    !ts.isStringLiteral(first) ||
    !Object.hasOwn(REFUSALS, first.text)
  )
    return undefined;
  return first.text;
}

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/**
 * How the source reads when this place does not refuse: its condition never holds, its alternative is taken, or nothing
 * is returned.
 */
function without(node: ts.Node, source: ts.SourceFile): Edit | undefined {
  const replace = (what: ts.Node, text: string): Edit => ({ from: what.getStart(source), to: what.getEnd(), text });
  for (let at = node; at.parent !== undefined; at = at.parent) {
    const { parent } = at;
    if (ts.isConditionalExpression(parent) && parent.condition !== at)
      return replace(parent, (parent.whenTrue === at ? parent.whenFalse : parent.whenTrue).getText(source));
    if (
      ts.isBinaryExpression(parent) &&
      parent.right === at &&
      [ts.SyntaxKind.QuestionQuestionToken, ts.SyntaxKind.BarBarToken].includes(parent.operatorToken.kind)
    )
      return replace(parent, parent.left.getText(source));
    if (ts.isIfStatement(parent) && parent.expression !== at) {
      return parent.thenStatement === at
        ? replace(parent.expression, `false && (${parent.expression.getText(source)})`)
        : replace(parent.elseStatement ?? parent, "{}");
    }
    if (ts.isArrowFunction(parent) && parent.body === at)
      return isPredicate(parent) ? undefined : replace(at, "undefined");
    if (ts.isReturnStatement(parent) && !underIf(parent)) return replace(parent, "return undefined;");
    if (ts.isThrowStatement(parent) && !underIf(parent)) return replace(parent, ";");
    if (ts.isExpressionStatement(parent) && !underIf(parent)) return replace(parent, ";");
    if (ts.isFunctionLike(parent)) return undefined;
  }
  return undefined;
}

/** `const bad = (at) => new Refusal(…)` is no place that refuses, but a way to say it. */
const isPredicate = (arrow: ts.ArrowFunction): boolean =>
  ts.isVariableDeclaration(arrow.parent) && arrow.type !== undefined && arrow.type.getText() === "Refusal";

/** Whether a statement stands, perhaps with others in a block, behind a condition. */
function underIf(statement: ts.Statement): boolean {
  const holder = ts.isBlock(statement.parent) ? statement.parent : statement;
  return ts.isIfStatement(holder.parent);
}

/** Guards that are no refusal: what they let through is changed in the text itself. */
const FILTERS: readonly (readonly [what: string, guard: Attack["guard"], file: string, find: string, by: string])[] = [
  [
    "every header is forwarded",
    "filter:header-allow-list",
    "gate/worker/request/headers.ts",
    "const out: Record<string, string> = { authorization };",
    "const out: Record<string, string> = { ...Object.fromEntries(headers as never), authorization };",
  ],
  [
    "every header of an answer is passed on",
    "filter:answer-headers",
    "gate/worker/answer/headers.ts",
    "for (const name of PASSED_HEADERS)",
    "for (const name of upstream.keys())",
  ],
  [
    "answers may be kept",
    "filter:answer-headers",
    "gate/worker/answer/headers.ts",
    '"private, no-store"',
    '"public, max-age=60"',
  ],
  [
    "the token stays in bodies",
    "filter:answer-reflection",
    "gate/worker/answer/tokenRedactor.ts",
    "if (!this.has(text)) return text;",
    "if (text.length > 0) return text;",
  ],
  [
    "the token stays behind escapes",
    "filter:answer-reflection",
    "gate/worker/answer/tokenRedactor.ts",
    ".replace(/\\\\u00([0-7][0-9a-f])/gi, letter)",
    "",
  ],
  [
    "the token stays in streams",
    "filter:answer-reflection",
    "gate/worker/answer/streaming.ts",
    '(watch.push(value) ?? refuse("answer-refused"))',
    "value",
  ],
  [
    "the token stays in base64 in lines",
    "filter:answer-reflection",
    "gate/worker/answer/tokenRedactor.ts",
    "const pieces = cores.flatMap(piecesOf);",
    "const pieces = cores;",
  ],
  [
    "the token stays percent-encoded in part",
    "filter:answer-reflection",
    "gate/worker/answer/tokenRedactor.ts",
    ".replace(/%([0-7][0-9a-f])/gi, letter)",
    "",
  ],
  [
    "the token stays behind entities",
    "filter:answer-reflection",
    "gate/worker/answer/tokenRedactor.ts",
    "return withoutEntities(\n    text",
    "return (\n    text",
  ],
  [
    "the token stays in headers",
    "filter:answer-reflection",
    "gate/worker/answer/headers.ts",
    'if (!redactor.has(Object.values(headers).join("\\n"))) return headers;',
    "return headers;",
  ],
  [
    "links lead anywhere",
    "filter:answer-link",
    "gate/worker/answer/addresses.ts",
    "if (!url.startsWith(`${api}/`)) return undefined;",
    "if (!url.startsWith(`${api}/`)) return url;",
  ],
  [
    "pages of unlisted repositories are linked",
    "filter:answer-link",
    "gate/worker/answer/addresses.ts",
    "if (numeric === null) return base + rest;",
    "return base + rest;",
  ],
  [
    "addresses stay GitHub's",
    "filter:answer-url",
    "gate/worker/answer/filter.ts",
    "gate.addresses.body(clean, base)",
    "clean",
  ],
  [
    "redirects are followed",
    "redirect-refused",
    "gate/worker/upstream/send.ts",
    'redirect: "manual"',
    'redirect: "follow"',
  ],
  [
    "downloads carry the token",
    "filter:download",
    "gate/worker/interfaces/download.ts",
    'headers: { accept: "*/*", "user-agent": "gatehouse" }',
    'headers: { accept: "*/*", "user-agent": "gatehouse", authorization: `Bearer ${context.token?.value}` }',
  ],
  [
    "addresses of downloads last for ever",
    "download-refused",
    "gate/worker/interfaces/download.ts",
    "!isWithin(context.startedAt, sealed.until - LIFETIME_MS, sealed.until)",
    "false",
  ],
  [
    "addresses of downloads outlive their route",
    "download-refused",
    "gate/worker/interfaces/download.ts",
    "!gate.policy.open.has(sealed.route)",
    "false",
  ],
  [
    "addresses of downloads outlive their repository",
    "download-refused",
    "gate/worker/interfaces/download.ts",
    "listedRepository(gate.policy, sealed.repository) === undefined",
    "false",
  ],
  [
    "addresses of downloads take every method",
    "download-refused",
    "gate/worker/interfaces/download.ts",
    '(method !== "GET" && method !== "HEAD")',
    "false",
  ],
  [
    "bodies are not forced",
    "filter:body-force",
    "gate/policy/rest/body.ts",
    "return route.force === undefined ? value",
    'return route.id !== "" ? value',
  ],
  [
    "mutations are not forced",
    "filter:body-force",
    "gate/policy/graphql/judge.ts",
    "const input: Record<string, Json> = { ...given, ...mutation.force };",
    "const input: Record<string, Json> = { ...given };",
  ],
  [
    "other repositories stay in answers",
    "filter:graphql-elsewhere",
    "gate/policy/graphql/resolve.ts",
    "for (const path of paths) empty(policy, data, path, 0);",
    "",
  ],
  [
    "a client's own id counts for a repository",
    "filter:graphql-elsewhere",
    "gate/policy/graphql/resolve.ts",
    "const home = holder[HOME];",
    'const home = holder[HOME] ?? holder["id"];',
  ],
  [
    "an introspection shows what is closed",
    "filter:graphql-introspection",
    "gate/worker/interfaces/graphql.ts",
    "holder[key] = onlyOpen(holder[key]);",
    "continue;",
  ],
  [
    "a set of labels takes the gate's off",
    "filter:pull-request-label",
    "gate/policy/pullRequest/labels.ts",
    "!labels.some((l) => isSame(l, label)) ? [label] : [];",
    "labels.length > 9999 ? [label] : [];",
  ],
  [
    "other repositories stay in REST answers",
    "filter:answer-elsewhere",
    "gate/policy/rest/foreignRepositories.ts",
    "if (!foreign) return text;",
    "return text;",
  ],
  [
    "entries of other repositories stay in lists",
    "filter:answer-elsewhere",
    "gate/policy/rest/foreignRepositories.ts",
    "value.filter((item) => !belongsToForeign(policy, item))",
    "value",
  ],
  [
    "credentials stay in records",
    "filter:audit-record",
    "gate/worker/context.ts",
    "printable(withoutSecrets(",
    "printable((",
  ],
  [
    "records hold the query",
    "filter:audit-record",
    "gate/worker/context.ts",
    "DOWNLOADS : pathOf(this.target)",
    "DOWNLOADS : this.target",
  ],
  [
    "refused requests leave no record",
    "filter:audit-record",
    "gate/worker/worker.ts",
    "return context.streaming ? answer : recorded(gate, context, answer);",
    'return context.streaming || context.decision === "deny" ? answer : recorded(gate, context, answer);',
  ],
  [
    "limits are not asked",
    "limit-requests-minute",
    "gate/worker/ledger/client.ts",
    "const amounts = { requests: 1, writes: write ? 1 : 0, bytes };",
    "if (now > 0) return { lease: 0 };\n    const amounts = { requests: 1, writes: write ? 1 : 0, bytes };",
  ],
  [
    "writes are not counted",
    "limit-writes-minute",
    "gate/worker/ledger/client.ts",
    "writes: write ? 1 : 0",
    "writes: 0",
  ],
  [
    "a pause that GitHub asks for is not kept",
    "github-limit",
    "gate/worker/upstream/send.ts",
    "gate.blocked.set(request.resource, until);",
    "",
  ],
  [
    "operators are everybody",
    "not-found",
    "gate/worker/auth/authenticator.ts",
    "return key !== undefined && OPERATOR_KEY.test(key) && (await matching(this.operatorKeys, key, now)) !== undefined;",
    "return true;",
  ],
  [
    "expired keys work",
    "unauthenticated",
    "gate/worker/auth/authenticator.ts",
    "equalInConstantTime(candidate.sha256, hash) && now <= endOf(candidate)",
    "equalInConstantTime(candidate.sha256, hash)",
  ],
  [
    "ended keys work",
    "unauthenticated",
    "gate/worker/auth/turnAway.ts",
    "gate.ledger.state.deniedKeys?.includes(gateKeySha256) !== true",
    "gateKeySha256 !== ''",
  ],
  [
    "any key works",
    "unauthenticated",
    "gate/worker/auth/authenticator.ts",
    "equalInConstantTime(candidate.sha256, hash) && ",
    "",
  ],
  [
    "a wrong key after a good one works",
    "filter:authentication",
    "gate/worker/auth/authenticator.ts",
    "equalInConstantTime(known.header, header)",
    "header.startsWith(known.header)",
  ],
  [
    "the pack's secrets are not searched",
    "secret-in-content",
    "gate/policy/git/pack.ts",
    'else this.suspects.set(objectIdOf("blob", content), matches);',
    "",
  ],
  [
    "the delta's secrets are not searched",
    "secret-in-content",
    "gate/policy/git/pack.ts",
    "if (content !== undefined) this.judgeBlob(content);",
    "if (content !== undefined && this.current.base === undefined) this.judgeBlob(content);",
  ],
  [
    "secrets of a file are searched packed",
    "secret-in-content",
    "gate/policy/fileContent.ts",
    "? atob(packed) : undefined",
    "? packed : undefined",
  ],
  [
    "secrets of a commit's files are searched packed",
    "secret-in-content",
    "gate/policy/graphql/judge.ts",
    "judgeFile(this.policy, repository, path, file, this.now)",
    "judgeFile(this.policy, repository, path, contents, this.now)",
  ],
  [
    "paths are compared as they are spelled",
    "protected-path",
    "gate/policy/text/globs.ts",
    'return path.normalize("NFKC").toLowerCase();',
    "return path;",
  ],
  [
    "a file may stand in a folder's place",
    "protected-path",
    "gate/policy/text/globs.ts",
    "return this.matches(path) || this.holds(path);",
    "return this.matches(path);",
  ],
  [
    "a claimed tip counts for every command",
    "protected-path",
    "gate/policy/git/history.ts",
    "id === command.old",
    "true",
  ],
  [
    "a merge takes what any parent has",
    "protected-path",
    "gate/policy/git/history.ts",
    "parents.length > 1 ? this.judgeMerge(commit.tree, parents) : undefined",
    "undefined",
  ],
  [
    "a file may stand where a pattern may match below",
    "protected-path",
    "gate/policy/text/globs.ts",
    "return !this.touches(path) && this.mayMatchBelow(path);",
    "return false;",
  ],
  [
    "one operation of several is enough",
    "graphql-operations",
    "gate/policy/graphql/judge.ts",
    "definition.kind === Kind.OPERATION_DEFINITION && this.operation === undefined",
    "definition.kind === Kind.OPERATION_DEFINITION",
  ],
  [
    "the time of observing never ends",
    "repository-not-listed",
    "gate/worker/interfaces/observe.ts",
    "context.startedAt >= Date.parse(`${mode.until}T23:59:59Z`)",
    "false",
  ],
  [
    "writes are observed like reads",
    "filter:observe-write",
    "gate/worker/interfaces/observe.ts",
    "return !isWrite(context) || mayObserveWrite(context, refusal.rule);",
    "return true;",
  ],
  [
    "a trailer that reads like the gate's is sent",
    "filter:pull-request-trailer",
    "gate/policy/pullRequest/trailer.ts",
    "startsWith(MARK)",
    'startsWith("no such line")',
  ],
  [
    "a trailer that is there is lost",
    "filter:pull-request-trailer",
    "gate/policy/pullRequest/labels.ts",
    "now.isPullRequest ? requestOf(now.body) : undefined",
    "undefined",
  ],
  [
    "an issue may have a trailer",
    "filter:pull-request-trailer",
    "gate/policy/pullRequest/labels.ts",
    "now.isPullRequest ? requestOf(now.body) : undefined",
    "requestOf(now.body)",
  ],
  [
    "a pull request is not marked",
    "filter:pull-request-mark",
    "gate/worker/interfaces/pullRequests.ts",
    "const status = number === undefined ? 0 : await attempt(gate, context, step);",
    "const status = 200;",
  ],
  [
    "a refused request of a tool is sent",
    "repository-not-listed",
    "gate/worker/interfaces/mcp.ts",
    "if (verdict.refusal !== undefined) throw new Refused(verdict.refusal);",
    "",
  ],
  [
    "a refused body of a tool is sent",
    "ref-outside-agent-space",
    "gate/worker/interfaces/mcp.ts",
    "if (judged instanceof Refusal) throw new Refused(judged);",
    "if (judged instanceof Refusal) return shown(gate, context, asked.tool, await forwardRest(gate, context, { text: asked.body, findings: [] } as never));",
  ],
  [
    "headers of MCP are not compared",
    "mcp-header",
    "gate/worker/interfaces/mcp.ts",
    "if (disagreement !== undefined) throw new Refused(disagreement);",
    "",
  ],
  [
    "a closed tool has no rule of its own",
    "pull-request-merge",
    "gate/policy/mcp/tools.ts",
    'Object.hasOwn(CLOSED_TOOLS, name) ? (CLOSED_TOOLS[name] ?? "mcp-tool") : "mcp-tool"',
    '"mcp-tool"',
  ],
  [
    "every tool is listed",
    "filter:mcp-tools",
    "gate/policy/mcp/tools.ts",
    ".filter(({ route }) => open.has(route.id))",
    "",
  ],
  [
    "the token stays in decoded files",
    "filter:mcp-reflection",
    "gate/worker/interfaces/mcp.ts",
    "redactor.clean(part)",
    "part",
  ],
  [
    "a path of a tool's argument is not encoded",
    "filter:mcp-arguments",
    "gate/policy/mcp/tools.ts",
    'text.split("/").map(encodeURIComponent).join("/")',
    "text",
  ],
  [
    "a query of a tool's argument is not encoded",
    "filter:mcp-arguments",
    "gate/policy/mcp/tools.ts",
    "query.push(`${to}=${encodeURIComponent(text)}`)",
    "query.push(`${to}=${text}`)",
  ],
  [
    "a notification takes no part in limits",
    "limit-requests-minute",
    "gate/worker/interfaces/mcp.ts",
    "if (id === undefined) {\n    await admit(gate, context, bytes);",
    "if (id === undefined) {",
  ],
  [
    "the guide needs no key",
    "unauthenticated",
    "gate/worker/worker.ts",
    "await authenticate(gate, context);\n  judgeHeaders(context.headers);\n  await checkOpen(gate, context);\n  return guide(",
    "judgeHeaders(context.headers);\n  await checkOpen(gate, context);\n  return guide(",
  ],
  ["reviewers may be replaced", "filter:body-force", "gate/policy/graphql/mutations.ts", "{ union: true }", "{}"],
];

/** Guards that filter; each must still be found in the source, or the list is out of date. */
export function filters(): Mutant[] {
  return FILTERS.map(([what, guard, file, find, by]) => {
    const text = sourceOf(file);
    if (!text.includes(find)) throw new Error(`${file} no longer has what "${what}" takes out`);
    return { name: `${file} ${what}`, guard, file, line: what, replacement: { file, text: text.replaceAll(find, by) } };
  });
}
