import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { nginxFiles } from "../../gate/nginx";
import { ROUTES, type Route } from "../../gate/policy";
import { run, type ContenderKind, type Recipe } from "./contenders";
import { tool } from "./processes";
import type { Stub } from "./stub";
import { tokenFiles } from "./tokenFiles";
import { gateSettings, madeSecrets } from "./workers";

export const NGINX = "nginx";
export const WARDGATE = "wardgate";
const NJS = "/usr/lib/nginx/modules/ngx_http_js_module.so";

const KEY = "peer-key-of-this-run";
/** The open routes on the two repositories, writes only on the one that may be written. */
const open: readonly Route[] = ROUTES.filter((route) => route.path !== "");
const repositories = (route: Route): readonly string[] =>
  !route.path.includes("{repo}") ? [""] : route.access === "write" ? ["api"] : ["api", "docs"];

/**
 * nginx as `gatehouse render nginx` writes it: key by hash, allow-list, limits, filtered answers and one JSON line a
 * request. Alone it judges reads, so it takes no part in writes.
 */
export const nginxKind: ContenderKind = {
  name: NGINX,
  ...(tool("nginx") === undefined || !existsSync(NJS)
    ? { missing: "nginx with its JavaScript is not installed (apt-get install nginx libnginx-mod-http-js)" }
    : {}),
  start: (stub) => run(NGINX, (directory, port) => nginxRecipe(directory, port, stub)),
};

export function nginxRecipe(directory: string, port: number, stub: Stub): Recipe {
  const secrets = madeSecrets();
  const { policy, gateKeys } = gateSettings(stub.url, secrets);
  for (const folder of ["logs", "temp"]) mkdirSync(path.join(directory, folder));
  const files = nginxFiles({
    policy,
    keys: gateKeys,
    tokenStore: undefined,
    roleId: undefined,
    listen: `127.0.0.1:${port} backlog=1024`,
    publicUrl: `http://127.0.0.1:${port}`,
    unjudged: { kind: "refuse" },
    trustedCertificates: "/etc/ssl/certs/ca-certificates.crt",
    modules: path.dirname(NJS),
  });
  for (const { name, text } of files) writeFileSync(path.join(directory, name), text);
  for (const [name, text] of Object.entries(tokenFiles(stub.token))) writeFileSync(path.join(directory, name), text);
  return {
    command: tool("nginx") ?? "nginx",
    // One process in the foreground, as the other contenders are.
    args: ["-p", directory, "-c", "nginx.conf", "-g", "daemon off; master_process off;"],
    headers: { authorization: `Bearer ${secrets.key}` },
    kinds: ["reads"],
  };
}

/** A program that someone has built elsewhere and names in the environment. */
function built(variable: string): { readonly program: string; readonly missing?: string } {
  const program = process.env[variable] ?? "";
  if (program === "") return { program, missing: `${variable} names no program` };
  return existsSync(program) ? { program } : { program, missing: `${variable}: there is no ${program}` };
}

const wardgate = built("WARDGATE");
export const wardgateKind: ContenderKind = {
  name: WARDGATE,
  ...(wardgate.missing === undefined ? {} : { missing: wardgate.missing }),
  start: (stub) =>
    run("wardgate", (directory, port) => {
      // Its patterns take a star for one segment in the middle and for any rest at the end. Its own rate limit keeps a
      // list of instants for each rule, which at these rates would be measured instead of the proxy; it runs without
      // one.
      const rules = open.flatMap((route) =>
        repositories(route).map((repo) => ({
          match: { method: route.method, path: starred(route, repo) },
          action: "allow",
        })),
      );
      writeFileSync(
        path.join(directory, "config.yaml"),
        JSON.stringify({
          server: { listen: `127.0.0.1:${port}`, logging: { max_entries: 1000, store_bodies: false } },
          filter_defaults: { enabled: false },
          agents: [{ id: "agent", key_env: "PEER_KEY" }],
          endpoints: {
            github: {
              upstream: `${stub.url}/api/v3`,
              auth: { type: "bearer", credential_env: "PEER_TOKEN" },
              filter: { enabled: false },
              rules: [...rules, { match: { method: "*" }, action: "deny" }],
            },
          },
        }),
      );
      writeFileSync(path.join(directory, ".env"), "");
      return {
        command: wardgate.program,
        args: ["-config", "config.yaml", "-env", ".env"],
        env: { PEER_KEY: KEY, PEER_TOKEN: stub.token },
        headers: { authorization: `Bearer ${KEY}` },
        prefix: "/github",
      };
    }),
};

const ironProxy = built("IRON_PROXY");
export const ironProxyKind: ContenderKind = {
  name: "iron-proxy",
  ...(ironProxy.missing === undefined ? {} : { missing: ironProxy.missing }),
  start: (stub) =>
    run("iron-proxy", async (directory, port) => {
      const host = "127.0.0.1";
      const rules = open.flatMap((route) =>
        repositories(route).map((repo) => ({
          host,
          methods: [route.method],
          paths: [`/api/v3${starred(route, repo)}`],
        })),
      );
      writeFileSync(
        path.join(directory, "config.yaml"),
        JSON.stringify({
          dns: { enabled: false },
          proxy: { http_listen: `127.0.0.1:${port}`, https_listen: "127.0.0.1:0", upstream_deny_cidrs: [] },
          tls: { mode: "sni-only" },
          transforms: [
            { name: "allowlist", config: { rules } },
            {
              name: "secrets",
              config: {
                secrets: [
                  {
                    source: { type: "env", var: "PEER_TOKEN" },
                    replace: { proxy_value: KEY, match_headers: ["Authorization"], require: true },
                    rules: [{ host }],
                  },
                ],
              },
            },
          ],
          log: { level: "info" },
        }),
      );
      return {
        command: ironProxy.program,
        args: ["-config", "config.yaml"],
        env: { PEER_TOKEN: stub.token },
        headers: { authorization: `Bearer ${KEY}`, host: stub.url.slice("http://".length) },
        prefix: "/api/v3",
      };
    }),
};

const starred = (route: Route, repo: string): string =>
  route.path
    .replace("{owner}", "acme")
    .replace("{repo}", repo)
    .replace(/\{[A-Za-z]+(\.\.\.)?\}/g, "*");
