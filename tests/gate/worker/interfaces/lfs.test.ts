import { createHash, randomBytes } from "node:crypto";
import { RefusedObjects } from "../../../../gate/worker/interfaces/refusedObjects";
import { Refusal, REFUSALS } from "../../../../gate/policy";
import { made, ruleOf, startGate, type Gate } from "../../support/gate";
import { Upstream, type Reply } from "../../support/upstream";

const TYPE = "application/vnd.git-lfs+json";
const idOf = (content: Buffer): string => createHash("sha256").update(content).digest("hex");
interface Action {
  href: string;
  header: Record<string, string>;
  expires_in: number;
}
interface BatchAnswer {
  objects: { oid: string; size: number; error?: { code: number; message: string }; actions?: Record<string, Action> }[];
}

describe("Git LFS", () => {
  let gate: Gate;
  let storage: Upstream;
  const stored = new Map<string, Buffer>();
  /** What GitHub's place answers to a batch; tests that play a broken GitHub change it. */
  let change: (answer: { transfer?: string; objects: Record<string, unknown>[] }) => void = () => undefined;

  beforeAll(async () => {
    storage = await Upstream.start();
    gate = await startGate({
      gate: { lfs: "proxy", maxPushBytes: 3_000_000, maxDownloadBytes: 5_000_000 },
      policy: (policy) => ({ ...policy, lfsHosts: [new URL(storage.url).host] }),
    });
  }, 60_000);
  beforeEach(() => {
    stored.clear();
    storage.reset();
    gate.upstream.reset();
    change = () => undefined;
    gate.upstream.handler = ({ url, body }): Reply => {
      if (!url.endsWith("/info/lfs/objects/batch")) return { status: 404 };
      const asked = JSON.parse(body.toString()) as { operation: string; objects: { oid: string; size: number }[] };
      const answer = {
        transfer: "basic",
        objects: asked.objects.map(({ oid, size }): Record<string, unknown> => {
          if (asked.operation === "upload") {
            return {
              oid,
              size,
              actions: {
                upload: {
                  href: `${storage.url}/put/${oid}?signature=1`,
                  header: { "x-amz-date": "today", Authorization: "AWS4 signed" },
                },
                verify: { href: `${storage.url}/verify/${oid}`, header: { Authorization: "RemoteAuth x" } },
              },
            };
          }
          return stored.has(oid)
            ? { oid, size, actions: { download: { href: `${storage.url}/get/${oid}?signature=1` } } }
            : { oid, size, error: { code: 404, message: "Object does not exist" } };
        }),
      };
      change(answer);
      return { headers: { "content-type": TYPE }, body: JSON.stringify(answer) };
    };
    storage.handler = ({ method, url, body }): Reply => {
      const oid = /[0-9a-f]{64}/.exec(url)?.[0] ?? "";
      if (method === "PUT") stored.set(oid, body);
      return method === "GET"
        ? { headers: { "content-type": "application/octet-stream" }, body: stored.get(oid) ?? "" }
        : {};
    };
  });
  afterAll(async () => {
    await gate.stop();
    await storage.stop();
  });

  const batch = (operation: string, objects: unknown, repository = "api", more: object = {}): Promise<Response> =>
    gate.ask(`/acme/${repository}.git/info/lfs/objects/batch`, {
      method: "POST",
      headers: { "content-type": TYPE },
      body: JSON.stringify({ operation, transfers: ["basic", "ssh"], objects, hash_algo: "sha256", ...more }),
    });
  const actionsOf = async (answer: Response): Promise<Record<string, Action>> => {
    expect(answer.status).toBe(200);
    return ((await answer.json()) as BatchAnswer).objects[0]?.actions ?? {};
  };
  const follow = (action: Action | undefined, init: RequestInit = {}): Promise<Response> =>
    gate.ask(new URL(action?.href ?? "http://x/none").pathname, {
      ...init,
      headers: { ...action?.header, ...(init.headers as Record<string, string>) },
    });

  it("brings objects up and down through the gate, without the token and without showing where they lie", async () => {
    const content = randomBytes(2_000_000);
    const oid = idOf(content);
    const up = await actionsOf(await batch("upload", [{ oid, size: content.length }]));
    expect(JSON.stringify(up)).not.toMatch(/signature|AWS4|RemoteAuth/);
    expect(up["upload"]?.href).toBe(`${gate.url}/acme/api.git/info/lfs/objects/${oid}`);
    expect((await follow(up["upload"], { method: "PUT", body: content })).status).toBe(200);
    expect(
      (await follow(up["verify"], { method: "POST", body: JSON.stringify({ oid, size: content.length }) })).status,
    ).toBe(200);
    const [put, verified] = storage.received;
    expect([
      put?.url,
      put?.headers["authorization"],
      put?.headers["content-length"],
      put?.body.equals(content),
    ]).toEqual([`/put/${oid}?signature=1`, "AWS4 signed", String(content.length), true]);
    expect([verified?.url, verified?.body.toString()]).toEqual([
      `/verify/${oid}`,
      JSON.stringify({ oid, size: content.length }),
    ]);
    const down = await actionsOf(await batch("download", [{ oid, size: content.length }], "api"));
    const got = Buffer.from(await (await follow(down["download"])).arrayBuffer());
    expect(got.equals(content)).toBe(true);
    expect(storage.received[2]?.headers["authorization"]).toBeUndefined();
    expect(gate.upstream.received.map((r) => r.headers.authorization)).toEqual(
      Array(2).fill(`Basic ${Buffer.from(`x-access-token:${gate.token}`).toString("base64")}`),
    );
    const lines = (await (await gate.operate("GET", "/_gate/audit")).text())
      .trim()
      .split("\n")
      .map((l) => JSON.parse(l) as { route: string; repository: string });
    expect(lines.slice(-5).map(({ route }) => route)).toEqual([
      "git.push",
      "git.push",
      "git.push",
      "git.fetch",
      "git.fetch",
    ]);
  }, 30_000);

  it("lets a repository to read be read alone", async () => {
    const oid = idOf(Buffer.from("hello"));
    stored.set(oid, Buffer.from("hello"));
    expect((await batch("download", [{ oid, size: 5 }], "docs")).status).toBe(200);
    expect(await ruleOf(await batch("upload", [{ oid, size: 5 }], "docs"))).toBe("access-read-only");
    expect(await ruleOf(await batch("download", [{ oid, size: 5 }], "secrets"))).toBe("repository-not-listed");
    expect(
      await ruleOf(await gate.ask(`/acme/docs.git/info/lfs/objects/${oid}`, { method: "PUT", body: "hello" })),
    ).toBe("access-read-only");
  });

  it("takes only its own sealed addresses, each for its object, its repository and its direction", async () => {
    const [one, two] = [Buffer.from("one"), Buffer.from("two")];
    for (const content of [one, two]) stored.set(idOf(content), content);
    const down = (await actionsOf(await batch("download", [{ oid: idOf(one), size: 3 }])))["download"];
    expect((await follow(down)).status).toBe(200);
    const header = down?.header ?? {};
    const seal = header["x-gatehouse-lfs"] ?? "";
    for (const [target, headers, method] of [
      [`/acme/api.git/info/lfs/objects/${idOf(two)}`, header, "GET"],
      [`/acme/docs.git/info/lfs/objects/${idOf(one)}`, header, "GET"],
      [`/acme/api.git/info/lfs/objects/${idOf(one)}`, header, "PUT"],
      [`/acme/api.git/info/lfs/objects/${idOf(one)}`, {}, "GET"],
      [
        `/acme/api.git/info/lfs/objects/${idOf(one)}`,
        { "x-gatehouse-lfs": seal.slice(0, -4) + (seal.endsWith("AAAA") ? "BBBB" : "AAAA") },
        "GET",
      ],
      [`/acme/api.git/info/lfs/objects/${idOf(one)}`, { "x-gatehouse-lfs": made("", 100) }, "GET"],
    ] as const) {
      const answer = await gate.ask(target, {
        method,
        headers: headers as Record<string, string>,
        ...(method === "PUT" ? { body: "one" } : {}),
      });
      expect([answer.status, await ruleOf(answer)]).toEqual([403, "lfs-refused"]);
    }
    expect(storage.received).toHaveLength(1);
  });

  it.each<[string, (content: Buffer) => Buffer | Promise<Buffer>, string]>([
    [
      "a credential in it",
      (content) =>
        Buffer.concat([
          content.subarray(0, content.length - 60),
          Buffer.from(`  ghp_${randomBytes(18).toString("hex")}              `).subarray(0, 60),
        ]),
      "secret-in-content",
    ],
    [
      "another content than its id says",
      (content) => Buffer.concat([content.subarray(1), Buffer.from("x")]),
      "body-value",
    ],
    ["fewer bytes than were said", (content) => content.subarray(1), "body-aborted"],
    ["more bytes than were said", (content) => Buffer.concat([content, content]), "body-too-large"],
  ])("never completes an upload with %s", async (_name, spoil, rule) => {
    const plain = Buffer.from("plain words and nothing else. ".repeat(4000));
    const content = rule === "secret-in-content" ? await spoil(plain) : plain;
    const action = (await actionsOf(await batch("upload", [{ oid: idOf(content), size: content.length }])))["upload"];
    const answer = await follow(action, {
      method: "PUT",
      body: new Uint8Array(rule === "secret-in-content" ? content : await spoil(plain)),
    });
    expect(await ruleOf(answer)).toBe(rule);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([storage.received.length, stored.size]).toEqual([0, 0]);
    const good = (await actionsOf(await batch("upload", [{ oid: idOf(plain), size: plain.length }])))["upload"];
    expect((await follow(good, { method: "PUT", body: plain })).status).toBe(200);
  });

  it("refuses what is too large before anything moves", async () => {
    const oid = "a".repeat(64);
    const asked = await batch("upload", [
      { oid, size: 2_000_000 },
      { oid: "b".repeat(64), size: 1_000_001 },
    ]);
    expect([asked.status, await ruleOf(asked)]).toEqual([413, "push-too-large"]);
    expect(gate.upstream.received).toEqual([]);
    stored.set(oid, Buffer.alloc(10));
    const down = (await actionsOf(await batch("download", [{ oid, size: 5_000_001 }])))["download"];
    expect(await ruleOf(await follow(down))).toBe("answer-too-large");
  });

  it.each<[string, Parameters<typeof Object.assign>[1]]>([
    ["another transfer", { transfers: ["ssh"] }],
    ["another hash", { hash_algo: "sha512" }],
    ["an unknown key", { extra: 1 }],
    ["another operation", { operation: "verify" }],
    ["an id that is none", { objects: [{ oid: "A".repeat(64), size: 1 }] }],
    ["a negative size", { objects: [{ oid: "a".repeat(64), size: -1 }] }],
  ])("refuses a batch with %s", async (_name, more) => {
    const answer = await batch("download", [{ oid: "a".repeat(64), size: 1 }], "api", more as object);
    expect([answer.status, ["body-value", "body-key-not-allowed"].includes(await ruleOf(answer))]).toEqual([403, true]);
    expect(gate.upstream.received).toEqual([]);
  });

  it.each<[string, (objects: Record<string, unknown>[]) => void]>([
    [
      "an address elsewhere",
      (objects) => ((objects[0] as { actions: unknown }).actions = { download: { href: "http://127.0.0.1:1/x" } }),
    ],
    [
      "an address that holds a name",
      (objects) =>
        ((objects[0] as { actions: unknown }).actions = {
          download: { href: storage.url.replace("http://", "http://user@") },
        }),
    ],
    ["an object nobody asked for", (objects) => ((objects[0] as { oid: string }).oid = "f".repeat(64))],
    [
      "a header in two lines",
      (objects) =>
        ((objects[0] as { actions: unknown }).actions = {
          download: { href: `${storage.url}/x`, header: { a: "b\r\nc: d" } },
        }),
    ],
  ])("does not pass on an answer with %s", async (_name, spoil) => {
    stored.set("a".repeat(64), Buffer.from("x"));
    expect((await batch("download", [{ oid: "a".repeat(64), size: 1 }])).status).toBe(200);
    change = ({ objects }) => spoil(objects);
    const answer = await batch("download", [{ oid: "a".repeat(64), size: 1 }]);
    expect([answer.status, await ruleOf(answer)]).toEqual([502, "answer-refused"]);
  });

  it("remembers a refused object: the next batch has its error, and the upload is never answered 422", async () => {
    const content = Buffer.from(`token = ghp_${randomBytes(18).toString("hex")}\n`);
    const fine = Buffer.from("fine");
    const [oid, other] = [idOf(content), idOf(fine)];
    const action = (await actionsOf(await batch("upload", [{ oid, size: content.length }])))["upload"];
    const put = await follow(action, { method: "PUT", body: new Uint8Array(content) });
    expect([put.status, await ruleOf(put)]).toEqual([403, "secret-in-content"]);
    const before = gate.upstream.received.length;
    const alone = (await (await batch("upload", [{ oid, size: content.length }])).json()) as BatchAnswer;
    const error = { code: 422, message: expect.stringMatching(/^secret-in-content: .*Remove it/) as string };
    expect([alone.objects, gate.upstream.received.length]).toEqual([[{ oid, size: content.length, error }], before]);
    const both = (await (
      await batch("upload", [
        { oid, size: content.length },
        { oid: other, size: 4 },
      ])
    ).json()) as BatchAnswer;
    expect(both).toMatchObject({ objects: [{ oid: other }, { oid }] });
    expect(both.objects.find((o) => o.oid === oid)).toEqual({ oid, size: content.length, error });
    expect(
      (await follow(both.objects.find((o) => o.oid === other)?.actions?.["upload"], { method: "PUT", body: "fine" }))
        .status,
    ).toBe(200);
    expect(gate.upstream.received.slice(before).map(({ body }) => body.toString().includes(oid))).toEqual([false]);
    // To be read, and in another repository, it is another matter.
    stored.set(oid, content);
    expect((await actionsOf(await batch("download", [{ oid, size: content.length }])))["download"]).toBeDefined();
    const records = (await (await gate.operate("GET", "/_gate/audit?limit=10000")).text()).trim().split("\n");
    expect(
      records
        .map((r) => JSON.parse(r) as { reason: string; status: number })
        .filter((r) => r.reason === "secret-in-content")
        .slice(-2),
    ).toMatchObject([
      { decision: "deny", status: 403, path: expect.stringMatching(oid) as string },
      { decision: "deny", status: 403, path: "/acme/api.git/info/lfs/objects/batch" },
    ]);
    expect(Object.values(REFUSALS).filter(([status]) => (status as number) === 422)).toEqual([]);
  });

  it("forgets a refused object after some minutes, and remembers a thousand at most", () => {
    const known = new RefusedObjects();
    const refusal = new Refusal("secret-in-content");
    const asked = (oid: string): { write: boolean; sizes: Map<string, number> } => ({
      write: true,
      sizes: new Map([[oid, 1]]),
    });
    known.remember({ repository: "acme/api", oid: "a", action: "upload" }, refusal, 0);
    known.remember({ repository: "acme/api", oid: "b", action: "upload" }, new Refusal("limit-writes-minute"), 0);
    expect([
      known.among("acme/api", asked("a"), 299_000).size,
      known.among("acme/api", asked("a"), 301_000).size,
    ]).toEqual([1, 0]);
    expect([known.among("acme/docs", asked("a"), 1).size, known.among("acme/api", asked("b"), 1).size]).toEqual([0, 0]);
    for (let i = 0; i < 1000; i++)
      known.remember({ repository: "acme/api", oid: `x${i}`, action: "upload" }, refusal, 0);
    expect([known.among("acme/api", asked("a"), 1).size, known.among("acme/api", asked("x0"), 1).size]).toEqual([0, 1]);
  });

  it.each(["", "?refspec=refs%2Fheads%2Fmain", "?path=a.bin&limit=1", "/verify", "/12/unlock", "/verify?x=1"])(
    "has no locks: %s",
    async (rest) => {
      for (const method of ["GET", "POST"]) {
        const answer = await gate.ask(`/acme/api.git/info/lfs/locks${rest}`, {
          method,
          headers: { "content-type": TYPE },
          ...(method === "POST" ? { body: "{}" } : {}),
        });
        expect([method, answer.status]).toEqual([method, 404]);
      }
      expect(gate.upstream.received).toEqual([]);
    },
  );

  it("follows no redirect of the storage, and knows no locks", async () => {
    stored.set("a".repeat(64), Buffer.from("x"));
    const down = (await actionsOf(await batch("download", [{ oid: "a".repeat(64), size: 1 }])))["download"];
    storage.handler = () => ({ status: 302, headers: { location: "http://127.0.0.1:1/" } });
    expect(await ruleOf(await follow(down))).toBe("redirect-refused");
    expect(
      (
        await gate.ask("/acme/api.git/info/lfs/locks/verify", {
          method: "POST",
          headers: { "content-type": TYPE },
          body: "{}",
        })
      ).status,
    ).toBe(404);
  });
});
