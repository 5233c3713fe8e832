import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Journal } from "../../../cli/live/journal";
import { gitHubReader } from "../../../cli/live/reader";
import { answer, effects } from "../support/effects";

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "gatehouse-journal-"));
  file = join(dir, "answers");
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});
const HOUR = 3_600_000;
const open = (identity = "https://x token", now = 10 * HOUR): Journal => new Journal(file, identity, () => now);

it("gives back what an interrupted run kept, also when its last line was cut", () => {
  open().keep("GET /a", { status: 200, text: '{"a":1}', link: '<https://x/a?page=2>; rel="next"' });
  open().keep("GET /b", { status: 404, text: "{}" });
  writeFileSync(file, '{"at":36000000,"key":"GET /c","sta', { flag: "a" });
  const journal = open();
  expect(journal.find("GET /a")).toEqual({ status: 200, text: '{"a":1}', link: '<https://x/a?page=2>; rel="next"' });
  expect(journal.find("GET /b")).toEqual({ status: 404, text: "{}" });
  expect(journal.find("GET /c")).toBeUndefined();
  journal.keep("GET /c", { status: 200, text: "c" });
  expect(open().find("GET /c")?.text).toBe("c");
});

it("takes no answer of more than an hour ago, and none that another one was given", () => {
  open().keep("GET /a", { status: 200, text: "a" });
  expect(open("https://x token", 10 * HOUR + HOUR - 1).find("GET /a")).toBeDefined();
  expect(open("https://x token", 11 * HOUR + 1).find("GET /a")).toBeUndefined();
  open().keep("GET /a", { status: 200, text: "a" });
  expect(open("https://x other").find("GET /a")).toBeUndefined();
});

it("is for its owner alone, holds no credential, and goes when the command is complete", () => {
  writeFileSync(file, "", { mode: 0o644 });
  const journal = open("https://x ghp_secret");
  journal.keep("GET /a", { status: 200, text: "a" });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, "utf8")).not.toContain("ghp_secret");
  journal.remove();
  expect(existsSync(file)).toBe(false);
});

it("touches no file that is another one's", () => {
  writeFileSync(file, "my notes\n");
  expect(() => open()).toThrow(/this is not a file of gatehouse assess --resume; name a file that is not there yet/);
  expect(readFileSync(file, "utf8")).toBe("my notes\n");
  expect(() => new Journal(join(dir, "none", "answers"), "x", () => 0)).toThrow(/cannot be written/);
});

it("lets a reader go on: what was answered is not asked again, the rest is", async () => {
  const sent: string[] = [];
  const reader = (journal: Journal) =>
    gitHubReader(
      effects(async (url) => {
        sent.push(url);
        return url.endsWith("/down")
          ? answer(500, "")
          : answer(
              200,
              `[{"of":"${url}"}]`,
              url.endsWith("=100") ? { link: '<https://x/list?page=2>; rel="next"' } : {},
            );
      }),
      { api: "https://x", graphql: "https://x/graphql" },
      "t",
      { journal },
    );
  const ask = async (journal: Journal) => {
    const github = reader(journal);
    const question = { query: "query { a }", variables: {} };
    return [
      (await github.list("/list")).items,
      (await github.graphql(question)).text,
      (await github.get("/down")).call.status,
    ];
  };
  const first = await ask(open());
  const asked = sent.splice(0);
  expect(await ask(open())).toEqual(first);
  expect(sent).toEqual(asked.filter((url) => url.endsWith("/down")));
});
