import fc from "fast-check";
import { headersSayOneThing, typeIsJson } from "./oracles/headers";
import { fuzz, literal } from "./support/fuzz";

const names = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      "accept",
      "Accept",
      "user-agent",
      "x-github-api-version",
      "if-none-match",
      "if-modified-since",
      "authorization",
      "Content-Length",
      "content-length",
      "transfer-encoding",
      "cookie",
      "x-forwarded-for",
      "forwarded",
      "connection",
      "te",
      "trailer",
      "range",
      "expect",
      "host",
      "proxy-authorization",
      "cf-connecting-ip",
    ),
  },
  fc.constantFrom(
    "X-HTTP-Method-Override",
    "x-http-method",
    "x-method-override",
    "X-Original-URL",
    "x-rewrite-url",
    "x-original-method",
    "Upgrade",
  ),
  fc.string({ minLength: 1, maxLength: 12 }),
);
const values = fc.oneof(
  fc.constantFrom(
    "*/*",
    "application/json",
    "application/vnd.github+json",
    "application/vnd.github.v3.raw",
    "text/html;q=0.9",
    "application/json, text/plain; q=0.5, */*",
    "image/png",
    "application/vnd.github\t+json",
    "text/plain; charset=utf-8; charset=utf-16",
    "application/vnd.github.diff;version=3",
  ),
  fc.constantFrom(
    "git/2.39",
    '"etag"',
    'W/"e", "f"',
    "2022-11-28",
    "0",
    "12",
    "1, 1",
    "+1",
    "0x1",
    "chunked",
    "a\tb",
    "é",
    "\u007f",
    "Bearer x",
    "x".repeat(1025),
  ),
  fc.string({ maxLength: 30 }),
  fc.string({ unit: "binary", maxLength: 8 }),
);
const types = fc.tuple(
  fc
    .tuple(
      fc.constantFrom(
        "application/json",
        "Application/JSON",
        "application/vnd.github+json",
        "application/vnd.github.v3+json",
        "text/json",
        "application/jsonp",
        "application/json5",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
      ),
      fc.constantFrom(
        "",
        ";charset=utf-8",
        "; charset=UTF-8",
        "; charset=utf-7",
        '; charset="utf-8"',
        ";charset=utf-8;charset=utf-16",
        ", text/plain",
        ";x=y",
        " ",
        "\t;charset=utf-8",
        "; charset=utf-16",
      ),
    )
    .map(([a, b]) => a + b),
  fc.constantFrom(undefined, undefined, "identity", "Identity", "gzip", "identity, gzip", "br", ""),
);

describe("headers", () => {
  fuzz("say one thing to GitHub, or are refused", {
    values: fc.array(fc.tuple(names, values), { maxLength: 6 }),
    holds: headersSayOneThing,
    accepted: 0.1,
    regression: { from: "headers", call: (p) => `headersSayOneThing(${literal(p)})` },
  });
  fuzz("call JSON only what is JSON", {
    values: types,
    holds: typeIsJson,
    accepted: 0.03,
    regression: { from: "headers", call: (t) => `typeIsJson(${literal(t)})` },
  });
});
