import { ARGUMENT, FIELD, KIND, TYPE } from "./gateFields";
import { MUTATIONS } from "./mutations";
import { openFields } from "./types";

const INPUT: ReadonlySet<string> = new Set(["input"]);
const mutationFields = new Map([...MUTATIONS.keys()].map((name) => [name, INPUT] as const));

/**
 * Keys of the types within a mutation's input; the input's own are its shape's. Orders and filters of queries are not
 * here: all of them is open.
 */
const KEYS: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    CommittableBranch: "repositoryNameWithOwner branchName",
    CommitMessage: "headline body",
    FileChanges: "additions deletions",
    FileAddition: "path contents",
    FileDeletion: "path",
    DraftPullRequestReviewThread: "path body line side startLine startSide",
    DraftPullRequestReviewComment: "path body position",
  }).map(([name, keys]) => [name, new Set(keys.split(" "))]),
);
const mutationInputs = new Map([...MUTATIONS.values()].map(({ type, input }) => [type, input.keys] as const));

/** The type, and the field of it, in which something stands. */
interface Within {
  readonly type?: string;
  readonly field?: string;
}

/**
 * Guard `graphql-introspection`: an answer to `__type` or `__schema` with what is open and nothing else: types, fields,
 * arguments and keys of inputs. A client that looks before it asks then goes on by itself without what is closed. The
 * gate's own keys in it are taken out.
 */
export function onlyOpen(value: unknown): unknown {
  return visible(value, {}) ?? null;
}

function visible(value: unknown, within: Within): unknown {
  if (Array.isArray(value)) return value.map((item) => visible(item, within)).filter((item) => item !== undefined);
  if (value === null || typeof value !== "object") return value;
  const {
    [TYPE]: type,
    [KIND]: kind,
    [FIELD]: field,
    [ARGUMENT]: argument,
    ...rest
  } = value as Record<string, unknown>;
  let inner = within;
  if (kind !== undefined) {
    // A list, or something that is not null, has no name of its own.
    if (typeof type === "string" && !isOpenType(String(kind), type)) return undefined;
    inner = typeof type === "string" ? { type } : {};
  } else if (field !== undefined) {
    if (fieldsOf(within.type ?? "")?.has(String(field)) !== true) return undefined;
    inner = { ...within, field: String(field) };
  } else if (argument !== undefined && !isOpenArgument(within, String(argument))) return undefined;
  return Object.fromEntries(Object.entries(rest).map(([key, item]) => [key, visible(item, inner) ?? null]));
}

function isOpenType(kind: string, name: string): boolean {
  if (kind === "SCALAR" || kind === "ENUM" || name.startsWith("__")) return true;
  // An order or a filter is open whole; every input of a mutation has this ending.
  if (kind === "INPUT_OBJECT") return mutationInputs.has(name) || !name.endsWith("Input");
  return fieldsOf(name) !== undefined;
}

function fieldsOf(type: string): ReadonlyMap<string, ReadonlySet<string>> | undefined {
  if (type === "Mutation") return mutationFields;
  const mutation = /^(.*)Payload$/.exec(type)?.[1];
  if (mutation !== undefined && MUTATIONS.has(mutation.charAt(0).toLowerCase() + mutation.slice(1)))
    return openFields().get("Payload");
  return openFields().get(type);
}

/** Of a directive every argument; of a field those that are open; of an input the keys that are. */
function isOpenArgument({ type, field }: Within, name: string): boolean {
  if (type === undefined) return true;
  if (field !== undefined) return fieldsOf(type)?.get(field)?.has(name) === true;
  return (mutationInputs.get(type) ?? KEYS.get(type))?.has(name) ?? true;
}
