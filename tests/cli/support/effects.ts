import { ambientEffects, type Effects, type Fetch } from "../../../rotation/effects";

export const effects = (fetcher: Fetch): Effects => ({
  ...ambientEffects(() => undefined, fetcher),
  sleep: () => Promise.resolve(),
});
export const answer = (
  status: number,
  body: string,
  headers: Record<string, string> = {},
): Awaited<ReturnType<Fetch>> => ({
  status,
  headers: { get: (name) => headers[name] ?? null },
  text: () => Promise.resolve(body),
});
