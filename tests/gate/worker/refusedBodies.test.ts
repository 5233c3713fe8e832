import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { Octokit } from "@octokit/rest";
import { startGate, type Gate } from "../support/gate";

const MEGABYTE = 1024 * 1024;

/** A client that still sends sees a broken connection instead of an answer, unless what it sends is read. */
describe("the refusal of a large body reaches its client", () => {
  let gate: Gate;
  let folder: string;
  beforeAll(async () => {
    gate = await startGate({ direct: true, gate: { lfs: "proxy" } });
    folder = await mkdtemp(path.join(tmpdir(), "gatehouse-bodies-"));
  }, 60_000);
  afterAll(async () => {
    await gate?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const json = { "content-type": "application/json" };
  it.each<[string, string, Record<string, string>, number]>([
    ["a wrong key", "/repos/acme/api/issues", { ...json, authorization: "Bearer wrong" }, 401],
    ["no key at an operator's route", "/_gate/deny", { authorization: "Bearer wrong" }, 404],
    ["a body over the limit", "/repos/acme/api/issues", json, 413],
    // In GraphQL's own form, as GitHub refuses.
    ["a GraphQL body over the limit", "/graphql", json, 200],
    ["another content type", "/repos/acme/api/issues", { "content-type": "application/octet-stream" }, 415],
    ["an encoding", "/repos/acme/api/issues", { ...json, "content-encoding": "br" }, 415],
    ["a closed route", "/repos/acme/api/hooks", json, 403],
    ["an unlisted repository", "/repos/acme/other/issues", json, 403],
    ["a path that is none", "/repos/acme//api/issues", json, 400],
    ["an object without its address", `/acme/api.git/info/lfs/objects/${"a".repeat(64)}`, {}, 403],
  ])(
    "%s, with and without a declared length",
    async (_name, target, headers, status) => {
      const method = target.includes("/lfs/") ? "PUT" : "POST";
      const seen: unknown[] = [];
      for (const size of [1.5, 4, 12])
        for (const chunked of [false, true]) {
          const bytes = Buffer.alloc(size * MEGABYTE, 120);
          const body = chunked ? new Blob([bytes]).stream() : bytes;
          const init = { method, headers, body, ...(chunked ? { duplex: "half" } : {}) } as RequestInit;
          seen.push(
            await gate.ask(target, init).then(
              async (answer) => [answer.status, (await answer.json()) !== undefined],
              (error: Error) => String(error.cause ?? error),
            ),
          );
        }
      expect(seen).toEqual(Array(6).fill([status, true]));
    },
    120_000,
  );

  it("by octokit", async () => {
    const octokit = new Octokit({
      auth: gate.key,
      baseUrl: gate.url,
      log: { debug() {}, info() {}, warn() {}, error() {} },
    });
    for (const size of [1.05, 4, 8]) {
      const refused = octokit.rest.issues.create({
        owner: "acme",
        repo: "api",
        title: "x",
        body: "x".repeat(size * MEGABYTE),
      });
      await expect(refused).rejects.toMatchObject({ status: 413 });
    }
  }, 60_000);

  it("by curl", async () => {
    const file = path.join(folder, "large");
    await writeFile(file, Buffer.alloc(8 * MEGABYTE, 120));
    for (const more of [[], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect:"]]) {
      const { stdout } = await promisify(execFile)("curl", [
        "-sS",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        ...more,
        "-H",
        `Authorization: Bearer ${gate.key}`,
        "-H",
        "Content-Type: application/json",
        "--data-binary",
        `@${file}`,
        `${gate.url}/repos/acme/api/issues`,
      ]);
      expect(stdout).toBe("413");
    }
  }, 60_000);

  it("at once where more is announced than is read, and soon where nothing comes", async () => {
    const ask = (length: number): Promise<[number, number]> =>
      new Promise((resolve, reject) => {
        const started = Date.now();
        const request = httpRequest(`${gate.url}/repos/acme/api/issues`, {
          method: "POST",
          headers: { ...json, authorization: `Bearer ${gate.key}`, "content-length": length },
        });
        request.on("response", (answer) => {
          resolve([answer.statusCode ?? 0, Date.now() - started]);
          request.destroy();
        });
        request.on("error", reject);
        request.flushHeaders();
      });
    const [huge, silent] = [await ask(10_000 * MEGABYTE), await ask(2 * MEGABYTE)];
    expect([huge[0], silent[0], huge[1] < 2_000, silent[1] < 10_000]).toEqual([413, 413, true, true]);
  }, 30_000);
});
