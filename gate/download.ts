import { answerHeaders } from "./answers";
import type { Isolate } from "./isolate";
import { refuse } from "./problem";
import { StreamControl, UNCACHED } from "./upstream";
import { counted } from "./streams";
import type { Visit } from "./visit";

/** Redirects that are followed one after the other at most. */
const MAX_HOPS = 3;

/**
 * Guard `download`: follows GitHub's redirect inside the gate, to an allow-listed host over HTTPS (or as plainly as GitHub itself is reached), without the token,
 * and streams what is there up to the posture's limit. The address is itself a bearer secret, so it stays here.
 */
export async function download(isolate: Isolate, visit: Visit, answer: Response): Promise<Response> {
  const { policy } = isolate.policy;
  await answer.body?.cancel();
  let location = answer.headers.get("location") ?? "";
  let from = policy.upstream.api;
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    const url = parse(location, from);
    if (
      url === undefined ||
      !policy.downloadHosts.includes(url.host) ||
      (url.protocol !== "https:" && !policy.upstream.git.startsWith("http://"))
    ) {
      return refuse("redirect-refused", url?.host ?? "");
    }
    const control = new StreamControl();
    control.sent(policy.limits.upstreamTimeoutSeconds * 1000);
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
    const headers = answerHeaders(found.headers, visit.requestId);
    if (found.body === null || visit.request.method === "HEAD") return new Response(null, { status: 200, headers });
    return new Response(await counted(isolate, visit, found, policy.limits.maxDownloadBytes), { status: 200, headers });
  }
  return refuse("redirect-refused", "too many redirects");
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
