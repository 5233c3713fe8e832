import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { ruleIn, startGate, type Gate } from "../../support/gate";
import { BareRepository, git } from "../../support/repository";
import { freshFetch } from "../../../support/freshFetch";

const MAIN = "refs/heads/main";
const AGENT = "refs/heads/claude/x";
const ZERO = "0".repeat(40);
const ID = "1".repeat(40);

let gate: Gate;
let repository: BareRepository;
let clones = 0;

beforeAll(async () => {
  gate = await startGate({ gate: { maxPushBytes: 3_000_000 } });
  repository = new BareRepository("acme", "api");
  repository.seed();
}, 60_000);
afterAll(async () => {
  await gate?.stop();
  repository?.remove();
});
beforeEach(() => {
  gate.upstream.reset();
  gate.upstream.handler = repository.handler;
});

const remote = (from = gate, name = "acme/api"): string =>
  `${from.url.replace("://", `://x-access-token:${from.key}@`)}/${name}.git`;

async function work(files: Record<string, string | Buffer> = {}, from = gate): Promise<string> {
  const target = path.join(repository.root, `clone-${++clones}`);
  expect(await git(repository.root, "clone", "-q", remote(), target)).toEqual({ code: 0, out: "" });
  await git(target, "remote", "set-url", "origin", remote(from));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(target, name)), { recursive: true });
    writeFileSync(path.join(target, name), content);
  }
  await git(target, "add", "-A");
  await git(target, "commit", "-q", "--allow-empty", "-m", "change");
  return target;
}

interface Packet {
  readonly band: number;
  readonly text: string;
}
/** Reads what git would: packets, and the bands in them. */
function packets(bytes: Buffer): string[] {
  const out: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = parseInt(bytes.subarray(at, at + 4).toString("latin1"), 16);
    if (!(length >= 0) || length > 65_520) throw new Error(`no packet at ${at}`);
    out.push(length === 0 ? "flush" : bytes.subarray(at + 4, at + length).toString("utf8"));
    at += Math.max(length, 4);
  }
  return out;
}
const bands = (bytes: Buffer): Packet[] =>
  packets(bytes).map((p) => (p === "flush" ? { band: 0, text: "" } : { band: p.charCodeAt(0), text: p.slice(1) }));
const reported = (bytes: Buffer): string[] =>
  packets(
    Buffer.from(
      bands(bytes)
        .filter(({ band }) => band === 1)
        .map(({ text }) => text)
        .join(""),
    ),
  );

const line = (text: string | Buffer): Buffer =>
  Buffer.concat([
    Buffer.from((Buffer.byteLength(text) + 4).toString(16).padStart(4, "0")),
    Buffer.from(text as string),
  ]);
const commands = (refs: readonly string[], capabilities: string): Buffer =>
  Buffer.concat([
    ...refs.map((ref, i) => line(`${ZERO} ${ID} ${ref}${i === 0 ? `\0${capabilities}` : ""}`)),
    Buffer.from("0000"),
  ]);

function push(
  body: Buffer,
  headers: Record<string, string> = {},
  target = "/acme/api.git/git-receive-pack",
): Promise<Response> {
  return gate.ask(target, {
    method: "POST",
    headers: { "content-type": "application/x-git-receive-pack-request", ...headers },
    body: new Uint8Array(body),
  });
}
const bytesOf = async (answer: Response): Promise<Buffer> => Buffer.from(await answer.arrayBuffer());

async function lastRecord(from = gate): Promise<{ decision: string; reason: string; status: number; route: string }> {
  const lines = (await (await from.operate("GET", "/_gate/audit?limit=10000")).text()).trim().split("\n");
  const records = lines.map(
    (l) => JSON.parse(l) as { decision: string; reason: string; status: number; route: string; path: string },
  );
  return (
    // git asks without a key first, and what comes without a key is written down in a line of its own.
    records
      .filter(({ path: p, reason }) => (p.includes("git-") || p.includes("info/refs")) && reason !== "unauthenticated")
      .at(-1) ?? {
      decision: "",
      reason: "",
      status: 0,
      route: "",
    }
  );
}

describe("a refused push tells real git", () => {
  it.each<[string, string, Record<string, string | Buffer>, string, RegExp]>([
    [
      "of another branch",
      "HEAD:refs/heads/main",
      { a: "1" },
      "ref-outside-agent-space",
      /Use a branch such as claude\//,
    ],
    ["of a tag", "HEAD:refs/tags/v1", { a: "1" }, "ref-outside-agent-space", /refs\/tags\/v1/],
    [
      "of a workflow",
      `HEAD:${AGENT}`,
      { ".github/workflows/x.yml": "on: push\n" },
      "protected-path",
      /\.github\/workflows\/x\.yml/,
    ],
    [
      "of a credential",
      `HEAD:${AGENT}`,
      { k: `ghp_${randomBytes(18).toString("hex")}` },
      "secret-in-content",
      /Remove it from every commit/,
    ],
    [
      "that is too large and streams",
      `HEAD:${AGENT}`,
      { big: randomBytes(4_500_000) },
      "push-too-large",
      /smaller files/,
    ],
    [
      "that is refused before it is sent whole",
      "HEAD:refs/heads/main",
      { big: randomBytes(2_800_000) },
      "ref-outside-agent-space",
      /claude\//,
    ],
  ])("%s", async (_name, spec, files, rule, says) => {
    const { code, out } = await git(await work(files), "push", "origin", spec);
    expect([code, out]).toEqual([1, expect.stringMatching(says)]);
    expect(out).toMatch(new RegExp(`remote: ${rule}: `));
    expect(out).toMatch(new RegExp(`! \\[remote rejected\\] .*\\(${rule}: `));
    expect(out).toMatch(new RegExp(`remote: See ${gate.url}/_gate/docs#${rule}`));
    expect(out).toMatch(/remote: Request id: \S+/);
    expect(out).not.toMatch(/Everything up-to-date|curl|HTTP/);
    expect(await lastRecord()).toMatchObject({ decision: "deny", reason: rule, route: "git.push" });
    expect((await lastRecord()).status).toBeGreaterThanOrEqual(403);
    expect(gate.upstream.received.filter(({ url }) => url.endsWith("/git-receive-pack"))).toEqual([]);
  });

  it("that something is deleted", async () => {
    repository.git(repository.bare, "update-ref", AGENT, MAIN);
    const { code, out } = await git(await work(), "push", "origin", ":refs/heads/claude/x");
    expect([code, out]).toEqual([
      1,
      expect.stringMatching(/! \[remote rejected\] claude\/x \(ref-delete: Agents cannot delete/),
    ]);
    expect([repository.refs().includes(AGENT), (await lastRecord()).reason]).toEqual([true, "ref-delete"]);
    repository.git(repository.bare, "update-ref", "-d", AGENT);
  });

  it("about each reference of several, also of an atomic one, by --porcelain and quietly", async () => {
    const specs = ["HEAD:refs/heads/claude/both", "HEAD:refs/heads/main"];
    for (const option of ["--atomic", "--porcelain", "-q"]) {
      const { out } = await git(await work({ a: option }), "push", option, "origin", ...specs);
      expect([option, out.match(/\[remote rejected\] \(?ref-outside|\(ref-outside-agent-space: /g)?.length]).toEqual([
        option,
        2,
      ]);
    }
    expect(repository.refs()).not.toContain("refs/heads/claude/both");
  });

  it("about limits and about failures", async () => {
    const slow = await startGate({ gate: { requestsPerMinute: 4 } });
    try {
      slow.upstream.handler = repository.handler;
      const clone = await work({ a: "1" }, slow);
      for (let i = 0; i < 3; i++) await slow.ask("/repos/acme/api");
      // The advertisement still passes; the push behind it is one too many.
      const { out } = await git(clone, "push", "origin", `HEAD:${AGENT}`);
      expect(out).toMatch(/\[remote rejected\].*\(limit-requests-minute: .*Try again in \d+ seconds/);
      expect(await lastRecord(slow)).toMatchObject({ decision: "deny", status: 429 });
      const again = await git(clone, "push", "origin", `HEAD:${AGENT}`);
      expect(again.out).toMatch(/remote: limit-requests-minute: .*\n[^]*error: 429/);
    } finally {
      await slow.stop();
    }
    gate.upstream.handler = (request) =>
      request.url.endsWith("/git-receive-pack") ? { status: 500, body: "broken" } : repository.handler(request);
    const { out } = await git(await work({ a: "2" }), "push", "origin", `HEAD:${AGENT}`);
    expect(out).toMatch(/\[remote rejected\].*\(upstream-error: /);
    expect(await lastRecord()).toMatchObject({ reason: "upstream-error", status: 502 });
  }, 60_000);
});

describe("a refused fetch tells real git", () => {
  it("why, where the first request is refused", async () => {
    for (const [name, rule] of [
      ["acme/secrets", "repository-not-listed"],
      ["other-org/api", "owner-not-allowed"],
    ] as const) {
      const { code, out } = await git(
        repository.root,
        "clone",
        remote(gate, name),
        path.join(repository.root, `n-${++clones}`),
      );
      expect([code, out]).toEqual([
        1,
        expect.stringMatching(new RegExp(`remote: ${rule}: [^]*remote: See http[^]*error: 403`)),
      ]);
      expect(await lastRecord()).toMatchObject({ decision: "deny", reason: rule, status: 403 });
    }
    const clone = await work({ a: "1" });
    await git(clone, "remote", "set-url", "origin", remote(gate, "acme/docs"));
    expect((await git(clone, "push", "origin", "HEAD:refs/heads/claude/x")).out).toMatch(/remote: access-read-only: /);
  });

  it("why, where a command or an option is refused", async () => {
    const target = path.join(repository.root, `n-${++clones}`);
    const { code, out } = await git(repository.root, "clone", "--filter=sparse:oid=HEAD:x", remote(), target);
    expect([code, out]).toEqual([
      1,
      expect.stringMatching(/fatal: remote error: git-command: [^]*See http[^]*Request id: /),
    ]);
    expect(await lastRecord()).toMatchObject({ reason: "git-command", status: 403 });
    const old = await git(
      repository.root,
      "-c",
      "protocol.version=0",
      "clone",
      "--filter=combine:tree:3+blob:none",
      remote(),
      target,
    );
    expect([old.code, old.out]).toEqual([1, expect.stringMatching(/fatal: remote error: git-command: /)]);
  });
});

describe("in git's protocol", () => {
  it("a refusal names each reference, with and without side bands, in both forms of the report", async () => {
    for (const capabilities of [
      "report-status side-band-64k agent=git/2.55",
      "report-status-v2 side-band-64k atomic object-format=sha1",
    ]) {
      const answer = await push(commands([MAIN, AGENT], capabilities));
      expect([answer.status, answer.headers.get("content-type")]).toEqual([
        200,
        "application/x-git-receive-pack-result",
      ]);
      const bytes = await bytesOf(answer);
      expect(reported(bytes)).toEqual([
        "unpack ok\n",
        expect.stringMatching(/^ng refs\/heads\/main ref-outside-agent-space: .+\n$/),
        expect.stringMatching(/^ng refs\/heads\/claude\/x ref-outside-agent-space: .+\n$/),
        "flush",
      ]);
      expect(bands(bytes).at(-1)).toEqual({ band: 0, text: "" });
    }
    const plain = packets(await bytesOf(await push(commands([MAIN], " report-status"))));
    expect(plain).toEqual(["unpack ok\n", expect.stringMatching(/^ng refs\/heads\/main ref-/), "flush"]);
  });

  it("a client that asks for no report is refused as before", async () => {
    for (const capabilities of ["", "side-band-64k", "ofs-delta"]) {
      const answer = await push(commands([MAIN], capabilities));
      expect([answer.status, ruleIn(await answer.text())]).toEqual([403, "ref-outside-agent-space"]);
    }
    const none = await push(Buffer.from("zzzz"));
    expect([none.status, ruleIn(await none.text())]).toEqual([400, "git-malformed"]);
  });

  it.each<[string, string, string]>([
    [
      "a closed capability",
      commands([AGENT], "report-status side-band-64k push-options").toString("latin1"),
      "git-capability",
    ],
    [
      "two commands for one reference",
      commands([AGENT, AGENT], "report-status side-band-64k").toString("latin1"),
      "git-malformed",
    ],
    [
      "a hundred references",
      commands(
        Array.from({ length: 100 }, (_, i) => `${AGENT}-${i}`),
        "report-status side-band-64k",
      ).toString("latin1"),
      "git-malformed",
    ],
    ["no pack", commands([AGENT], "report-status side-band-64k").toString("latin1"), "body-aborted"],
    [
      "a broken pack",
      `${commands([AGENT], "report-status side-band-64k").toString("latin1")}PACKxxxxxxxxxxxxxxxxxxxxxxxx`,
      "pack-malformed",
    ],
  ])("%s is refused in band", async (_name, body, rule) => {
    const answer = await push(Buffer.from(body, "latin1"));
    expect(answer.status).toBe(200);
    const lines = reported(await bytesOf(answer));
    expect(lines.filter((l) => l.startsWith("ng ")).every((l) => l.includes(` ${rule}: `))).toBe(true);
    expect(lines.length).toBeGreaterThan(2);
    expect((await lastRecord()).reason).toBe(rule);
  });

  it("headers, targets and repositories are refused in band too", async () => {
    const body = commands([MAIN], "report-status side-band-64k");
    for (const [headers, target, rule] of [
      [{ "x-http-method-override": "GET" }, undefined, "header-forbidden"],
      [{}, "/acme/docs.git/git-receive-pack", "access-read-only"],
      [{}, "/acme/none.git/git-receive-pack", "repository-not-listed"],
      [{}, "/acme//api.git/git-receive-pack", "path-empty-segment"],
    ] as const) {
      const answer = await push(body, headers, target);
      expect([answer.status, reported(await bytesOf(answer))[1]]).toEqual([
        200,
        expect.stringMatching(new RegExp(`^ng refs/heads/main ${rule}: `)),
      ]);
    }
  });

  it("names are quoted without control bytes, and others as they came", async () => {
    for (const bad of ["refs/heads/a\u001b[31m", "refs/heads/a\u0007b", "refs/heads/a\u009b31m", "refs/heads/a\nb"]) {
      const bytes = await bytesOf(await push(commands([bad], "report-status side-band-64k")));
      expect(
        bands(bytes)
          .map(({ text }) => text)
          .join("")
          .replaceAll("\n", ""),
      ).not.toMatch(/\p{Cc}/u);
      expect(reported(bytes)).toHaveLength(3);
    }
    const umlaut = await bytesOf(await push(commands(["refs/heads/müll-🚀"], "report-status side-band-64k")));
    expect(reported(umlaut)[1]).toMatch(/^ng refs\/heads\/müll-🚀 ref-outside-agent-space: /);
  });

  it("the empty request before a large push still passes", async () => {
    const answer = await push(Buffer.from("0000"));
    expect([answer.status, (await bytesOf(answer)).length]).toEqual([200, 0]);
  });

  it("what is still being sent is read to its end, within bounds", async () => {
    const head = commands([MAIN], "report-status side-band-64k");
    const stream = (bytes: number): ReadableStream =>
      new ReadableStream({
        start(controller) {
          controller.enqueue(new Uint8Array(head));
          for (let i = 0; i < bytes; i += 100_000) controller.enqueue(new Uint8Array(100_000));
          controller.close();
        },
      });
    const send = (bytes: number): Promise<Response> =>
      gate.ask("/acme/api.git/git-receive-pack", {
        method: "POST",
        headers: { "content-type": "application/x-git-receive-pack-request" },
        body: stream(bytes),
        duplex: "half",
      } as RequestInit);
    const answer = await send(3_500_000);
    expect([answer.status, reported(await bytesOf(answer))[1]]).toEqual([
      200,
      expect.stringMatching(/^ng refs\/heads\/main /),
    ]);
    const beyond = await send(30_000_000).then(
      (a) => a.status,
      () => 0,
    );
    expect([0, 200]).toContain(beyond);
    expect((await lastRecord()).reason).toBe("ref-outside-agent-space");
  });

  it("without a key it is a 401, which git answers with its key", async () => {
    const answer = await freshFetch(`${gate.url}/acme/api.git/git-receive-pack`, {
      method: "POST",
      headers: { "content-type": "application/x-git-receive-pack-request" },
      body: new Uint8Array(commands([MAIN], "report-status side-band-64k")),
    });
    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, expect.stringMatching(/^Basic/)]);
  });
});
