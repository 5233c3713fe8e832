import { Client } from "@elastic/elasticsearch";
import Mock from "@elastic/elasticsearch-mock";
import fc from "fast-check";
import { elasticBulk, otlpLogs, requestOf, splunkEvents, type Batch } from "../../../gate/forwarder/formats";
import { chainLine, entryText, GENESIS, type AuditEntry, type AuditRecord } from "../../../gate/policy/audit";
import { entry as auditEntry } from "../support/auditEntry";
import { root as otlp } from "./support/otlp";

/** Lines of a trail with what may stand in a record: paths and reasons of any text. */
async function lines(entries: readonly Partial<AuditEntry>[]): Promise<string[]> {
  const made: string[] = [];
  let hash = GENESIS;
  for (const [i, entry] of entries.entries()) {
    const next = await chainLine(i + 1, entryText({ ...auditEntry(), ...entry }), hash);
    made.push(next.line);
    hash = next.hash;
  }
  return made;
}
const entries = fc.array(
  fc.record({
    path: fc.string({ unit: "grapheme", maxLength: 40 }),
    decision: fc.constantFrom("allow" as const, "deny" as const, "observe" as const, "gap" as const),
    status: fc.integer({ min: 0, max: 599 }),
    bytesIn: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    ts: fc
      .date({ min: new Date("2020-01-01T00:00:00Z"), max: new Date("2060-01-01T00:00:00Z"), noInvalidDate: true })
      .map((at) => at.toISOString()),
  }),
  { minLength: 1, maxLength: 8 },
);
const record = (line: string): AuditRecord => JSON.parse(line) as AuditRecord;

describe("OTLP", () => {
  it("is read back by OpenTelemetry's own protobuf classes, every record whole", async () => {
    await fc.assert(
      fc.asyncProperty(entries, async (given) => {
        const made = await lines(given);
        const Message = otlp.opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest;
        const json = JSON.parse(otlpLogs(made)) as Record<string, unknown>;
        const message = Message.decode(Message.encode(Message.fromObject(json)).finish());
        const back = Message.toObject(message, { longs: String, enums: Number }) as OtlpLogs;
        const logs = back.resourceLogs[0]!.scopeLogs[0]!.logRecords;
        expect(logs.map(({ body }) => body.stringValue)).toEqual(made);
        for (const [i, log] of logs.entries()) {
          const { ts, path, bytesIn, decision } = record(made[i]!);
          expect(log.timeUnixNano).toBe(`${BigInt(Date.parse(ts)) * 1_000_000n}`);
          expect(log.severityNumber).toBe({ allow: 9, observe: 13, deny: 13, gap: 17 }[decision]);
          const attributes = Object.fromEntries(log.attributes.map(({ key, value }) => [key, value]));
          expect(attributes["gatehouse.path"]).toEqual({ stringValue: path });
          expect(attributes["gatehouse.bytesIn"]).toEqual({ intValue: String(bytesIn) });
        }
        // What the reader does not know it drops in silence; nothing of ours may be among it.
        expect(withoutEmpty(back)).toEqual(withoutEmpty(json));
      }),
      { numRuns: 50 },
    );
  });
});

interface OtlpLogs {
  resourceLogs: {
    scopeLogs: {
      logRecords: {
        timeUnixNano: string;
        severityNumber: number;
        body: { stringValue: string };
        attributes: { key: string; value: unknown }[];
      }[];
    }[];
  }[];
}

/** Proto3 has no difference between a text that is empty and none. */
const withoutEmpty = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, part: unknown) => (part === "" ? undefined : part)));

describe("Elastic", () => {
  it("sends the bulk that the official client sends for the same documents", async () => {
    const made = await lines([{ path: "/a" }, { path: "/é\u2028", decision: "deny" }]);
    const mock = new Mock();
    let seen: unknown;
    mock.add({ method: "POST", path: "/_bulk" }, (params) => {
      seen = params.body;
      return { errors: false, items: [] };
    });
    const client = new Client({ node: "http://localhost:9200", Connection: mock.getConnection() });
    const operations = made.flatMap((line) => [
      { create: { _index: "logs-x", _id: record(line).hash } },
      { "@timestamp": record(line).ts, ...record(line) },
    ]);
    await client.bulk({ operations });
    const ours = elasticBulk(made, "logs-x");
    expect(ours.endsWith("\n")).toBe(true);
    const sent = (seen as unknown[]).map((part) => (typeof part === "string" ? (JSON.parse(part) as unknown) : part));
    expect(sent).toEqual(
      ours
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    );
  });
});

describe("Splunk", () => {
  it("sends envelopes of the documented shape, with the record untouched", async () => {
    await fc.assert(
      fc.asyncProperty(entries, fc.option(fc.constant("security"), { nil: undefined }), async (given, index) => {
        const made = await lines(given);
        const events = splunkEvents(made, index).trimEnd().split("\n");
        expect(events).toHaveLength(made.length);
        for (const [i, text] of events.entries()) {
          const line = made[i]!;
          expect(text.endsWith(`"event":${line}}`)).toBe(true);
          const { time, event, ...rest } = JSON.parse(text) as { time: number; event: AuditRecord };
          expect(Math.round(time * 1000)).toBe(Date.parse(record(line).ts));
          expect(event).toEqual(record(line));
          expect(rest).toEqual({
            source: "gatehouse",
            sourcetype: "gatehouse:audit",
            ...(index === undefined ? {} : { index }),
          });
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe("the request", () => {
  const batch: Batch = { first: 3, last: 4, lines: ['{"v":1,"seq":3}', '{"v":1,"seq":4}'] };
  it("has the records byte for byte where the receiver takes lines", () => {
    const text = `${batch.lines.join("\n")}\n`;
    expect(requestOf({ kind: "https", name: "a", url: "https://x/y" }, "t", batch)).toEqual({
      method: "POST",
      url: "https://x/y",
      headers: { authorization: "Bearer t", "content-type": "application/x-ndjson" },
      body: text,
    });
    const s3 = { kind: "s3", name: "a", url: "https://x/p/", region: "r", accessKeyId: "k" } as const;
    expect(requestOf(s3, "t", batch)).toEqual({
      method: "PUT",
      url: "https://x/p/audit/000000000000003-000000000000004.jsonl",
      headers: { "content-type": "application/x-ndjson" },
      body: text,
    });
  });

  it("sends no credential where there is none", () => {
    for (const sink of [
      { kind: "https", name: "a", url: "https://x" },
      { kind: "otlp", name: "a", url: "https://x" },
    ] as const)
      expect(requestOf(sink, undefined, { ...batch, lines: [] }).headers).not.toHaveProperty("authorization");
  });
});
