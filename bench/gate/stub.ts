import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { answering, start, tool, type Server } from "./processes";
import { freePort } from "../../sandbox/tools/ports";
import { ANSWER_HEADERS, answerBody, madeToken } from "./traffic";

/** A stand-in for GitHub and for the token store: answers 2 KB of JSON to the right token and 401 to every other. */
export interface Stub extends Server {
  readonly token: string;
  /** `nginx`, or `node` where nginx is missing: slower, so it hides differences between fast proxies. */
  readonly kind: "nginx" | "node";
}

export async function startStub(): Promise<Stub> {
  const nginx = tool("nginx");
  const directory = mkdtempSync(path.join(tmpdir(), "gate-bench-stub-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const token = madeToken();
  const plan: Plan = {
    port,
    token,
    body: answerBody(`${url}/api/v3`),
    headers: ANSWER_HEADERS,
    login: JSON.stringify({ auth: { client_token: "session", lease_duration: 3600 } }),
    record: JSON.stringify({ data: { data: { token, expires_at: "" } } }),
  };
  const child = nginx === undefined ? startNode(directory, plan) : startNginx(nginx, directory, plan);
  await answering(child, `${url}/api/v3/repos/acme/api`, { authorization: `Bearer ${token}` });
  return {
    url,
    token,
    kind: nginx === undefined ? "node" : "nginx",
    pids: () => (child.process.pid === undefined ? [] : [child.process.pid]),
    stop: async () => {
      await child.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

interface Plan {
  readonly port: number;
  readonly token: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly login: string;
  readonly record: string;
}

/** One process in the foreground, no log, everything in its own directory. */
const nginxConfig = (directory: string, http: readonly string[]): string =>
  [
    "daemon off;",
    "master_process off;",
    "worker_processes 1;",
    `pid ${directory}/nginx.pid;`,
    "error_log stderr error;",
    "events { worker_connections 1024; }",
    "http {",
    "  map_hash_bucket_size 256;",
    "  variables_hash_bucket_size 128;",
    "  keepalive_requests 100000000;",
    "  keepalive_timeout 600s;",
    ...["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `  ${kind}_temp_path ${directory}/${kind};`),
    ...http.map((line) => `  ${line}`),
    "}",
    "",
  ].join("\n");

/** A text in nginx's configuration; a dollar sign would be a variable. */
const quoted = (text: string): string => `'${text.replace(/\\/g, "\\\\").replace(/'/g, "\\'")}'`;

function startNginx(nginx: string, directory: string, plan: Plan): ReturnType<typeof start> {
  mkdirSync(path.join(directory, "logs"), { recursive: true });
  writeFileSync(
    path.join(directory, "nginx.conf"),
    nginxConfig(directory, [
      "access_log off;",
      `map $http_authorization $known { default 0; ${quoted(`Bearer ${plan.token}`)} 1; }`,
      "map $request_method $answered { default 200; POST 201; }",
      `server { listen 127.0.0.1:${plan.port} backlog=1024;`,
      "  location /v1/auth/ { default_type application/json;",
      `    return 200 ${quoted(plan.login)}; }`,
      "  location /v1/agents/ { default_type application/json;",
      `    return 200 ${quoted(plan.record)}; }`,
      "  location / { default_type 'application/json; charset=utf-8';",
      ...Object.entries(plan.headers).map(([name, value]) => `    add_header ${name} ${quoted(value)};`),
      "    if ($known = 0) { return 401; }",
      `    if ($request_method = POST) { return 201 ${quoted(plan.body)}; }`,
      `    return 200 ${quoted(plan.body)}; }`,
      "}",
    ]),
  );
  return start(nginx, ["-p", directory, "-c", path.join(directory, "nginx.conf")]);
}

function startNode(directory: string, plan: Plan): ReturnType<typeof start> {
  writeFileSync(path.join(directory, "plan.json"), JSON.stringify(plan));
  writeFileSync(
    path.join(directory, "stub.js"),
    [
      "const plan = require('./plan.json');",
      "const json = { 'content-type': 'application/json; charset=utf-8' };",
      "require('node:http').createServer((request, response) => {",
      "  request.resume();",
      "  if (request.url.startsWith('/v1/auth/')) return response.writeHead(200, json).end(plan.login);",
      "  if (request.url.startsWith('/v1/agents/')) return response.writeHead(200, json).end(plan.record);",
      "  if (request.headers.authorization !== `Bearer ${plan.token}`) return response.writeHead(401).end();",
      "  response.writeHead(request.method === 'POST' ? 201 : 200, { ...json, ...plan.headers }).end(plan.body);",
      "}).listen(plan.port, '127.0.0.1');",
      "",
    ].join("\n"),
  );
  return start(process.execPath, [path.join(directory, "stub.js")]);
}
