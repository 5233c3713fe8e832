import * as path from "node:path";
import { ruleOf, startGate, type Gate } from "../support/gate";
import { BareRepository, git } from "../support/repository";

let gate: Gate;
let repository: BareRepository;
let clones = 0;

beforeAll(async () => {
  gate = await startGate();
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

describe("git without .git", () => {
  const address = (suffix = ""): string =>
    `${gate.url.replace("://", `://x-access-token:${gate.key}@`)}/acme/api${suffix}`;
  const paths = (): string[] =>
    gate.upstream.received.map(({ url }) => url.split("?")[0] ?? "").filter((p) => p.startsWith("/acme/"));

  it("clones, fetches, pushes and updates a submodule; what is sent has it", async () => {
    const target = path.join(repository.root, `short-${++clones}`);
    for (const suffix of ["", "/"]) {
      expect(
        await git(repository.root, "clone", "-q", address(suffix), `${target}${suffix === "" ? "" : "-slash"}`),
      ).toEqual({ code: 0, out: "" });
    }
    await git(target, "commit", "-q", "--allow-empty", "-m", "more");
    expect(await git(target, "push", "-q", "origin", "HEAD:refs/heads/claude/short")).toEqual({ code: 0, out: "" });
    expect(await git(target, "fetch", "-q", "origin")).toEqual({ code: 0, out: "" });
    expect(repository.refs()).toContain("refs/heads/claude/short");
    const insteadOf = [
      "-c",
      `url.${gate.url.replace("://", `://x-access-token:${gate.key}@`)}/.insteadOf=https://github.com/`,
    ];
    expect((await git(target, ...insteadOf, "submodule", "add", "https://github.com/acme/api", "sub")).code).toBe(0);
    expect(paths().filter((p) => !p.startsWith("/acme/api.git/"))).toEqual([]);
  });

  it("refuses as it does with it", async () => {
    const { out } = await git(
      repository.root,
      "clone",
      address().replace("acme/api", "acme/secrets"),
      path.join(repository.root, `no-${++clones}`),
    );
    expect(out).toMatch(/remote: repository-not-listed: /);
    const target = path.join(repository.root, `short-${++clones}`);
    await git(repository.root, "clone", "-q", address(), target);
    await git(target, "commit", "-q", "--allow-empty", "-m", "more");
    expect((await git(target, "push", "origin", "HEAD:refs/heads/main")).out).toMatch(
      /\[remote rejected\].*ref-outside-agent-space: /,
    );
  });
});

describe("a JSON body under another Content-Type", () => {
  const post = (type: string | undefined, body: string, target = "/repos/acme/api/issues"): Promise<Response> =>
    gate.ask(target, {
      method: "POST",
      headers: type === undefined ? {} : { "content-type": type },
      body: new TextEncoder().encode(body),
    });
  beforeEach(() => {
    gate.upstream.handler = () => ({ status: 201, headers: { "content-type": "application/json" }, body: "{}" });
  });

  it("is taken as curl sends it when nothing else is said, and goes on as JSON", async () => {
    for (const type of [
      "application/x-www-form-urlencoded",
      "application/x-www-form-urlencoded; charset=UTF-8",
      "Application/X-WWW-Form-Urlencoded",
    ])
      expect([type, (await post(type, ' {"title":"x"}')).status]).toEqual([type, 201]);
    expect((await post("application/x-www-form-urlencoded", '["bug"]', "/repos/acme/api/issues/1/labels")).status).toBe(
      201,
    );
    expect((await post("application/x-www-form-urlencoded", '{"query":"{viewer{login}}"}', "/graphql")).status).toBe(
      201,
    );
    expect(gate.upstream.received.map(({ headers }) => headers["content-type"])).toEqual(
      Array(5).fill("application/json; charset=utf-8"),
    );
  });

  it.each<[string | undefined, string]>([
    ["application/x-www-form-urlencoded", "title=x"],
    ["application/x-www-form-urlencoded; charset=utf-16", '{"title":"x"}'],
    ["text/plain", '{"title":"x"}'],
    ["multipart/form-data; boundary=x", '{"title":"x"}'],
    ["application/octet-stream", '{"title":"x"}'],
    [undefined, '{"title":"x"}'],
  ])("%s: otherwise the message names the header", async (type, body) => {
    const answer = await post(type, body);
    const text = await answer.clone().text();
    expect([answer.status, await ruleOf(answer)]).toEqual([415, "media-type"]);
    expect(text).toMatch(/Send 'Content-Type: application\/json'/);
    expect(gate.upstream.received).toEqual([]);
  });

  it("and what it holds is judged as always", async () => {
    const form = "application/x-www-form-urlencoded";
    expect(await ruleOf(await post(form, '{"title":"x","title":"y"}'))).toBe("body-duplicate-key");
    expect(await ruleOf(await post(form, '{"title":"x","evil":1}'))).toBe("body-key-not-allowed");
    expect(await ruleOf(await post(form, '{"title":"x"}&title=y'))).toBe("body-malformed");
    expect(
      await ruleOf(await post(form, '{"query":"{viewer{organizations(first:1){nodes{login}}}}"}', "/graphql")),
    ).toBe("graphql-field");
    expect(gate.upstream.received).toEqual([]);
  });
});
