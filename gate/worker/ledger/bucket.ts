import type { GateEnv } from "../env";

type BucketEnv = Pick<GateEnv, "AUDIT" | "AUDIT_FILES">;

/** Where the audit trail is archived: the R2 bucket, or a directory when the gate runs on one's own machine. */
export interface Bucket {
  put(key: string, text: string): Promise<void>;
  /** Undefined when there is no such object. */
  get(key: string): Promise<string | undefined>;
  /** Throws when the bucket cannot be reached. */
  check(): Promise<void>;
}

export function bucketOf(env: BucketEnv): Bucket {
  const { AUDIT: bucket, AUDIT_FILES: files } = env;
  if (files !== undefined) return directory(files);
  if (bucket === undefined) throw new Error("the gate has no place for its audit trail");
  return {
    put: async (key, text) => {
      await bucket.put(key, text, { httpMetadata: { contentType: "application/x-ndjson" } });
    },
    get: async (key) => (await bucket.get(key))?.text(),
    check: async () => {
      await bucket.head("audit/ready");
    },
  };
}

/** workerd's disk service: PUT writes a file whole or not at all. */
function directory(files: Fetcher): Bucket {
  const url = (key: string): string => `http://audit/${key.replace("audit/", "")}`;
  return {
    put: async (key, text) => {
      const answer = await files.fetch(url(key), { method: "PUT", body: text });
      if (!answer.ok) throw new Error(`the audit directory answered ${answer.status}`);
    },
    get: async (key) => {
      const answer = await files.fetch(url(key));
      if (answer.status === 404) return undefined;
      if (!answer.ok) throw new Error(`the audit directory answered ${answer.status}`);
      return answer.text();
    },
    check: async () => {
      const answer = await files.fetch("http://audit/");
      await answer.body?.cancel();
      if (!answer.ok) throw new Error(`the audit directory answered ${answer.status}`);
    },
  };
}

/**
 * Writes an object. A mover that died after writing left the same one, and a locked bucket lets nobody write it again.
 */
export async function keep(bucket: Bucket, key: string, text: string): Promise<void> {
  try {
    await bucket.put(key, text);
  } catch (error) {
    if ((await bucket.get(key).catch(() => undefined)) !== text) throw error;
  }
}
