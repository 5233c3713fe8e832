import { archiveKey } from "../policy/archiveKeys";
import type { AuditRecord } from "../policy/audit";
import type { Sink } from "./sinks";

/* How a receiver wants the records. Pure: lines of the trail in, one HTTP request out. */

/** One request with some records. An S3 request still lacks its signature (send.ts). */
export interface SinkRequest {
  readonly method: "POST" | "PUT";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Some records of the trail, as the gate wrote them, oldest first; never none. */
export interface Batch {
  readonly first: number;
  readonly last: number;
  readonly lines: readonly string[];
}

/**
 * The request that brings a batch to a sink.
 * @param secret token, API key or secret access key; undefined sends none
 */
export function requestOf(sink: Sink, secret: string | undefined, batch: Batch): SinkRequest {
  switch (sink.kind) {
    case "https":
      return post(sink.url, bearer(secret), "application/x-ndjson", ndjson(batch.lines));
    case "splunk-hec":
      return post(
        sink.url,
        secret === undefined ? {} : { authorization: `Splunk ${secret}` },
        "application/json",
        splunkEvents(batch.lines, sink.index),
      );
    case "elastic":
      return post(
        `${sink.url.replace(/\/$/, "")}/_bulk`,
        secret === undefined ? {} : { authorization: `ApiKey ${secret}` },
        "application/x-ndjson",
        elasticBulk(batch.lines, sink.index),
      );
    case "otlp":
      return post(sink.url, bearer(secret), "application/json", otlpLogs(batch.lines));
    case "s3":
      return {
        method: "PUT",
        url: `${sink.url.replace(/\/$/, "")}/${archiveKey(batch.first, batch.last)}`,
        headers: { "content-type": "application/x-ndjson" },
        body: ndjson(batch.lines),
      };
  }
}

const bearer = (secret: string | undefined): Record<string, string> =>
  secret === undefined ? {} : { authorization: `Bearer ${secret}` };
const post = (url: string, more: Readonly<Record<string, string>>, type: string, body: string): SinkRequest => ({
  method: "POST",
  url,
  headers: { ...more, "content-type": type },
  body,
});

const parsed = (line: string): AuditRecord => JSON.parse(line) as AuditRecord;

/** The records byte for byte, so that whoever receives them can check the chain. */
const ndjson = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

/**
 * Splunk's HTTP Event Collector: event objects one behind the other, `time` in seconds
 * (https://docs.splunk.com/Documentation/Splunk/latest/Data/FormateventsforHTTPEventCollector).
 */
export function splunkEvents(lines: readonly string[], index?: string): string {
  return lines
    .map((line) => {
      const { ts } = parsed(line);
      const head = JSON.stringify({
        time: Date.parse(ts) / 1000,
        source: "gatehouse",
        sourcetype: "gatehouse:audit",
        ...(index === undefined ? {} : { index }),
      });
      // The record as it is, not written anew: its hash covers the text.
      return `${head.slice(0, -1)},"event":${line}}\n`;
    })
    .join("");
}

/**
 * Elastic's bulk interface. The record's hash is the document's id and the action is `create`, so that a record that
 * comes twice is kept once.
 */
export function elasticBulk(lines: readonly string[], index: string): string {
  return lines
    .map((line) => {
      const { hash, ts } = parsed(line);
      const document = `{"@timestamp":${JSON.stringify(ts)},${line.slice(1)}`;
      return `${JSON.stringify({ create: { _index: index, _id: hash } })}\n${document}\n`;
    })
    .join("");
}

/** Severity numbers of OpenTelemetry's log data model. */
const SEVERITY = { allow: [9, "INFO"], observe: [13, "WARN"], deny: [13, "WARN"], gap: [17, "ERROR"] } as const;

type OtlpValue = { readonly stringValue: string } | { readonly intValue: string };

/**
 * OTLP/HTTP in JSON, one document. Numbers of 64 bits are texts there, as protobuf's JSON mapping has them. The body is
 * the record's line; its fields are attributes besides.
 */
export function otlpLogs(lines: readonly string[]): string {
  const logRecords = lines.map((line) => {
    const record = parsed(line);
    const time = `${Date.parse(record.ts)}000000`;
    const [severityNumber, severityText] = SEVERITY[record.decision];
    return {
      timeUnixNano: time,
      observedTimeUnixNano: time,
      severityNumber,
      severityText,
      body: { stringValue: line },
      attributes: Object.entries(record).map(([key, value]) => ({ key: `gatehouse.${key}`, value: otlpValue(value) })),
    };
  });
  return JSON.stringify({
    resourceLogs: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "gatehouse" } }] },
        scopeLogs: [{ scope: { name: "gatehouse.audit", version: "1" }, logRecords }],
      },
    ],
  });
}

const otlpValue = (value: unknown): OtlpValue =>
  typeof value === "number"
    ? { intValue: String(value) }
    : { stringValue: typeof value === "string" ? value : JSON.stringify(value) };
