import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { ruleOf, startGate, type Gate } from "../support/gate";
import { BareRepository, git } from "../support/repository";

const token = (): string => `ghp_${randomBytes(18).toString("hex")}`;
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const DAY = 86_400_000;
const dayFromNow = (days: number): string => new Date(Date.now() + days * DAY).toISOString().slice(0, 10);

/** Allowed by value until tomorrow; another value; what was allowed until yesterday. */
const known = token();
const other = token();
const past = token();
const key = `${"-".repeat(5)}BEGIN PRIVATE KEY${"-".repeat(5)}`;

/** What stood in the repository before anybody looked for it. */
const stood = token();
const OLD = `first\nkey = ${stood}\nlast\n`;
const block = (body: string): string => `${key}\n${body}\n${key.replace("BEGIN", "END")}\n`;

let gate: Gate;
let repository: BareRepository;
let work: string;
let runs = 0;

beforeAll(async () => {
  gate = await startGate({
    disturbed: true,
    gate: {
      allowedSecrets: [
        { sha256: sha256(known), reason: "key of the demo account", until: dayFromNow(1) },
        { sha256: sha256(past), reason: "was a key of the demo account", until: dayFromNow(-1) },
        // The first line is the same in every private key.
        { sha256: sha256(key), reason: "a private key", until: dayFromNow(1) },
        { repository: "API", path: "/tests/fixtures/", reason: "made-up keys", until: dayFromNow(1) },
        { repository: "api", path: "/old/", reason: "made-up keys once", until: dayFromNow(-1) },
        { repository: "docs", path: "/elsewhere/", reason: "another repository's", until: dayFromNow(1) },
      ],
    },
  });
  repository = new BareRepository("acme", "api");
  work = repository.root;
  const seed = path.join(work, "seed");
  repository.git(work, "clone", "-q", repository.bare, seed);
  writeFileSync(path.join(seed, "README.md"), "# api\n");
  mkdirSync(path.join(seed, "old-code"));
  writeFileSync(path.join(seed, "old-code", "a.txt"), OLD);
  writeFileSync(path.join(seed, "old-code", "plain.txt"), "nothing\n");
  writeFileSync(path.join(seed, "old-code", "key.txt"), block("MIIEold1"));
  symlinkSync("a.txt", path.join(seed, "old-code", "link.txt"));
  repository.git(seed, "checkout", "-q", "-b", "main");
  repository.git(seed, "add", ".");
  repository.git(seed, "commit", "-q", "-m", "first");
  repository.git(seed, "push", "-q", "origin", "main", "main:claude/start");
}, 60_000);
afterAll(async () => {
  await gate?.stop();
  repository?.remove();
});
beforeEach(async () => {
  await gate.disturb({});
  gate.upstream.reset();
  gate.upstream.handler = (request) =>
    request.method === "GET" || request.url.includes("git-receive-pack") || request.url.includes("git-upload-pack")
      ? repository.handler(request)
      : {};
});

interface Last {
  reason: string;
  decision: string;
  findings: { rule: string; kind?: string; reason?: string }[];
}
async function last(): Promise<Last> {
  const lines = (await (await gate.operate("GET", "/_gate/audit?limit=10000")).text()).trim().split("\n");
  const records = lines.map((line) => JSON.parse(line) as Last & { route: string });
  return (
    records.filter(({ route }) => !/^(?:|control.*)$/.test(route)).at(-1) ?? { reason: "", decision: "", findings: [] }
  );
}

const json = (method: string, body: unknown): RequestInit => ({
  method,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
const comment = (body: string): Promise<Response> =>
  gate.ask("/repos/acme/api/issues/1/comments", json("POST", { body }));
const put = (file: string, text: string, message = "m"): Promise<Response> =>
  gate.ask(
    `/repos/acme/api/contents/${file}`,
    json("PUT", { message, branch: "claude/start", content: Buffer.from(text).toString("base64") }),
  );
const commitFile = (file: string, text: string, head = "0".repeat(40)): Promise<Response> =>
  gate.ask(
    "/graphql",
    json("POST", {
      query: "mutation($i:CreateCommitOnBranchInput!){createCommitOnBranch(input:$i){clientMutationId}}",
      variables: {
        i: {
          branch: { repositoryNameWithOwner: "acme/api", branchName: "claude/start" },
          expectedHeadOid: head,
          message: { headline: "x" },
          fileChanges: { additions: [{ path: file, contents: Buffer.from(text).toString("base64") }] },
        },
      },
    }),
  );
const writes = (): number =>
  gate.upstream.received.filter(({ method, url }) => method !== "GET" && !url.includes("git-upload-pack")).length;

/** One commit for each set of files (null removes one), all in one push; whether it went through. */
async function push(...commits: Record<string, string | Buffer | null>[]): Promise<boolean> {
  const target = path.join(work, `clone-${++runs}`);
  const remote = `${gate.url.replace("://", `://x-access-token:${gate.key}@`)}/acme/api.git`;
  expect(await git(work, "clone", "-q", remote, target)).toEqual({ code: 0, out: "" });
  for (const files of commits) {
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(target, name);
      rmSync(file, { recursive: true, force: true });
      if (content === null) continue;
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
    await git(target, "add", "-A");
    await git(target, "commit", "-q", "--allow-empty", "-m", "change");
  }
  return (await git(target, "push", "-q", "origin", `HEAD:refs/heads/claude/run-${runs}`)).code === 0;
}

describe("an exact value that the environment file allows", () => {
  it("passes in texts, files and commits, and the record says why", async () => {
    const why = { rule: "allowed-secret", kind: "github-classic-token", reason: "key of the demo account" };
    for (const ask of [
      () => comment(`use ${known}`),
      () => put("src/a.txt", `key = ${known}\n`),
      () => put("src/a.txt", "x", `use ${known}`),
      () => commitFile("src/a.txt", known),
      () => gate.ask("/repos/acme/api/git/blobs", json("POST", { content: `key = ${known}` })),
    ]) {
      expect((await ask()).status).toBe(200);
      expect(await last()).toMatchObject({ decision: "allow", findings: [why] });
    }
    expect(await push({ "src/a.txt": `key = ${known}\n`, "b.txt": `${"x ".repeat(200_000)}${known}` })).toBe(true);
    expect(await last()).toMatchObject({ decision: "allow", findings: [why, why] });
  });

  it("does not pass as part of another, beside another, or in the place of a whole class", async () => {
    for (const text of [
      `${known}a`,
      `${known} ${other}`,
      `${`${known} `.repeat(60)}${other}`,
      past,
      `${key}\nMIIE${"a1B2c3".repeat(9)}\n`,
    ]) {
      expect([text, await ruleOf(await comment(text))]).toEqual([text, "secret-in-content"]);
      expect([text, await ruleOf(await put("src/a.txt", text))]).toEqual([text, "secret-in-content"]);
      expect([text, await push({ "src/a.txt": text })]).toEqual([text, false]);
      expect((await last()).reason).toBe("secret-in-content");
    }
    expect(writes()).toBe(0);
  });

  it("counts no more when its day is over by the gate's own clock", async () => {
    await gate.disturb({ clock: 2 * DAY });
    expect(await ruleOf(await comment(known))).toBe("secret-in-content");
    expect(await ruleOf(await put("tests/fixtures/a.txt", other))).toBe("secret-in-content");
    expect(writes()).toBe(0);
  });
});

describe("a path that the environment file allows", () => {
  it("lets files there through, however they come, and the record says why", async () => {
    const why = { rule: "allowed-secret", kind: "github-classic-token", reason: "made-up keys" };
    for (const ask of [
      () => put("tests/fixtures/keys.txt", `key = ${other}\n`),
      () => commitFile("tests/fixtures/deep/keys.txt", other),
    ]) {
      expect((await ask()).status).toBe(200);
      expect(await last()).toMatchObject({ decision: "allow", findings: [why] });
    }
    expect(await push({ "tests/fixtures/keys.txt": `key = ${other}\n`, "tests/fixtures/private.txt": key })).toBe(true);
    expect((await last()).findings).toEqual(
      expect.arrayContaining([expect.objectContaining(why), expect.objectContaining({ ...why, kind: "private-key" })]),
    );
  });

  it("lets nothing through elsewhere: another path, texts, messages, blobs without a place, past or foreign entries", async () => {
    for (const [what, ask] of Object.entries({
      another: () => put("src/keys.txt", other),
      longer: () => put("tests/fixtures2/keys.txt", other),
      deeper: () => put("src/tests/fixtures/keys.txt", other),
      past: () => put("old/keys.txt", other),
      foreign: () => put("elsewhere/keys.txt", other),
      message: () => put("tests/fixtures/keys.txt", "x", other),
      comment: () => comment(`tests/fixtures/keys.txt: ${other}`),
      blob: () => gate.ask("/repos/acme/api/git/blobs", json("POST", { content: other })),
      tree: () =>
        gate.ask(
          "/repos/acme/api/git/trees",
          json("POST", {
            base_tree: "0".repeat(40),
            tree: [{ path: "tests/fixtures/a", mode: "100644", type: "blob", content: other }],
          }),
        ),
    }))
      expect([what, await ruleOf(await ask())]).toEqual([what, "secret-in-content"]);
    const response = await commitFile("src/keys.txt", other);
    expect(await response.text()).toContain("secret-in-content");
    expect(writes()).toBe(0);
  });

  it("lets no push through that puts the same file anywhere else, in any of its commits", async () => {
    const file = `key = ${other}\n`;
    const histories: Record<string, string | null>[][] = [
      [{ "src/keys.txt": file }],
      [{ "tests/fixtures/keys.txt": file, "src/keys.txt": file }],
      [{ "src/keys.txt": file }, { "src/keys.txt": null, "tests/fixtures/keys.txt": file }],
      [{ "tests/fixtures/keys.txt": file }, { "tests/fixtures/keys.txt": null, "src/keys.txt": file }],
      [{ "old/keys.txt": file }],
      [{ "elsewhere/keys.txt": file }],
    ];
    for (const commits of histories)
      expect([commits, await push(...commits), (await last()).reason]).toEqual([commits, false, "secret-in-content"]);
    expect(writes()).toBe(0);
  });

  it("covers no file whose content cannot be told apart from others", async () => {
    // Too large to be kept, so that its id is not known.
    const large = Buffer.concat([randomBytes(300_000), Buffer.from(`\n${other}\n`)]);
    expect(await push({ "tests/fixtures/large.bin": large })).toBe(false);
    expect((await last()).reason).toBe("secret-in-content");
  });
});

describe("what stood in a file before", () => {
  const edited = OLD.replace("last", "another last line");
  const sha = (file: string): string => repository.git(repository.bare, "rev-parse", `claude/start:${file}`).trim();
  const update = (file: string, text: string, replaces = sha(file)): Promise<Response> =>
    gate.ask(
      `/repos/acme/api/contents/${file}`,
      json("PUT", {
        message: "m",
        branch: "claude/start",
        sha: replaces,
        content: Buffer.from(text).toString("base64"),
      }),
    );
  const commitOn = (file: string, text: string): Promise<Response> =>
    commitFile(file, text, repository.git(repository.bare, "rev-parse", "claude/start").trim());

  it("is not held against whoever edits another line, and the record says so", async () => {
    const why = { rule: "allowed-secret", kind: "github-classic-token", reason: "stood there before" };
    for (const ask of [() => update("old-code/a.txt", edited), () => commitOn("old-code/a.txt", edited)]) {
      expect((await ask()).status).toBe(200);
      expect(await last()).toMatchObject({ decision: "allow", findings: [why] });
    }
    const histories: Record<string, string | null>[][] = [
      [{ "old-code/a.txt": edited }],
      [{ "old-code/a.txt": edited }, { "old-code/a.txt": `${edited}\nmore\n` }],
      [{ "old-code/a.txt": null, "moved/b.txt": edited }],
      [{ "old-code/key.txt": `# a comment\n${block("MIIEold1")}` }],
    ];
    for (const commits of histories) {
      expect([commits, await push(...commits)]).toEqual([commits, true]);
      expect((await last()).findings).toEqual(
        expect.arrayContaining([expect.objectContaining({ rule: "allowed-secret", reason: "stood there before" })]),
      );
    }
  });

  it("covers nothing else: a second one, another file, a link, what was taken out, another key under the same first line", async () => {
    for (const [what, ask] of Object.entries({
      second: () => update("old-code/a.txt", `${edited}${other}\n`),
      longer: () => update("old-code/a.txt", OLD.replace(stood, `${stood}a`)),
      elsewhere: () => update("old-code/plain.txt", edited),
      claimed: () => update("old-code/plain.txt", edited, sha("old-code/a.txt")),
      absent: () => update("src/new.txt", edited, sha("old-code/a.txt")),
      link: () => update("old-code/link.txt", edited, sha("old-code/a.txt")),
      created: () => put("old-code/a.txt", edited),
      key: () => update("old-code/key.txt", block("MIIEnew2")),
      message: () => put("old-code/plain.txt", "x", stood),
    }))
      expect([what, await ruleOf(await ask())]).toEqual([what, "secret-in-content"]);
    for (const [file, text] of [
      ["old-code/a.txt", `${edited}${other}`],
      ["old-code/plain.txt", edited],
      ["old-code/link.txt", edited],
      ["src/new.txt", edited],
    ] as const)
      expect([file, await (await commitOn(file, text)).text()]).toEqual([
        file,
        expect.stringContaining("secret-in-content"),
      ]);
    expect(writes()).toBe(0);
  });

  it("covers no push that brings something new, in any of its commits", async () => {
    const histories: Record<string, string | null>[][] = [
      [{ "old-code/a.txt": `${edited}${other}\n` }],
      [{ "old-code/plain.txt": edited }],
      [{ "old-code/a.txt": "nothing\n" }, { "old-code/a.txt": edited }],
      [{ "old-code/a.txt": null }, { "moved/b.txt": edited }],
      [{ "old-code/a.txt": edited, "copy.txt": edited }],
      [{ "old-code/key.txt": block("MIIEnew2") }],
    ];
    for (const commits of histories)
      expect([commits, await push(...commits), (await last()).reason]).toEqual([commits, false, "secret-in-content"]);
    expect(writes()).toBe(0);
  });

  it("is refused with a reason when it cannot be read", async () => {
    const { handler } = gate.upstream;
    gate.upstream.handler = (request) => (request.url.includes("/git/blobs/") ? { status: 404 } : handler(request));
    const answer = await update("old-code/a.txt", edited);
    expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining("could not be read")]);
    expect(await push({ "old-code/a.txt": edited })).toBe(false);
    expect(writes()).toBe(0);
  });
});
