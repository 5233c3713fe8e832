import type { Batch } from "./formats";
import type { Sink } from "./sinks";

/* What a receiver's answer means. Pure. */

/** A record that a receiver does not take, and why. */
interface Refused {
  readonly line: string;
  readonly reason: string;
}

export type Outcome =
  /** The receiver has the batch, but for the records that it refused by name. */
  | { readonly kind: "taken"; readonly refused: readonly Refused[] }
  /** Not now: too busy, unreachable, or its settings are wrong. Nothing of it is the records' fault. */
  | { readonly kind: "later"; readonly reason: string; readonly afterMs?: number }
  /** Something in the batch is refused for its content; the answer does not say which record. */
  | { readonly kind: "content"; readonly reason: string };

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly retryAfter?: string | null;
}

/** Statuses that speak of what was sent: malformed, too large, unprocessable. */
const CONTENT: ReadonlySet<number> = new Set([400, 413, 422]);
/**
 * Codes of Splunk's HTTP Event Collector that speak of an event: 5 no data, 6 invalid format, 12 and 13 event missing or
 * blank, 15 fields. Its other 400s, such as 7 (index), speak of the settings.
 */
const SPLUNK_CONTENT: ReadonlySet<number> = new Set([5, 6, 12, 13, 15]);
/** Longest wait that a receiver may ask for. */
const MAX_AFTER_MS = 60 * 60_000;

/** What the answer to a batch means for its records. */
export function judgeAnswer(sink: Sink, batch: Batch, answer: Answer, now: number): Outcome {
  const { status, body } = answer;
  const words = `${status} ${body.replace(/\s+/g, " ").slice(0, 300)}`.trim();
  if (status >= 200 && status < 300) {
    if (sink.kind === "elastic") return bulkOutcome(batch, body);
    if (sink.kind === "otlp") return partialSuccess(batch, body);
    return { kind: "taken", refused: [] };
  }
  const isContent =
    sink.kind === "splunk-hec" && status === 400 ? SPLUNK_CONTENT.has(Number(fields(body).code)) : CONTENT.has(status);
  if (isContent) return { kind: "content", reason: words };
  const afterMs = retryAfterMs(answer.retryAfter, now);
  return { kind: "later", reason: words, ...(afterMs === undefined ? {} : { afterMs }) };
}

function fields(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/**
 * Each item of a bulk has its own status: 201 is new, 409 is there already, 429 and 5xx mean later, any other refuses
 * that record. When one is for later the batch comes again, and then those that are there answer 409.
 */
function bulkOutcome(batch: Batch, body: string): Outcome {
  const { items, errors } = fields(body);
  if (!Array.isArray(items) || typeof errors !== "boolean" || items.length !== batch.lines.length)
    return { kind: "later", reason: `the answer is not that of a bulk: ${body.slice(0, 300)}` };
  const refused: Refused[] = [];
  for (const [i, item] of (
    items as { create?: { status?: number; error?: { reason?: string; type?: string } } }[]
  ).entries()) {
    const { status = 0, error } = item.create ?? {};
    const reason = `${status} ${error?.type ?? ""}: ${error?.reason ?? ""}`.slice(0, 300);
    if ((status >= 200 && status < 300) || status === 409) continue;
    // 401, 403 and 404 speak of rights and of the index, not of the record.
    if (status !== 400 && status !== 413 && status !== 422) return { kind: "later", reason };
    refused.push({ line: batch.lines[i] ?? "", reason });
  }
  return { kind: "taken", refused };
}

/**
 * OTLP's partial success counts the refused records and does not name them; the batch must not be sent again. So all of
 * it is kept as refused: nothing is lost, and most of it is there twice.
 */
function partialSuccess(batch: Batch, body: string): Outcome {
  const partial = fields(body).partialSuccess as
    { rejectedLogRecords?: string | number; errorMessage?: string } | undefined;
  const count = Number(partial?.rejectedLogRecords ?? 0);
  if (!(count > 0)) return { kind: "taken", refused: [] };
  const reason = `${count} of ${batch.lines.length} records refused: ${partial?.errorMessage ?? ""}`.slice(0, 300);
  return { kind: "taken", refused: batch.lines.map((line) => ({ line, reason })) };
}

/** Retry-After in seconds or as a date; undefined when it says nothing. */
function retryAfterMs(value: string | null | undefined, now: number): number | undefined {
  if (value === null || value === undefined || value === "") return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return ms > 0 ? Math.min(ms, MAX_AFTER_MS) : undefined;
}
