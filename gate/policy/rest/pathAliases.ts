/**
 * Addresses that have two spellings at GitHub. Clients write both, and GitHub's answers name both, so each is turned
 * into the one that the route table knows before it is judged; that one is sent. Only reads: what is written has one
 * spelling.
 */

/**
 * Names that GitHub takes with raw slashes: the path in front of them, what may follow them, and what stands below a
 * name and is another thing.
 */
const RAW_SLASHES: readonly { readonly before: RegExp; readonly after?: RegExp; readonly other?: RegExp }[] = [
  { before: /^\/repos\/[^/]+\/[^/]+\/(?:rules\/branches|git\/trees|labels)\// },
  { before: /^\/repos\/[^/]+\/[^/]+\/branches\//, other: /\/(?:protection|rename)(?:\/|$)/ },
  {
    before: /^\/repos\/[^/]+\/[^/]+\/commits\//,
    after: /\/(?:branches-where-head|check-runs|check-suites|comments|pulls|status|statuses)$/,
  },
];

/** Older addresses of the same thing, which GitHub's answers still name (`url` of a reference, `statuses_url`). */
const ALIASES: readonly (readonly [RegExp, string])[] = [
  [/^(\/repos\/[^/]+\/[^/]+\/git)\/refs\/(.+)$/, "$1/ref/$2"],
  [/^(\/repos\/[^/]+\/[^/]+)\/statuses\/([^/]+)$/, "$1/commits/$2/statuses"],
];

/** The usual spelling of a canonical path of REST that no route matched; undefined when there is no other. */
export function usualSpelling(path: string): string | undefined {
  for (const [alias, usual] of ALIASES) if (alias.test(path)) return path.replace(alias, usual);
  for (const { before, after, other } of RAW_SLASHES) {
    const start = before.exec(path)?.[0];
    if (start === undefined) continue;
    const rest = path.slice(start.length);
    if (!rest.includes("/") || other?.test(rest) === true) return undefined;
    const last = after?.exec(rest)?.[0] ?? "";
    return `${start}${rest.slice(0, rest.length - last.length).replaceAll("/", "%2F")}${last}`;
  }
  return undefined;
}

/**
 * A target without the slash at the end with which clients ask for a folder's contents; every other target as it is.
 */
export function withoutFolderSlash(target: string): string {
  const mark = target.indexOf("?");
  const end = mark < 0 ? target.length : mark;
  if (target.charCodeAt(end - 1) !== 47) return target;
  return /^(?:\/api\/v3)?\/(?:repos\/[^/]+\/[^/]+|repositories\/\d+)\/contents\//.test(target.slice(0, end))
    ? target.slice(0, end - 1) + target.slice(end)
    : target;
}
