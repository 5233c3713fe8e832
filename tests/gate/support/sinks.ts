import type { AuditRecord } from "../../../gate/policy/audit";
import type { Received, Reply } from "./upstream";

/* What a receiver of the audit trail reads and answers, by the kind of sink. */

/** Numbers of the records in a request. */
export function seqsIn(kind: string, { body }: Received): number[] {
  const lines = body.toString().trimEnd().split("\n");
  const all = (texts: readonly unknown[]): number[] => texts.map((one) => (one as AuditRecord).seq);
  switch (kind) {
    case "splunk-hec":
      return all(lines.map((line) => (JSON.parse(line) as { event: unknown }).event));
    case "elastic":
      return all(lines.filter((_, i) => i % 2 === 1).map((line) => JSON.parse(line) as unknown));
    case "otlp": {
      const { resourceLogs } = JSON.parse(body.toString()) as {
        resourceLogs: { scopeLogs: { logRecords: { body: { stringValue: string } }[] }[] }[];
      };
      return all(resourceLogs[0]!.scopeLogs[0]!.logRecords.map((log) => JSON.parse(log.body.stringValue) as unknown));
    }
    default:
      return all(lines.map((line) => JSON.parse(line) as unknown));
  }
}

/** What a receiver that works answers. */
export const taken = (kind: string, received: Received): Reply =>
  kind === "elastic"
    ? {
        body: JSON.stringify({
          errors: false,
          items: seqsIn(kind, received).map(() => ({ create: { status: 201 } })),
        }),
      }
    : { status: 200, body: "{}" };
