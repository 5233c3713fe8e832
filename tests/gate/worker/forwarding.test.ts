import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { AuditRecord } from "../../../gate/policy/audit";
import { until } from "../../support/until";
import { AlertReceiver } from "../support/alerts";
import { startGate, type Gate } from "../support/gate";
import { seqsIn, taken } from "../support/sinks";
import { Upstream, type Reply } from "../support/upstream";

/* The forwarder beside the real gate: real ledger, real bucket, receivers on loopback. */

const SECRET = `secret-${randomBytes(12).toString("hex")}`;
let gate: Gate;
let alerts: AlertReceiver;
const receivers: Record<string, Upstream> = {};

beforeAll(async () => {
  for (const kind of ["https", "splunk-hec", "elastic", "otlp", "s3"]) receivers[kind] = await Upstream.start();
  alerts = await AlertReceiver.start();
  const at = (kind: string): string => receivers[kind]!.url;
  gate = await startGate({
    bindings: alerts.bindings,
    sinks: {
      sinks: [
        { kind: "https", name: "https", url: `${at("https")}/in` },
        { kind: "splunk-hec", name: "splunk-hec", url: `${at("splunk-hec")}/services/collector/event` },
        { kind: "elastic", name: "elastic", url: at("elastic"), index: "audit" },
        { kind: "otlp", name: "otlp", url: `${at("otlp")}/v1/logs` },
        { kind: "s3", name: "s3", url: `${at("s3")}/bucket`, region: "eu-central-1", accessKeyId: "AKEXAMPLE" },
      ],
      secrets: Object.fromEntries(["https", "splunk-hec", "elastic", "otlp", "s3"].map((kind) => [kind, SECRET])),
    },
  });
}, 60_000);
afterAll(async () => {
  await gate.stop();
  await Promise.all([alerts, ...Object.values(receivers)].map((one) => one.stop()));
});

it("brings every record to every kind of sink, which fails half of the time", async () => {
  const has: Record<string, Set<number>> = {};
  for (const [kind, receiver] of Object.entries(receivers)) {
    let turn = 0;
    const got = (has[kind] = new Set<number>());
    receiver.handler = (received) => {
      // The half that fails: sometimes before, sometimes after it has kept the records.
      if (turn++ % 2 === 0) {
        if (turn % 4 === 1) for (const seq of seqsIn(kind, received)) got.add(seq);
        return { status: 503 };
      }
      for (const seq of seqsIn(kind, received)) got.add(seq);
      return taken(kind, received);
    };
  }
  for (let i = 0; i < 30; i++) await gate.ask("/repos/acme/api");
  await until(
    "all records at all sinks",
    async () => {
      await gate.operate("GET", "/_gate/audit");
      await gate.forward();
      return Object.values(has).every((got) => got.size >= 30);
    },
    { ms: 25_000, every: 200 },
  );
  for (const got of Object.values(has)) {
    const seqs = [...got].sort((a, b) => a - b);
    expect(seqs).toEqual(seqs.map((_, i) => i + 1));
  }
}, 60_000);

it("signs in with each sink's credential, as its kind wants it", () => {
  const authorization = (kind: string): string => String(receivers[kind]!.received[0]?.headers.authorization);
  expect(authorization("https")).toBe(`Bearer ${SECRET}`);
  expect(authorization("otlp")).toBe(`Bearer ${SECRET}`);
  expect(authorization("splunk-hec")).toBe(`Splunk ${SECRET}`);
  expect(authorization("elastic")).toBe(`ApiKey ${SECRET}`);
  expect(authorization("s3")).toMatch(
    /^AWS4-HMAC-SHA256 Credential=AKEXAMPLE\/\d{8}\/eu-central-1\/s3\/aws4_request, SignedHeaders=.*host.*, Signature=[0-9a-f]{64}$/,
  );
  expect(receivers.s3!.received[0]).toMatchObject({
    method: "PUT",
    url: expect.stringMatching(/^\/bucket\/audit\/0{14}1-\d{15}\.jsonl$/),
  });
  expect(receivers.elastic!.received[0]?.url).toBe("/_bulk");
});

it("keeps a record that a sink refuses for its content, with the reason, and goes on with the others", async () => {
  const https = receivers.https!;
  const got = new Set<number>();
  let poison = 0;
  https.handler = (received) => {
    const seqs = seqsIn("https", received);
    if (poison === 0) poison = seqs[2] ?? 0;
    if (seqs.includes(poison)) return { status: 400, body: "field path: too long" };
    for (const seq of seqs) got.add(seq);
    return { status: 200 };
  };
  for (const kind of Object.keys(receivers).filter((kind) => kind !== "https"))
    receivers[kind]!.handler = (received) => taken(kind, received);
  for (let i = 0; i < 8; i++) await gate.ask("/repos/acme/api");
  const bucket = await gate.miniflare.getR2Bucket("AUDIT", "github-gate");
  const key = await until(
    "the dead letter",
    async () => {
      await gate.operate("GET", "/_gate/audit");
      await gate.forward();
      return (await bucket.list({ prefix: "dead-letters/https/" })).objects[0]?.key;
    },
    { ms: 20_000, every: 200 },
  );
  expect(key).toBe(`dead-letters/https/${poison}-${poison}.jsonl`);
  const letter = JSON.parse((await (await bucket.get(key))?.text()) ?? "") as { reason: string; record: AuditRecord };
  expect([letter.record.seq, letter.reason]).toEqual([poison, "400 field path: too long"]);
  await until("the record after it", async () => {
    await gate.forward();
    return got.has(poison + 1);
  });
  expect(got.has(poison)).toBe(false);
  expect(await alerts.of("gate.audit-sink-refused")).toMatchObject({
    signed: true,
    severity: "medium",
    first: expect.stringContaining("dead-letters/<sink>/"),
    data: { sink: "https", records: 1, first: poison, problem: "400 field path: too long" },
  });
}, 60_000);

it("delays no request, and no other sink, when one hangs; its records come when it is back", async () => {
  const https = receivers.https!;
  https.reset();
  let release = (): void => undefined;
  const held = new Promise<Reply>((resolve) => (release = () => resolve({ status: 503 })));
  https.handler = () => held;
  await gate.ask("/repos/acme/api");
  await gate.operate("GET", "/_gate/audit");
  const hanging = gate.forward();
  await until("the request that hangs", () => https.received.length > 0);
  receivers.otlp!.reset();
  receivers.otlp!.handler = () => ({ status: 200, body: gzipSync("{}"), headers: { "content-encoding": "gzip" } });
  for (let i = 0; i < 5; i++) expect((await gate.ask("/repos/acme/api")).status).toBe(200);
  await gate.operate("GET", "/_gate/audit");
  const forwarded = await until("the records at the other sink", async () => {
    // The first run may still be at it; then this one leaves it alone.
    await gate.forward();
    const seqs = receivers.otlp!.received.flatMap((received) => seqsIn("otlp", received));
    return seqs.length > 5 && seqs;
  });
  expect(https.received).toHaveLength(1);
  // The other sink may have been behind: what this one has already does not come again.
  const first = Math.min(...seqsIn("https", https.received[0]!));
  release();
  await hanging;
  const got = new Set<number>();
  https.handler = (received) => {
    for (const seq of seqsIn("https", received)) got.add(seq);
    return { status: 200 };
  };
  await until("what waited", async () => {
    await gate.forward();
    return forwarded.filter((seq) => seq >= first).every((seq) => got.has(seq));
  });
}, 60_000);
