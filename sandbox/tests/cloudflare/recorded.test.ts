import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Account } from "../../cloudflare/state";
import { ACCOUNT, useCloudflare } from "./support";

interface RecordedCall {
  case: string;
  operation: string;
  seq: number;
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body: unknown;
  status: number;
  responseHeaders?: Record<string, string>;
  response: unknown;
}

const CALLS = readFileSync(resolve(__dirname, "../../../tests/fixtures/provider-calls/cloudflare.jsonl"), "utf8")
  .split("\n")
  .filter(Boolean)
  .map((line) => JSON.parse(line) as RecordedCall);
const CASES = [...new Set(CALLS.map((call) => call.case))];

/** Cases that change the server between two calls, order failures, or show answers that the stand-in must not give. */
const NOT_REPLAYED: Readonly<Record<string, string>> = {
  "WorkersScript-content-changed-outside": "changes the server in between",
  "WorkersScript-secret-changed-outside": "changes the server in between",
  "WorkersScript-gone": "changes the server in between",
  "WorkersScript-settings-empty-objects": "an answer that causes a permanent diff",
  "WorkersScript-settings-limits-empty-object": "an answer that causes a permanent diff",
  "WorkersScript-settings-tail-consumers-empty-array": "a variant of the answer",
  "WorkersScript-minimal-observability-filled": "an answer that causes a permanent diff",
  "WorkersScript-put-echoes-bindings": "a variant of the answer",
  "LogpushJob-answer-kind-null": "an answer that causes a permanent diff",
  "NotificationPolicy-answer-filled": "an answer that causes a permanent diff",
  "error-403": "an ordered failure",
  "error-500-twice": "an ordered failure",
  "error-500-no-retry-header": "an ordered failure",
  "error-token-format": "about the client",
  "WorkersScript-more-bindings": "has bindings that the sandbox refuses by name (d1, secrets_store_secret)",
  "WorkersScript-migration-dropped": "the recording server did not enforce tags",
  "WorkersScript-migration-old-tag": "the recording server did not enforce tags",
  WorkersScript: "the recording server did not enforce tags",
  "delete-without-content-type": "an answer that the provider refuses",
  ZeroTrustAccessApplication: "not part of the stack",
  ZeroTrustAccessPolicy: "not part of the stack",
  ZeroTrustAccessServiceToken: "not part of the stack",
};

/** What the recorded cases take for granted. */
function furnish(account: Account): void {
  account.kv.set("0123456789abcdef0123456789abcdef", { id: "0123456789abcdef0123456789abcdef", title: "recorded" });
  for (const name of ["gate-audit"])
    account.buckets.set(name, {
      name,
      creationDate: "",
      location: "WEUR",
      storageClass: "Standard",
      jurisdiction: "default",
      lock: [],
      lifecycle: [],
    });
}

/** Values that the server makes up. */
const VOLATILE =
  /^(?:id|tag|etag|created_on|modified_on|created|modified|created_at|creation_date|last_updated|cert_id|queue_id|startup_time_ms|namespace_id|version|location|jurisdiction|meta|activated_on|deployment_id|type)$/;

/** Of these the recording server said the same of every script and zone; ours says what is there. */
const SERVERS_OWN = new Set(["handlers", "has_modules", "name_servers", "original_name_servers", "permissions"]);

/**
 * Says where an answer lacks what the recorded one had, or has another value or kind of value. More keys are welcome.
 */
function compare(recorded: unknown, ours: unknown, path: string, problems: string[]): void {
  const kind = (value: unknown): string =>
    value === null || value === undefined ? "nothing" : Array.isArray(value) ? "list" : typeof value;
  if (kind(recorded) !== kind(ours))
    return void problems.push(
      `${path}: ${JSON.stringify(recorded)} was recorded, the answer has ${JSON.stringify(ours)}`,
    );
  if (Array.isArray(recorded)) {
    const list = ours as unknown[];
    if (list.length !== recorded.length)
      return void problems.push(`${path}: ${recorded.length} items were recorded, the answer has ${list.length}`);
    recorded.forEach((item, index) => compare(item, list[index], `${path}[${index}]`, problems));
  } else if (typeof recorded === "object" && recorded !== null) {
    for (const [key, value] of Object.entries(recorded)) {
      if (SERVERS_OWN.has(key)) continue;
      const own = (ours as Record<string, unknown>)[key];
      if (VOLATILE.test(key) && typeof value !== "object") {
        if (kind(value) !== kind(own))
          problems.push(`${path}.${key}: ${kind(value)} was recorded, the answer has ${kind(own)}`);
      } else compare(value, own, `${path}.${key}`, problems);
    }
  } else if (kind(recorded) !== "nothing" && recorded !== ours)
    problems.push(`${path}: ${JSON.stringify(recorded)} was recorded, the answer has ${JSON.stringify(ours)}`);
}

function bodyOf(recorded: unknown): { body: FormData | string | undefined; type?: string } {
  const multipart = (
    recorded as {
      multipart?: {
        name: string;
        filename: string | null;
        contentType: string | null;
        json?: unknown;
        text?: string;
      }[];
    } | null
  )?.multipart;
  if (multipart === undefined)
    return recorded === null || recorded === undefined
      ? { body: undefined }
      : { body: JSON.stringify(recorded), type: "application/json" };
  const form = new FormData();
  for (const part of multipart) {
    const text = part.json === undefined ? (part.text ?? "") : JSON.stringify(part.json);
    if (part.filename === null) form.append(part.name, text);
    else form.append(part.name, new File([text], part.filename, { type: part.contentType ?? "" }));
  }
  return { body: form };
}

describe("the calls that the real provider sends", () => {
  const cloudflare = useCloudflare(furnish);

  it.each(CASES.filter((name) => NOT_REPLAYED[name] === undefined))(
    "%s: answers like the server that satisfied it",
    async (name) => {
      const problems: string[] = [];
      const ids = new Map<string, string>(); // recorded → ours
      if (name === "R2Bucket" || name === "R2Bucket-location") cloudflare.account.buckets.delete("gate-audit");
      // Cases about something of a script were recorded with the script there, or without anybody looking.
      const calls = CALLS.filter((call) => call.case === name);
      if (
        !calls.some((call) => call.method === "PUT" && /\/scripts\/[^/]+$/.test(call.path)) &&
        calls.some((call) => /workers\/(?:routes|domains|scripts\/gate)/.test(call.path))
      )
        await cloudflare.upload("gate", "export default { fetch() { return new Response() } }");
      if (calls.some((call) => JSON.stringify(call.body).includes("tail_consumers")))
        await cloudflare.upload("tail", "export default { tail() {} }");
      for (const call of calls) {
        const path = call.path
          .replace("/client/v4/", "")
          .split("/")
          .map((segment) => ids.get(segment) ?? segment)
          .join("/");
        const query = new URLSearchParams(call.query).toString();
        const { body, type } = bodyOf(call.body);
        const headers = Object.fromEntries(
          ["accept", "cf-r2-jurisdiction", "cf-r2-storage-class"].flatMap((header) =>
            call.headers[header] === undefined ? [] : [[header, call.headers[header] as string]],
          ),
        );
        const answer = await cloudflare.call(call.method, query === "" ? path : `${path}?${query}`, body, {
          ...headers,
          ...(type === undefined ? {} : { "content-type": type }),
        });
        const at = `${call.operation} ${call.method} ${path}`;
        if (answer.status !== call.status)
          problems.push(
            `${at}: ${call.status} was recorded, the answer is ${answer.status} ${answer.text.slice(0, 300)}`,
          );
        if (
          call.method === "DELETE" &&
          answer.headers.get("content-type") !== "application/json" &&
          call.status !== 204 &&
          !/workers\/domains/.test(path)
        )
          problems.push(`${at}: a DELETE answer needs a JSON content type`);
        const recorded = call.response as {
          success?: boolean;
          result?: unknown;
          text?: string;
          multipart?: { text: string }[];
        } | null;
        if (recorded?.multipart !== undefined) {
          if (!answer.text.includes(recorded.multipart[0]?.text ?? ""))
            problems.push(`${at}: the content is not the one that was uploaded`);
        } else if (recorded?.text !== undefined) {
          if (answer.text !== recorded.text) problems.push(`${at}: ${answer.text} instead of ${recorded.text}`);
        } else if (recorded !== null && recorded.success !== undefined) {
          if (answer.headers.get("x-should-retry") !== (call.responseHeaders?.["x-should-retry"] ?? null))
            problems.push(`${at}: x-should-retry is ${answer.headers.get("x-should-retry")}`);
          compare(recorded.result, answer.body.result, `${at} result`, problems);
          for (const key of ["id", "queue_id"]) {
            const theirs = (recorded.result as Record<string, unknown> | null)?.[key];
            const own = (answer.body.result as Record<string, unknown> | null)?.[key];
            if (theirs !== undefined && own !== undefined && call.method !== "GET")
              ids.set(String(theirs), String(own));
          }
        }
      }
      for (const script of ["gate", "sw", "tail"])
        await cloudflare.call("DELETE", `accounts/${ACCOUNT}/workers/scripts/${script}?force=true`);
      furnish(cloudflare.account);
      expect(problems).toEqual([]);
    },
    30_000,
  );
});
