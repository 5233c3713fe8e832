import { randomBytes } from "node:crypto";
import { appendFileSync, chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtempSync } from "node:fs";
import * as path from "node:path";
import { Workbench, type GitResult } from "../../../sandbox/tests/github/support/git";
import { startPositive, type Positive } from "./support/world";

/**
 * The real git through the gate, against the stand-in's real repositories: every way in which clients clone, fetch and
 * push.
 */

let t: Positive;
let bench: Workbench;
let bare: string;
let main: string;
let count = 0;

beforeAll(async () => {
  t = await startPositive();
  bench = new Workbench(t.gate.url);
  bare = t.github.gh.world.repoByName("acme", "api")?.gitDir ?? "";
  main = await served("rev-parse", "refs/heads/main");
}, 90_000);
afterAll(async () => {
  await t?.stop();
  bench?.remove();
});

/** Asks the server's own repository, behind the gate. */
const served = async (...args: string[]): Promise<string> =>
  (await bench.git(["--git-dir", bare, ...args])).stdout.trim();
const url = (repository = "acme/api"): string => bench.url(repository, t.gate.key);
const ok = async (result: Promise<GitResult>): Promise<string> => {
  const { code, stdout, stderr } = await result;
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.trim();
};

async function clone(
  options: readonly string[] = [],
  config: readonly string[] = [],
  repository = "acme/api",
): Promise<string> {
  const dir = mkdtempSync(path.join(bench.dir, "clone-"));
  await ok(bench.git([...config, "clone", "--quiet", ...options, url(repository), dir]));
  return dir;
}

const put = (dir: string, name: string, content: string | Buffer): void => {
  mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
  writeFileSync(path.join(dir, name), content);
};
async function commit(dir: string, message = "Change"): Promise<void> {
  await ok(bench.git(["add", "-A"], dir));
  await ok(bench.git(["commit", "--quiet", "--allow-empty", "-m", message], dir));
}

describe("git clones", () => {
  it.each<[string, string[], string[], string[], RegExp]>([
    ["whole", [], [], ["rev-list", "--count", "HEAD"], /^6$/],
    ["with protocol 0", [], ["-c", "protocol.version=0"], ["rev-list", "--count", "HEAD"], /^6$/],
    ["with protocol 1", [], ["-c", "protocol.version=1"], ["rev-list", "--count", "HEAD"], /^6$/],
    ["with protocol 2", [], ["-c", "protocol.version=2"], ["rev-list", "--count", "HEAD"], /^6$/],
    ["shallow", ["--depth=1"], [], ["rev-list", "--count", "HEAD"], /^1$/],
    ["shallow with protocol 0", ["--depth=2"], ["-c", "protocol.version=0"], ["rev-list", "--count", "HEAD"], /^2$/],
    ["shallow since a day", ["--shallow-since=2026-01-08"], [], ["rev-list", "--count", "HEAD"], /^[1-6]$/],
    ["without old tags", ["--no-tags", "--single-branch"], [], ["tag", "--list"], /^$/],
    ["without blobs", ["--filter=blob:none"], [], ["cat-file", "-p", "HEAD~1:src/greeting.js"], /Hello/],
    ["without trees", ["--filter=tree:0"], [], ["log", "--oneline", "--", "src/greeting.js"], /hello/],
    ["without large blobs", ["--filter=blob:limit=1k"], [], ["rev-list", "--count", "HEAD"], /^6$/],
    ["partly checked out", ["--filter=blob:none", "--sparse"], [], ["sparse-checkout", "list"], /^/],
    ["bare", ["--bare"], [], ["for-each-ref", "--format=%(refname)"], /refs\/heads\/main/],
    ["a tag", ["--branch=v1.0.0", "--depth=1"], [], ["describe", "--tags"], /^v1\.0\.0$/],
    [
      "with a bundle that the server may offer",
      [],
      ["-c", "transfer.bundleURI=true"],
      ["rev-list", "--count", "HEAD"],
      /^6$/,
    ],
  ])("%s", async (_name, options, config, question, answer) => {
    const dir = await clone(options, config);
    expect(await ok(bench.git(question, dir))).toMatch(answer);
    await ok(bench.git(["fsck", "--no-dangling"], dir));
    if (!options.includes("--branch=v1.0.0")) expect(await ok(bench.git(["rev-parse", "HEAD"], dir))).toBe(main);
  });

  it("the repository that is only read", async () => {
    expect(await ok(bench.git(["log", "-1", "--format=%s"], await clone([], [], "acme/docs")))).toMatch(/\S/);
  });

  it("with the key in a header, and by a name in another case", async () => {
    const dir = mkdtempSync(path.join(bench.dir, "clone-"));
    await ok(
      bench.git([
        "-c",
        `http.extraHeader=Authorization: Bearer ${t.gate.key}`,
        "clone",
        "--quiet",
        `${t.gate.url}/ACME/Api.git`,
        dir,
      ]),
    );
    expect(await ok(bench.git(["rev-parse", "HEAD"], dir))).toBe(main);
  });
});

describe("git fetches", () => {
  it("what is new, deeper, by tag, and by a pattern of names", async () => {
    const shallow = await clone(["--depth=1"]);
    await ok(bench.git(["fetch", "--quiet", "--deepen=2"], shallow));
    expect(await ok(bench.git(["rev-list", "--count", "HEAD"], shallow))).toBe("3");
    await ok(bench.git(["fetch", "--quiet", "--unshallow"], shallow));
    expect(await ok(bench.git(["rev-list", "--count", "HEAD"], shallow))).toBe("6");
    await t.github.admin("PUT", "/repos/acme/api/contents/news.txt", {
      message: "News",
      content: "bmV3cwo=",
      branch: "main",
    });
    main = await served("rev-parse", "refs/heads/main");
    await ok(bench.git(["pull", "--quiet", "--ff-only"], shallow));
    expect(await ok(bench.git(["rev-parse", "HEAD"], shallow))).toBe(main);
    expect(await ok(bench.git(["ls-remote", "--heads", "origin"], shallow))).toContain(main);
    expect(await ok(bench.git(["ls-remote", "--symref", "origin", "HEAD"], shallow))).toContain("ref: refs/heads/main");
    await ok(
      bench.git(
        ["fetch", "--quiet", "--prune", "--tags", "--force", "origin", "+refs/heads/*:refs/remotes/origin/*"],
        shallow,
      ),
    );
    await ok(bench.git(["fetch", "--quiet", "origin", main], shallow));
  });

  it("with a long negotiation, which git compresses", async () => {
    const dir = await clone();
    await ok(bench.git(["checkout", "--quiet", "-b", "local"], dir));
    for (let i = 0; i < 60; i++) await ok(bench.git(["commit", "--quiet", "--allow-empty", "-m", `Local ${i}`], dir));
    await t.github.admin("PUT", "/repos/acme/api/contents/more.txt", {
      message: "More",
      content: "bW9yZQo=",
      branch: "main",
    });
    main = await served("rev-parse", "refs/heads/main");
    const trace = await bench.git(["fetch", "origin"], dir, { GIT_TRACE_CURL: "1", GIT_TRACE_CURL_NO_DATA: "1" });
    expect([trace.code, /Content-Encoding: gzip/i.test(trace.stderr)]).toEqual([0, true]);
    expect(await ok(bench.git(["rev-parse", "origin/main"], dir))).toBe(main);
    await ok(bench.git(["-c", "protocol.version=0", "fetch", "--quiet", "origin"], dir));
  });
});

describe("git pushes", () => {
  const lines = (n: number, word = "line"): string => Array.from({ length: n }, (_, i) => `${word} ${i}\n`).join("");

  it.each<[string, (dir: string) => Promise<void>, string[], string[]]>([
    [
      "a new branch",
      async (dir) => {
        put(dir, "src/new.js", "x\n");
        await commit(dir);
      },
      [],
      [],
    ],
    [
      "with an upstream",
      async (dir) => {
        put(dir, "src/new.js", "x\n");
        await commit(dir);
      },
      ["--set-upstream"],
      [],
    ],
    [
      "many commits in many directories",
      async (dir) => {
        for (let i = 0; i < 80; i++) {
          put(dir, `lib/d${i % 40}/f${i}.js`, lines(20, `v${i}`));
          await commit(dir, `Commit ${i}`);
        }
      },
      [],
      [],
    ],
    [
      "renames and removals",
      async (dir) => {
        renameSync(path.join(dir, "src"), path.join(dir, "source"));
        rmSync(path.join(dir, "docs"), { recursive: true });
        await commit(dir);
      },
      [],
      [],
    ],
    [
      "a file for a directory, and a directory for a file",
      async (dir) => {
        rmSync(path.join(dir, "src"), { recursive: true });
        put(dir, "src", "a file now\n");
        rmSync(path.join(dir, "README.md"));
        put(dir, "README.md/index", "a directory now\n");
        await commit(dir);
      },
      [],
      [],
    ],
    [
      "binary files",
      async (dir) => {
        put(dir, "image.png", randomBytes(300_000));
        put(dir, "zeros.bin", Buffer.alloc(500_000));
        await commit(dir);
      },
      [],
      [],
    ],
    [
      "links, modes and submodules",
      async (dir) => {
        put(dir, "run.sh", "#!/bin/sh\n");
        chmodSync(path.join(dir, "run.sh"), 0o755);
        symlinkSync("README.md", path.join(dir, "link"));
        await ok(bench.git(["update-index", "--add", "--cacheinfo", `160000,${main},vendor/sub`], dir));
        await ok(bench.git(["add", "run.sh", "link"], dir));
        await ok(bench.git(["commit", "--quiet", "-m", "Modes"], dir));
      },
      [],
      [],
    ],
    [
      "names in other scripts, with blanks and quotes",
      async (dir) => {
        for (const name of [
          "é.txt",
          "e\u0301.txt",
          "日本語/ファイル.md",
          "a b/c d.txt",
          'it\'s "quoted".txt',
          "-dash",
          "😀",
        ])
          put(dir, `n/${name}`, name);
        await commit(dir, "Naïve — ünïcode ✓");
      },
      [],
      [],
    ],
    [
      "names that are not UTF-8",
      async (dir) => {
        for (const byte of [0xe9, 0xe8])
          writeFileSync(Buffer.concat([Buffer.from(`${dir}/`), Buffer.from([byte]), Buffer.from(".txt")]), "latin\n");
        await commit(dir);
      },
      [],
      [],
    ],
    [
      "a merge of what people did",
      async (dir) => {
        await ok(bench.git(["checkout", "--quiet", "-B", "side", "HEAD~3"], dir));
        put(dir, "side.txt", "side\n");
        await commit(dir, "Side");
        await ok(bench.git(["merge", "--quiet", "--no-edit", "origin/main"], dir));
      },
      [],
      [],
    ],
    [
      "a merge of two branches of its own",
      async (dir) => {
        for (const name of ["one", "two"]) {
          await ok(bench.git(["checkout", "--quiet", "-B", name, "origin/main"], dir));
          put(dir, `src/${name}.js`, name);
          await commit(dir, name);
        }
        await ok(bench.git(["merge", "--quiet", "--no-ff", "--no-edit", "one"], dir));
      },
      [],
      [],
    ],
    [
      "a revert and an empty commit",
      async (dir) => {
        put(dir, "src/greeting.js", lines(10));
        await commit(dir);
        await ok(bench.git(["revert", "--no-edit", "HEAD"], dir));
        await ok(bench.git(["commit", "--quiet", "--allow-empty", "-m", "Start CI"], dir));
      },
      [],
      [],
    ],
    [
      "small changes of a large file",
      async (dir) => {
        put(dir, "large.txt", lines(60_000));
        await commit(dir, "Large");
        for (let i = 0; i < 5; i++) {
          appendFileSync(path.join(dir, "large.txt"), `appended ${i}\n`);
          await commit(dir, `Append ${i}`);
        }
      },
      [],
      [],
    ],
    [
      "in chunks, after asking whether it may",
      async (dir) => {
        put(dir, "chunked.bin", randomBytes(200_000));
        await commit(dir);
      },
      [],
      ["-c", "http.postBuffer=65536"],
    ],
    [
      "with a thin pack",
      async (dir) => {
        appendFileSync(path.join(dir, "src/index.js"), "// more\n");
        await commit(dir);
      },
      ["--thin"],
      [],
    ],
    [
      "after a negotiation",
      async (dir) => {
        put(dir, "negotiated.txt", "n\n");
        await commit(dir);
      },
      [],
      ["-c", "push.negotiate=true"],
    ],
    [
      "with protocol 0",
      async (dir) => {
        put(dir, "zero.txt", "0\n");
        await commit(dir);
      },
      [],
      ["-c", "protocol.version=0"],
    ],
    [
      "with protocol 1",
      async (dir) => {
        put(dir, "one.txt", "1\n");
        await commit(dir);
      },
      [],
      ["-c", "protocol.version=1"],
    ],
    [
      "signed if the server asks",
      async (dir) => {
        put(dir, "signed.txt", "s\n");
        await commit(dir);
      },
      ["--signed=if-asked"],
      [],
    ],
    ["what is there already", async () => undefined, [], []],
    [
      "over 4 MB, streamed",
      async (dir) => {
        put(dir, "stream.bin", randomBytes(6_000_000));
        await commit(dir);
      },
      [],
      [],
    ],
  ])(
    "%s",
    async (_name, change, options, config) => {
      const dir = await clone();
      await change(dir);
      const branch = `refs/heads/claude/push-${++count}`;
      await ok(bench.git([...config, "push", "--quiet", ...options, "origin", `HEAD:${branch}`], dir));
      expect(await served("rev-parse", branch)).toBe(await ok(bench.git(["rev-parse", "HEAD"], dir)));
      expect((await bench.git(["--git-dir", bare, "fsck", "--no-dangling", branch])).code).toBe(0);
    },
    60_000,
  );

  it("an update, and two branches at once", async () => {
    const dir = await clone();
    for (let i = 0; i < 3; i++) {
      put(dir, "src/step.js", `step ${i}\n`);
      await commit(dir, `Step ${i}`);
      await ok(bench.git(["push", "--quiet", "origin", "HEAD:refs/heads/claude/steps"], dir));
      expect(await served("rev-parse", "refs/heads/claude/steps")).toBe(
        await ok(bench.git(["rev-parse", "HEAD"], dir)),
      );
    }
    await ok(
      bench.git(
        ["push", "--quiet", "--atomic", "origin", "HEAD:refs/heads/claude/x/one", "HEAD~1:refs/heads/claude/x/two"],
        dir,
      ),
    );
    expect(await served("rev-parse", "refs/heads/claude/x/two")).toBe(
      await ok(bench.git(["rev-parse", "HEAD~1"], dir)),
    );
  });

  it("from a shallow and from a partial clone", async () => {
    for (const options of [["--depth=1"], ["--filter=blob:none"], ["--filter=tree:0"]]) {
      const dir = await clone(options);
      put(dir, "src/from-part.js", options.join());
      await commit(dir);
      const branch = `refs/heads/claude/part-${++count}`;
      await ok(bench.git(["push", "--quiet", "origin", `HEAD:${branch}`], dir));
      expect(await served("rev-parse", branch)).toBe(await ok(bench.git(["rev-parse", "HEAD"], dir)));
    }
  });

  it("nothing was refused", async () => {
    expect(
      (await t.records())
        .filter((r) => r.decision !== "allow" && r.reason !== "unauthenticated")
        .map((r) => `${r.route} ${r.path}: ${r.reason}`),
    ).toEqual([]);
  });
});
