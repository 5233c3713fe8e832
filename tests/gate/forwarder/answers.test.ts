import { judgeAnswer, type Outcome } from "../../../gate/forwarder/answers";
import type { Batch } from "../../../gate/forwarder/formats";
import type { Sink } from "../../../gate/forwarder/sinks";

const batch: Batch = { first: 1, last: 3, lines: ["one", "two", "three"] };
const of = (kind: Sink["kind"]): Sink =>
  ({ kind, name: kind, url: "https://x", index: "i", region: "r", accessKeyId: "k" }) as Sink;
const judge = (kind: Sink["kind"], status: number, body: unknown = "", retryAfter?: string): Outcome =>
  judgeAnswer(
    of(kind),
    batch,
    { status, body: typeof body === "string" ? body : JSON.stringify(body), retryAfter: retryAfter ?? null },
    Date.parse("2026-06-01T00:00:00Z"),
  );
const KINDS = ["https", "splunk-hec", "elastic", "otlp", "s3"] as const;

it.each(["https", "splunk-hec", "otlp", "s3"] as const)("%s: any 2xx has taken the batch", (kind) => {
  for (const status of [200, 201, 202, 204]) expect(judge(kind, status)).toEqual({ kind: "taken", refused: [] });
});

it.each(KINDS)("%s: rights, redirects, limits and failures are for later, and no record's fault", (kind) => {
  for (const status of [301, 302, 401, 403, 404, 405, 415, 429, 500, 502, 503, 504])
    expect(judge(kind, status, "no").kind).toBe("later");
});

it.each(["https", "elastic", "otlp", "s3"] as const)("%s: 400, 413 and 422 speak of the content", (kind) => {
  for (const status of [400, 413, 422]) expect(judge(kind, status).kind).toBe("content");
});

it("reads when to come again, and never waits for more than an hour", () => {
  expect(judge("https", 429, "", "7")).toMatchObject({ afterMs: 7_000 });
  expect(judge("https", 503, "", "Mon, 01 Jun 2026 00:00:30 GMT")).toMatchObject({ afterMs: 30_000 });
  expect(judge("https", 503, "", "99999999")).toMatchObject({ afterMs: 3_600_000 });
  for (const odd of ["", "soon", "-5", "Mon, 01 Jun 2020 00:00:00 GMT"])
    expect(judge("https", 503, "", odd)).not.toHaveProperty("afterMs");
});

describe("Splunk's codes", () => {
  it.each([5, 6, 12, 13, 15])("%s speaks of an event", (code) => {
    expect(judge("splunk-hec", 400, { text: "no", code }).kind).toBe("content");
  });
  it.each([7, 10, 11, 14, 16])("%s speaks of the settings", (code) => {
    expect(judge("splunk-hec", 400, { text: "Incorrect index", code }).kind).toBe("later");
  });
  it("a 400 that is not Splunk's is for later", () => {
    for (const body of ["<html>", "null", "[]"]) expect(judge("splunk-hec", 400, body).kind).toBe("later");
  });
});

describe("Elastic's bulk", () => {
  const items = (...statuses: number[]) => ({
    errors: statuses.some((status) => status >= 300),
    items: statuses.map((status) => ({
      create: { status, ...(status >= 300 ? { error: { type: "t", reason: "because" } } : {}) },
    })),
  });
  it("has taken what is new and what is there already", () => {
    expect(judge("elastic", 200, items(201, 409, 201))).toEqual({ kind: "taken", refused: [] });
  });
  it("names the record that it refuses", () => {
    expect(judge("elastic", 200, items(201, 400, 201))).toEqual({
      kind: "taken",
      refused: [{ line: "two", reason: "400 t: because" }],
    });
  });
  it.each([429, 503, 403, 404])("an item with %s brings the batch again", (status) => {
    expect(judge("elastic", 200, items(201, status, 400)).kind).toBe("later");
  });
  it("is not believed when it is no answer of a bulk", () => {
    for (const body of ["", "{}", "ok", items(201, 201), { errors: "no", items: [] }])
      expect(judge("elastic", 200, body).kind).toBe("later");
  });
});

describe("OTLP's partial success", () => {
  it("keeps all of the batch, since nobody says which record was refused", () => {
    const outcome = judge("otlp", 200, { partialSuccess: { rejectedLogRecords: "1", errorMessage: "too old" } });
    expect(outcome).toMatchObject({ kind: "taken" });
    expect(outcome.kind === "taken" && outcome.refused.map(({ line }) => line)).toEqual(["one", "two", "three"]);
  });
  it("is none with nothing refused", () => {
    for (const body of [{}, { partialSuccess: {} }, { partialSuccess: { rejectedLogRecords: 0, errorMessage: "hm" } }])
      expect(judge("otlp", 200, body)).toEqual({ kind: "taken", refused: [] });
  });
});
