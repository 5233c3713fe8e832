import { gunzipped } from "./gzip";

/** The body of a push while it is read. `head` is what was read until the commands were complete. */
export interface PushBody {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  head: Uint8Array;
}

export function openPush(request: Request, limit: number): PushBody | undefined {
  const { body } = gunzipped(request, limit);
  return body === null
    ? undefined
    : { reader: (body as ReadableStream<Uint8Array>).getReader(), head: new Uint8Array(0) };
}
