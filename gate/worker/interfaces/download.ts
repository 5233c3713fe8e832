import { listedRepository, type CompiledPolicy } from "../../policy/compiled";
import { Refusal } from "../../policy/refusals";
import { MAX_TARGET } from "../../policy/text/canonical";
import { answerHeaders, cleanHeaders, type FilteredAnswer } from "../answer/headers";
import { refuse } from "../answer/problem";
import { counted } from "../answer/streaming";
import { DOWNLOADS, type RequestContext } from "../context";
import type { Gate } from "../gate";
import { admit } from "../ledger/admit";
import { seal, unseal } from "../seal";
import { isWithin } from "../time";
import { currentToken, StreamControl, UNCACHED } from "../upstream/send";

/** How many redirects are followed one after the other. */
const MAX_HOPS = 3;
/** How long a download address works. */
const LIFETIME_MS = 60_000;

/** The sealed content of a download address. */
interface Sealed {
  /** GitHub's address. It is a bearer secret, so the client never sees it. */
  readonly url: string;
  /** Who asked for what: for the record of the second request, and to refuse what was closed in the meantime. */
  readonly agent: string;
  readonly gateKeySha256: string | undefined;
  readonly session: string | undefined;
  readonly route: string;
  readonly repository: string;
  /** Milliseconds. */
  readonly until: number;
}

/**
 * Guard `download-address`: replaces GitHub's redirect to a download by a redirect to a short-lived address of the
 * gate.
 */
export async function redirected(gate: Gate, context: RequestContext, answer: Response): Promise<FilteredAnswer> {
  await answer.body?.cancel();
  const { upstream } = gate.policy;
  const { verdict, token } = context;
  const url = addressOf(gate.policy, answer.headers.get("location") ?? "", upstream.api);
  if (token === undefined) return refuse("gate-error");
  const sealed: Sealed = {
    url: url.href,
    agent: context.agent,
    gateKeySha256: context.gateKeySha256,
    session: context.session,
    route: verdict?.route?.id ?? "",
    repository: verdict?.repository?.fullName ?? "",
    until: Date.now() + LIFETIME_MS,
  };
  const path = DOWNLOADS + (await seal(gate.env, "download", "", sealed));
  if (path.length > MAX_TARGET) return refuse("redirect-refused", "its address is too long");
  const headers = answerHeaders(answer.headers, context.requestId);
  delete headers["content-type"];
  headers["location"] = context.origin + path;
  // Always 302, whatever GitHub's status is: a client must not remember an address that works for a minute.
  return { body: null, status: 302, headers: cleanHeaders(headers, gate.redactorFor(token)) };
}

/**
 * Guard `download-seal`: opens the address of a request for `/_download/…` and notes who asked. Such a request needs no
 * key, because many clients send none after a redirect. Refuses addresses that this gate did not make, that have
 * expired, or that the policy no longer allows.
 */
export async function openDownload(gate: Gate, context: RequestContext): Promise<string | Refusal> {
  const { method, target } = context;
  const sealed = (await unseal(gate.env, "download", "", target.slice(DOWNLOADS.length))) as Sealed | undefined;
  if (
    sealed === undefined ||
    (method !== "GET" && method !== "HEAD") ||
    !isWithin(context.startedAt, sealed.until - LIFETIME_MS, sealed.until) ||
    !gate.policy.open.has(sealed.route) ||
    listedRepository(gate.policy, sealed.repository) === undefined
  )
    return new Refusal("download-refused");
  context.agent = sealed.agent;
  context.gateKeySha256 = sealed.gateKeySha256;
  context.session = sealed.session;
  context.route = sealed.route;
  context.repository = sealed.repository;
  return sealed.url;
}

/**
 * Guard `download`: fetches GitHub's address from an allow-listed host, without the token, and streams the file up to
 * the policy's limit. It uses HTTPS, or HTTP if GitHub itself is reached by HTTP.
 */
export async function download(gate: Gate, context: RequestContext, address: string): Promise<Response> {
  const { limits, upstream } = gate.policy;
  const hasBody = (context.headers.get("content-length") ?? "0") !== "0" || context.headers.has("transfer-encoding");
  if (hasBody) refuse("body-unexpected");
  // The token is not sent, but the answer is searched for it.
  const token = await currentToken(gate, context);
  await admit(gate, context, 0);
  let location = address;
  let from = upstream.api;
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    const url = addressOf(gate.policy, location, from);
    const control = new StreamControl();
    control.sent(limits.upstreamTimeoutSeconds * 1000);
    const found = await fetch(url.href, {
      headers: { accept: "*/*", "user-agent": "gatehouse" },
      ...UNCACHED,
      signal: control.signal,
    }).catch(() => refuse("upstream-error"));
    control.answered();
    if (found.status >= 300 && found.status < 400) {
      await found.body?.cancel();
      location = found.headers.get("location") ?? "";
      from = url.href;
      continue;
    }
    if (found.status !== 200) {
      await found.body?.cancel();
      return refuse("upstream-error", String(found.status));
    }
    const headers = cleanHeaders(answerHeaders(found.headers, context.requestId), gate.redactorFor(token));
    if (context.method === "HEAD") {
      await found.body?.cancel();
      return new Response(null, { status: 200, headers });
    }
    return new Response(await counted(gate, context, found, limits.maxDownloadBytes), { status: 200, headers });
  }
  return refuse("redirect-refused", "too many redirects");
}

/**
 * Guard `download-host`: an address to which a download may redirect. It is checked before it is sealed, and again
 * before it is fetched.
 */
function addressOf(policy: CompiledPolicy, location: string, base: string): URL {
  const url = parse(location, base);
  if (
    url === undefined ||
    !policy.downloadHosts.includes(url.host) ||
    (url.protocol !== "https:" && !(url.protocol === "http:" && policy.upstream.git.startsWith("http://")))
  ) {
    return refuse("redirect-refused", url?.host ?? "");
  }
  return url;
}

function parse(location: string, base: string): URL | undefined {
  // An empty address would be the API itself.
  if (location === "") return undefined;
  try {
    const url = new URL(location, base);
    return url.username === "" && url.password === "" ? url : undefined;
  } catch {
    return undefined;
  }
}
