import { MAX_TARGET } from "../../policy/text/canonical";
import { listedRepository, type CompiledPolicy } from "../../policy/compiled";
import { Refusal } from "../../policy/refusals";
import { answerHeaders, cleanHeaders } from "../answer/answers";
import { isWithin } from "../bytes";
import type { Gate } from "../gate";
import { refuse } from "../answer/problem";
import { seal, unseal } from "../seal";
import { admit } from "../ledger/admit";
import { currentToken, StreamControl, UNCACHED } from "../upstream/send";
import { counted } from "../answer/streaming";
import { DOWNLOADS, type RequestContext } from "../context";

/** Redirects that are followed one after the other at most. */
const MAX_HOPS = 3;
/** How long an address of the gate works. */
const LIFETIME_MS = 60_000;

/** What the client carries from GitHub's redirect to the download. */
interface Sealed {
  /** GitHub's address: itself a bearer secret, so the client never sees it. */
  readonly url: string;
  /** Who asked for what: for the record of the second request, and so that what was closed since stays closed. */
  readonly agent: string;
  readonly route: string;
  readonly repository: string;
  /** Milliseconds. */
  readonly until: number;
}

/** Guard `download-address`: answers GitHub's redirect of a download with one to a short-lived address of the gate, which stands for GitHub's own. */
export async function redirected(gate: Gate, context: RequestContext, answer: Response): Promise<Response> {
  await answer.body?.cancel();
  const { upstream } = gate.policy;
  const { verdict, token } = context;
  const url = addressOf(gate.policy, answer.headers.get("location") ?? "", upstream.api);
  if (token === undefined) return refuse("gate-error");
  const sealed: Sealed = {
    url: url.href,
    agent: context.agent,
    route: verdict?.route?.id ?? "",
    repository: verdict?.repository?.fullName ?? "",
    until: Date.now() + LIFETIME_MS,
  };
  const path = DOWNLOADS + (await seal(gate.env, "download", "", sealed));
  if (path.length > MAX_TARGET) return refuse("redirect-refused", "its address is too long");
  const headers = answerHeaders(answer.headers, context.requestId);
  delete headers["content-type"];
  headers["location"] = context.origin + path;
  // Always 302: an address of a minute is nothing to remember, whatever GitHub's own status said.
  return new Response(null, { status: 302, headers: cleanHeaders(headers, gate.redactorFor(token)) });
}

/**
 * Guard `download-seal`: what a request for `/_download/…` carries, which needs no key: many clients send none to where a redirect leads. Fills in who asked.
 * A refusal for what this gate did not make for a download, what is over, and what the policy no longer opens.
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
  context.route = sealed.route;
  context.repository = sealed.repository;
  return sealed.url;
}

/**
 * Guard `download`: follows GitHub's address inside the gate, to an allow-listed host over HTTPS (or as plainly as GitHub itself is reached), without the
 * token, and streams what is there up to the posture's limit.
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

/** Guard `download-host`: an address to which a redirect of a download may lead. It is judged before it is sealed, and again before it is asked. */
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
