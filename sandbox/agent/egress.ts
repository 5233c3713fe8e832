import type { Egress, EgressSecret } from "../anthropic";

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What leaves, and which secrets it tells. */
interface Leaving<Content> {
  readonly content: Content;
  /** Names of the secrets whose value stands in it now. */
  readonly sent: readonly string[];
  /** Names of the secrets whose placeholder stays in it as it is. */
  readonly kept: readonly string[];
}

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
 * base64 is not found: Anthropic documents that it looks for the text as it stands.
 */
export function headersWithSecrets(
  headers: Headers,
  secrets: readonly EgressSecret[],
  host: string,
): Leaving<Record<string, string | string[] | undefined>> {
  const { replace, ...found } = replacer(secrets, host, "header");
  const entries = Object.entries(headers).map(
    ([name, value]) => [name, typeof value === "string" ? replace(value) : value?.map(replace)] as const,
  );
  return { content: Object.fromEntries(entries), ...listed(found) };
}

/** A body as it leaves, by the same rules. */
export function bodyWithSecrets(body: Buffer, secrets: readonly EgressSecret[], host: string): Leaving<Buffer> {
  const { replace, ...found } = replacer(secrets, host, "body");
  // One character for each byte, so that what is no text comes through unchanged.
  const content = Buffer.from(replace(body.toString("latin1")), "latin1");
  return { content, ...listed(found) };
}

function replacer(secrets: readonly EgressSecret[], host: string, place: "header" | "body") {
  const [sent, kept] = [new Set<string>(), new Set<string>()];
  const replace = (text: string): string =>
    secrets.reduce((value, secret) => {
      if (!value.includes(secret.placeholder)) return value;
      const goes = secret[place] && goesTo(secret, host);
      (goes ? sent : kept).add(secret.name);
      return goes ? value.replaceAll(secret.placeholder, () => secret.value) : value;
    }, text);
  return { replace, sent, kept };
}

const listed = ({ sent, kept }: { sent: Set<string>; kept: Set<string> }): Omit<Leaving<unknown>, "content"> => ({
  sent: [...sent],
  kept: [...kept],
});

const goesTo = ({ hosts }: EgressSecret, host: string): boolean =>
  hosts === undefined || hosts.some((pattern) => meant(pattern, host));

const meant = (pattern: string, host: string): boolean =>
  pattern.startsWith("*.")
    ? host.toLowerCase().endsWith(pattern.slice(1).toLowerCase())
    : host.toLowerCase() === pattern.toLowerCase();
