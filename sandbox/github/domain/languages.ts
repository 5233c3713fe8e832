import type { Repository } from "../state";
import { gitOf } from "./refs";

const NAMES: Readonly<Record<string, string>> = {
  js: "JavaScript",
  ts: "TypeScript",
  py: "Python",
  go: "Go",
  rs: "Rust",
  java: "Java",
  sh: "Shell",
  css: "CSS",
  html: "HTML",
};

/** Bytes of each language on the default branch, by the endings of file names. */
export async function languagesOf(repo: Repository): Promise<Record<string, number>> {
  const git = gitOf(repo);
  const head = await git.resolve(repo.defaultBranch);
  const sizes: Record<string, number> = {};
  for (const entry of (head && (await git.tree(head, { recursive: true }))) || []) {
    const name = NAMES[entry.path.split(".").at(-1) ?? ""];
    if (name && entry.type === "blob") sizes[name] = (sizes[name] ?? 0) + (entry.size ?? 0);
  }
  return sizes;
}
