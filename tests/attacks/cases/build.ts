import type { Ask, Attack, HostileReply, Twin } from "../support/types";

type Extra = Partial<Omit<Attack, "id" | "title" | "guard" | "ask">>;

/** One attack by parts. */
export const attack = (id: string, title: string, guard: Attack["guard"], ask: Ask, extra: Extra = {}): Attack => ({
  id,
  title,
  guard,
  ask,
  ...extra,
});

/** An attack as the bytes of a connection. Lines are joined with CRLF; the last line ends the head when it is empty. */
export const raw = (
  id: string,
  title: string,
  guard: Attack["guard"],
  lines: readonly string[],
  extra: Extra = {},
): Attack => ({ id, title, guard, raw: lines.join("\r\n"), ...extra });

/** A request that must pass. `sent` is what GitHub gets; the path of the request itself when absent. */
export const twin = (
  id: string,
  title: string,
  status: number,
  ask: Ask,
  sent?: string | null,
  extra: Partial<Twin> = {},
): Twin => ({
  id,
  title,
  status,
  ask,
  sent: sent === undefined ? `${ask.method ?? "GET"} /api/v3${ask.target}` : sent,
  ...extra,
});

/** One attack for each named input. */
export function each<T>(inputs: Readonly<Record<string, T>>, make: (input: T, name: string) => Attack): Attack[] {
  return Object.entries(inputs).map(([name, input]) => make(input, name));
}

/** One attack for each pair of named inputs. */
export function pairs<A, B>(
  first: Readonly<Record<string, A>>,
  second: Readonly<Record<string, B>>,
  make: (a: A, b: B, name: string) => Attack,
): Attack[] {
  return Object.entries(first).flatMap(([nameA, a]) =>
    Object.entries(second).map(([nameB, b]) => make(a, b, `${nameA}-${nameB}`)),
  );
}

/** An attack by what a hostile GitHub answers to an allowed request. */
export const answered = (
  id: string,
  title: string,
  guard: Attack["guard"],
  ask: Ask,
  hostile: readonly HostileReply[],
  extra: Extra = {},
): Attack => ({ id, title, guard, gate: "hostile", ask, hostile, reaches: /./, atMost: 1, ...extra });

/** Where the gate's answer to a download leads. */
export const ADDRESS = /location: \S*?(\/_download\/\S+)/;
/** The second request of a download: as a client sends it that drops the key with a redirect. */
export const FOLLOWED: Ask = { target: "{carried}", authorization: null };

/**
 * An attack on a download, whose address the client then follows. `atMost`: two when absent, the redirect and the file.
 */
export const followed = (
  id: string,
  title: string,
  guard: Attack["guard"],
  ask: Ask,
  hostile: readonly HostileReply[],
  extra: Partial<Attack> = {},
): Attack => ({
  id,
  title,
  guard,
  gate: "hostile",
  asks: [ask],
  carry: ADDRESS,
  ask: FOLLOWED,
  hostile,
  reaches: /./,
  atMost: 2,
  ...extra,
});

export const HEAD = ["Host: {host}", "Authorization: Bearer {key}"] as const;
/** Head of a request for the repository that may be read. */
export const GET_API = ["GET /repos/acme/api HTTP/1.1", ...HEAD] as const;
