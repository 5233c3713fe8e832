import { LOOPBACK } from "../loopback";
import type { GatePolicy } from "../policy/policy";
import { OVERRIDING_HEADERS } from "../policy/headers";
import { REFUSALS } from "../policy/refusals";
import { API_VERSIONS } from "../policy/rest/apiVersion";
import { METHODS } from "../policy/target";
import { MAX_TARGET } from "../policy/text/canonical";
import { refusalPatterns, routePatterns } from "./allowList";

/** What nginx does with a request that it cannot judge: one with a body to read, of git, GraphQL, a download, a search. */
type Unjudged =
  | { readonly kind: "refuse" }
  | {
      readonly kind: "gate";
      /** Origin of the self-hosted gate behind nginx, such as `http://127.0.0.1:8788`. */
      readonly url: string;
    };

export interface NginxOptions {
  readonly policy: GatePolicy;
  /** Address and port, such as `127.0.0.1:8787`, as nginx's `listen` takes it. */
  readonly listen: string;
  /** Certificate and key of this server; without it nginx speaks plain HTTP, which only the machine itself may reach. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Where clients reach nginx, without a slash at the end. */
  readonly publicUrl: string;
  readonly unjudged: Unjudged;
  /** Whether GitHub's webhooks, which have no key, go to the self-hosted gate behind nginx; it checks their signature. */
  readonly githubEvents?: boolean;
  /** Certificates that GitHub's must lead to. */
  readonly trustedCertificates: string;
  /** Folder of nginx's modules, which has `ngx_http_js_module.so`. */
  readonly modules: string;
}

/** A text inside double quotes. nginx undoes a backslash in front of these characters there, and leaves every other. */
const quoted = (text: string): string => `"${text.replace(/\\(?=["'\\trn]|$)/g, "\\\\").replace(/"/g, '\\"')}"`;

/** nginx tries no pattern on an empty value: a map that means it names the empty text. */
const map = (source: string, variable: string, entries: readonly (readonly [string, string])[]): string[] => [
  `  map ${source} ${variable} {`,
  ...entries.map(
    ([key, value]) => `    ${key === "default" ? key : quoted(key)} ${value.startsWith("$") ? value : quoted(value)};`,
  ),
  "  }",
];

/** Media types in Accept whose answers are JSON, which is all that nginx searches. */
const ACCEPT = String.raw`(?:\*/\*|application/(?:\*|json|vnd\.github\+json|vnd\.github\.[A-Za-z0-9.-]{1,60}\+json))(?: *; *(?:q=[01](?:\.[0-9]{1,3})?|charset=utf-8))*`;

/** Rules of errors that nginx itself finds, by status. */
const OWN_ERRORS: readonly (readonly [statuses: string, rule: string])[] = [
  ["400 405 421 494 495 496 497 505", "target-malformed"],
  ["403 404", "not-found"],
  ["408", "body-aborted"],
  ["413", "body-too-large"],
  ["414", "target-too-long"],
  ["429", "limit-requests-minute"],
  ["500 501 503", "gate-error"],
  ["502", "upstream-error"],
  ["504", "upstream-timeout"],
];

/**
 * A limit as nginx counts: half of it may come at once, and the other half follows evenly, so that no window of its
 * length ever has more than the limit. nginx takes whole numbers a minute, and counts in thousandths.
 * @param minutes length of the window
 */
function halved(requests: number, minutes: number): { readonly perMinute: number; readonly burst: number } {
  const half = Math.min(1e9, requests) / 2;
  return {
    perMinute: Math.min(6_000_000, Math.max(1, Math.floor(half / minutes))),
    burst: Math.max(0, Math.ceil(half) - 1),
  };
}

const ON_MACHINE = new RegExp(String.raw`^${LOOPBACK}(?::\d{1,5})?$`);

/** An address as an `upstream` block names it, and whether it is reached by TLS. */
function serverOf(url: string): {
  readonly tls: boolean;
  readonly host: string;
  readonly server: string;
  readonly path: string;
} {
  const parts = /^(https?):\/\/([^/?#@]+)((?:\/[^?#]*)?)$/.exec(url);
  const [, scheme, host = "", path = ""] = parts ?? [];
  if (parts === null) throw new Error(`${url} is not an address such as https://api.github.com`);
  const tls = scheme === "https";
  if (!tls && !ON_MACHINE.test(host)) throw new Error(`${url} must be https, or http on this machine`);
  return { tls, host, server: /:\d+$/.test(host) ? host : `${host}:${tls ? 443 : 80}`, path };
}

/** nginx.conf of a gate that judges reads by itself. Pure: the same options give the same text. */
export function nginxConfig(options: NginxOptions): string {
  const { policy, unjudged } = options;
  const github = serverOf(policy.upstream.api);
  const gate = unjudged.kind === "gate" ? serverOf(unjudged.url) : undefined;
  const { limits } = policy;
  const [minute, hour] = [halved(limits.requestsPerMinute, 1), halved(limits.requestsPerHour, 60)];
  const retryAfter = Math.ceil(60 / Math.min(minute.perMinute, hour.perMinute));
  const patterns = routePatterns(policy);
  const why = refusalPatterns(policy);
  const owner = policy.organization.replace(/[^A-Za-z0-9]/g, "\\$&");
  const ownErrors = OWN_ERRORS.map(([statuses, rule]) => `    error_page ${statuses} /_gate/refused/${rule};`);
  const limit = [
    "      limit_req zone=stranger burst=3000 nodelay;",
    `      limit_req zone=minute burst=${minute.burst} nodelay;`,
    `      limit_req zone=hour burst=${hour.burst} nodelay;`,
  ];
  const scheme = github.tls ? "https" : "http";
  return [
    "# Made by gatehouse from the environment file; change that and make this anew.",
    "# nginx judges reads by the route table of the gate and sends what it judged. What it cannot judge",
    "# (bodies, GraphQL, git, downloads, searches, media types other than JSON) " +
      (gate === undefined
        ? "is refused here."
        : `goes to the self-hosted gate at ${gate.server}, which judges it whole.`),
    "# docs/nginx.md says how it differs from the Worker.",
    `load_module ${options.modules}/ngx_http_js_module.so;`,
    "worker_processes auto;",
    "pcre_jit on;",
    "pid nginx.pid;",
    "error_log logs/error.log error;",
    "events { worker_connections 4096; }",
    "",
    "http {",
    "  server_tokens off;",
    "  merge_slashes off;",
    "  underscores_in_headers off;",
    "  # Names of repositories and patterns are longer than a processor's cache line.",
    "  map_hash_bucket_size 256;",
    "  variables_hash_bucket_size 128;",
    "  # Everything that nginx writes stays in this folder; no part of an answer goes to a disk.",
    ...["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `  ${kind}_temp_path temp/${kind};`),
    "  proxy_max_temp_file_size 0;",
    "  keepalive_requests 100000;",
    "  # The end of a short answer, which has no length of its own, leaves with the answer.",
    "  postpone_output 16k;",
    "",
    "  js_import gate from gate.js;",
    "  js_set $gate_agent gate.agent;",
    "  js_var $gate_reason;",
    "  # The hash of the key, once `gate.agent` has found whose it is.",
    "  js_var $gate_key;",
    "  # $github_token and $github_token_sha256, written by Vault Agent. Without a token nothing is sent.",
    "  include token.conf;",
    "",
    "  # The target as it came. A client of an Enterprise Server puts /api/v3 in front, which is not sent.",
    ...map("$request_uri", "$gate_target", [["~^(?:/api/v3(?=/))?(/.*)\\z", "$1"]]),
    "  # Owner and name of the repository, in any case, as GitHub reads them; and the rest, untouched.",
    ...map("$gate_target", "$gate_named", [[`~^/repos/([A-Za-z0-9-]+/[A-Za-z0-9._-]+)(?:[/?]|\\z)`, "$1"]]),
    ...map("$gate_target", "$gate_rest", [["~^/repos/[^/?]+/[^/?]+(.*)\\z", "$1"]]),
    "  # The repositories that the posture lists. A plain key of a map is compared in any case.",
    ...map(
      "$gate_named",
      "$gate_repository",
      policy.repositories.map(
        ({ name }) => [`${policy.organization}/${name}`, `${policy.organization}/${name}`] as const,
      ),
    ),
    ...map(
      "$gate_named",
      "$gate_access",
      policy.repositories.map(({ name, access }) => [`${policy.organization}/${name}`, access] as const),
    ),
    "",
    "  # The allow-list: method and raw target, anchored at both ends. What no pattern takes has no route.",
    ...map(
      '"$request_method $gate_rest"',
      "$gate_repository_route",
      patterns.repository.map(({ route, pattern }) => [`~${pattern}`, route] as const),
    ),
    ...map(
      '"$request_method $gate_target"',
      "$gate_account_route",
      patterns.account.map(({ route, pattern }) => [`~${pattern}`, route] as const),
    ),
    ...map("$gate_repository", "$gate_route", [
      ["", "$gate_account_route"],
      ["default", "$gate_repository_route"],
    ]),
    "",
    "  # Why a request without a route is refused. Read only then.",
    ...map("$request_uri", "$gate_why", [
      ["~^[^/]", "target-malformed"],
      [`~^.{${MAX_TARGET + 1}}`, "target-too-long"],
      ["~^[^?]*%(?![0-9A-F]{2})", "path-encoding"],
      ["~^[^?]*%(?:[01].|2[5DE]|3[0-9]|4[1-9A-F]|5[0-9ACF]|6[1-9A-F]|7[0-9AEF])", "path-encoding"],
      ["~^[^?]*[^A-Za-z0-9._~!$&'()*+,=:@/%?-]", "path-character"],
      ["~^[^?]*(?://|.+/(?:\\?|\\z))", "path-empty-segment"],
      ["~^[^?]*/\\.{1,2}(?:[/?]|\\z)", "path-dot-segment"],
      ["default", "$gate_why_method"],
    ]),
    ...map("$request_method", "$gate_why_method", [
      ...[...METHODS].map((method) => [`~^${method}\\z`, "$gate_why_place"] as const),
      ["default", "method-unknown"],
    ]),
    ...map('"$gate_repository|$gate_target"', "$gate_why_place", [
      [`~*^\\|/repos/(?!${owner}(?:[/?]|\\z))`, "owner-not-allowed"],
      ["~^\\|/repos/[^/?]+/[^/?]", "repository-not-listed"],
      ["~^\\|", "$gate_why_account"],
      ["default", "$gate_why_repository"],
    ]),
    ...map('"$request_method /repos/-/-$gate_rest"', "$gate_why_repository", [
      ...why.repository.map(
        ({ rule, pattern }) => [`~${pattern}`, rule === "access-read-only" ? "$gate_why_write" : rule] as const,
      ),
      ["default", "route-not-allowed"],
    ]),
    ...map("$gate_access", "$gate_why_write", [
      ["read", "access-read-only"],
      ["default", "route-not-allowed"],
    ]),
    ...map('"$request_method $gate_target"', "$gate_why_account", [
      ...why.account.map(({ rule, pattern }) => [`~${pattern}`, rule] as const),
      ["default", "route-not-allowed"],
    ]),
    "",
    "  # The verdict: a rule that refuses, or nothing. Each map asks the next one when it has nothing against it.",
    ...map("$gate_agent", "$gate_rule", [
      ["", "unauthenticated"],
      ["default", "$gate_rule_headers"],
    ]),
    ...map(
      `"${OVERRIDING_HEADERS.map((name) => `$http_${name.replaceAll("-", "_")}`).join("")}|$http_upgrade"`,
      "$gate_rule_headers",
      [
        ["|", "$gate_rule_route"],
        ["~^\\|", "upgrade-refused"],
        ["default", "header-forbidden"],
      ],
    ),
    ...map("$gate_route", "$gate_rule_route", [
      ["", "$gate_why"],
      ["default", "$gate_rule_body"],
    ]),
    ...map('"$content_length|$http_transfer_encoding"', "$gate_rule_body", [
      ["|", "$gate_rule_accept"],
      ["0|", "$gate_rule_accept"],
      ["default", "body-unexpected"],
    ]),
    ...map("$http_accept", "$gate_rule_accept", [
      ["", "$gate_rule_version"],
      ["~^.{513}", "media-type-not-allowed"],
      [`~*^${ACCEPT}(?: *, *${ACCEPT})*\\z`, "$gate_rule_version"],
      ["default", "media-type-not-allowed"],
    ]),
    ...map("$http_x_github_api_version", "$gate_rule_version", [
      ["", "$gate_rule_values"],
      ...API_VERSIONS.map((version) => [version, "$gate_rule_values"] as const),
      ["default", "api-version-not-allowed"],
    ]),
    ...map('"$http_user_agent\\n$http_if_none_match\\n$http_if_modified_since\n$http_host"', "$gate_rule_values", [
      [
        "~^[\\x20-\\x7e]{0,1024}\\n[\\x20-\\x7e]{0,1024}\\n[\\x20-\\x7e]{0,1024}\\n(?:[A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(?::[0-9]{1,5})?\\z",
        "$gate_rule_token",
      ],
      ["default", "header-value"],
    ]),
    ...map("$github_token", "$gate_rule_token", [
      ["", "token-unavailable"],
      ["default", ""],
    ]),
    "  # Where a request goes that is not refused here.",
    ...map("$gate_rule", "$gate_elsewhere", [
      ["", ""],
      ...(gate === undefined ? [] : [["unauthenticated", "refuse"] as const]),
      ["default", gate === undefined ? "refuse" : "gate"],
    ]),
    "",
    "  # What is sent in place of a header that is missing or says nothing.",
    ...map("$http_accept", "$gate_accept", [
      ["", "application/vnd.github+json"],
      ["*/*", "application/vnd.github+json"],
      ["default", "$http_accept"],
    ]),
    ...map("$http_user_agent", "$gate_user_agent", [
      ["", "gatehouse"],
      ["default", "$http_user_agent"],
    ]),
    ...map("$http_x_github_api_version", "$gate_version", [
      ["", API_VERSIONS[0]],
      ["default", "$http_x_github_api_version"],
    ]),
    "",
    "  # An agent counts by its name, a stranger by his address: one of the two keys is never empty, since an empty key",
    "  # is not limited.",
    ...map("$gate_agent", "$gate_stranger", [
      ["", "$binary_remote_addr"],
      ["default", ""],
    ]),
    "  limit_req_zone $gate_stranger zone=stranger:1m rate=3000r/m;",
    `  limit_req_zone $gate_agent zone=minute:1m rate=${minute.perMinute}r/m;`,
    `  limit_req_zone $gate_agent zone=hour:1m rate=${hour.perMinute}r/m;`,
    "  limit_req_status 429;",
    "  limit_req_log_level info;",
    "",
    "  # One JSON line for each request, in the words of the audit trail. Times and paths as the trail writes them; a path",
    "  # with bytes that are no ASCII is not written, because they would be no UTF-8.",
    ...map('"$time_iso8601 $msec"', "$gate_ts", [["~^([^+ ]+?)([+-][0-9:]+) [0-9]+\\.([0-9]+)\\z", "$1.$3$2"]]),
    ...map("$request_time", "$gate_ms", [
      ["~^0\\.0{0,2}([0-9]+)\\z", "$1"],
      ["~^([0-9]+)\\.([0-9]{3})\\z", "$1$2"],
      ["default", "0"],
    ]),
    ...map("$request_uri", "$gate_path", [["~^([\\x20-\\x7e]*?)(?:\\?.*)?\\z", "$1"]]),
    ...map("$status", "$gate_because", [
      ["413", "body-too-large"],
      ["default", "$gate_reason"],
    ]),
    ...map("$gate_because", "$gate_decision", [
      ["", "allow"],
      ["default", "deny"],
    ]),
    ...map("$upstream_addr", "$gate_used", [
      ["", ""],
      ["default", "$github_token_sha256"],
    ]),
    "  log_format audit escape=json",
    `    '{"ts":"$gate_ts","agent":"$gate_agent","requestId":"$request_id","clientIp":"$remote_addr","method":"$request_method",'`,
    `    '"path":"$gate_path","route":"$gate_route","repository":"$gate_repository","decision":"$gate_decision","reason":"$gate_because",'`,
    `    '"status":$status,"bytesIn":$request_length,"bytesOut":$body_bytes_sent,"ms":$gate_ms,"tokenSha256":"$gate_used","gateKeySha256":"$gate_key","findings":[]}';`,
    "",
    `  upstream github { server ${github.server}; keepalive 64; }`,
    ...(gate === undefined ? [] : [`  upstream gate { server ${gate.server}; keepalive 16; }`]),
    "",
    "  server {",
    ...(options.tls === undefined
      ? [`    listen ${options.listen};`]
      : [
          `    listen ${options.listen} ssl;`,
          `    ssl_certificate ${options.tls.certificate};`,
          `    ssl_certificate_key ${options.tls.key};`,
          "    ssl_protocols TLSv1.2 TLSv1.3;",
        ]),
    "    access_log logs/audit.log audit buffer=64k flush=1s;",
    ...ownErrors,
    "    recursive_error_pages on;",
    ...(gate === undefined
      ? [
          "    # No request that passes has a body; the little that a refused one may have is read into memory.",
          "    client_max_body_size 16k;",
          "    client_body_buffer_size 16k;",
        ]
      : [`    client_max_body_size ${Math.max(limits.maxPushBytes, limits.maxBodyBytes) * 2};`]),
    "",
    "    location = /_gate/health {",
    "      access_log off;",
    "      if ($request_method !~ ^(?:GET|HEAD)\\z) { return 404; }",
    "      return 204;",
    "    }",
    "    location = /_gate/docs {",
    "      types { }",
    '      default_type "text/html; charset=utf-8";',
    "      alias docs.html;",
    "    }",
    "    # Answered without the script, which would read the body first.",
    "    location = /_gate/refused/body-too-large {",
    "      internal;",
    '      default_type "application/json; charset=utf-8";',
    "      add_header X-Gatehouse-Request-Id $request_id always;",
    `      return 413 '${JSON.stringify({
      message: REFUSALS["body-too-large"][1],
      documentation_url: `${options.publicUrl}/_gate/docs#body-too-large`,
      gatehouse: { decision: "deny", rule: "body-too-large", requestId: "$request_id" },
    })}';`,
    "    }",
    "    location ^~ /_gate/refused/ {",
    "      internal;",
    "      js_content gate.refuse;",
    "    }",
    "",
    "    # The only way to GitHub. `if` has nothing but a return in it; the limits of what it sends away stand there.",
    "    location / {",
    "      error_page 418 = @refused;",
    "      # A location that names one error page inherits none.",
    ...ownErrors.map((line) => `  ${line}`),
    ...(gate === undefined
      ? []
      : ["      error_page 419 = @gate;", "      if ($gate_elsewhere = gate) { return 419; }"]),
    "      if ($gate_elsewhere = refuse) { return 418; }",
    ...limit,
    "",
    `      proxy_pass ${scheme}://github${github.path}$gate_target;`,
    "      proxy_http_version 1.1;",
    `      proxy_set_header Connection "";`,
    "      # None of the client's headers goes on by itself, and no body.",
    "      proxy_pass_request_headers off;",
    "      proxy_pass_request_body off;",
    `      proxy_set_header Host ${github.host};`,
    '      proxy_set_header Authorization "Bearer $github_token";',
    "      proxy_set_header Accept $gate_accept;",
    "      proxy_set_header User-Agent $gate_user_agent;",
    "      proxy_set_header X-GitHub-Api-Version $gate_version;",
    "      proxy_set_header If-None-Match $http_if_none_match;",
    "      proxy_set_header If-Modified-Since $http_if_modified_since;",
    ...(github.tls
      ? [
          "      proxy_ssl_verify on;",
          "      proxy_ssl_verify_depth 4;",
          `      proxy_ssl_trusted_certificate ${options.trustedCertificates};`,
          "      proxy_ssl_server_name on;",
          `      proxy_ssl_name ${github.host.replace(/:\d+$/, "")};`,
          "      proxy_ssl_protocols TLSv1.2 TLSv1.3;",
        ]
      : []),
    "      # Sent once: a request whose connection breaks is not repeated at the next address.",
    "      proxy_next_upstream off;",
    "      proxy_connect_timeout 10s;",
    `      proxy_read_timeout ${limits.upstreamTimeoutSeconds}s;`,
    "      proxy_redirect off;",
    "      proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset Set-Cookie;",
    "      proxy_cache off;",
    "      # The answer: headers by allow-list, addresses of the API led back here, no form of the token.",
    "      js_header_filter gate.headers;",
    '      add_header Cache-Control "private, no-store" always;',
    "      add_header X-Content-Type-Options nosniff always;",
    "      add_header X-Gatehouse-Request-Id $request_id always;",
    "      js_body_filter gate.body buffer_type=string;",
    "      gunzip on;",
    "      sub_filter_last_modified on;",
    "      sub_filter_once off;",
    "      sub_filter_types *;",
    ...["/", '"', "{", "?"].map(
      (then) =>
        `      sub_filter ${quoted(`"${policy.upstream.api}${then}`)} ${quoted(`"${options.publicUrl}${then}`)};`,
    ),
    ...policy.repositories.map(({ name }) => {
      const clone = `/${policy.organization}/${name}.git"`;
      return `      sub_filter ${quoted(`"${policy.upstream.git}${clone}`)} ${quoted(`"${options.publicUrl}${clone}`)};`;
    }),
    "      include token-forms.conf;",
    "    }",
    "",
    "    # A limit in front of every refusal: a wrong key cannot be tried without one.",
    "    location @refused {",
    ...limit,
    "      js_content gate.refuse;",
    "    }",
    ...(gate === undefined ? [] : gateLocations(gate, limits.upstreamTimeoutSeconds, limit, options.githubEvents)),
    "  }",
    "",
    "  # How long a refused client should wait: until the next request of its bucket is free.",
    ...map('""', "$gate_retry_after", [["default", String(retryAfter)]]),
    "}",
    "",
  ].join("\n");
}

/** The self-hosted gate behind nginx gets a request as it came, and authenticates, judges and records it itself. */
function gateLocations(
  gate: { readonly tls: boolean },
  seconds: number,
  limit: readonly string[],
  githubEvents = false,
): string[] {
  const toGate = [
    "      access_log off;",
    `      proxy_pass ${gate.tls ? "https" : "http"}://gate$request_uri;`,
    "      proxy_http_version 1.1;",
    '      proxy_set_header Connection "";',
    "      proxy_set_header Host $http_host;",
    "      proxy_set_header X-Real-IP $remote_addr;",
    "      proxy_request_buffering off;",
    "      proxy_buffering off;",
    "      proxy_next_upstream off;",
    "      proxy_redirect off;",
    "      proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;",
    `      proxy_read_timeout ${seconds + 60}s;`,
    "    }",
  ];
  return [
    "",
    "    # The self-hosted gate judges the whole request itself and writes its record, so none is written here.",
    "    location @gate {",
    ...toGate,
    "    # An address of a download carries its own proof, so that it needs no key.",
    "    location ^~ /_download/ {",
    ...limit,
    ...toGate,
    ...(githubEvents
      ? [
          "    # GitHub signs what it delivers, and has no key.",
          "    location = /_gate/webhooks/github {",
          "      if ($request_method != POST) { return 404; }",
          ...limit,
          ...toGate,
        ]
      : []),
  ];
}
