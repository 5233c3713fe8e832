/** Headers that could change what a request means. A request with one of them is refused, not repaired. */
export const OVERRIDING_HEADERS = [
  "x-http-method-override",
  "x-http-method",
  "x-method-override",
  "x-original-url",
  "x-rewrite-url",
  "x-original-method",
] as const;

/**
 * Guard `answer-headers`: the headers of GitHub that reach the agent. Cookies, the token's scopes and GitHub's cache
 * rules do not.
 */
export const PASSED_HEADERS: readonly string[] = [
  "content-type",
  "etag",
  "last-modified",
  "retry-after",
  "x-ratelimit-limit",
  "x-ratelimit-remaining",
  "x-ratelimit-reset",
  "x-ratelimit-used",
  "x-ratelimit-resource",
  "x-github-request-id",
  "x-github-media-type",
  "x-github-api-version-selected",
  "x-poll-interval",
  "deprecation",
  "sunset",
  "content-disposition",
];
