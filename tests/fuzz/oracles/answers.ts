import type { CompiledPolicy } from "../../../gate/policy/compiled";
import { AddressRewriter } from "../../../gate/worker/answer/addresses";

const API = "https://api.github.com";
const GIT = "https://github.com";
const LISTED = ["acme/api", "acme/a.p-i_", "acme/docs.git"];
const BASE = "https://gate.acme.dev/$&/api/v3";

const rewriter = new AddressRewriter({
  upstream: { api: API, git: GIT, graphql: `${API}/graphql` },
  repositories: new Map(LISTED.map((fullName) => [fullName, { fullName }])),
  byId: new Map(),
} as unknown as CompiledPolicy);

/**
 * Addresses are replaced where a reader who goes from character to character sees one, and nowhere else. Accepted when
 * there is one.
 */
export function addressesLeadToTheGate(text: string): boolean {
  let expected = "";
  for (let at = 0; at < text.length;) {
    const isStart = text[at] === '"' && text[at - 1] !== "\\";
    const rest = isStart ? text.slice(at + 1, at + 400) : "";
    const clone = LISTED.find((name) => rest.startsWith(`${GIT}/${name}.git"`));
    if (rest.startsWith(API) && '/"{?'.includes(rest[API.length] ?? " ")) {
      expected += `"${BASE}`;
      at += 1 + API.length;
    } else if (clone !== undefined) {
      expected += `"https://gate.acme.dev/${clone}.git`;
      at += `"${GIT}/${clone}.git`.length;
    } else expected += text[at++];
  }
  const found = rewriter.body(text, BASE);
  if (found !== expected) throw new Error(`${JSON.stringify(text)} became ${JSON.stringify(found)}`);
  return found !== text;
}
