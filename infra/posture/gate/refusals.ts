/** Every reason for which the gate refuses, with its status: the one table from rule to answer. Rule ids are a contract (audit records, drill, report). */
export const REFUSALS = {
  // 400: malformed, ambiguous or not canonical
  "target-malformed": [400, "The request target is not a plain origin-form path."],
  "target-too-long": [400, "The request target is longer than the gate reads."],
  "path-character": [400, "The path has a character that must not stand there."],
  "path-encoding": [
    400,
    "The path is percent-encoded in a way that is not canonical; encode only what needs it, with upper-case hex.",
  ],
  "path-empty-segment": [400, "The path has an empty segment or a trailing slash."],
  "path-dot-segment": [400, "The path has a dot segment."],
  "path-encoded-slash": [400, "An encoded slash stands where one segment is expected."],
  "query-malformed": [400, "The query is not a list of key=value in canonical encoding."],
  "query-duplicate": [400, "A query parameter is given twice."],
  "query-value": [400, "A query parameter has a value that its type does not allow."],
  "method-unknown": [400, "The gate does not know this method."],
  "header-duplicate": [400, "A header that must be single is given more than once."],
  "header-value": [400, "A header has a value that the gate does not accept."],
  "header-forbidden": [400, "The request has a header that could change its meaning."],
  "upgrade-refused": [400, "The gate does not switch protocols."],
  "body-unexpected": [400, "This request must not have a body."],
  "body-missing": [400, "This request needs a JSON body."],
  "body-malformed": [400, "The body is not the JSON that this route takes."],
  "body-duplicate-key": [400, "The JSON body has the same key twice in one object."],
  "body-too-deep": [400, "The JSON body is nested deeper than the gate reads."],
  "body-number": [400, "A number in the JSON body cannot be represented exactly."],
  "body-aborted": [400, "The body ended before it was complete."],
  "graphql-malformed": [400, "The GraphQL request does not parse, or is larger than the gate reads."],
  "git-malformed": [400, "The git request is not well-formed."],
  "pack-malformed": [400, "The pack is not well-formed."],
  // 401
  unauthenticated: [401, "A valid gate key is needed."],
  // 403: understood, and forbidden
  "route-not-allowed": [403, "The posture opens no such route."],
  "route-closed": [403, "This action is closed for the agent."],
  "owner-not-allowed": [403, "The gate serves the repositories of one organization."],
  "repository-not-listed": [403, "The repository is not in the posture."],
  "access-read-only": [403, "The posture gives read access to this repository."],
  "parameter-value": [403, "A path parameter has a value that its type does not allow."],
  "query-not-allowed": [403, "A query parameter is not open on this route."],
  "body-key-not-allowed": [403, "The body has a key that is not open on this route."],
  "body-value": [403, "The body has a value that this route does not allow."],
  "media-type-not-allowed": [403, "The gate does not pass this Accept media type."],
  "ref-outside-agent-space": [403, "The agent creates and updates branches below its own prefix only."],
  "ref-delete": [403, "The agent deletes no refs."],
  "ref-force": [403, "The agent does not force an update."],
  "ref-update-closed": [403, "References are updated by git or REST only, where the gate sees what they bring."],
  "protected-path": [403, "The change touches a path that the agent may not change."],
  "tree-not-inspectable": [
    403,
    "A tree entry cannot be inspected before it is written; list files, and build on base_tree.",
  ],
  "change-too-large": [403, "The change has more files or lines than the posture allows for one proposal."],
  "change-not-inspectable": [403, "The gate could not see all of the change, so it refuses it."],
  "secret-in-content": [403, "The content holds what looks like a credential."],
  "pull-request-ready": [403, "The agent's pull requests stay drafts; a person marks them as ready for review."],
  "pull-request-merge": [403, "The agent merges nothing, by no way; a person does."],
  "pull-request-auto-merge": [403, "The agent neither enables nor disables merging by itself; a person does."],
  "pull-request-label": [403, "The label of the agent's pull requests stays where the gate has put it."],
  "pull-request-reviewers": [403, "The agent takes back no request for review."],
  "fork-not-allowed": [403, "The gate does not reach into forks or other owners."],
  "review-event": [403, "The agent reviews as a comment only; it neither approves nor requests changes."],
  "review-dismiss": [403, "The agent dismisses no review."],
  "protection-bypass": [403, "The agent neither changes nor passes branch protection and rulesets."],
  "search-not-scoped": [
    403,
    "A search must be scoped to listed repositories with repo:owner/name, without OR, NOT or parentheses.",
  ],
  "lookup-failed": [403, "GitHub does not know what the request refers to, so it cannot be judged."],
  "graphql-operations": [403, "A GraphQL request is exactly one operation."],
  "graphql-field": [403, "The GraphQL field is not open."],
  "graphql-argument": [403, "The GraphQL argument is not open, or its value is not allowed."],
  "graphql-directive": [403, "The GraphQL directive is not open."],
  "graphql-depth": [403, "The GraphQL query is nested deeper than the gate allows."],
  "graphql-cost": [403, "The GraphQL query asks for more nodes than the gate allows."],
  "graphql-id": [403, "The GraphQL node id does not resolve to a listed repository."],
  "git-service": [403, "The gate serves git-upload-pack and git-receive-pack only."],
  "git-command": [403, "The git command is not open."],
  "git-capability": [403, "The git capability is not open."],
  "pack-too-many-objects": [403, "The push has more objects than the posture allows."],
  "pack-not-inspectable": [
    403,
    "The pack holds changes that the gate cannot read; push again with --no-thin, in smaller steps.",
  ],
  "lfs-refused": [403, "Git LFS is not open through this gate."],
  "redirect-refused": [403, "GitHub redirects to a host that is not open."],
  "token-stopped": [403, "The gate is stopped by its operator."],
  "not-found": [404, "Not Found"],
  // 413, 415
  "body-too-large": [413, "The body is larger than the posture allows."],
  "push-too-large": [413, "The push is larger than the posture allows."],
  "encoding-not-inspected": [415, "The body has an encoding that the gate does not inspect."],
  "media-type": [415, "The body must be JSON in UTF-8."],
  // 429
  "limit-requests-minute": [429, "Over the limit of requests a minute."],
  "limit-requests-hour": [429, "Over the limit of requests an hour."],
  "limit-writes-minute": [429, "Over the limit of writes a minute."],
  "limit-bytes-hour": [429, "Over the limit of bytes an hour."],
  "github-limit": [429, "GitHub asked to wait."],
  "queue-full": [429, "Too many requests are waiting for GitHub."],
  // 5xx
  "upstream-error": [502, "GitHub did not answer properly."],
  "answer-too-large": [502, "GitHub's answer is larger than the gate passes on."],
  "answer-refused": [502, "GitHub's answer cannot be passed on safely."],
  "gate-error": [503, "The gate failed and stays closed."],
  "policy-invalid": [503, "The gate has no valid policy and stays closed."],
  "token-unavailable": [503, "The GitHub token cannot be read from its store."],
  "token-expired": [503, "The GitHub token has expired; it must be rotated."],
  "token-denied": [503, "The GitHub token in the store was denied by the operator; it must be rotated."],
  "token-refused": [503, "GitHub refuses the token in the store; it must be rotated."],
  "ledger-unavailable": [503, "The limits cannot be checked."],
  "audit-unavailable": [503, "The audit trail cannot be written."],
  "upstream-timeout": [504, "GitHub was too slow."],
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
