/** What a stream of requests met. */
export interface LoadResult {
  readonly sent: number;
  readonly failed: number;
  /** First failures, as `status` or the error's message. */
  readonly failures: readonly string[];
}

/**
 * Sends `perSecond` requests a second through the gate until `stop` is called. Bounded: at most `maxSeconds`.
 * A failure is any answer but 200; the limit must allow the stream.
 */
export function startLoad({
  url,
  key,
  perSecond,
  maxSeconds = 60,
}: {
  url: string;
  key: string;
  perSecond: number;
  maxSeconds?: number;
}): { stop(): Promise<LoadResult> } {
  let sent = 0;
  const failures: string[] = [];
  const running = new Set<Promise<void>>();
  const knock = async (): Promise<void> => {
    try {
      const response = await fetch(url, {
        headers: { authorization: `Bearer ${key}`, "user-agent": "gatehouse-load" },
      });
      const text = await response.text();
      if (response.status !== 200) failures.push(`${response.status} ${text.slice(0, 160)}`);
    } catch (error) {
      failures.push((error as Error).message);
    }
  };
  const timer = setInterval(() => {
    if (sent >= perSecond * maxSeconds) return;
    sent += 1;
    const one: Promise<void> = knock().finally(() => running.delete(one));
    running.add(one);
  }, 1000 / perSecond);
  return {
    stop: async () => {
      clearInterval(timer);
      await Promise.all(running);
      return { sent, failed: failures.length, failures: failures.slice(0, 5) };
    },
  };
}
