import { REFUSALS } from "./refusals";

/**
 * The page of every rule with its status and what to do instead; the addresses in refusals lead to it. Public: it says
 * nothing that this repository does not.
 */
export function rulesPageText(): string {
  const rules = Object.entries(REFUSALS)
    .map(([rule, [status, message]]) => `<dt id="${rule}">${rule} (${status})</dt>\n<dd>${escaped(message)}</dd>`)
    .join("\n");
  return (
    `<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Gatehouse: why a request was refused</title>\n` +
    `<h1>Why a request was refused</h1>\n<dl>\n${rules}\n</dl>\n</html>\n`
  );
}

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
