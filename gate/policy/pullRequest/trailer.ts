/**
 * The line by which a pull request joins its audit records: the id of the request that opened it. The gate alone writes
 * it, at the end of the body; whatever an agent writes that reads like it is left out, and on an update the line that
 * is there stays.
 */
export const REQUEST_TRAILER = "Gatehouse-Request";
const LINE = new RegExp(`^${REQUEST_TRAILER}: ([0-9A-Za-z-]{1,100})$`);
const BREAK = /\r\n|[\r\n\u0085\u2028\u2029\v\f]/;
const BREAKS = new RegExp(`(${BREAK.source})`);
const MARK = REQUEST_TRAILER.toLowerCase() + ":";

/** Id of the last trailer in a body; undefined when it has none. */
export function requestOf(body: string): string | undefined {
  let found: string | undefined;
  for (const line of body.split(BREAK)) found = LINE.exec(line.trimEnd())?.[1] ?? found;
  return found;
}

/**
 * A line that a reader could take for the trailer: other case, wide letters, and what does not show make no difference,
 * nor does what stands before it.
 */
function readsLikeOne(line: string): boolean {
  if (!/:|\uff1a|\ufe55|&/.test(line)) return false;
  const folded = line
    .normalize("NFKC")
    .replace(/&#(?:x0*3a|0*58);?|&colon;/gi, ":")
    .replace(/[\p{Cf}\p{Mn}\p{Cc}\s\u115f\u1160\u3164]/gu, "")
    .replace(/\p{Pd}/gu, "-")
    .toLowerCase();
  return folded
    .replace(/<!--|<[^>]*>|[*_`~\\]/g, "")
    .replace(/^[^\p{L}\p{N}]+/u, "")
    .startsWith(MARK);
}

/** The body with exactly one trailer, at its end; with none when there is no id. Idempotent. */
export function withTrailer(body: string, requestId: string | undefined): string {
  // Lines and the breaks behind them, in turn.
  const parts = body.split(BREAKS);
  const kept = parts.some((part, i) => i % 2 === 0 && readsLikeOne(part))
    ? parts
        .filter((_, i) => !readsLikeOne(parts[i - (i % 2)] ?? ""))
        .join("")
        .trimEnd()
    : body;
  if (requestId === undefined || requestId === "") return kept;
  const text = kept.trimEnd();
  // A comment that is still open would hide the line from people.
  const open = text.lastIndexOf("<!--") > text.lastIndexOf("-->") ? "\n-->" : "";
  return `${text}${open}${text === "" ? "" : "\n\n"}${REQUEST_TRAILER}: ${requestId}`;
}

/** GitHub takes no longer text of an issue or a pull request, in characters. */
export const MAX_TEXT = 65_536;

/**
 * What a text is too long for, in words; undefined when it fits. The gate's own line counts, so an agent is told how much is left beside it.
 * @param given what the agent wrote
 * @param sent the same with the gate's line, as it would be sent
 */
export function tooLong(given: string, sent: string): string | undefined {
  if (sent.length <= MAX_TEXT) return undefined;
  const own = Math.max(0, sent.length - given.length);
  return `body: ${given.length} characters; at most ${MAX_TEXT - own}, because the gate adds a line`;
}
