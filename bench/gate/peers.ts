import { existsSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { ROUTES, type Route } from "../../gate/policy";
import { run, type ContenderKind, type Recipe } from "./contenders";
import { tool } from "./processes";
import { nginxConfig, quoted, type Stub } from "./stub";

const KEY = "peer-key-of-this-run";
/** The open routes on the two repositories, writes only on the one that may be written. */
const open: readonly Route[] = ROUTES.filter((route) => route.path !== "");
const repositories = (route: Route): readonly string[] =>
  !route.path.includes("{repo}") ? [""] : route.access === "write" ? ["api"] : ["api", "docs"];

/** nginx with the same routes by a map of regular expressions, limit_req, and one JSON line a request. */
export const nginxKind: ContenderKind = {
  name: "nginx",
  ...(tool("nginx") === undefined ? { missing: "nginx is not installed (apt-get install nginx)" } : {}),
  start: (stub) => run("nginx", (directory, port) => nginxRecipe(directory, port, stub)),
};

export function nginxRecipe(directory: string, port: number, stub: Stub): Recipe {
  const pattern = (route: Route): string =>
    route.path
      .replace(/[.]/g, "\\.")
      .replace("{owner}", "acme")
      .replace("{repo}", route.access === "write" ? "api" : "(?:api|docs)")
      .replace(/\{[A-Za-z]+(?:\\\.){3}\}/g, ".+")
      .replace(/\{[A-Za-z]+\}/g, "[^/]+");
  writeFileSync(
    path.join(directory, "nginx.conf"),
    nginxConfig(directory, [
      `map $http_authorization $token { default ''; ${quoted(`Bearer ${KEY}`)} ${quoted(`Bearer ${stub.token}`)}; }`,
      'map "$request_method $uri" $allowed { default 0;',
      ...open.map((route) => `  ${quoted(`~^${route.method} ${pattern(route)}$`)} 1;`),
      "}",
      "limit_req_zone $http_authorization zone=agents:1m rate=1000000r/s;",
      'log_format audit escape=json \'{"ts":"$time_iso8601","requestId":"$request_id","clientIp":"$remote_addr","method":"$request_method","path":"$uri","status":$status,' +
        '"bytesIn":$request_length,"bytesOut":$body_bytes_sent,"ms":$request_time}\';',
      `access_log ${directory}/audit.log audit buffer=64k flush=1s;`,
      `upstream github { server ${stub.url.slice("http://".length)}; keepalive 64; keepalive_requests 100000000; }`,
      `server { listen 127.0.0.1:${port} backlog=1024;`,
      "  location / {",
      "    if ($token = '') { return 401; }",
      "    if ($allowed = 0) { return 403; }",
      "    limit_req zone=agents burst=100000 nodelay;",
      "    proxy_http_version 1.1;",
      "    proxy_set_header Connection '';",
      "    proxy_set_header Host $proxy_host;",
      "    proxy_set_header Authorization $token;",
      "    proxy_pass http://github/api/v3$request_uri;",
      "  }",
      "}",
    ]),
  );
  return {
    command: tool("nginx") ?? "nginx",
    args: ["-p", directory, "-c", path.join(directory, "nginx.conf")],
    headers: { authorization: `Bearer ${KEY}` },
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
  name: "wardgate",
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
