import { randomBytes } from "node:crypto";
import type { Json } from "../state";
import { environmentOf, sessionOf, type World } from "./world";

/** One secret as the sandbox's way out knows it. */
export interface EgressSecret {
  /** The environment variable that holds the placeholder in the sandbox. */
  readonly name: string;
  readonly placeholder: string;
  /** What stands in for the placeholder on the way out. */
  readonly value: string;
  /** Hosts to which it is replaced; undefined: to all that the environment lets through. */
  readonly hosts: readonly string[] | undefined;
  readonly header: boolean;
  readonly body: boolean;
}

/** What Anthropic's side does with the requests that leave a session's sandbox. */
export interface Egress {
  /** The environment's network: `{type: "unrestricted"}` or `{type: "limited", allowed_hosts, …}`. */
  readonly networking: Json;
  readonly mcpServers: readonly { readonly name: string; readonly url: string; readonly bearer?: string }[];
  readonly secrets: readonly EgressSecret[];
}

/** As it is now: a replaced secret counts in a running session. The first vault that has a name or a server wins. */
export function egressOf(world: World, sessionId: string): Egress {
  const session = sessionOf(world, sessionId);
  const { config } = environmentOf(world, session.shown.environment_id).shown;
  const credentials = session.shown.vault_ids
    .flatMap((id) => [...(world.workspace.vaults.get(id)?.credentials.values() ?? [])])
    .filter((credential) => credential.shown.archived_at === null);
  const secrets = new Map<string, EgressSecret>();
  for (const { id, shown, secrets: values } of credentials) {
    const { auth } = shown;
    const name = String(auth["secret_name"]);
    if (auth["type"] !== "environment_variable" || secrets.has(name)) continue;
    const placeholder = session.placeholders.get(id) ?? `placeholder_${randomBytes(16).toString("hex")}`;
    session.placeholders.set(id, placeholder);
    const networking = auth["networking"] as { type: string; allowed_hosts?: string[] };
    const place = auth["injection_location"] as { header: boolean; body: boolean };
    secrets.set(name, {
      name,
      placeholder,
      value: values["secret_value"] ?? "",
      hosts: networking.type === "limited" ? (networking.allowed_hosts ?? []) : undefined,
      ...place,
    });
  }
  const servers = session.shown.agent["mcp_servers"] as { name: string; url: string }[];
  return {
    networking: (config["networking"] ?? { type: "unrestricted" }) as Json,
    secrets: [...secrets.values()],
    mcpServers: servers.map(({ name, url }) => {
      const credential = credentials.find(({ shown }) => shown.auth["mcp_server_url"] === url);
      const bearer = credential?.secrets["token"] ?? credential?.secrets["access_token"];
      return { name, url, ...(bearer === undefined ? {} : { bearer }) };
    }),
  };
}
