import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { ROOT } from "./sandbox";

/** A command line of `gatehouse` as a page shows it. */
export interface DocumentedCommand {
  readonly page: string;
  /** The words behind `gatehouse`, without what follows a pipe, a redirection or a comment. */
  readonly words: readonly string[];
}

/** README.md, docs/ and the READMEs of other folders: what people read. */
function pages(folder = ROOT): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (["node_modules", ".git", ".gatehouse", "fixtures", "CHANGELOG.md"].includes(name)) return [];
    return statSync(path).isDirectory() ? pages(path) : name.endsWith(".md") ? [path] : [];
  });
}

/** Every command line of `gatehouse` in a page's code: in spans, in fenced and in indented blocks. */
export function commandsIn(text: string, page: string): DocumentedCommand[] {
  return codeOf(text).flatMap((code) =>
    [...code.matchAll(/(?<![\w/@:.=-])gatehouse +(?=[a-z-])([^\n]*)/g)].flatMap(([, rest = ""]) => {
      const words =
        (/^[^|<>#&;)`…]*/.exec(rest.replace(/"?\$\([^)]*\)"?/g, "VALUE"))?.[0] ?? "").match(/'[^']*'|"[^"]*"|\S+/g) ??
        [];
      return words.length === 0 ? [] : [{ page, words: words.map((word) => word.replace(/^(['"])(.*)\1$/, "$2")) }];
    }),
  );
}

function codeOf(text: string): string[] {
  const fenced: string[] = [];
  const rest = text.replace(/^( *)```(\w*)\n([\s\S]*?)^\1```/gm, (_, _indent, language: string, code: string) => {
    if (!["yaml", "mermaid", "json"].includes(language)) fenced.push(code);
    return "";
  });
  const indented = rest.split("\n").filter((line) => /^ {4}/.test(line));
  const spans = [...rest.replace(/^ {4}.*$/gm, "").matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
  return [...fenced, ...indented, ...spans];
}

/** Every command line of every page. */
export const documentedCommands = (): DocumentedCommand[] =>
  pages().flatMap((path) => commandsIn(readFileSync(path, "utf8"), relative(ROOT, path)));
