import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseStackFile } from "../infra/config";

const ROOT = resolve(__dirname, "..");

/**
 * Every file with words that people read: pages, templates of CI, and sources, whose messages and help texts they see.
 */
function files(folder: string, ends: RegExp): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (["node_modules", ".git", ".gatehouse", "dist", "fixtures"].includes(name)) return [];
    return statSync(path).isDirectory() ? files(path, ends) : ends.test(name) ? [path] : [];
  });
}
const read = (path: string): string => readFileSync(path, "utf8");
const PAGES = files(ROOT, /\.md$/);

describe("npx", () => {
  // Where our package is not installed, npx takes a stranger's package of the same name from the registry.
  const all = [...files(ROOT, /\.(md|ya?ml|ts|js|json)$/)].filter((path) => path !== __filename);
  const bare = (text: string): string[] => text.split("\n").filter((line) => /\bnpx\s+gatehouse\b/.test(line));

  it("is never told to fetch the command", () => {
    expect(all.length).toBeGreaterThan(500);
    expect(all.flatMap((path) => bare(read(path)).map((line) => `${relative(ROOT, path)}: ${line.trim()}`))).toEqual(
      [],
    );
  });

  it("would be found", () => {
    expect(bare("run `npx gatehouse token put`")).toHaveLength(1);
    expect(bare("run `npx --no-install gatehouse token put`")).toHaveLength(0);
  });
});

describe("README.md", () => {
  it("shows a configuration that is valid", () => {
    const [, yaml = ""] = /```yaml\n([\s\S]*?)```/.exec(read(join(ROOT, "README.md"))) ?? [];
    expect(parseStackFile(yaml, "README.md").repositories.map(({ name }) => name)).toEqual(["api", "docs"]);
    expect(yaml.trimEnd().split("\n").length).toBeLessThanOrEqual(24);
  });
});

describe("pages", () => {
  it.each(PAGES.map((path) => [relative(ROOT, path)]))("%s links to files and headings that are there", (page) => {
    const folder = join(ROOT, page, "..");
    const broken = [...read(join(ROOT, page)).matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(#[^)\s]+)?\)/g)].filter(
      ([, target = "", heading]) => {
        const path = target === "" ? join(ROOT, page) : join(folder, target);
        try {
          if (!heading) return !statSync(path);
          return statSync(path).isDirectory() || !anchors(read(path)).includes(heading.slice(1));
        } catch {
          return true;
        }
      },
    );
    expect(broken.map(([link]) => link)).toEqual([]);
  });

  it("are all named by the overview", () => {
    const overview = read(join(ROOT, "docs/README.md"));
    for (const name of readdirSync(join(ROOT, "docs")))
      if (name !== "README.md") expect(overview).toContain(`(${name}`);
  });
});

/** GitHub's anchors of a page's headings. */
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replace(/\s/g, "-"),
  );
}
