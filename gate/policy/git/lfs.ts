import type { CompiledPolicy, CompiledRepository } from "../compiled";
import { Refusal } from "../refusals";
import { line, list, object, oneOf, orNull, type Shape } from "../rest/shape";
import { parseStrictJson, type Json } from "../text/json";

/** A Git LFS request whose target has passed. */
export interface LfsTarget {
  readonly repository: CompiledRepository;
  /** `batch` asks where objects are; `object` carries one, `verify` confirms one that was uploaded. */
  readonly kind: "batch" | "object" | "verify";
  /** SHA-256 of the object's content, in hex; empty for a batch. */
  readonly oid: string;
  /** Whether it writes. For a batch only the body says so. */
  readonly write: boolean;
}

const OID = /^[0-9a-f]{64}$/;

/**
 * Guards `lfs-mode`, `lfs-target` and `lfs-access`. Locks are answered with 404, which clients take for "not
 * supported".
 * @param rest the path after `.git`
 */
export function judgeLfsTarget(
  policy: CompiledPolicy,
  repository: CompiledRepository,
  method: string,
  rest: string,
  query: string,
): LfsTarget | Refusal {
  if (policy.lfs !== "proxy" || !policy.open.has("git.fetch")) return new Refusal("lfs-refused");
  if (rest === "/info/lfs/locks" || rest.startsWith("/info/lfs/locks/"))
    return new Refusal("not-found", "agents cannot use LFS locks; work without them");
  if (query !== "") return new Refusal("query-not-allowed");
  if (rest === "/info/lfs/objects/batch")
    return method === "POST"
      ? { repository, kind: "batch", oid: "", write: false }
      : new Refusal("lfs-refused", method);
  const [, oid = "", verify] = /^\/info\/lfs\/objects\/([0-9a-f]{64})(\/verify)?$/.exec(rest) ?? [];
  const kind = verify === undefined ? "object" : "verify";
  const write = method !== "GET";
  if (oid === "" || method !== (kind === "verify" ? "POST" : write ? "PUT" : "GET"))
    return new Refusal("lfs-refused", method);
  const refused = write ? mayUpload(policy, repository) : undefined;
  return refused ?? { repository, kind, oid, write };
}

function mayUpload(policy: CompiledPolicy, repository: CompiledRepository): Refusal | undefined {
  if (repository.access !== "write") return new Refusal("access-read-only", repository.fullName);
  return policy.open.has("git.push") ? undefined : new Refusal("route-not-allowed");
}

export interface LfsBatch {
  readonly write: boolean;
  /** Sizes in bytes by object id. */
  readonly sizes: ReadonlyMap<string, number>;
}

/**
 * The batch request as it is sent: written anew, with the only transfer that the gate supports, without objects that
 * were refused before. Undefined if none is left.
 */
export function lfsRequest({ write, sizes }: LfsBatch, refused: ReadonlyMap<string, unknown>): string | undefined {
  const objects = [...sizes].filter(([oid]) => !refused.has(oid)).map(([oid, size]) => ({ oid, size }));
  return objects.length === 0 && refused.size > 0
    ? undefined
    : JSON.stringify({
        operation: write ? "upload" : "download",
        transfers: ["basic"],
        objects,
        hash_algo: "sha256",
      });
}

const objectShape: Shape = (value, at, context) =>
  object(
    {
      oid: line(64),
      size: (v, a) =>
        typeof v === "number" && Number.isSafeInteger(v) && v >= 0 ? undefined : new Refusal("body-value", a),
    },
    ["oid", "size"],
  )(value, at, context) ??
  (OID.test((value as { oid: string }).oid) ? undefined : new Refusal("body-value", `${at}.oid`));
const batchShape = object(
  {
    operation: oneOf("download", "upload"),
    transfers: list(line(64), 16),
    ref: orNull(object({ name: line(255) })),
    objects: list(objectShape, 100),
    hash_algo: oneOf("sha256"),
  },
  ["operation", "objects"],
);

/** Guards `lfs-body`, `lfs-access` and `lfs-size`: reads which objects a batch asks for, and judges whether it may. */
export function judgeLfsBatch(
  policy: CompiledPolicy,
  repository: CompiledRepository,
  text: string,
): LfsBatch | Refusal {
  const parsed = parseStrictJson(text);
  if (parsed instanceof Refusal) return parsed;
  const refused = batchShape(parsed.value, "", {
    organization: policy.owner,
    branchPrefix: policy.branchPrefix,
    guarded: undefined,
  });
  if (refused !== undefined) return refused;
  const { operation, objects, transfers } = parsed.value as {
    operation: string;
    objects: { oid: string; size: number }[];
    transfers?: string[];
  };
  if (transfers?.includes("basic") === false) return new Refusal("body-value", "transfers");
  const write = operation === "upload";
  const closed = write ? mayUpload(policy, repository) : undefined;
  if (closed !== undefined) return closed;
  const { maxPushBytes } = policy.limits;
  if (write && objects.reduce((sum, { size }) => sum + size, 0) > maxPushBytes) return new Refusal("push-too-large");
  return { write, sizes: new Map(objects.map(({ oid, size }) => [oid, size])) };
}

/** Where GitHub keeps an object. The address is a secret, so the agent gets it sealed. */
export interface LfsAction {
  readonly href: string;
  readonly header: Readonly<Record<string, string>>;
}

export interface LfsAnswer {
  readonly oid: string;
  readonly size: number;
  readonly error?: { readonly code: number; readonly message: string };
  readonly actions: Readonly<Partial<Record<"download" | "upload" | "verify", LfsAction>>>;
}

/**
 * Guard `lfs-host`: whether an address is on a listed host, with HTTPS, or with HTTP if GitHub itself is reached by
 * HTTP.
 */
export function isLfsAddress(policy: CompiledPolicy, href: string): boolean {
  let url: URL;
  try {
    url = new URL(href);
  } catch {
    return false;
  }
  const plain = url.protocol === "http:" && policy.upstream.git.startsWith("http://");
  return (
    (url.protocol === "https:" || plain) &&
    url.username === "" &&
    url.password === "" &&
    policy.lfsHosts.includes(url.host)
  );
}

/**
 * Guard `lfs-answer`: reads GitHub's answer to a batch. It may contain only requested objects, with addresses on listed
 * hosts. Undefined otherwise.
 */
export function readLfsAnswer(
  policy: CompiledPolicy,
  batch: LfsBatch,
  answer: unknown,
): readonly LfsAnswer[] | undefined {
  const { objects, transfer = "basic" } = (answer ?? {}) as { objects?: unknown; transfer?: unknown };
  if (!Array.isArray(objects) || transfer !== "basic") return undefined;
  const out: LfsAnswer[] = [];
  for (const given of objects as readonly {
    oid?: unknown;
    size?: unknown;
    error?: { code?: unknown; message?: unknown };
    actions?: Record<string, unknown>;
  }[]) {
    const { oid } = given;
    const size = typeof oid === "string" ? batch.sizes.get(oid) : undefined;
    if (typeof oid !== "string" || size === undefined) return undefined;
    if (given.error !== undefined) {
      out.push({
        oid,
        size,
        error: {
          code: Number(given.error.code) || 422,
          message: "GitHub does not have this object, or does not accept it",
        },
        actions: {},
      });
      continue;
    }
    if (!batch.write && given.size !== size) return undefined;
    const actions: Partial<Record<"download" | "upload" | "verify", LfsAction>> = {};
    for (const name of batch.write ? (["upload", "verify"] as const) : (["download"] as const)) {
      const action = given.actions?.[name] as { href?: unknown; header?: unknown } | undefined;
      if (action === undefined) continue;
      const header = headerOf(action.header);
      if (typeof action.href !== "string" || header === undefined || !isLfsAddress(policy, action.href))
        return undefined;
      actions[name] = { href: action.href, header };
    }
    out.push({ oid, size, actions });
  }
  return out;
}

/** The headers that the storage expects: at most 16, in ASCII, and none that frames a message. */
function headerOf(value: unknown): Record<string, string> | undefined {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) return undefined;
  const out: Record<string, string> = {};
  for (const [name, text] of Object.entries(value as Record<string, Json>)) {
    if (!/^[A-Za-z0-9-]{1,64}$/.test(name) || typeof text !== "string" || !/^[\x20-\x7e]{0,4096}$/.test(text))
      return undefined;
    if (!/^(?:content-length|transfer-encoding|connection|host|cookie)$/i.test(name)) out[name] = text;
  }
  return Object.keys(out).length > 16 ? undefined : out;
}
