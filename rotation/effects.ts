/**
 * What a rotation needs from the world. The command line gives Node's, the Worker's cron gives the edge's, and the
 * tests give a clock they turn themselves; nothing in this folder reaches for a global that one of them lacks.
 */

/** The part of `fetch` that is used here; Node's, workerd's and a test's all fit. */
export type Fetch = (
  url: string,
  init: {
    method: string;
    headers: Record<string, string>;
    body?: string;
    redirect: "manual";
    signal?: AbortSignal;
  },
) => Promise<FetchedAnswer>;

export interface FetchedAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /**
   * Read piece by piece, so that an answer without end takes no memory without end. A model of a test may have `text`
   * alone.
   */
  readonly body?: ReadableStream<Uint8Array> | null;
  text(): Promise<string>;
}

export interface Effects {
  readonly fetch: Fetch;
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** Progress for a person. Never carries a secret: callers pass hashes. */
  report(event: Progress): void;
}

export interface Progress {
  readonly step: string;
  readonly says: string;
}

/** The effects of Node 20+ and of workerd, which share these globals. */
export function ambientEffects(report: (event: Progress) => void = () => undefined, fetcher?: Fetch): Effects {
  return {
    fetch: fetcher ?? ((url, init) => fetch(url, init) as ReturnType<Fetch>),
    now: () => Date.now(),
    sleep: (ms) =>
      new Promise((resolve) => {
        setTimeout(resolve, ms);
      }),
    report,
  };
}
