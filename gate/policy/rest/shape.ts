import { Refusal, type RuleId } from "../refusals";
import type { PathMatcher } from "../text/globs";
import type { Json } from "../text/json";
import { agentBranchOf, isAgentBranch, isFilePath, isLine, isObjectId, isRefName } from "../text/values";

/** What a shape may know besides the value. */
export interface BodyContext {
  readonly organization: string;
  readonly branchPrefix: string;
  /** Protected paths of the repository; absent on routes without one. */
  readonly guarded: PathMatcher | undefined;
}

/** Judges one JSON value at a key path. Undefined if it may pass. */
export interface Shape extends Judge {
  /** The open keys of an object. */
  readonly keys?: ReadonlyMap<string, Shape> | undefined;
  /** The shape of a list's items. */
  readonly item?: Shape | undefined;
  /** True if no value is open. The key is listed only so that its refusal names a rule. */
  readonly closed?: true;
}
type Judge = (value: Json, at: string, context: BodyContext) => Refusal | undefined;

/** A shape with another judgement and the same keys and items. */
export const like = ({ keys, item }: Shape, judge: Judge): Shape => Object.assign(judge, { keys, item });

/** The value without closed keys that hold null. Clients write nulls for what they were not given. */
export function withoutNulls(value: Json, shape: Shape): Json {
  const { item, keys } = shape;
  if (Array.isArray(value)) return item === undefined ? value : value.map((each) => withoutNulls(each, item));
  if (value === null || typeof value !== "object" || keys === undefined) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      const open = keys.get(key);
      if (inner === null && (open === undefined || open.closed === true)) return [];
      return [[key, open === undefined ? inner : withoutNulls(inner, open)]];
    }),
  );
}

const bad = (at: string): Refusal => new Refusal("body-value", at);
const when =
  (test: (value: Json) => boolean): Shape =>
  (value, at) =>
    test(value) ? undefined : bad(at);

/** Markdown and other long text, at most `limit` characters. */
export const text = (limit = 262_144): Shape =>
  when((v) => typeof v === "string" && v.length <= limit && !v.includes("\u0000"));
export const line = (limit = 1024): Shape => when((v) => typeof v === "string" && isLine(v, limit));
export const whole: Shape = when((v) => typeof v === "number" && Number.isSafeInteger(v) && v >= 0);
export const flag: Shape = when((v) => typeof v === "boolean");
export const oneOf = (...allowed: readonly string[]): Shape =>
  when((v) => typeof v === "string" && allowed.includes(v));
export const objectId: Shape = when((v) => typeof v === "string" && isObjectId(v));
export const refName: Shape = when((v) => typeof v === "string" && isRefName(v));
export const filePath: Shape = when((v) => typeof v === "string" && isFilePath(v));
export const orNull = (shape: Shape): Shape =>
  like(shape, (value, at, context) => (value === null ? undefined : shape(value, at, context)));
export const either = (...shapes: readonly Shape[]): Shape => {
  const described = { keys: shapes.find(({ keys }) => keys)?.keys, item: shapes.find(({ item }) => item)?.item };
  const judge: Judge = (value, at, context) => {
    let refused: Refusal | undefined;
    for (const shape of shapes) {
      refused = shape(value, at, context);
      if (refused === undefined) return undefined;
    }
    return refused;
  };
  return Object.assign(judge, described);
};

export const list = (shape: Shape, limit = 100): Shape => {
  const judge: Judge = (value, at, context) => {
    if (!Array.isArray(value) || value.length > limit) return bad(at);
    for (const [index, item] of value.entries()) {
      const refused = shape(item, `${at}[${index}]`, context);
      if (refused !== undefined) return refused;
    }
    return undefined;
  };
  return Object.assign(judge, { item: shape });
};

/**
 * An object with exactly these open keys; the `required` ones must be there. Keys are judged before values, so the
 * refusal names an unknown key.
 */
export const object = (keys: Readonly<Record<string, Shape>>, required: readonly string[] = []): Shape => {
  const shapes = new Map(Object.entries(keys));
  const judge: Judge = (value, at, context) => {
    if (value === null || typeof value !== "object" || Array.isArray(value)) return bad(at);
    for (const key of Object.keys(value))
      if (!shapes.has(key)) return new Refusal("body-key-not-allowed", join(at, key));
    for (const key of required) if (!Object.hasOwn(value, key)) return bad(join(at, key));
    for (const [key, item] of Object.entries(value)) {
      const refused = shapes.get(key)?.(item, join(at, key), context);
      if (refused !== undefined) return refused;
    }
    return undefined;
  };
  return Object.assign(judge, { keys: shapes });
};

const join = (at: string, key: string): string => (at === "" ? key : `${at}.${key}`);

/** Guard `body-agent-branch`: the branch a file is written to. */
export const agentBranch: Shape = (value, at, context) =>
  typeof value !== "string"
    ? bad(at)
    : isAgentBranch(value, context.branchPrefix)
      ? undefined
      : new Refusal("ref-outside-agent-space", at);

/** Guard `body-agent-ref`: a full reference that is created. */
export const agentRef: Shape = (value, at, context) =>
  typeof value !== "string"
    ? bad(at)
    : agentBranchOf(value, context.branchPrefix) !== undefined
      ? undefined
      : new Refusal("ref-outside-agent-space", at);

/**
 * Guard `body-agent-head`: the head of a pull request, with or without the organization in front. Another owner would
 * be a fork.
 */
export const agentHead: Shape = (value, at, context) => {
  if (typeof value !== "string") return bad(at);
  const colon = value.indexOf(":");
  if (colon >= 0 && value.slice(0, colon).toLowerCase() !== context.organization.toLowerCase())
    return new Refusal("fork-not-allowed", at);
  return agentBranch(value.slice(colon + 1), at, context);
};

/** Guard `body-comment-review`: an approval or a request for changes would count for or against the change. */
export const commentOnly: Shape = (value, at) => (value === "COMMENT" ? undefined : new Refusal("review-event", at));

/** Logins of GitHub's own agents. The login of every other App ends in `[bot]`. */
const AGENTS = /\[bot\]$|^@?copilot(?:-swe-agent|-pull-request-reviewer)?$/i;

/**
 * Guard `body-agent-start`: the login of an assignee or reviewer. An agent that is assigned or asked starts to work.
 */
export const login: Shape = (value, at) =>
  typeof value !== "string" || !isLine(value, 60)
    ? bad(at)
    : AGENTS.test(value)
      ? new Refusal("agent-start", at)
      : undefined;

/**
 * Guard `graphql-agent-start`: the same by node id, if the id shows its kind: today's `BOT_…`, and the older base64 of
 * `03:Bot…`.
 */
export const nodeIdOfPerson: Shape = (value, at) =>
  typeof value === "string" && /^(?:BOT_|MDM6Qm90)/.test(value) ? new Refusal("agent-start", at) : undefined;

/** A key that agents may not use, whatever its value. Listing it lets the refusal name a rule. */
export const never = (rule: RuleId): Shape => {
  const judge: Judge = (_value, at) => new Refusal(rule, at);
  return Object.assign(judge, { closed: true as const });
};

export const mustBeFalse =
  (rule: "ref-force"): Shape =>
  (value, at) =>
    value === false ? undefined : new Refusal(rule, at);

const treeEntryKeys = object(
  {
    path: filePath,
    mode: oneOf("100644", "100755", "120000", "040000", "160000"),
    type: oneOf("blob", "tree", "commit"),
    sha: orNull(objectId),
    content: text(8_388_608),
  },
  ["path", "mode"],
);

/** Guard `body-tree-entry`: a tree entry must be a file. A subtree or a submodule cannot be inspected here. */
export const treeEntry: Shape = like(treeEntryKeys, (value, at, context) => {
  const refused = treeEntryKeys(value, at, context);
  if (refused !== undefined) return refused;
  const entry = value as { path: string; mode: string; type?: string };
  if (entry.mode === "040000" || entry.mode === "160000" || (entry.type !== undefined && entry.type !== "blob"))
    return new Refusal("tree-not-inspectable", at);
  return context.guarded?.touches(entry.path) === false ? undefined : new Refusal("protected-path", `${at}.path`);
});
