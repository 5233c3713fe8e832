import { LOOPBACK } from "../../loopback";

/** The local machine in a request's address. */
const ON_MACHINE = new RegExp(String.raw`^${LOOPBACK}(?::\d{1,5})?$`, "i");

/** What a Host header may be: a name or an address, and a port. */
const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/**
 * Whether the text is exactly one host. Some HTTP servers copy whatever is in Host into the request's address: a path,
 * a user name, or two joined hosts.
 */
export const isHost = (text: string): boolean => HOST.test(text);

/**
 * The address of this gate, such as `https://gate.acme.dev`: the declared one, whatever the client calls the gate.
 * Without one it is the requested host, with HTTPS except on the local machine, so that a client is never led to send
 * its key in clear. Empty if the request has no valid host; the address of a rule is then relative, and nothing that
 * the client sent is repeated.
 * @param url of the request
 */
export function originOf(url: string, publicUrl: string | undefined): string {
  if (publicUrl !== undefined) return publicUrl.replace(/\/+$/, "");
  const [, scheme = "https:", host = ""] = /^(https?:)\/\/([^/?#]*)/i.exec(url) ?? [];
  if (!isHost(host)) return "";
  return `${ON_MACHINE.test(host) ? scheme : "https:"}//${host}`;
}

/**
 * The client's address, as the proxy in front of the gate names it. Empty without such a proxy, because then the client
 * itself could name any.
 * @param isEdge whether Cloudflare's edge passed the request on; it sets CF-Connecting-IP itself
 * @param trusted the header that your own proxy sets and never passes on, in lower case
 */
export function clientIpOf(headers: ReadonlyMap<string, string>, isEdge: boolean, trusted: string | undefined): string {
  const name = trusted ?? (isEdge ? "cf-connecting-ip" : "");
  return headers.get(name) ?? "";
}
