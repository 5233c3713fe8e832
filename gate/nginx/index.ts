import type { Planned, VaultTokenStore } from "../../edge/tokenStore";
import type { GateKeyHash } from "../contract";
import { rulesPageText } from "../policy/rulesPage";
import type { RenderedFile } from "../renderedFile";
import { nginxConfig, type NginxOptions } from "./config";
import { gateScript } from "./script";
import { vaultAgentFiles, WITHOUT_TOKEN } from "./vaultAgent";

/** Files that others write once the configuration is there; rendering it anew leaves them as they are. */
export const STATE_OF_NGINX: ReadonlySet<string> = new Set(WITHOUT_TOKEN.map(({ name }) => name));

/**
 * Every file of a gate that nginx is: its configuration and script, the page of the rules, and Vault Agent's
 * configuration and templates. No key and no token stands in any of them. Pure: the same input gives the same files.
 * @param input `keys` by hash; `tokenStore` undefined where the token is written by other means
 * @throws Error for an address without TLS that leaves the machine
 * @example
 * for (const { name, text } of nginxFiles({ policy, keys, tokenStore, ...options })) writeFileSync(join(dir, name), text);
 */
export function nginxFiles(
  input: NginxOptions & {
    readonly keys: readonly GateKeyHash[];
    readonly tokenStore: Planned<VaultTokenStore> | undefined;
    readonly roleId: string | undefined;
  },
): readonly RenderedFile[] {
  const { policy, keys, tokenStore, roleId, publicUrl } = input;
  return [
    { name: "nginx.conf", text: nginxConfig(input) },
    { name: "gate.js", text: gateScript(policy, keys, publicUrl) },
    { name: "docs.html", text: rulesPageText() },
    ...WITHOUT_TOKEN,
    ...(tokenStore === undefined ? [] : vaultAgentFiles(tokenStore)),
    ...(roleId === undefined ? [] : [{ name: "role-id", text: roleId }]),
  ];
}
