import { REFUSALS } from "../../policy/refusals";
import { ownHeaders } from "../answer/problem";

/**
 * Every rule with its status and what to do instead; the addresses in refusals lead here. Public: it says nothing that
 * this repository does not.
 */
export function rulesPage(requestId: string): Response {
  const rules = Object.entries(REFUSALS)
    .map(([rule, [status, message]]) => `<dt id="${rule}">${rule} (${status})</dt>\n<dd>${escaped(message)}</dd>`)
    .join("\n");
  return new Response(
    `<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Gatehouse: why a request was refused</title>\n` +
      `<h1>Why a request was refused</h1>\n<dl>\n${rules}\n</dl>\n</html>\n`,
    {
      headers: {
        ...ownHeaders(requestId),
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": "default-src 'none'",
      },
    },
  );
}

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
