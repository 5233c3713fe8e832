import { createHash } from "node:crypto";
import * as http from "node:http";
import { startGate, type Gate } from "../../support/gate";
import type { Reply } from "../../support/upstream";

const PUBLIC = "https://gate.acme.dev";
const EVIL = "evil.example";

interface Heard {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

/** Every answer in which the gate names itself, by a client that calls it something else. */
describe("a gate that knows its public address", () => {
  let gate: Gate;
  beforeAll(async () => {
    gate = await startGate({ direct: true, gate: { lfs: "proxy" }, bindings: { PUBLIC_URL: PUBLIC } });
  }, 60_000);
  beforeEach(() => gate.upstream.reset());
  afterAll(() => gate.stop());

  const forged = (
    target: string,
    { method = "GET", headers = {}, body = "" }: { method?: string; headers?: object; body?: string } = {},
  ): Promise<Heard> =>
    new Promise((resolve, reject) => {
      const sent = http.request(
        gate.url + target,
        {
          method,
          agent: false,
          headers: {
            host: EVIL,
            "x-forwarded-host": EVIL,
            forwarded: `host=${EVIL};proto=http`,
            "x-forwarded-proto": "http",
            authorization: `Bearer ${gate.key}`,
            ...headers,
          },
        },
        (answer) => {
          let text = "";
          answer.on("data", (part: Buffer) => (text += part.toString("latin1")));
          answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
        },
      );
      sent.on("error", reject);
      sent.end(body);
    });
  const clean = (heard: Heard): Heard => {
    expect(JSON.stringify([heard.headers, heard.text])).not.toMatch(/evil\.example|http:\/\/127/);
    return heard;
  };

  it.each(["", "/api/v3"])("names it in the body and in Link, below %j", async (prefix) => {
    const api = `${gate.upstream.url}/api/v3`;
    gate.upstream.handler = (): Reply => ({
      headers: { link: `<${api}/repositories/101/issues?page=2>; rel="next"` },
      body: JSON.stringify({ url: `${api}/repos/acme/api`, clone_url: `${gate.upstream.url}/acme/api.git` }),
    });
    const { headers, text } = clean(await forged(`${prefix}/repos/acme/api/issues`));
    expect(headers.link).toBe(`<${PUBLIC}${prefix}/repos/acme/api/issues?page=2>; rel="next"`);
    expect(JSON.parse(text)).toEqual({
      url: `${PUBLIC}${prefix}/repos/acme/api`,
      clone_url: `${PUBLIC}/acme/api.git`,
    });
  });

  it("names it in Location", async () => {
    gate.upstream.handler = (): Reply => ({
      status: 301,
      headers: { location: `${gate.upstream.url}/api/v3/repositories/101` },
    });
    expect(clean(await forged("/repos/acme/api")).headers.location).toBe(`${PUBLIC}/repos/acme/api`);
  });

  it("names it where a download is", async () => {
    gate.upstream.handler = (): Reply => ({ status: 302, headers: { location: `${gate.upstream.url}/x?sig=1` } });
    const { status, headers } = clean(await forged("/api/v3/repos/acme/api/actions/jobs/1/logs"));
    expect([status, headers.location?.replace(/[A-Za-z0-9_-]{40,}$/, "")]).toEqual([302, `${PUBLIC}/_download/`]);
  });

  it("names it in the addresses of LFS objects", async () => {
    const oid = createHash("sha256").update("x").digest("hex");
    gate.upstream.handler = ({ url }): Reply => ({
      body: JSON.stringify({
        transfer: "basic",
        objects: [{ oid, size: 1, actions: { download: { href: `${gate.upstream.url}/storage${url}` } } }],
      }),
    });
    const { text } = clean(
      await forged("/acme/api.git/info/lfs/objects/batch", {
        method: "POST",
        headers: { "content-type": "application/vnd.git-lfs+json" },
        body: JSON.stringify({ operation: "download", transfers: ["basic"], objects: [{ oid, size: 1 }] }),
      }),
    );
    expect(text).toContain(`"href":"${PUBLIC}/acme/api.git/info/lfs/objects/${oid}"`);
  });

  it.each<[string, string, Parameters<typeof forged>[1], string]>([
    ["REST", "/repos/acme/secrets", {}, "repository-not-listed"],
    ["a stranger", "/repos/acme/api", { headers: { authorization: "Bearer none" } }, "unauthenticated"],
    ["GraphQL", "/graphql", { method: "POST", body: '{"query":"{ viewer { email } }"}' }, "graphql-field"],
    ["git", "/acme/secrets.git/info/refs?service=git-upload-pack", {}, "repository-not-listed"],
    ["an operator's route", "/_gate/ready", {}, "not-found"],
  ])("names it where a refusal is explained: %s", async (_, target, how, rule) => {
    const { text } = clean(
      await forged(target, { ...how, headers: { "content-type": "application/json", ...how?.headers } }),
    );
    expect(text).toContain(`${PUBLIC}/_gate/docs#${rule}`);
  });
});
