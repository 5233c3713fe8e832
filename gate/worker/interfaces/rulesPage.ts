import { rulesPageText } from "../../policy/rulesPage";
import { ownHeaders } from "../answer/problem";

/** Every rule with its status and what to do instead, as a page; the addresses in refusals lead here. */
export function rulesPage(requestId: string): Response {
  return new Response(rulesPageText(), {
    headers: {
      ...ownHeaders(requestId),
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'",
    },
  });
}
