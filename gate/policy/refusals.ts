import { AGENT_BRANCH_PREFIX } from "../contract";

/**
 * Every reason for which the gate refuses, with its status: the one table from rule to answer. Rule ids are a contract
 * (audit records, drill, report).
 */
export const REFUSALS = {
  // 400: malformed, ambiguous or not canonical
  "target-malformed": [400, "The request target is not a path on this gate. Send a path that starts with one slash."],
  "target-too-long": [400, "The request target is longer than 8,192 characters. Shorten the path or the query."],
  "path-character": [400, "The path has a character that is not allowed there. Percent-encode it."],
  "path-encoding": [
    400,
    "The path has an unusual percent-encoding. Encode only the characters that need it, once, with upper-case hex digits.",
  ],
  "path-empty-segment": [400, "The path has a doubled or trailing slash. Remove it."],
  "path-dot-segment": [400, "The path has a '.' or '..' segment. Write the path without it."],
  "path-encoded-slash": [400, "The path has an encoded slash inside a single name. Write that name without a slash."],
  "query-malformed": [400, "The query is not a list of key=value pairs. Percent-encode each value once."],
  "query-duplicate": [400, "A query parameter appears twice. Send it once."],
  "query-value": [
    400,
    "A query parameter has an invalid value. See GitHub's documentation of this request for its type.",
  ],
  "method-unknown": [
    400,
    "The gate does not support this method. Use GET, HEAD, POST, PUT, PATCH or DELETE, in capitals.",
  ],
  "header-duplicate": [400, "A header appears more than once. Send it once."],
  "header-value": [
    400,
    "A header has a value that the gate does not accept. Send plain ASCII text, or remove the header.",
  ],
  "api-version-not-allowed": [
    400,
    "The gate does not support this version of GitHub's REST API. Send 'X-GitHub-Api-Version: 2022-11-28' or '2026-03-10', or remove the header.",
  ],
  "header-forbidden": [400, "The request has a header that could change its meaning. Remove the header."],
  "upgrade-refused": [400, "The gate does not switch protocols. Send the request without an Upgrade header."],
  "body-unexpected": [400, "This request must not have a body. Send it without one."],
  "body-missing": [400, "This request needs a body. Send a JSON object."],
  "body-malformed": [400, "The body is not valid JSON for this request. Send one JSON value in UTF-8."],
  "body-duplicate-key": [400, "The JSON body has the same key twice in one object. Send each key once."],
  "body-too-deep": [400, "The JSON body is nested too deeply (more than 24 levels). Use fewer levels."],
  "body-number": [
    400,
    "A number in the JSON body cannot be represented exactly. Use a smaller or less precise number.",
  ],
  "body-aborted": [400, "The body ended before it was complete. Send the request again."],
  "graphql-malformed": [
    400,
    "The GraphQL request is invalid or too large. POST one JSON object with 'query' and 'variables'.",
  ],
  "git-malformed": [
    400,
    "The gate cannot read this git request. Use an ordinary git client, and push at most 32 references at once.",
  ],
  "pack-malformed": [400, "The gate cannot read the pack of this push. Run 'git fsck', then push again."],
  "mcp-malformed": [400, "This is no request of MCP. POST one JSON-RPC 2.0 request, and no list of them."],
  "mcp-header": [400, "The headers of this MCP request and its body say different things. Send both alike."],
  "mcp-version": [400, "The gate does not speak this version of MCP. Use 2026-07-28, or 2025-11-25 or older."],
  // 401
  unauthenticated: [
    401,
    "A valid gate key is required. Send it as 'Authorization: Bearer <key>', or as the password for git.",
  ],
  // 403: understood, and forbidden
  "origin-not-allowed": [403, "Pages in a browser cannot use MCP here. Send the request without an Origin header."],
  "mcp-tool": [403, "Agents have no such tool here. Ask for tools/list, and use one of those."],
  "route-not-allowed": [403, "Agents cannot make this request. Use another request, or ask an operator to allow it."],
  "route-closed": [403, "Agents cannot do this. Ask a person to do it."],
  "owner-not-allowed": [
    403,
    "This gate serves the repositories of one organization only. Use a repository of that organization.",
  ],
  "repository-not-listed": [403, "Agents have no access to this repository. Ask an operator to add it."],
  "access-read-only": [403, "Agents can only read this repository. Ask an operator for write access."],
  "parameter-value": [403, "A part of the path has an invalid value. Check the number, name or reference in the path."],
  "query-not-allowed": [403, "This request does not allow this query parameter. Remove it."],
  "body-key-not-allowed": [403, "This request does not allow this key in the body. Remove it."],
  "body-value": [
    403,
    "This key has a value that this request does not allow. See GitHub's documentation of this request for its type.",
  ],
  "media-type-not-allowed": [
    403,
    "The gate does not support this media type. Send 'Accept: application/vnd.github+json'.",
  ],
  "ref-outside-agent-space": [
    403,
    `Agents can write only to branches with their own prefix. Use a branch such as ${AGENT_BRANCH_PREFIX}my-change, and open a pull request from it.`,
  ],
  "ref-delete": [403, "Agents cannot delete branches or tags. Ask a person to delete it."],
  "ref-force": [403, "Agents cannot force-push. Add new commits on top, or push to a new branch."],
  "ref-update-closed": [
    403,
    "Agents cannot update references through GraphQL. Use 'git push' or the REST API instead.",
  ],
  "protected-path": [
    403,
    "Agents cannot change this path. Remove the change from every commit, and ask a person to make it.",
  ],
  "tree-not-inspectable": [403, "The gate cannot inspect this tree entry. List single files, and build on base_tree."],
  "change-too-large": [
    403,
    "The change has more files or lines than one pull request may have. Split it into smaller branches.",
  ],
  "change-not-inspectable": [
    403,
    "The gate cannot see the whole change. Fetch, rebase on the default branch and push in smaller steps.",
  ],
  "canary-token": [
    403,
    "The content contains a decoy credential that nobody may use. Remove it from every commit, and tell an operator where it came from.",
  ],
  "secret-in-content": [
    403,
    "The content contains what looks like a credential. Remove it from every commit, then push again.",
  ],
  "pull-request-ready": [403, "Pull requests of agents stay drafts. Ask a reviewer to mark it as ready for review."],
  "pull-request-merge": [403, "Agents cannot merge pull requests. Ask a reviewer to merge it."],
  "pull-request-auto-merge": [403, "Agents cannot enable or disable auto-merge. Ask a reviewer to do it."],
  "pull-request-label": [403, "Agents cannot remove the label of their pull requests. Keep it in the list of labels."],
  "pull-request-reviewers": [403, "Agents cannot withdraw a request for review. Ask a person to change the reviewers."],
  "pull-request-stack": [
    403,
    "Agents cannot stack pull requests, because merging one merges all below it. Open each pull request against a branch that is not an agent's.",
  ],
  "agent-start": [
    403,
    "Agents cannot start other agents, assign work to them or request their review. Do the work here, or ask a person to start one.",
  ],
  "suggestion-decide": [
    403,
    "Only people decide about suggestions on an issue. Say what you think in a comment, and ask a person to approve or dismiss it.",
  ],
  "secret-store": [
    403,
    "Agents cannot use the stores of secrets and variables. Ask an administrator to set what is needed.",
  ],
  "fork-not-allowed": [403, "Agents cannot use forks or other owners. Use a branch of this repository."],
  "review-event": [403, "Agents can only comment in a review. Use the event COMMENT."],
  "review-dismiss": [403, "Agents cannot dismiss reviews. Ask a person to dismiss it."],
  "protection-bypass": [403, "Agents cannot change or bypass branch protection and rulesets. Ask an administrator."],
  "search-not-scoped": [
    403,
    "A search must name repositories that agents can use. Add repo:owner/name outside parentheses, and remove OR, user:, org: and the like.",
  ],
  "lookup-failed": [
    403,
    "GitHub does not know what this request refers to. Check the name, number or id, and whether it was deleted.",
  ],
  "graphql-operations": [403, "A GraphQL request must have exactly one operation. Send one query or one mutation."],
  "graphql-field": [403, "Agents cannot use this GraphQL field. Leave it out."],
  "graphql-argument": [
    403,
    "Agents cannot use this GraphQL argument, or this value of it. Leave it out, or use another value.",
  ],
  "graphql-directive": [403, "Agents cannot use this GraphQL directive. Use only @include and @skip."],
  "graphql-depth": [403, "The GraphQL query is nested too deeply. Split it into several queries."],
  "graphql-cost": [403, "The GraphQL query asks for too many nodes. Ask for smaller pages."],
  "graphql-id": [
    403,
    "This GraphQL node id does not belong to a repository that agents can use. Use an id from an answer about such a repository.",
  ],
  "git-service": [403, "The gate supports git's smart protocol only. Use 'git clone', 'git fetch' or 'git push'."],
  "git-command": [403, "Agents cannot use this git command or option. Clone or fetch without it."],
  "git-capability": [403, "Agents cannot use this git option. Push without signing and without push options."],
  "pack-too-many-objects": [403, "The push has too many objects. Push fewer commits at a time."],
  "pack-not-inspectable": [
    403,
    "The push has changes that the gate cannot read. Push again with --no-thin, in smaller steps.",
  ],
  "lfs-refused": [
    403,
    "Git LFS is not allowed here, or this address has expired. Commit small files without LFS, or run git lfs again.",
  ],
  "download-refused": [
    403,
    "This download address is invalid, or it has expired: it works for one minute. Ask for the log, archive or asset again.",
  ],
  "redirect-refused": [
    403,
    "GitHub redirects to a host that is not allowed. Ask for the repository or file by its current name.",
  ],
  "token-stopped": [403, "An operator has stopped the gate. Wait, or ask the operator."],
  "mcp-method": [404, "The gate does not have this method of MCP. Use tools/list and tools/call."],
  "mcp-stream": [405, "The gate has no streams and no sessions of MCP. POST each request to /mcp."],
  "not-found": [404, "Not Found"],
  // 413, 415
  "body-too-large": [413, "The body is too large. Send less at once."],
  "push-too-large": [413, "The push is too large. Push fewer or smaller files."],
  "encoding-not-inspected": [415, "The gate cannot read this encoding of the body. Send it uncompressed."],
  "media-type": [
    415,
    "The Content-Type header does not fit this request. Send 'Content-Type: application/json', in UTF-8.",
  ],
  // 429
  "limit-requests-minute": [429, "Too many requests in this minute. Wait, then try again."],
  "limit-requests-hour": [429, "Too many requests in this hour. Wait, then try again."],
  "limit-writes-minute": [429, "Too many writes in this minute. Wait, then try again."],
  "limit-bytes-hour": [429, "Too many bytes in this hour. Wait, then try again."],
  "limit-unauthenticated": [429, "Too many requests without a valid gate key. Wait, then use the gate key."],
  "github-limit": [429, "GitHub's rate limit is reached. Wait, then try again."],
  "queue-full": [429, "Too many requests are waiting for GitHub. Wait, then send fewer at once."],
  // 5xx
  "upstream-error": [502, "GitHub did not answer properly. Check whether the change arrived, then try again."],
  "answer-too-large": [502, "GitHub's answer is too large. Ask for less at once."],
  "answer-refused": [502, "The gate cannot pass on GitHub's answer safely. Ask an operator to look at the gate."],
  "gate-error": [503, "The gate failed and let nothing through. Try again, or tell an operator."],
  "policy-invalid": [503, "The gate has no valid policy, so it refuses every request. Tell an operator."],
  "token-unavailable": [503, "The gate cannot read its GitHub token. Tell an operator."],
  "token-expired": [503, "The gate's GitHub token has expired. Ask an operator to rotate it."],
  "token-denied": [503, "An operator has blocked the gate's GitHub token. Ask the operator to rotate it."],
  "token-refused": [503, "GitHub rejects the gate's token. Ask an operator to rotate it."],
  "ledger-unavailable": [
    503,
    "The gate cannot check its limits, so it refuses the request. Try again, or tell an operator.",
  ],
  "audit-unavailable": [
    503,
    "The gate cannot write its audit trail. Check whether a change arrived, and tell an operator.",
  ],
  "upstream-timeout": [504, "GitHub did not answer in time. Check whether the change arrived, then try again."],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type RuleId = keyof typeof REFUSALS;

/**
 * A refusal: its rule, and where in the request it applies (a key path, a parameter name, a ref). Never holds a secret
 * or a body.
 */
export class Refusal {
  readonly allow = false;
  constructor(
    readonly rule: RuleId,
    readonly at: string = "",
  ) {}
  get status(): number {
    return REFUSALS[this.rule][0];
  }
  get message(): string {
    // In GitHub's own words for a field that a server does not have: clients that know older servers then go on without
    // it.
    const field = this.rule === "graphql-field" ? /^([A-Za-z_]+)\.([A-Za-z_0-9]+)$/.exec(this.at) : null;
    if (field !== null) return `${REFUSALS[this.rule][1]} Field '${field[2]}' doesn't exist on type '${field[1]}'`;
    return this.at === "" ? REFUSALS[this.rule][1] : `${REFUSALS[this.rule][1]} (${printable(this.at)})`;
  }
}

/**
 * Text from a request as it may stand in an answer or a record: bounded, and without control, bidirectional or other
 * invisible characters.
 */
export function printable(text: string, limit = 200): string {
  if (text.length <= limit && /^[\x20-\x7e]*$/.test(text)) return text;
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return cut.replace(
    // oxlint-disable-next-line no-control-regex -- control characters are what this removes
    /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]/g,
    "�",
  );
}
