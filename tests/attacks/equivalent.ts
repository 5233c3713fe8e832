/**
 * Guards whose absence no case shows from outside, each with the reason: another guard in front or behind gives the
 * same answer, only a failure of the runtime leads there, or it takes more time or size than the corpus has. By file
 * and a piece of the line; unit tests hold those that are part of the pure decision.
 */
export const EQUIVALENT: readonly (readonly [file: string, line: string, reason: string])[] = [
  ["gate/policy/rest/body.ts", "route === undefined", "the target's verdict always has a route by then"],
  [
    "gate/policy/text/canonical.ts",
    "target.charCodeAt(0) !== SLASH",
    "the runtime gives a path that starts with a slash, or refuses",
  ],
  ["gate/policy/target.ts", "name === undefined || raw === undefined", "a template has as many names as values"],
  [
    "gate/policy/decide.ts",
    'verdict.kind === "control"',
    "part of the pure decision for the drill; the Worker handles control routes before",
  ],
  ["gate/policy/decide.ts", ': new Refusal("graphql-malformed");', "part of the pure decision for the drill"],
  [
    "gate/policy/decide.ts",
    'new Refusal("mcp-stream")',
    "part of the pure decision; the Worker refuses other methods itself",
  ],
  ["gate/policy/decide.ts", 'new Refusal("mcp-tool"', "part of the pure decision; as in the Worker"],
  [
    "gate/worker/interfaces/mcp.ts",
    "verdict.route !== asked.route",
    "arguments are encoded, so that no call becomes another route's request; a mutant takes the encoding out",
  ],
  [
    "gate/worker/interfaces/mcp.ts",
    'token === undefined) return refuse("gate-error")',
    "whatever GitHub answered was sent with a token",
  ],
  ["gate/policy/text/json.ts", "!isWellFormed(text)", "text decoded from UTF-8 has no lone surrogates"],
  [
    "gate/policy/git/commands.ts",
    "at > MAX_COMMAND_BYTES",
    "the check for a command that never ends, below, gives the same answer",
  ],
  [
    "gate/policy/git/commands.ts",
    "bytes.length > MAX_COMMAND_BYTES ?",
    "the reader of commands stops at the same size with the same answer",
  ],
  [
    "gate/policy/git/commands.ts",
    '"packet"',
    "what cannot be read is taken for incomplete, and the end of the body gives the same answer",
  ],
  [
    "gate/policy/git/commands.ts",
    'read.packet.kind !== "data"',
    "a packet without data is no command, which gives the same answer",
  ],
  ["gate/policy/git/fetching.ts", "read === undefined", "the exception that follows gives the same answer"],
  [
    "gate/policy/git/history.ts",
    'tree === undefined) return new Refusal("pack-not-inspectable"',
    "the same commit has been compared by GitHub just before",
  ],
  [
    "gate/policy/git/history.ts",
    "tip === undefined",
    "needs a GitHub that knows commits and trees, and not its default branch",
  ],
  [
    "gate/policy/git/lfs.ts",
    'return new Refusal("lfs-refused", method);',
    "an address without a seal for it is refused with the same rule",
  ],
  [
    "gate/policy/git/pack.ts",
    "this.left.length > 1024 * 1024",
    "no state waits for so much; kept against an error of the inflater",
  ],
  ["gate/policy/git/pack.ts", '"delta offset"', "an offset that long leads to no object, which gives the same answer"],
  [
    "gate/policy/git/pack.ts",
    '"a delta without its base"',
    "trees and commits are always kept, so their deltas have a base",
  ],
  [
    "gate/policy/git/pack.ts",
    'this.inflated > this.limits.maxInflated) return new Refusal("pack-not-inspectable", "inflates too much");',
    "results of deltas are made up to 8 MiB only, which the limit on all objects leaves room for",
  ],
  ["gate/policy/git/pack.ts", "this.structure > MAX_STRUCTURE)", "the second count, below, gives the same answer"],
  [
    "gate/policy/git/pack.ts",
    "this.structure > MAX_STRUCTURE * 2",
    "the limits on each tree and each delta are reached before",
  ],
  [
    "gate/worker/interfaces/operator.ts",
    'new Refusal("body-malformed"))',
    "a body without a known key gives the same answer",
  ],
  [
    "gate/worker/interfaces/operator.ts",
    'new Refusal("audit-unavailable"',
    "needs an archive that lost an object after it was written; the operator alone asks for it",
  ],
  [
    "gate/worker/ledger/client.ts",
    "for (const waiter of waiters) waiter.refuse",
    "those that wait are refused with the same rule when their time is up",
  ],
  [
    "gate/worker/interfaces/rest.ts",
    "verdict === undefined || route === undefined",
    "the target's verdict always has a route by then",
  ],
  [
    "gate/worker/interfaces/rest.ts",
    'refuse("body-missing")',
    "the runtime gives every POST a body, and an empty one is refused with the same rule",
  ],
  [
    "gate/policy/fileContent.ts",
    'path === "") return new SecretRefusal',
    "a file without a place has no earlier content, which gives the same answer; tests/gate/policy/fileContent.test.ts",
  ],
  [
    "gate/policy/fileContent.ts",
    "refused.length >= 20",
    "needs a file on GitHub that holds twenty credentials; tests/gate/policy/fileContent.test.ts",
  ],
  [
    "gate/policy/graphql/judge.ts",
    "standing.length > MAX_STANDING",
    "bounds the number of questions; each file is still compared with what stood there",
  ],
  [
    "gate/policy/git/suspects.ts",
    "below === undefined",
    "the commits in front have been read by the check of protected paths just before",
  ],
  ["gate/policy/git/suspects.ts", "++places > MAX_PLACES", "needs a push that changes fifty thousand places"],
  [
    "gate/worker/answer/streaming.ts",
    'refuse("answer-refused")',
    "the piece that is missing then breaks the answer off at the same place",
  ],
  [
    "gate/worker/interfaces/download.ts",
    'token === undefined) return refuse("gate-error")',
    "an answer of GitHub's always had a token",
  ],
  [
    "gate/worker/seal.ts",
    'refuse("gate-error")',
    "without this secret the token cannot be read, so no request gets that far",
  ],
  [
    "gate/worker/ledger/client.ts",
    "this.waiting.length >= MAX_WAITERS",
    "needs thousands of requests that wait at once",
  ],
  [
    "gate/worker/request/body.ts",
    'return refuse("body-aborted");',
    "the connection of a body that breaks off is gone, and nobody reads the answer",
  ],
  [
    "gate/worker/request/headers.ts",
    'new Refusal("header-duplicate", "host")',
    "the runtime refuses two lines of Host; tests/gate/worker/request/address.test.ts has what another joins",
  ],
  ["gate/worker/answer/filter.ts", "token === undefined", "an answer of GitHub's always had a token"],
  [
    "gate/worker/worker.ts",
    'ledger.state.archiveFailing) throw new Refused(new Refusal("audit-unavailable"))',
    "the ledger gives no lease while the archive fails, which gives the same answer; tests/gate/worker/ledger/client.test.ts",
  ],
  [
    "gate/worker/worker.ts",
    "ledger.state.stopped",
    "the ledger gives no lease while the gate is stopped, which gives the same answer",
  ],
  ["gate/worker/worker.ts", 'new Refusal("route-not-allowed")', "every interface has been handled before"],
  [
    "gate/worker/upstream/token.ts",
    "now >= token.expiresAt",
    "needs a token that expires between two requests of a few seconds; an expired one is refused when it is read",
  ],
  [
    "gate/worker/upstream/send.ts",
    "instanceof ReadableStream) refuse",
    "needs a push of several megabytes and a token that changes while it streams",
  ],
  ["gate/worker/auth/authenticator.ts", "!GATE_KEY.test(key)", "a text of another form has no known hash"],
  ["gate/worker/interfaces/git.ts", "context.push === undefined", "the runtime gives every POST a body"],
  ["gate/worker/request/gzip.ts", "content-length", "what is inflated is counted against the same limit"],
  ["gate/worker/upstream/concurrency.ts", "queue-full", "needs hundreds of requests that wait for seconds"],
  ["gate/worker/request/body.ts", "queue-full", "needs answers of 48 MB at once; tests/gate/worker/answersSum.test.ts"],
  [
    "gate/worker/interfaces/lfs.ts",
    'refuse("body-aborted")',
    "the connection of an upload that breaks off is gone, and nobody reads the answer",
  ],
  [
    "gate/worker/interfaces/lfs.ts",
    "sealed.size > limits.maxPushBytes",
    "the batch refuses such an object before it seals an address",
  ],
  [
    "gate/worker/worker.ts",
    'turnAway(gate, context, new Refusal("unauthenticated"))',
    "takes a download of a session that has ended since; tests/gate/worker/interfaces/sessions.test.ts has one",
  ],
  [
    "gate/worker/auth/sessionKeys.ts",
    'refuse("ledger-unavailable")',
    "without a list the gate fails, and refuses as well; tests/gate/worker/auth/sessionKeys.test.ts tells them apart",
  ],
];
