import { createHash, randomBytes } from "node:crypto";
import * as http from "node:http";
import { until } from "../../../support/until";
import { startGate, type Gate } from "../../support/gate";

/** A fetch as git sends it. */
const FETCH = "0011command=fetch0001" + `0032want ${"1".repeat(40)}\n` + "0009done\n0000";

/** What arrives of an answer, and whether it arrived whole. */
function fetchPack(
  gate: Gate,
  leaveAfter = Number.POSITIVE_INFINITY,
): Promise<{ status: number; bytes: Buffer; whole: boolean }> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    const request = http.request(
      `${gate.url}/acme/api.git/git-upload-pack`,
      {
        method: "POST",
        agent: false,
        headers: {
          authorization: `Bearer ${gate.key}`,
          "content-type": "application/x-git-upload-pack-request",
          "git-protocol": "version=2",
        },
      },
      (response) => {
        let length = 0;
        const end = (): void =>
          resolve({ status: response.statusCode ?? 0, bytes: Buffer.concat(parts), whole: response.complete });
        response.on("data", (part: Buffer) => {
          parts.push(part);
          length += part.length;
          if (length > leaveAfter) request.destroy();
        });
        response.on("error", () => undefined);
        response.on("close", end);
      },
    );
    request.on("error", () => undefined);
    request.end(FETCH);
  });
}

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** The newest record of a fetch, once it is there. */
async function recordOf(gate: Gate, requests: number): Promise<{ status: number; bytesOut: number; reason: string }> {
  const lines = await until("the record of the fetch", async () => {
    const all = (await (await gate.operate("GET", "/_gate/audit?limit=1000")).text()).split("\n");
    const fetches = all.filter((line) => line.includes('"route":"git.fetch"'));
    return fetches.length >= requests && fetches;
  });
  return JSON.parse(lines.at(-1) ?? "{}") as { status: number; bytesOut: number; reason: string };
}

describe("a stream", () => {
  let gate: Gate;
  let pack: Buffer;
  let headers: Record<string, string> = {};
  beforeAll(async () => {
    gate = await startGate({ gate: { maxDownloadBytes: 4_000_000 } });
    gate.upstream.handler = ({ url }) =>
      url.endsWith("/git-upload-pack")
        ? { headers: { "content-type": "application/x-git-upload-pack-result", ...headers }, body: pack }
        : {};
  });
  afterAll(() => gate?.stop());

  it("passes whole and unchanged, and is recorded with its length", async () => {
    pack = randomBytes(3_999_999);
    const { status, bytes, whole } = await fetchPack(gate);
    expect({ status, whole, sha256: sha256(bytes) }).toEqual({ status: 200, whole: true, sha256: sha256(pack) });
    expect(await recordOf(gate, 1)).toMatchObject({ status: 200, bytesOut: pack.length, reason: "" });
  });

  it("of one byte passes", async () => {
    pack = Buffer.from("x");
    expect(await fetchPack(gate)).toEqual({ status: 200, bytes: pack, whole: true });
  });

  it("is refused at once when it declares more than the limit", async () => {
    pack = randomBytes(4_000_001);
    headers = { "content-length": "4000001" };
    const { status, bytes } = await fetchPack(gate);
    // In git's own protocol; the record has the status that it means.
    expect([status, bytes.toString().slice(4, 25)]).toEqual([200, "ERR answer-too-large:"]);
  });

  it("ends at the limit when it declares no length", async () => {
    pack = randomBytes(6_000_000);
    headers = {};
    const { bytes } = await fetchPack(gate);
    expect(bytes.length).toBeLessThanOrEqual(4_000_000);
    expect(await recordOf(gate, 4)).toMatchObject({ reason: "answer-too-large" });
  });

  it("breaks the client's connection when it ends before its declared length", async () => {
    pack = randomBytes(1_000_000);
    headers = { "content-length": "2000000" };
    const before = gate.upstream.received.length;
    const fetched = fetchPack(gate);
    await until("the request at GitHub", () => gate.upstream.received.length > before);
    gate.upstream.dropConnections();
    expect((await fetched).whole).toBe(false);
  });

  it("ends when its client leaves, and the gate goes on", async () => {
    pack = randomBytes(3_500_000);
    headers = {};
    const { whole } = await fetchPack(gate, 100_000);
    expect(whole).toBe(false);
    expect((await gate.ask("/repos/acme/api")).status).toBe(200);
    expect((await fetchPack(gate)).whole).toBe(true);
  });
});
