import { refuse } from "../answer/problem";

/**
 * Guard `request-encoding`: the decompressed body. Git compresses requests with gzip; other encodings are refused. The
 * caller reads at most `limit` bytes, so a decompression bomb does no harm.
 */
export function gunzipped(
  request: Request,
  limit: number,
): { readonly headers: Headers; readonly body: ReadableStream | null } {
  const encoding = request.headers.get("content-encoding");
  if (encoding === null || encoding.toLowerCase() === "identity") return request;
  if (!/^(?:x-)?gzip$/i.test(encoding)) refuse("encoding-not-inspected", encoding);
  if (Number(request.headers.get("content-length") ?? 0) > limit) refuse("body-too-large");
  // The declared length belongs to the compressed body.
  return {
    headers: new Headers(),
    body: request.body === null ? null : request.body.pipeThrough(new DecompressionStream("gzip")),
  };
}
