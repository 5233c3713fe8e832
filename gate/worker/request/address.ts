/** Host names of one's own machine, as they stand in a request's address. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/** What a Host header may be: a name or an address, and a port. */
const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/** Whether this is one host. Some HTTP servers put whatever Host says into the request's address, a path or a user's name with it, or two hosts joined. */
export const isHost = (text: string): boolean => HOST.test(text);

/**
 * Where this gate is reached, such as `https://gate.acme.dev`: the declared address, whatever the client calls the gate. Without one the host that was
 * asked is taken, with TLS: who holds a key is led to nothing without it, but on one's own machine. Empty when what was asked is no host: the address
 * of a rule is then relative, and nothing of what the client sent comes back.
 * @param url of a request
 */
export function originOf(url: string, publicUrl: string | undefined): string {
  if (publicUrl !== undefined) return publicUrl.replace(/\/+$/, "");
  const [, scheme = "https:", host = ""] = /^(https?:)\/\/([^/?#]*)/i.exec(url) ?? [];
  if (!isHost(host)) return "";
  return `${LOOPBACK.test(host) ? scheme : "https:"}//${host}`;
}

/**
 * The client's address as whoever stands in front of the gate tells it; empty where nobody does, because then the client itself would.
 * @param isEdge whether Cloudflare's edge passed the request on; it sets CF-Connecting-IP itself
 * @param trusted the header that a proxy of one's own sets and never passes on, in lower case
 */
export function clientIpOf(headers: ReadonlyMap<string, string>, isEdge: boolean, trusted: string | undefined): string {
  const name = trusted ?? (isEdge ? "cf-connecting-ip" : "");
  return headers.get(name) ?? "";
}
