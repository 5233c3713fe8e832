import type { Egress, EgressSecret } from "../anthropic";

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Whether a session's sandbox reaches a host: Anthropic's `networking` by its documentation, with `*.` for subdomains.
 * @param host without port
 */
export function reaches({ networking, mcpServers }: Pick<Egress, "networking" | "mcpServers">, host: string): boolean {
  if (networking["type"] !== "limited") return true;
  const allowed = (networking["allowed_hosts"] ?? []) as readonly string[];
  return (
    allowed.some((pattern) => meant(pattern, host)) ||
    (networking["allow_mcp_servers"] === true && mcpServers.some(({ url }) => meant(new URL(url).hostname, host)))
  );
}

/**
 * Headers as they leave: each placeholder replaced where its credential says so, and nowhere else. A placeholder inside
 * base64 is not found: that is how Anthropic documents it ("verbatim").
 * @returns the headers, and the names of the secrets that went out in them
 */
export function withSecrets(
  headers: Headers,
  secrets: readonly EgressSecret[],
  host: string,
): { readonly headers: Record<string, string | string[] | undefined>; readonly sent: readonly string[] } {
  const sent = new Set<string>();
  const replaced = (text: string): string =>
    secrets.reduce((value, secret) => {
      if (!secret.header || !goesTo(secret, host) || !value.includes(secret.placeholder)) return value;
      sent.add(secret.name);
      return value.replaceAll(secret.placeholder, secret.value);
    }, text);
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    typeof value === "string" ? replaced(value) : value?.map(replaced),
  ]);
  return { headers: Object.fromEntries(entries) as Record<string, string | string[] | undefined>, sent: [...sent] };
}

const goesTo = ({ hosts }: EgressSecret, host: string): boolean =>
  hosts === undefined || hosts.some((pattern) => meant(pattern, host));

const meant = (pattern: string, host: string): boolean =>
  pattern.startsWith("*.")
    ? host.toLowerCase().endsWith(pattern.slice(1).toLowerCase())
    : host.toLowerCase() === pattern.toLowerCase();
