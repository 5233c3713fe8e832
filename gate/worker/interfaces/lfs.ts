import { hex } from "../../../edge/encoding";
import {
  isLfsAddress,
  judgeLfsBatch,
  lfsRequest,
  readLfsAnswer,
  type LfsAction,
  type LfsTarget,
} from "../../policy/git/lfs";
import { Searcher } from "../../policy/git/pack";
import { Refusal } from "../../policy/refusals";
import { refusing } from "../../policy/text/secrets";
import { SecretRefusal } from "../../policy/verdict";
import { refuse, Refused } from "../answer/problem";
import { counted } from "../answer/streaming";
import type { RequestContext } from "../context";
import type { Gate } from "../gate";
import { admit } from "../ledger/admit";
import { readBytes, readJson, readText } from "../request/body";
import { drain } from "../request/drain";
import { seal, unseal } from "../seal";
import { currentToken, send, StreamControl, UNCACHED } from "../upstream/send";

const TYPE = "application/vnd.git-lfs+json";
/** The header with the sealed address of an object. Clients send an action's headers back unchanged. */
const SEAL = "x-gatehouse-lfs";
/** How long a sealed address works. */
const LIFETIME_MS = 5 * 60_000;

/** The largest batch answer that is read, in bytes: a hundred objects with addresses and headers. */
const MAX_BATCH_ANSWER = 2 * 1024 * 1024;

/** The sealed address of an object. The agent can neither read nor change it. */
interface Sealed extends LfsAction {
  readonly oid: string;
  readonly size: number;
  readonly action: "download" | "upload" | "verify";
  readonly repository: string;
  readonly until: number;
}

/**
 * Steps 4 to 7 of worker.ts for Git LFS, if the policy says `proxy`. The batch goes to GitHub; the objects pass through
 * the gate, counted and without the token.
 */
export async function lfs(gate: Gate, context: RequestContext, target: LfsTarget): Promise<Response> {
  context.repository = target.repository.fullName;
  context.write = target.write;
  context.route = target.write ? "git.push" : "git.fetch";
  if (target.kind === "batch") return batch(gate, context, target);
  const token = await currentToken(gate, context);
  // Guard `lfs-seal`: addresses are bound to the token, so a new token ends all old ones.
  const sealed = (await unseal(gate.env, "lfs", token.sha256, context.headers.get(SEAL) ?? "")) as Sealed | undefined;
  const action = target.kind === "verify" ? "verify" : target.write ? "upload" : "download";
  if (
    sealed?.oid !== target.oid ||
    sealed.action !== action ||
    sealed.repository !== target.repository.fullName ||
    context.startedAt > sealed.until ||
    !isLfsAddress(gate.policy, sealed.href)
  ) {
    return refuse("lfs-refused", "address");
  }
  try {
    if (action === "download") return await download(gate, context, sealed);
    return await (action === "upload" ? upload(gate, context, sealed) : verify(gate, context, sealed));
  } catch (error) {
    if (error instanceof Refused) gate.refusedObjects.remember(sealed, error.refusal, Date.now());
    throw error;
  }
}

async function batch(gate: Gate, context: RequestContext, { repository }: LfsTarget): Promise<Response> {
  const { policy } = gate;
  if (!/^application\/vnd\.git-lfs\+json(?: *; *charset=utf-8)?$/i.test(context.headers.get("content-type") ?? ""))
    refuse("media-type");
  if (context.headers.has("content-encoding")) refuse("encoding-not-inspected");
  const { text, bytes } = await readText(context.request, policy.limits.maxBodyBytes);
  context.bytesIn = bytes;
  const judged = judgeLfsBatch(gate.policy, repository, text);
  if (judged instanceof Refusal) throw new Refused(judged);
  context.write = judged.write;
  if (judged.write) context.route = "git.push";
  await admit(gate, context, bytes);
  const refused = gate.refusedObjects.among(repository.fullName, judged, context.startedAt);
  const asked = lfsRequest(judged, refused);
  const errors = [...refused].map(([oid, refusal]) => ({
    oid,
    size: judged.sizes.get(oid) ?? 0,
    error: { code: 422, message: `${refusal.rule}: ${refusal.message}` },
  }));
  if (asked === undefined) {
    context.decision = "deny";
    context.refusal = [...refused.values()][0];
    return objectsAnswer(gate, context, errors);
  }
  const answer = await send(gate, context, {
    base: policy.upstream.git,
    path: `/${repository.fullName}.git/info/lfs/objects/batch`,
    method: "POST",
    headers: (token) => ({
      authorization: token.basic,
      "content-type": TYPE,
      accept: TYPE,
      "user-agent": "git-lfs/3.0.0 (gatehouse)",
    }),
    body: asked,
    resource: "git",
  });
  if (answer.status !== 200) {
    await answer.body?.cancel();
    return refuse(
      answer.status === 404 || answer.status === 403 ? "lookup-failed" : "upstream-error",
      String(answer.status),
    );
  }
  const objects = readLfsAnswer(gate.policy, judged, await readJson(answer, MAX_BATCH_ANSWER));
  const token = context.token;
  if (objects === undefined || token === undefined) return refuse("answer-refused");
  const base = `${context.base}/${repository.fullName}.git/info/lfs/objects`;
  const until = Date.now() + LIFETIME_MS;
  const out = await Promise.all(
    objects.map(async ({ oid, size, error, actions }) => {
      const sealed: Record<string, unknown> = {};
      for (const [name, action] of Object.entries(actions)) {
        const text = await seal(gate.env, "lfs", token.sha256, {
          ...action,
          oid,
          size,
          action: name as Sealed["action"],
          repository: repository.fullName,
          until,
        } satisfies Sealed);
        sealed[name] = {
          href: `${base}/${oid}${name === "verify" ? "/verify" : ""}`,
          header: { [SEAL]: text },
          expires_in: LIFETIME_MS / 1000,
        };
      }
      return { oid, size, ...(error === undefined ? { actions: sealed } : { error }) };
    }),
  );
  return objectsAnswer(gate, context, [...out, ...errors]);
}

async function objectsAnswer(gate: Gate, context: RequestContext, objects: readonly unknown[]): Promise<Response> {
  const body = JSON.stringify({ transfer: "basic", objects, hash_algo: "sha256" });
  context.bytesOut = body.length;
  await gate.ledger.takeBytes(context.background, body.length);
  return new Response(body, { headers: headersOf(context, TYPE) });
}

const headersOf = (context: RequestContext, type: string): Record<string, string> => ({
  "content-type": type,
  "cache-control": "private, no-store",
  "x-content-type-options": "nosniff",
  "x-gatehouse-request-id": context.requestId,
});

async function download(gate: Gate, context: RequestContext, sealed: Sealed): Promise<Response> {
  const { limits } = gate.policy;
  if (sealed.size > limits.maxDownloadBytes) refuse("answer-too-large");
  await admit(gate, context, 0);
  const found = await ask(gate, sealed, "GET", undefined);
  if (found.status !== 200) {
    await found.body?.cancel();
    return refuse(
      found.status >= 300 && found.status < 400 ? "redirect-refused" : "upstream-error",
      String(found.status),
    );
  }
  return new Response(await counted(gate, context, found, limits.maxDownloadBytes), {
    headers: headersOf(context, "application/octet-stream"),
  });
}

/**
 * Guard `lfs-content`: streams an object to its storage and searches it on the way. Its last byte leaves only if the
 * content matches its id.
 */
async function upload(gate: Gate, context: RequestContext, sealed: Sealed): Promise<Response> {
  const { limits } = gate.policy;
  if (sealed.size > limits.maxPushBytes) refuse("push-too-large");
  if (context.headers.has("content-encoding")) refuse("encoding-not-inspected");
  await admit(gate, context, sealed.size);
  const digest = new crypto.DigestStream("SHA-256");
  const hashing = digest.getWriter();
  const searcher = new Searcher((findings) => {
    context.addFindings(findings);
    if (refusing(findings).length > 0) throw new Refused(new SecretRefusal(findings));
  }, gate.policy.secretsAt(context.startedAt));
  const through = new FixedLengthStream(sealed.size);
  const writer = through.writable.getWriter();
  const control = new StreamControl();
  const answering = ask(gate, sealed, "PUT", through.readable, control);
  answering.catch(() => undefined);
  const reader = (context.request.body as ReadableStream<Uint8Array> | null)?.getReader();
  try {
    let held: Uint8Array = new Uint8Array(0);
    for (;;) {
      const { done, value } = (await reader?.read().catch(() => refuse("body-aborted"))) ?? {
        done: true,
        value: undefined,
      };
      if (done || value === undefined) break;
      context.bytesIn += value.length;
      if (context.bytesIn > sealed.size) refuse("body-too-large");
      searcher.push(value);
      await hashing.write(value);
      if (held.length > 0) await Promise.race([writer.write(held), answering]);
      if (value.length > 1) await Promise.race([writer.write(value.subarray(0, value.length - 1)), answering]);
      held = value.slice(value.length - 1);
    }
    if (context.bytesIn !== sealed.size) refuse("body-aborted");
    searcher.end();
    await hashing.close();
    if (hex(await digest.digest) !== sealed.oid) refuse("body-value", "the content does not match its id");
    if (held.length > 0) await Promise.race([writer.write(held), answering]);
    control.sent(limits.upstreamTimeoutSeconds * 1000);
    await writer.close();
  } catch (error) {
    control.abort();
    reader?.releaseLock();
    if (reader !== undefined) await drain(context, reader, limits.maxPushBytes);
    throw error;
  }
  const answer = await answering;
  await answer.body?.cancel();
  if (answer.status !== 200 && answer.status !== 201) return refuse("upstream-error", String(answer.status));
  return new Response(null, { status: 200, headers: headersOf(context, TYPE) });
}

async function verify(gate: Gate, context: RequestContext, sealed: Sealed): Promise<Response> {
  // What is confirmed is what was sealed. The client's body is not used.
  await readBytes(context.request, 4096);
  await admit(gate, context, 0);
  const answer = await ask(
    gate,
    { ...sealed, header: { ...sealed.header, "content-type": TYPE } },
    "POST",
    JSON.stringify({ oid: sealed.oid, size: sealed.size }),
  );
  await answer.body?.cancel();
  if (answer.status !== 200) return refuse("upstream-error", String(answer.status));
  return new Response(null, { status: 200, headers: headersOf(context, TYPE) });
}

/** A request to the storage, with the headers that GitHub gave for it and without the token. */
async function ask(
  gate: Gate,
  { href, header }: LfsAction,
  method: string,
  body: string | ReadableStream<Uint8Array> | undefined,
  control = new StreamControl(),
): Promise<Response> {
  if (!(body instanceof ReadableStream)) control.sent(gate.policy.limits.upstreamTimeoutSeconds * 1000);
  try {
    const answer = await fetch(href, {
      method,
      headers: { accept: "*/*", "user-agent": "gatehouse", ...header },
      ...UNCACHED,
      signal: control.signal,
      ...(body === undefined ? {} : { body }),
    });
    control.answered();
    return answer;
  } catch (error) {
    return refuse(error instanceof Error && error.name === "TimeoutError" ? "upstream-timeout" : "upstream-error");
  }
}
