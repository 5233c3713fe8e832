import { AGENT_BRANCH_PREFIX } from "../contract";

/** Every reason for which the gate refuses, with its status: the one table from rule to answer. Rule ids are a contract (audit records, drill, report). */
export const REFUSALS = {
  // 400: malformed, ambiguous or not canonical
  "target-malformed": [400, "The request target is not a path on this gate. Send a path that starts with one slash."],
  "target-too-long": [
    400,
    "The request target is longer than the gate reads (8,192 characters). Shorten the path or the query.",
  ],
  "path-character": [400, "The path has a character that must not stand there. Percent-encode it."],
  "path-encoding": [
    400,
    "The path is percent-encoded in an unusual way. Encode only the characters that need it, once, with upper-case hex digits.",
  ],
  "path-empty-segment": [400, "The path has a doubled or trailing slash. Leave it out."],
  "path-dot-segment": [400, "The path has a dot segment. Write the path without '.' and '..'."],
  "path-encoded-slash": [400, "An encoded slash stands where one name is expected. Write that name without a slash."],
  "query-malformed": [400, "The query is not a list of key=value. Percent-encode each value once."],
  "query-duplicate": [400, "A query parameter is given twice. Give it once."],
  "query-value": [
    400,
    "A query parameter has a value that it cannot have. See GitHub's documentation of this request for its type.",
  ],
  "method-unknown": [
    400,
    "The gate does not know this method. Use GET, HEAD, POST, PUT, PATCH or DELETE, in capitals.",
  ],
  "header-duplicate": [400, "A header is given more than once. Send it once."],
  "header-value": [
    400,
    "A header has a value that the gate does not accept. Send plain ASCII text, or leave the header out.",
  ],
  "api-version-not-allowed": [
    400,
    "The gate passes on two versions of GitHub's REST API. Send 'X-GitHub-Api-Version: 2022-11-28' or '2026-03-10', or leave the header out.",
  ],
  "header-forbidden": [400, "The request has a header that could change its meaning. Leave the header out."],
  "upgrade-refused": [400, "The gate does not switch protocols. Send the request without an Upgrade header."],
  "body-unexpected": [400, "This request has a body, but takes none. Send it without a body."],
  "body-missing": [400, "This request needs a body. Send a JSON object."],
  "body-malformed": [400, "The body is not JSON that this request takes. Send one JSON value in UTF-8."],
  "body-duplicate-key": [400, "The JSON body has the same key twice in one object. Send each key once."],
  "body-too-deep": [400, "The JSON body is nested deeper than the gate reads. Use fewer levels."],
  "body-number": [
    400,
    "A number in the JSON body cannot be represented exactly. Use a smaller or less precise number.",
  ],
  "body-aborted": [400, "The body ended before it was complete. Send the request again."],
  "graphql-malformed": [
    400,
    "The GraphQL request does not parse, or is larger than the gate reads. POST one JSON object with 'query' and 'variables'.",
  ],
  "git-malformed": [
    400,
    "The gate cannot read this git request. Use an ordinary git client, and at most 32 references in a push.",
  ],
  "pack-malformed": [400, "The gate cannot read the pack of this push. Run 'git fsck', then push again."],
  // 401
  unauthenticated: [
    401,
    "A valid gate key is needed. Send it as 'Authorization: Bearer <key>', or to git as the password.",
  ],
  // 403: understood, and forbidden
  "route-not-allowed": [
    403,
    "The gate does not open this request to agents. Use another request, or ask an operator to open it.",
  ],
  "route-closed": [403, "This action is closed to agents. Ask a person to do it."],
  "owner-not-allowed": [
    403,
    "The gate serves the repositories of one organization only. Use a repository of that organization.",
  ],
  "repository-not-listed": [403, "This repository is not open to the agent. Ask an operator to list it."],
  "access-read-only": [403, "The agent may only read this repository. Ask an operator for write access."],
  "parameter-value": [
    403,
    "A part of the path has a value that it cannot have. Check the number, name or reference in the path.",
  ],
  "query-not-allowed": [403, "This query parameter is not open on this request. Leave it out."],
  "body-key-not-allowed": [403, "This key is not open on this request. Leave it out of the body."],
  "body-value": [
    403,
    "This key has a value that is not open on this request. See GitHub's documentation of this request for its type.",
  ],
  "media-type-not-allowed": [
    403,
    "The gate does not pass this media type on. Send 'Accept: application/vnd.github+json'.",
  ],
  "ref-outside-agent-space": [
    403,
    `Agents write only to branches below their own prefix. Use a branch such as ${AGENT_BRANCH_PREFIX}my-change, and open a pull request from it.`,
  ],
  "ref-delete": [403, "Agents cannot delete branches or tags. Leave it, or ask a person to delete it."],
  "ref-force": [403, "Agents cannot force an update. Add new commits on top, or push to a new branch."],
  "ref-update-closed": [403, "GraphQL cannot update references here. Use 'git push' or the REST API instead."],
  "protected-path": [
    403,
    "Agents cannot change this path. Take the change out of every commit, and ask a person to make it.",
  ],
  "tree-not-inspectable": [403, "The gate cannot inspect this tree entry. List single files, and build on base_tree."],
  "change-too-large": [
    403,
    "The change has more files or lines than one proposal may have. Split it into smaller branches.",
  ],
  "change-not-inspectable": [
    403,
    "The gate cannot see all of this change. Fetch, rebase on the default branch and push in smaller steps.",
  ],
  "secret-in-content": [
    403,
    "The content holds what looks like a credential. Remove it from every commit, then push again.",
  ],
  "pull-request-ready": [
    403,
    "The pull requests of agents stay drafts. Ask a reviewer to mark it as ready for review.",
  ],
  "pull-request-merge": [403, "Agents cannot merge pull requests. Ask a reviewer to merge it."],
  "pull-request-auto-merge": [403, "Agents cannot enable or disable auto-merge. Ask a reviewer to do it."],
  "pull-request-label": [
    403,
    "The label of the agent's pull requests cannot be removed. Keep it in the list of labels.",
  ],
  "pull-request-reviewers": [
    403,
    "Agents cannot take back a request for review. Ask a person to change the reviewers.",
  ],
  "pull-request-stack": [
    403,
    "Agents cannot stack pull requests: merging one merges all below it. Open each pull request onto a branch of people.",
  ],
  "agent-start": [
    403,
    "Agents cannot start other agents, assign work to them or ask them for review. Do the work here, or ask a person to start one.",
  ],
  "suggestion-decide": [
    403,
    "People decide about suggestions on an issue. Say in a comment what you think of it, and ask a person to approve or dismiss it.",
  ],
  "secret-store": [
    403,
    "Secrets and variables, of Actions and of agents, are closed to agents. Ask an administrator to set what is needed.",
  ],
  "fork-not-allowed": [403, "The gate does not reach into forks or other owners. Use a branch of this repository."],
  "review-event": [403, "Agents can only comment in a review. Use the event COMMENT."],
  "review-dismiss": [403, "Agents cannot dismiss reviews. Ask a person to dismiss it."],
  "protection-bypass": [403, "Agents cannot change or pass branch protection and rulesets. Ask an administrator."],
  "search-not-scoped": [
    403,
    "A search must stay inside open repositories. Add repo:owner/name outside of parentheses, and leave out OR and user:, org: and the like.",
  ],
  "lookup-failed": [
    403,
    "GitHub does not know what the request refers to. Check the name, number or id, or whether it was deleted.",
  ],
  "graphql-operations": [403, "A GraphQL request is exactly one operation. Send one query or one mutation."],
  "graphql-field": [403, "This GraphQL field is not open to agents. Leave it out."],
  "graphql-argument": [
    403,
    "This GraphQL argument, or its value, is not open to agents. Leave it out or use another value.",
  ],
  "graphql-directive": [403, "This GraphQL directive is not open. Use only @include and @skip."],
  "graphql-depth": [403, "The GraphQL query is nested deeper than the gate allows. Split it into several queries."],
  "graphql-cost": [403, "The GraphQL query asks for more nodes than the gate allows. Ask for smaller pages."],
  "graphql-id": [
    403,
    "This GraphQL node id does not belong to an open repository. Use an id from an answer about an open repository.",
  ],
  "git-service": [403, "The gate serves git's smart protocol only. Use 'git clone', 'git fetch' or 'git push'."],
  "git-command": [403, "This git command or option is not open. Clone or fetch without it."],
  "git-capability": [403, "This git option is not open. Push without signing and without push options."],
  "pack-too-many-objects": [403, "The push has more objects than is allowed. Push fewer commits at a time."],
  "pack-not-inspectable": [
    403,
    "The push has changes that the gate cannot read. Push again with --no-thin, in smaller steps.",
  ],
  "lfs-refused": [
    403,
    "Git LFS is not open here, or this address has expired. Commit small files without LFS, or run git lfs again.",
  ],
  "download-refused": [
    403,
    "This download address is not one of this gate's, or its minute is over. Ask for the log, archive or asset again.",
  ],
  "redirect-refused": [
    403,
    "GitHub redirects to a host that is not open. Ask for the repository or file under its present name.",
  ],
  "token-stopped": [403, "An operator has stopped the gate. Wait, or ask the operator."],
  "not-found": [404, "Not Found"],
  // 413, 415
  "body-too-large": [413, "The body is larger than is allowed. Send less at once."],
  "push-too-large": [413, "The push is larger than is allowed. Push fewer or smaller files."],
  "encoding-not-inspected": [415, "The body has an encoding that the gate does not read. Send it uncompressed."],
  "media-type": [
    415,
    "The Content-Type header names another kind of body. Send 'Content-Type: application/json', in UTF-8.",
  ],
  // 429
  "limit-requests-minute": [429, "Too many requests in this minute. Wait, then try again."],
  "limit-requests-hour": [429, "Too many requests in this hour. Wait, then try again."],
  "limit-writes-minute": [429, "Too many writes in this minute. Wait, then try again."],
  "limit-bytes-hour": [429, "Too many bytes in this hour. Wait, then try again."],
  "limit-unauthenticated": [429, "Too many requests without a valid gate key. Wait, then use the gate key."],
  "github-limit": [429, "GitHub asks to wait. Try again later."],
  "queue-full": [429, "Too many requests are waiting for GitHub. Wait, then try again with fewer at once."],
  // 5xx
  "upstream-error": [502, "GitHub did not answer properly. Check whether the change arrived, then try again."],
  "answer-too-large": [502, "GitHub's answer is larger than the gate passes on. Ask for less at once."],
  "answer-refused": [502, "GitHub's answer cannot be passed on safely. Ask an operator to look at the gate."],
  "gate-error": [503, "The gate failed and let nothing through. Try again, or tell an operator."],
  "policy-invalid": [503, "The gate has no valid policy and lets nothing through. Tell an operator."],
  "token-unavailable": [503, "The gate cannot read its GitHub token. Tell an operator."],
  "token-expired": [503, "The gate's GitHub token has expired. Ask an operator to rotate it."],
  "token-denied": [503, "An operator has denied the gate's GitHub token. Ask the operator to rotate it."],
  "token-refused": [503, "GitHub refuses the gate's token. Ask an operator to rotate it."],
  "ledger-unavailable": [
    503,
    "The gate cannot check its limits, so it lets nothing through. Try again, or tell an operator.",
  ],
  "audit-unavailable": [
    503,
    "The gate cannot write its audit trail. Check whether a change arrived, and tell an operator.",
  ],
  "upstream-timeout": [504, "GitHub did not answer in time. Check whether the change arrived, then try again."],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type RuleId = keyof typeof REFUSALS;

/** A refusal: its rule, and where in the request it applies (a key path, a parameter name, a ref). Never holds a secret or a body. */
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
    // In GitHub's own words for a field that a server does not have: clients that know older servers then go on without it.
    const field = this.rule === "graphql-field" ? /^([A-Za-z_]+)\.([A-Za-z_0-9]+)$/.exec(this.at) : null;
    if (field !== null) return `${REFUSALS[this.rule][1]} Field '${field[2]}' doesn't exist on type '${field[1]}'`;
    return this.at === "" ? REFUSALS[this.rule][1] : `${REFUSALS[this.rule][1]} (${printable(this.at)})`;
  }
}

/** Text from a request as it may stand in an answer or a record: bounded, and without control, bidirectional or other invisible characters. */
export function printable(text: string, limit = 200): string {
  if (text.length <= limit && /^[\x20-\x7e]*$/.test(text)) return text;
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return cut.replace(
    // eslint-disable-next-line no-control-regex -- control characters are what this removes
    /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]/g,
    "�",
  );
}
