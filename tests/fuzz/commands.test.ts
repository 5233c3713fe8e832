import fc from "fast-check";
import { forgetServer, gateReadsCommandsAsGit, gateReadsFetchesAsGit, type Line } from "./oracles/commands";
import { fuzz, literal } from "./support/fuzz";
import { removeFolders } from "./support/git";

afterAll(() => {
  forgetServer();
  removeFolders();
});

const ZERO = "0".repeat(40);
const rarely = <T>(usual: fc.Arbitrary<T>, other: fc.Arbitrary<T>, weight = 15): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: usual }, other);
const ids = rarely(
  fc.constantFrom("{tip}", "{old}", ZERO),
  fc.constantFrom("{TIP}", "1".repeat(40), "1".repeat(39), "{tip}0", " {tip}", ""),
);
const refs = rarely(
  fc.constantFrom(
    "refs/heads/claude/a",
    "refs/heads/claude/b",
    "refs/heads/claude/there",
    "refs/heads/main",
    "refs/tags/v1",
    "refs/heads/claude/c/d",
  ),
  fc.oneof(
    fc.constantFrom(
      "refs/heads/claude/a\n",
      "refs/heads/claude/ä",
      "refs/heads/claude/\xe9",
      "refs/heads/claude/a.lock",
      "refs/heads/claude/../main",
      "refs/heads//main",
      "HEAD",
      "refs/heads/claude/a b",
      "refs/heads/claude/@{x",
      "refs/heads/claude/a\\b",
      "refs/heads/claude/a\u0001",
      "refs/heads/.a",
      "refs/heads/claude/a.",
      "refs/x",
      "refs/heads/claude/-a",
    ),
    fc.string({ unit: "binary-ascii", maxLength: 8 }).map((s) => `refs/heads/claude/${s}`),
  ),
  8,
);
const capabilities = rarely(
  fc.constantFrom(
    "report-status",
    " report-status",
    " report-status side-band-64k object-format=sha1 agent=git/2.39",
    "report-status-v2 atomic",
    "",
  ),
  fc.constantFrom(
    "push-options",
    "push-cert=x",
    "object-format=sha256",
    "report-status\0delete-refs",
    "agent=a b",
    "quiet\n",
  ),
  10,
);
const blank = rarely(fc.constant(" "), fc.constantFrom("  ", "\t", "\0", "\n"), 25);
const end = rarely(fc.constantFrom("", "\n"), fc.constantFrom("\r\n", "\n\n", " ", "\0"), 20);
const length = rarely<string | undefined>(
  fc.constant(undefined),
  fc.constantFrom(
    "0000",
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "fff0",
    "ffff",
    "00G0",
    "00ZZ",
    "+064",
    "0x64",
    "  64",
  ),
  40,
);
const withLength = ([text, claimed]: [string, string | undefined]): Line =>
  claimed === undefined ? { text } : { text, length: claimed };
const command = fc
  .tuple(
    fc.tuple(ids, blank, ids, blank, refs, end).map((parts) => parts.join("")),
    length,
  )
  .map(withLength);
const first = fc
  .tuple(
    fc.tuple(ids, blank, ids, blank, refs, fc.constant("\0"), capabilities, end).map((parts) => parts.join("")),
    length,
  )
  .map(withLength);
const extra = fc.constantFrom<Line>(
  { text: "shallow {tip}" },
  { text: "shallow {tip}\0x" },
  { text: "push-cert\0 report-status\n" },
  { text: "" },
  { text: "", length: "0000" },
  { text: `{old} {tip} refs/heads/claude/b\0report-status` },
);
const flush: Line = { text: "", length: "0000" };
const pushes = fc
  .tuple(
    fc.array(extra, { maxLength: 1 }).filter((e) => e.length === 0 || e[0]?.text !== ""),
    first,
    fc.array(rarely(command, extra, 10), { maxLength: 3 }),
    fc.constantFrom<Line[]>([flush], [flush], [flush], [], [{ text: "", length: "0001" }, flush]),
  )
  .map(([before, head, more, after]) => [
    ...(before.length > 0 && (head.text.length & 3) === 0 ? before : []),
    head,
    ...more,
    ...after,
  ]);

const marker = (length_: string): Line => ({ text: "", length: length_ });
const argument = rarely(
  fc.constantFrom(
    "want {tip}\n",
    "want {old}\n",
    "have {old}\n",
    "done\n",
    "thin-pack",
    "ofs-delta\n",
    "no-progress",
    "include-tag",
    "deepen 1\n",
    "deepen-since 1700000000",
    "filter blob:none\n",
    "filter tree:0",
    "shallow {old}\n",
    "ref-prefix refs/heads/\n",
    "peel\n",
    "symrefs\n",
    "unborn",
    "wait-for-done",
    "sideband-all",
    "deepen-not refs/heads/main",
  ),
  fc.constantFrom(
    "packfile-uris https",
    "want-ref refs/heads/main",
    "filter sparse:oid=main:x",
    "filter combine:blob:none+tree:0",
    "session-id=x",
    "server-option=x",
    "want {tip}\0x",
    "want {tip} \n",
    "done\n\n",
    "command=object-info",
    "agent=a",
    "done\r\n",
    "have {tip}\nhave {old}",
  ),
  12,
).map((text): Line => ({ text }));
const second = fc
  .tuple(
    fc.constantFrom(
      "command=fetch\n",
      "command=fetch",
      "command=ls-refs\n",
      "command=object-info",
      "command=bundle-uri",
      "Command=fetch",
    ),
    fc.array(fc.constantFrom("agent=git/2.39\n", "object-format=sha1\n", "object-format=sha1", "session-id=1"), {
      maxLength: 2,
    }),
    fc.array(argument, { maxLength: 5 }),
    rarely(fc.constant(true), fc.constant(false), 10),
  )
  .map(([name, more, args, delimited]) => [
    { text: name },
    ...more.map((text) => ({ text })),
    ...(delimited ? [marker("0001")] : []),
    ...args,
    marker("0000"),
  ]);
const zeroth = fc
  .tuple(
    fc.constantFrom(
      "want {tip} side-band-64k ofs-delta thin-pack no-progress agent=git/2.39\n",
      "want {tip}\n",
      "want {tip} multi_ack_detailed no-done side-band-64k\n",
    ),
    fc.array(argument, { maxLength: 3 }),
    fc.array(argument, { maxLength: 3 }),
    fc.boolean(),
  )
  .map(([want, before, after, done]) => [
    { text: want },
    ...before,
    marker("0000"),
    ...after,
    ...(done ? [{ text: "done\n" }] : [marker("0000")]),
  ]);

describe("pkt-line streams", () => {
  fuzz("push the commands that git reads", {
    cost: 25,
    values: pushes,
    holds: gateReadsCommandsAsGit,
    accepted: 0.03,
    regression: { from: "commands", call: (s) => `gateReadsCommandsAsGit(${literal(s)})` },
  });
  fuzz("fetch by the lines that git reads", {
    cost: 25,
    values: fc.oneof(
      fc.record({ version: fc.constant(2 as const), stream: second }),
      fc.record({ version: fc.constant(0 as const), stream: zeroth }),
    ),
    holds: gateReadsFetchesAsGit,
    accepted: 0.2,
    regression: { from: "commands", call: (s) => `gateReadsFetchesAsGit(${literal(s)})` },
  });
});
