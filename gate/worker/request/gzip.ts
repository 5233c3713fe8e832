import { refuse } from "../answer/problem";

/**
 * Guard `request-encoding`: the body as it is meant. Git compresses requests with gzip; nothing else is inflated, and nothing beyond `limit` bytes is
 * read by the caller, so a bomb ends there.
 */
export function gunzipped(
  request: Request,
  limit: number,
): { readonly headers: Headers; readonly body: ReadableStream | null } {
  const encoding = request.headers.get("content-encoding");
  if (encoding === null || encoding.toLowerCase() === "identity") return request;
  if (!/^(?:x-)?gzip$/i.test(encoding)) refuse("encoding-not-inspected", encoding);
  if (Number(request.headers.get("content-length") ?? 0) > limit) refuse("body-too-large");
  // The declared length is that of the compressed body.
  return {
    headers: new Headers(),
    body: request.body === null ? null : request.body.pipeThrough(new DecompressionStream("gzip")),
  };
}
