import { attack, each, twin } from "./build";
import { FLUSH, gitObject, pkt, ZERO, type Change, type GitKit } from "../support/kit";
import type { Ask, Attack, CaseFile } from "../support/types";

const TYPE = [["Content-Type", "application/x-git-receive-pack-request"]] as const;
const push = (body: (kit: GitKit) => Buffer): Ask => ({
  method: "POST",
  target: "/acme/api.git/git-receive-pack",
  headers: TYPE,
  body,
});
const fetch = (...lines: readonly (string | Buffer)[]): Ask => ({
  method: "POST",
  target: "/acme/api.git/git-upload-pack",
  headers: [
    ["Content-Type", "application/x-git-upload-pack-request"],
    ["Git-Protocol", "version=2"],
  ],
  body: Buffer.concat(lines.map((line) => (typeof line === "string" ? pkt(line) : line))),
});

type Body = readonly [body: (kit: GitKit) => Buffer, guard: Attack["guard"], ...orElse: NonNullable<Attack["orElse"]>];

const AGENT = "refs/heads/claude/x";
const small = (kit: GitKit): { objects: ReturnType<GitKit["change"]>["objects"]; id: string } =>
  kit.change({ "a.txt": "x\n" });
/** A harmless change pushed to some reference. */
const to =
  (ref: string): ((kit: GitKit) => Buffer) =>
  (kit) =>
    kit.pushChange(ref, { "a.txt": "x\n" });
const withCapability =
  (capability: string): ((kit: GitKit) => Buffer) =>
  (kit) => {
    const { objects, id } = small(kit);
    return kit.push([[ZERO, id, AGENT]], kit.pack(objects), capability);
  };

/** References that are not the agent's. */
const REFS: Readonly<Record<string, string>> = {
  main: "refs/heads/main",
  "main-case": "refs/heads/Main",
  other: "refs/heads/feature/x",
  lookalike: "refs/heads/claude-x",
  "lookalike-long": "refs/heads/claudex/y",
  case: "refs/heads/Claude/x",
  "prefix-only": "refs/heads/claude",
  tag: "refs/tags/v9",
  "tag-agent": "refs/tags/claude/x",
  notes: "refs/notes/commits",
  pull: "refs/pull/1/head",
  replace: "refs/replace/0123456789012345678901234567890123456789",
  stash: "refs/stash",
  remote: "refs/remotes/origin/claude/x",
  meta: "refs/meta/config",
  double: "refs/heads/refs/heads/claude/x",
  "for-review": "refs/for/main",
  keep: "refs/keep-around/x",
  bare: "refs/claude/x",
  changes: "refs/changes/01/1/1",
  actions: "refs/actions/x",
};

/** Names that are no references, or not by git's own rules. */
const NAMES: Readonly<Record<string, string>> = {
  head: "HEAD",
  short: "claude/x",
  dots: "refs/heads/claude/../main",
  "double-slash": "refs/heads/claude//x",
  lock: "refs/heads/claude/x.lock",
  "dot-start": "refs/heads/claude/.x",
  "at-brace": "refs/heads/claude/x@{0}",
  caret: "refs/heads/claude/x^",
  colon: "refs/heads/claude/x:main",
  star: "refs/heads/claude/*",
  "trailing-slash": "refs/heads/claude/x/",
  "trailing-dot": "refs/heads/claude/x.",
  control: "refs/heads/claude/a\u0007",
  newline: "refs/heads/claude/a\nrefs/heads/main",
  tab: "refs/heads/claude/a\tb",
  bidi: "refs/heads/claude/\u202ea",
  space: "refs/heads/claude/a b",
  backslash: "refs/heads/claude\\..\\main",
  "empty-agent": "refs/heads/claude/",
};

/** Changes of what decides what runs and who reviews. */
const CHANGES: Readonly<Record<string, Readonly<Record<string, Change>>>> = {
  "workflow-new": { ".github/workflows/evil.yml": "on: push\n" },
  "workflow-changed": { ".github/workflows/ci.yml": "on: pull_request_target\n" },
  "workflow-removed": { ".github/workflows/ci.yml": null },
  "workflow-mode": { ".github/workflows/ci.yml": { mode: "100755", content: "name: CI\n" } },
  "workflow-link": { ".github/workflows/evil.yml": { mode: "120000", content: "../../src/x.yml" } },
  "workflow-deep": { ".github/workflows/a/b/c.yml": "on: push\n" },
  "workflow-case": { ".GitHub/Workflows/evil.yml": "on: push\n" },
  "workflow-full-width": { "．github/workflows/evil.yml": "on: push\n" },
  "workflow-among-many": {
    ...Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`src/f${i}.js`, `${i}`])),
    ".github/workflows/evil.yml": "on: push\n",
  },
  action: { ".github/actions/x/action.yml": "runs: {}\n" },
  "owners-changed": { CODEOWNERS: "* @claude-bot\n" },
  "owners-removed": { CODEOWNERS: null },
  "owners-outranked": { ".github/CODEOWNERS": "* @claude-bot\n" },
  "owners-docs": { "docs/CODEOWNERS": "* @claude-bot\n" },
  "owners-link": { CODEOWNERS: { mode: "120000", content: "src/owners" } },
  "owners-submodule": { CODEOWNERS: { mode: "160000", id: "1".repeat(40) } },
  "folder-file": { ".github": "x" },
  "folder-link": { ".github": { mode: "120000", content: "src" } },
  "folder-submodule": { ".github": { mode: "160000", id: "1".repeat(40) } },
  "docs-link": { docs: { mode: "120000", content: "src" } },
  declared: { "deploy/prod/run.sh": "x" },
  "declared-file": { deploy: "x" },
  "declared-depth": { "a/b/c.pem": "x" },
};

const BODIES: Readonly<Record<string, Body>> = {
  "delete-agent": [(kit) => kit.push([[kit.main, ZERO, "refs/heads/claude/start"]], Buffer.alloc(0)), "ref-delete"],
  "delete-main": [(kit) => kit.push([[kit.main, ZERO, "refs/heads/main"]], Buffer.alloc(0)), "ref-outside-agent-space"],
  "delete-tag": [
    (kit) => kit.push([[kit.first, ZERO, "refs/tags/v1.0.0"]], Buffer.alloc(0)),
    "ref-outside-agent-space",
  ],
  "delete-second": [
    (kit) => {
      const { objects, id } = small(kit);
      return kit.push(
        [
          [ZERO, id, AGENT],
          [kit.main, ZERO, "refs/heads/claude/start"],
        ],
        kit.pack(objects),
      );
    },
    "ref-delete",
  ],
  "delete-all-zero": [(kit) => kit.push([[ZERO, ZERO, AGENT]], Buffer.alloc(0)), "ref-delete"],
  "mixed-main": [
    (kit) => {
      const { objects, id } = small(kit);
      return kit.push(
        [
          [ZERO, id, AGENT],
          [kit.main, id, "refs/heads/main"],
        ],
        kit.pack(objects),
      );
    },
    "ref-outside-agent-space",
  ],
  "mixed-main-first": [
    (kit) => {
      const { objects, id } = small(kit);
      return kit.push(
        [
          [kit.main, id, "refs/heads/main"],
          [ZERO, id, AGENT],
        ],
        kit.pack(objects),
      );
    },
    "ref-outside-agent-space",
  ],
  "mixed-tag": [
    (kit) => {
      const { objects, id } = small(kit);
      return kit.push(
        [
          [ZERO, id, AGENT],
          [ZERO, id, "refs/tags/v9"],
        ],
        kit.pack(objects),
      );
    },
    "ref-outside-agent-space",
  ],
  "same-twice": [
    (kit) => {
      const { objects, id } = small(kit);
      return kit.push(
        [
          [ZERO, id, AGENT],
          [ZERO, kit.main, AGENT],
        ],
        kit.pack(objects),
      );
    },
    "git-malformed",
  ],
  "second-with-capabilities": [
    (kit) => {
      const { objects, id } = small(kit);
      return Buffer.concat([
        pkt(`${ZERO} ${id} ${AGENT}\0report-status`),
        pkt(`${ZERO} ${id} refs/heads/claude/y\0atomic refs/heads/main`),
        FLUSH,
        kit.pack(objects),
      ]);
    },
    "git-malformed",
  ],
  "extra-word": [
    (kit) => {
      const { objects, id } = small(kit);
      return Buffer.concat([pkt(`${ZERO} ${id} ${AGENT} refs/heads/main\0report-status`), FLUSH, kit.pack(objects)]);
    },
    "git-malformed",
  ],
  "upper-id": [
    (kit) => {
      const { objects, id } = small(kit);
      return kit.push([[ZERO, id.toUpperCase(), AGENT]], kit.pack(objects));
    },
    "git-malformed",
  ],
  "short-id": [
    (kit) => {
      const { objects, id } = small(kit);
      return kit.push([[ZERO, id.slice(0, 39), AGENT]], kit.pack(objects));
    },
    "git-malformed",
  ],
  "sha256-id": [(kit) => kit.push([["0".repeat(64), "1".repeat(64), AGENT]], kit.pack([])), "git-malformed"],
  "not-utf-8": [
    (kit) => {
      const line = Buffer.from(`${ZERO} ${kit.main} refs/heads/claude/\xff\0report-status`, "latin1");
      return Buffer.concat([Buffer.from((line.length + 4).toString(16).padStart(4, "0")), line, FLUSH, kit.pack([])]);
    },
    "git-malformed",
  ],
  nothing: [() => Buffer.alloc(0), "git-malformed"],
  "length-letters": [() => Buffer.from("zzzz0000"), "git-malformed"],
  "length-three": [() => Buffer.from("00030000"), "git-malformed"],
  "length-empty": [
    (kit) => Buffer.concat([Buffer.from("0004"), kit.pushChange(AGENT, { "a.txt": "x" })]),
    "git-malformed",
  ],
  "length-huge": [() => Buffer.concat([Buffer.from("ffff"), Buffer.alloc(70_000, 97)]), "git-malformed"],
  delimiter: [
    (kit) => Buffer.concat([Buffer.from("0001"), kit.pushChange("refs/heads/main", { "a.txt": "x" })]),
    "git-malformed",
  ],
  "response-end": [
    (kit) => Buffer.concat([Buffer.from("0002"), kit.pushChange("refs/heads/main", { "a.txt": "x" })]),
    "git-malformed",
  ],
  "cut-command": [(kit) => kit.pushChange(AGENT, { "a.txt": "x" }).subarray(0, 60), "git-malformed"],
  "no-flush": [(kit) => pkt(`${ZERO} ${kit.main} ${AGENT}\0report-status`), "git-malformed"],
  certificate: [
    (kit) =>
      Buffer.concat([
        pkt("push-cert\0report-status\n"),
        pkt("certificate version 0.1\n"),
        pkt(`${ZERO} ${kit.main} refs/heads/main\n`),
        pkt("push-cert-end\n"),
        FLUSH,
      ]),
    "git-malformed",
  ],
  "certificate-behind": [
    (kit) => Buffer.concat([pkt(`${ZERO} ${kit.main} ${AGENT}\0report-status`), pkt("push-cert\0x\n"), FLUSH]),
    "git-malformed",
  ],
  "shallow-lie": [
    (kit) => {
      const { objects, id } = kit.change({ ".github/workflows/evil.yml": "on: push\n" }, []);
      return Buffer.concat([pkt(`shallow ${id}`), kit.push([[ZERO, id, AGENT]], kit.pack(objects))]);
    },
    "protected-path",
  ],
  "shallow-malformed": [
    (kit) => Buffer.concat([pkt("shallow refs/heads/main"), kit.pushChange(AGENT, { "a.txt": "x" })]),
    "git-malformed",
  ],
  "shallow-between": [
    (kit) => {
      const { objects, id } = kit.change({ "a.txt": "x" });
      return Buffer.concat([
        pkt(`${ZERO} ${id} ${AGENT}\0report-status`),
        pkt(`shallow ${id}\0x`),
        FLUSH,
        kit.pack(objects),
      ]);
    },
    "git-malformed",
  ],

  "push-options": [withCapability("report-status push-options"), "git-capability"],
  "capability-unknown": [withCapability("report-status allow-everything"), "git-capability"],
  "capability-delete": [withCapability("report-status delete-refs"), "git-capability"],
  "capability-sha256": [withCapability("report-status object-format=sha256"), "git-capability"],
  "capability-certificate": [withCapability("report-status push-cert=nonce"), "git-capability"],
  "capability-agent-control": [withCapability("report-status agent=a\u0001b"), "git-capability"],
  "capability-tab": [withCapability("report-status\tpush-options"), "git-capability"],
  "capability-nul": [withCapability("report-status\0push-options"), "git-capability"],
  "capability-newline": [withCapability("report-status\npush-options"), "git-capability"],

  "pack-none": [(kit) => kit.push([[ZERO, kit.main, AGENT]], Buffer.alloc(0)), "body-aborted"],
  "pack-cut": [(kit) => kit.pushChange(AGENT, { "a.txt": "x" }).subarray(0, -10), "body-aborted"],
  "pack-cut-object": [
    (kit) => kit.pushChange(AGENT, { "a.txt": "x" }).subarray(0, -40),
    "body-aborted",
    "pack-malformed",
  ],
  "pack-behind": [
    (kit) => Buffer.concat([kit.pushChange(AGENT, { "a.txt": "x" }), Buffer.from("more")]),
    "pack-malformed",
  ],
  "pack-two": [
    (kit) => {
      const { objects, id } = small(kit);
      const evil = kit.change({ CODEOWNERS: "x" });
      return Buffer.concat([kit.push([[ZERO, id, AGENT]], kit.pack(objects)), kit.pack(evil.objects)]);
    },
    "pack-malformed",
  ],
  "pack-second-push": [
    (kit) =>
      Buffer.concat([kit.pushChange(AGENT, { "a.txt": "x" }), kit.pushChange("refs/heads/main", { "a.txt": "x" })]),
    "pack-malformed",
  ],
  "pack-magic": [
    (kit) => {
      const { objects, id } = small(kit);
      return kit.push([[ZERO, id, AGENT]], kit.pack(objects, { magic: "KCAP" }));
    },
    "pack-malformed",
  ],
  "pack-version": [
    (kit) => {
      const { objects, id } = small(kit);
      return kit.push([[ZERO, id, AGENT]], kit.pack(objects, { version: 3 }));
    },
    "pack-malformed",
  ],
  "pack-count-low": [
    (kit) => {
      const { objects, id } = small(kit);
      return kit.push([[ZERO, id, AGENT]], kit.pack(objects, { count: objects.length - 1 }));
    },
    "pack-malformed",
  ],
  "pack-count-high": [
    (kit) => {
      const { objects, id } = small(kit);
      return kit.push([[ZERO, id, AGENT]], kit.pack(objects, { count: objects.length + 1 }));
    },
    "pack-malformed",
    "body-aborted",
    "pack-not-inspectable",
  ],
  "pack-tag": [
    (kit) => {
      const { objects, id } = small(kit);
      return kit.push(
        [[ZERO, id, AGENT]],
        kit.pack([
          ...objects,
          gitObject("tag", `object ${id}\ntype commit\ntag v9\ntagger a <a@example.com> 1 +0000\n\nx\n`),
        ]),
      );
    },
    "pack-not-inspectable",
  ],
  "pack-type": [
    (kit) => {
      const pack = kit.pack(small(kit).objects);
      pack[12] = ((pack[12] ?? 0) & 0x8f) | 0x50;
      return kit.push([[ZERO, kit.main, AGENT]], pack);
    },
    "pack-not-inspectable",
  ],
  "pack-type-zero": [
    (kit) => {
      const pack = kit.pack(small(kit).objects);
      pack[12] = (pack[12] ?? 0) & 0x8f;
      return kit.push([[ZERO, kit.main, AGENT]], pack);
    },
    "pack-not-inspectable",
  ],
  "pack-zlib": [
    (kit) => {
      const pack = kit.pack(small(kit).objects);
      pack.fill(0xff, 14, 24);
      return kit.push([[ZERO, kit.main, AGENT]], pack);
    },
    "pack-malformed",
  ],
  "pack-size-header": [
    (kit) =>
      kit.push(
        [[ZERO, kit.main, AGENT]],
        Buffer.concat([
          kit.pack([], { count: 1 }).subarray(0, 12),
          Buffer.from([0xb0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]),
          Buffer.alloc(40),
        ]),
      ),
    "pack-malformed",
  ],
  "pack-size-short": [
    (kit) => {
      const pack = kit.pack([kit.blob("xx")]);
      pack[12] = 0x35;
      return kit.push([[ZERO, kit.main, AGENT]], pack);
    },
    "pack-malformed",
  ],
  "pack-structure": [
    (kit) => {
      const commit = kit.commit(kit.root, [kit.main], "x".repeat(9_000_000));
      return kit.push([[ZERO, commit.id, AGENT]], kit.pack([commit]));
    },
    "pack-not-inspectable",
  ],
  "pack-offset": [
    (kit) =>
      kit.push(
        [[ZERO, kit.main, AGENT]],
        kit.pack([kit.blob("x"), { delta: kit.delta(1, Buffer.from("y")), back: 100_000 }]),
      ),
    "pack-malformed",
  ],

  "tree-no-such": [
    (kit) => {
      const commit = kit.commit("1".repeat(40), [kit.main]);
      return kit.push([[ZERO, commit.id, AGENT]], kit.pack([commit]));
    },
    "pack-not-inspectable",
  ],
  "tree-hidden": [
    (kit) => {
      const tree = kit.tree([
        ...kit.entries().filter((e) => e.name !== ".github"),
        { mode: "40000", name: ".github", id: "2".repeat(40) },
      ]);
      const commit = kit.commit(tree.id, [kit.main]);
      return kit.push([[ZERO, commit.id, AGENT]], kit.pack([tree, commit]));
    },
    "pack-not-inspectable",
  ],
  "tree-moved": [
    (kit) => {
      const workflows = kit.entries(".github").find((e) => e.name === "workflows");
      const src = kit.entries().find((e) => e.name === "src");
      const inner = kit.tree([{ ...workflows!, id: src!.id }]);
      const root = kit.tree([
        ...kit.entries().filter((e) => e.name !== ".github"),
        { mode: "40000", name: ".github", id: inner.id },
      ]);
      const commit = kit.commit(root.id, [kit.main]);
      return kit.push([[ZERO, commit.id, AGENT]], kit.pack([inner, root, commit]));
    },
    "protected-path",
  ],
  "tree-twice": [
    (kit) => {
      const blob = kit.blob("x");
      const tree = kit.tree([...kit.entries(), { mode: "100644", name: "CODEOWNERS", id: blob.id }]);
      const commit = kit.commit(tree.id, [kit.main]);
      return kit.push([[ZERO, commit.id, AGENT]], kit.pack([blob, tree, commit]));
    },
    "pack-malformed",
  ],
  "tree-mode-zero": [
    (kit) => {
      const tree = kit.tree([
        ...kit.entries().filter((e) => e.name !== "src"),
        { ...kit.entries().find((e) => e.name === "src")!, mode: "040000" },
      ]);
      const commit = kit.commit(tree.id, [kit.main]);
      return kit.push([[ZERO, commit.id, AGENT]], kit.pack([tree, commit]));
    },
    "pack-malformed",
  ],
  "tree-mode-strange": [
    (kit) => {
      const blob = kit.blob("x");
      const tree = kit.tree([...kit.entries(), { mode: "104755", name: "z", id: blob.id }]);
      const commit = kit.commit(tree.id, [kit.main]);
      return kit.push([[ZERO, commit.id, AGENT]], kit.pack([blob, tree, commit]));
    },
    "pack-malformed",
  ],
  "tree-slash": [
    (kit) => {
      const blob = kit.blob("x");
      const tree = kit.tree([...kit.entries(), { mode: "100644", name: ".github/workflows/evil.yml", id: blob.id }]);
      const commit = kit.commit(tree.id, [kit.main]);
      return kit.push([[ZERO, commit.id, AGENT]], kit.pack([blob, tree, commit]));
    },
    "pack-malformed",
  ],
  "tree-dots": [
    (kit) => {
      const blob = kit.blob("x");
      const tree = kit.tree([...kit.entries(), { mode: "100644", name: "..", id: blob.id }]);
      const commit = kit.commit(tree.id, [kit.main]);
      return kit.push([[ZERO, commit.id, AGENT]], kit.pack([blob, tree, commit]));
    },
    "pack-malformed",
  ],
  "tree-unsorted": [
    (kit) => {
      const blob = kit.blob("on: push");
      const inner = kit.tree([{ mode: "100644", name: "evil.yml", id: blob.id }]);
      const github = kit.tree([{ mode: "40000", name: "workflows", id: inner.id }]);
      const tree = kit.tree(
        [...kit.entries().filter((e) => e.name !== ".github"), { mode: "40000", name: ".github", id: github.id }],
        false,
      );
      const commit = kit.commit(tree.id, [kit.main]);
      return kit.push([[ZERO, commit.id, AGENT]], kit.pack([blob, inner, github, tree, commit]));
    },
    "protected-path",
  ],
  "tree-cut": [
    (kit) => {
      const whole = kit.tree(kit.entries());
      const tree = gitObject("tree", whole.content.subarray(0, -5));
      const commit = kit.commit(tree.id, [kit.main]);
      return kit.push([[ZERO, commit.id, AGENT]], kit.pack([tree, commit]));
    },
    "pack-malformed",
  ],

  "delta-ref": [
    (kit) => {
      const old = kit.tree(kit.entries());
      const { objects } = kit.change({ ".github/workflows/evil.yml": "on: push\n" });
      const root = objects[objects.length - 2]!;
      const commit = kit.commit(root.id, [kit.main]);
      return kit.push(
        [[ZERO, commit.id, AGENT]],
        kit.pack([
          old,
          ...objects.slice(0, -2),
          { delta: kit.delta(old.content.length, root.content), base: old.id },
          commit,
        ]),
      );
    },
    "protected-path",
  ],
  "delta-offset": [
    (kit) => {
      const old = kit.tree(kit.entries());
      const { objects } = kit.change({ CODEOWNERS: "* @claude-bot\n" });
      const root = objects[objects.length - 2]!;
      const commit = kit.commit(root.id, [kit.main]);
      const first = kit.packed(old).length;
      return kit.push(
        [[ZERO, commit.id, AGENT]],
        kit.pack([
          old,
          { delta: kit.delta(old.content.length, root.content), back: first },
          ...objects.slice(0, -2),
          commit,
        ]),
      );
    },
    "protected-path",
  ],
  "delta-thin": [
    (kit) => {
      const { objects } = kit.change({ ".github/workflows/evil.yml": "on: push\n" });
      const root = objects[objects.length - 2]!;
      const commit = kit.commit(root.id, [kit.main]);
      return kit.push(
        [[ZERO, commit.id, AGENT]],
        kit.pack([
          ...objects.slice(0, -2),
          { delta: kit.delta(kit.tree(kit.entries()).content.length, root.content), base: kit.root },
          commit,
        ]),
      );
    },
    "pack-not-inspectable",
    "protected-path",
  ],
  "delta-commit": [
    (kit) => {
      const base = kit.change({ "a.txt": "x" });
      const evil = kit.change({ CODEOWNERS: "x" });
      const commit = evil.objects[evil.objects.length - 1]!;
      const from = base.objects[base.objects.length - 1]!;
      return kit.push(
        [[ZERO, commit.id, AGENT]],
        kit.pack([
          ...base.objects,
          ...evil.objects.slice(0, -1),
          { delta: kit.delta(from.content.length, commit.content), base: from.id },
        ]),
      );
    },
    "protected-path",
  ],
  "delta-unknown-commit": [
    (kit) => {
      const { objects } = kit.change({ "a.txt": "x" });
      const commit = objects[objects.length - 1]!;
      return kit.push(
        [[ZERO, commit.id, AGENT]],
        kit.pack([...objects.slice(0, -1), { delta: kit.delta(200, commit.content), base: "3".repeat(40) }]),
      );
    },
    "lookup-failed",
  ],
  "delta-size-lie": [
    (kit) => {
      const old = kit.tree(kit.entries());
      const { objects } = small(kit);
      return kit.push(
        [[ZERO, objects[objects.length - 1]!.id, AGENT]],
        kit.pack([old, { delta: kit.delta(1, objects[1]!.content), base: old.id }]),
      );
    },
    "pack-not-inspectable",
  ],
  "delta-beyond": [
    (kit) => {
      const old = kit.tree(kit.entries());
      return kit.push(
        [[ZERO, kit.main, AGENT]],
        kit.pack([
          old,
          {
            delta: Buffer.from([(old.content.length & 127) | 128, old.content.length >> 7, 0x10, 0x91, 0xff, 0x10]),
            base: old.id,
          },
        ]),
      );
    },
    "pack-not-inspectable",
  ],

  "two-commits": [
    (kit) => {
      const evil = kit.change({ ".github/workflows/ci.yml": "on: schedule\n" });
      const back = kit.commit(kit.root, [evil.id]);
      return kit.push([[ZERO, back.id, AGENT]], kit.pack([...evil.objects, back]));
    },
    "protected-path",
  ],
  "merge-side": [
    (kit) => {
      const evil = kit.change({ ".github/workflows/evil.yml": "on: push\n" });
      const merge = kit.commit(evil.tree, [kit.main, evil.id]);
      return kit.push([[ZERO, merge.id, AGENT]], kit.pack([...evil.objects, merge]));
    },
    "protected-path",
  ],
  "merge-own": [
    (kit) => {
      const good = kit.change({ "a.txt": "x" });
      const evil = kit.edit({ CODEOWNERS: "x" });
      const merge = kit.commit(evil[evil.length - 1]!.id, [kit.main, good.id]);
      return kit.push([[ZERO, merge.id, AGENT]], kit.pack([...good.objects, ...evil, merge]));
    },
    "protected-path",
  ],
  "parent-tree": [
    (kit) => {
      const below = kit.commit("7".repeat(40), [kit.main]);
      const above = kit.commit(kit.root, [below.id]);
      return kit.push([[ZERO, above.id, AGENT]], kit.pack([below, above]));
    },
    "pack-not-inspectable",
  ],
  orphan: [
    (kit) => {
      const { objects, id } = kit.change({ "a.txt": "x" }, []);
      return kit.push([[ZERO, id, AGENT]], kit.pack(objects));
    },
    "protected-path",
  ],
  "parent-unknown": [
    (kit) => {
      const { objects, id } = kit.change({ "a.txt": "x" }, ["4".repeat(40)]);
      return kit.push([[ZERO, id, AGENT]], kit.pack(objects));
    },
    "pack-not-inspectable",
  ],
  "old-claimed": [
    (kit) => {
      const { objects, id } = kit.change({ ".github/workflows/evil.yml": "on: push\n" });
      return kit.push([[id, id, AGENT]], kit.pack(objects));
    },
    "protected-path",
  ],
  "commit-malformed": [
    (kit) => {
      const commit = gitObject("commit", `tree ${kit.root}\nparent ${kit.main}\nparent nothing\nauthor x\n\nx`);
      return kit.push([[ZERO, commit.id, AGENT]], kit.pack([commit]));
    },
    "pack-malformed",
  ],
  "commit-two-trees": [
    (kit) => {
      const evil = kit.edit({ CODEOWNERS: "x" });
      const commit = gitObject(
        "commit",
        `tree ${kit.root}\ntree ${evil[evil.length - 1]!.id}\nparent ${kit.main}\nauthor a <a@example.com> 1 +0000\ncommitter a <a@example.com> 1 +0000\n\nx`,
      );
      return kit.push([[ZERO, commit.id, AGENT]], kit.pack([...evil, commit]));
    },
    "pack-malformed",
  ],
  "tree-as-tip": [
    (kit) => {
      const tree = kit.tree(kit.entries());
      return kit.push([[ZERO, tree.id, AGENT]], kit.pack([tree]));
    },
    "lookup-failed",
  ],
  "blob-as-tip": [
    (kit) => {
      const blob = kit.blob("x");
      return kit.push([[ZERO, blob.id, AGENT]], kit.pack([blob]));
    },
    "lookup-failed",
  ],
  "tip-unknown": [(kit) => kit.push([[ZERO, "5".repeat(40), AGENT]]), "lookup-failed"],

  "secret-file": [(kit) => kit.pushChange(AGENT, { "a.txt": `token = ${fake()}\n` }), "secret-in-content"],
  "secret-message": [(kit) => kit.pushChange(AGENT, { "a.txt": "x" }, `use ${fake()}\n`), "secret-in-content"],
  "secret-unreachable": [
    (kit) => {
      const { objects, id } = small(kit);
      return kit.push([[ZERO, id, AGENT]], kit.pack([...objects, kit.blob(`key ${fake()}`)]));
    },
    "secret-in-content",
  ],
  "secret-delta": [
    (kit) => {
      const { objects, id } = small(kit);
      const base = kit.blob("base");
      return kit.push(
        [[ZERO, id, AGENT]],
        kit.pack([...objects, base, { delta: kit.delta(4, Buffer.from(`k ${fake()} k`)), base: base.id }]),
      );
    },
    "secret-in-content",
  ],
  "secret-delta-offset": [
    (kit) => {
      const { objects, id } = small(kit);
      const base = kit.blob("base");
      return kit.push(
        [[ZERO, id, AGENT]],
        kit.pack([
          ...objects,
          base,
          { delta: kit.delta(4, Buffer.from(`k ${fake()} k`)), back: kit.packed(base).length },
        ]),
      );
    },
    "secret-in-content",
  ],
  "secret-delta-unknown": [
    (kit) => {
      const { objects, id } = small(kit);
      return kit.push(
        [[ZERO, id, AGENT]],
        kit.pack([...objects, { delta: kit.delta(4, Buffer.from(`k ${fake()} k`)), base: "6".repeat(40) }]),
      );
    },
    "secret-in-content",
  ],
  "secret-file-base64": [
    (kit) => kit.pushChange(AGENT, { "a.txt": `token: ${Buffer.from(fake()).toString("base64")}\n` }),
    "secret-in-content",
  ],
  "secret-file-utf16": [
    (kit) => kit.pushChange(AGENT, { "a.txt": Buffer.from(`token = ${fake()}`, "utf16le").toString("latin1") }),
    "secret-in-content",
  ],
  "secret-file-escaped": [
    (kit) => kit.pushChange(AGENT, { "a.json": JSON.stringify({ text: `first\n${fake()}` }) }),
    "secret-in-content",
  ],
  "secret-message-hex": [
    (kit) => kit.pushChange(AGENT, { "a.txt": "x" }, `use ${Buffer.from(fake()).toString("hex")}\n`),
    "secret-in-content",
  ],
  "secret-long-file-packed": [
    (kit) =>
      kit.pushChange(AGENT, {
        "a.txt": `${"x ".repeat(150_000)} ${Buffer.from(fake()).toString("base64")} ${"y ".repeat(9000)}`,
      }),
    "secret-in-content",
  ],
  "secret-file-name": [(kit) => kit.pushChange(AGENT, { [`src/${fake()}.txt`]: "x" }), "secret-in-content"],
  "secret-branch-name": [(kit) => kit.pushChange(`${AGENT}-${fake()}`, { "a.txt": "x" }), "secret-in-content"],
  "secret-long-file": [
    (kit) => kit.pushChange(AGENT, { "a.txt": `${"x".repeat(300_000)} ${fake()} ${"y".repeat(1000)}` }),
    "secret-in-content",
  ],
  "secret-key-block": [
    (kit) => kit.pushChange(AGENT, { "a.txt": `${"-".repeat(5)}BEGIN RSA PRIVATE KEY${"-".repeat(5)}\nxxxx\n` }),
    "secret-in-content",
  ],
};

/** A made-up token; fixed, so that packs are the same in every run, and never written down as one. */
function fake(): string {
  return `gh${"p"}_${Buffer.from("a made-up token of the corpus").toString("hex").slice(0, 36)}`;
}

const FETCHES: Readonly<Record<string, readonly [ask: Ask, guard: Attack["guard"]]>> = {
  "packfile-uris": [fetch("command=fetch\n", Buffer.from("0001"), "packfile-uris https\n", FLUSH), "git-command"],
  "bundle-uri": [fetch("command=bundle-uri\n", FLUSH), "git-command"],
  "object-info": [fetch("command=object-info\n", FLUSH), "git-command"],
  "command-case": [fetch("command=LS-REFS\n", FLUSH), "git-command"],
  "server-option": [fetch("command=ls-refs\n", "server-option=x\n", FLUSH), "git-capability"],
  "filter-combine": [
    fetch("command=fetch\n", Buffer.from("0001"), "filter combine:tree:1+blob:none\n", FLUSH),
    "git-command",
  ],
  "filter-sparse": [
    fetch("command=fetch\n", Buffer.from("0001"), "filter sparse:oid=main:secret\n", FLUSH),
    "git-command",
  ],
  "want-name": [fetch("command=fetch\n", Buffer.from("0001"), "want main\n", FLUSH), "git-command"],
  "want-control": [fetch("command=fetch\n", Buffer.from("0001"), "want-ref refs/heads/\u0001\n", FLUSH), "git-command"],
  "unknown-line": [fetch("command=fetch\n", "shell=1\n", FLUSH), "git-command"],
  "push-in-fetch": [{ ...fetch(`${ZERO} ${ZERO} refs/heads/main\0report-status`, FLUSH) }, "git-command"],
  "length-letters": [fetch(Buffer.from("zzzz")), "git-malformed"],
  cut: [fetch(Buffer.from("0014command=ls")), "git-malformed"],
  flushes: [fetch(FLUSH, FLUSH), "git-malformed"],
  "wrong-type": [
    { ...fetch("command=ls-refs\n", FLUSH), headers: [["Content-Type", "application/x-git-receive-pack-request"]] },
    "media-type",
  ],
  "json-type": [
    { ...fetch("command=ls-refs\n", FLUSH), headers: [["Content-Type", "application/json"]] },
    "media-type",
  ],
  "no-type": [{ ...fetch("command=ls-refs\n", FLUSH), headers: [] }, "media-type"],
};

const planted = (kit: GitKit): ReturnType<GitKit["change"]> =>
  kit.change({ ".github/workflows/planted.yml": "on: push\n" });

const PUSHES = /^(?:GET \/api\/v3\/repos\/acme\/api\/|POST \/acme\/api\.git\/git-receive-pack$)/;
const LOOKUPS = [
  /^GET \/api\/v3\/repos\/acme\/api\/(?:git\/(?:trees|commits)\/[0-9a-f]{40}(?:\?recursive=1)?$|branches\/main$|compare\/main\.\.\.[0-9a-f]{40}\?per_page=1$)/,
];

export const git: CaseFile = {
  class: 23,
  attacks: [
    ...each(REFS, (ref, name): Attack =>
      attack(`23.ref-${name}`, `pushes to ${ref}`, "ref-outside-agent-space", push(to(ref))),
    ),
    ...each(NAMES, (ref, name): Attack =>
      attack(`23.name-${name}`, `pushes to ${JSON.stringify(ref)}`, "git-malformed", push(to(ref)), {
        orElse: ["ref-outside-agent-space"],
      }),
    ),
    ...each(CHANGES, (changes, name): Attack =>
      attack(
        `23.change-${name}`,
        `pushes a change of ${Object.keys(changes).at(-1) ?? ""}`,
        "protected-path",
        push((kit) => kit.pushChange(AGENT, changes)),
        { lookups: LOOKUPS },
      ),
    ),
    ...each(BODIES, ([body, guard, ...orElse], name): Attack =>
      attack(`23.${name}`, name.replaceAll("-", " "), guard, push(body), { orElse, lookups: LOOKUPS }),
    ),
    ...each(FETCHES, ([ask, guard], name): Attack => attack(`23.fetch-${name}`, name.replaceAll("-", " "), guard, ask)),
    {
      id: "23.many-parents",
      title: "makes the gate ask for more commits than it will",
      guard: "pack-not-inspectable",
      gate: "hostile",
      hostile: [{ at: "/api/v3/repos/acme/api/git/commits/", body: '{"tree":{"sha":"{root}"}}' }],
      reaches: /^GET \/api\/v3\/repos\/acme\/api\/git\/commits\//,
      atMost: 64,
      ask: push((kit) => {
        const commit = kit.commit(
          kit.root,
          Array.from({ length: 70 }, (_, i) => String(i).padStart(40, "a")),
        );
        return kit.push([[ZERO, commit.id, AGENT]], kit.pack([commit]));
      }),
    },
    {
      id: "23.tip-over-workflow",
      title: "makes a branch of a commit by which a workflow differs",
      guard: "protected-path",
      gate: "hostile",
      hostile: [{ body: '{"files":[{"filename":".github/workflows/ci.yml","changes":1}]}' }],
      reaches: /^GET \/api\/v3\/repos\/acme\/api\/compare\//,
      ask: push((kit) => kit.push([[ZERO, kit.main, AGENT]])),
    },
    {
      id: "23.objects-broken",
      title: "pushes while GitHub cannot say what a commit holds",
      guard: "upstream-error",
      gate: "hostile",
      hostile: [{ status: 500 }],
      reaches: /^GET \/api\/v3\/repos\/acme\/api\/git\/commits\//,
      ask: push((kit) => kit.pushChange(AGENT, { "a.txt": "x" })),
    },
    {
      id: "23.objects-garbled",
      title: "pushes while GitHub's objects are garbage",
      guard: "pack-not-inspectable",
      gate: "hostile",
      hostile: [{ body: "<html>" }],
      reaches: /^GET \/api\/v3\/repos\/acme\/api\/git\/commits\//,
      ask: push((kit) => kit.pushChange(AGENT, { "a.txt": "x" })),
    },
    attack("23.read-only", "pushes to the repository that may be read", "access-read-only", {
      ...push(to(AGENT)),
      target: "/acme/docs.git/git-receive-pack",
    }),
    attack("23.unlisted", "pushes to a repository that is not listed", "repository-not-listed", {
      ...push(to(AGENT)),
      target: "/acme/secrets.git/git-receive-pack",
    }),
    attack("23.foreign", "pushes to another organization", "owner-not-allowed", {
      ...push(to(AGENT)),
      target: "/other-org/vault.git/git-receive-pack",
    }),
    attack("23.wrong-type", "pushes as something else", "media-type", {
      ...push(to(AGENT)),
      headers: [["Content-Type", "application/x-git-upload-pack-request"]],
    }),
    {
      id: "23.force",
      title: "replaces what it has pushed",
      guard: "ref-force",
      reaches: PUSHES,
      atMost: 40,
      atMostPushes: 1,
      asks: [push((kit) => kit.pushChange("refs/heads/claude/forced", { "a.txt": "first" }))],
      ask: push((kit) => {
        const [old, other] = [kit.change({ "a.txt": "first" }), kit.change({ "a.txt": "second" })];
        return kit.push([[old.id, other.id, "refs/heads/claude/forced"]], kit.pack(other.objects));
      }),
    },
    {
      id: "23.force-back",
      title: "sets its branch back to the default branch",
      guard: "ref-force",
      reaches: PUSHES,
      atMost: 40,
      atMostPushes: 1,
      asks: [push((kit) => kit.pushChange("refs/heads/claude/back", { "a.txt": "first" }))],
      ask: push((kit) => kit.push([[kit.change({ "a.txt": "first" }).id, kit.main, "refs/heads/claude/back"]])),
    },
    attack(
      "23.merge-old",
      "merges the first commit and takes all it has, the protected files of then included",
      "protected-path",
      push((kit) => {
        const merge = kit.commit(kit.firstRoot, [kit.main, kit.first]);
        return kit.push([[ZERO, merge.id, AGENT]], kit.pack([merge]));
      }),
      { lookups: LOOKUPS },
    ),
    attack(
      "23.large",
      "pushes more files than a person reviews",
      "change-too-large",
      push((kit) =>
        kit.pushChange(AGENT, Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`f${i}.txt`, String(i)]))),
      ),
      { lookups: LOOKUPS },
    ),
    attack(
      "23.large-removal",
      "pushes an empty tree over a history of its own",
      "protected-path",
      push((kit) => {
        const tree = kit.tree([]);
        const commit = kit.commit(tree.id, [kit.main]);
        return kit.push([[ZERO, commit.id, AGENT]], kit.pack([tree, commit]));
      }),
      { lookups: LOOKUPS },
    ),
    {
      id: "23.two-steps",
      title: "plants a commit out of sight and builds on it behind a false claim",
      guard: "protected-path",
      reaches: PUSHES,
      atMost: 40,
      atMostPushes: 1,
      // A harmless push carries the planted commit, which nothing refers to. Then one command claims it as the old tip
      // of a branch, which fails at GitHub; the other builds on it.
      asks: [
        push((kit) => {
          const { objects, id } = small(kit);
          return kit.push([[ZERO, id, "refs/heads/claude/harmless"]], kit.pack([...objects, ...planted(kit).objects]));
        }),
      ],
      ask: push((kit) => {
        const { id, tree } = planted(kit);
        const [claimed, built] = [kit.commit(tree, [id], "claimed\n"), kit.commit(tree, [id], "built\n")];
        return kit.push(
          [
            [id, claimed.id, "refs/heads/claude/claimed"],
            [ZERO, built.id, "refs/heads/claude/built"],
          ],
          kit.pack([claimed, built]),
        );
      }),
    },
  ],
  twins: [
    twin(
      "23.twin-merge",
      "a merge of the first commit that changes nothing",
      200,
      push((kit) => {
        const merge = kit.commit(kit.root, [kit.main, kit.first]);
        return kit.push([[ZERO, merge.id, "refs/heads/claude/twin-merge"]], kit.pack([merge]));
      }),
      "POST /acme/api.git/git-receive-pack",
    ),
    twin(
      "23.twin-forward",
      "one more commit on its branch",
      200,
      push((kit) => {
        const old = kit.change({ "a.txt": "first" });
        const next = kit.commit(old.tree, [old.id], "next\n");
        return kit.push([[old.id, next.id, "refs/heads/claude/twin-forward"]], kit.pack([next]));
      }),
      "POST /acme/api.git/git-receive-pack",
      { asks: [push((kit) => kit.pushChange("refs/heads/claude/twin-forward", { "a.txt": "first" }))] },
    ),
    twin(
      "23.twin-large",
      "as many files as a person reviews",
      200,
      push((kit) =>
        kit.pushChange(
          "refs/heads/claude/twin-large",
          Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}.txt`, String(i)])),
        ),
      ),
      "POST /acme/api.git/git-receive-pack",
    ),
    twin(
      "23.twin-push",
      "a change to an agent's branch",
      200,
      push((kit) => kit.pushChange("refs/heads/claude/twin-push", { "src/new/deep.js": "x\n" })),
      "POST /acme/api.git/git-receive-pack",
    ),
    twin(
      "23.twin-delta",
      "a change in deltas",
      200,
      push((kit) => {
        const old = kit.tree(kit.entries());
        const { objects } = kit.change({ "b.txt": "x\n" });
        const root = objects[objects.length - 2]!;
        const commit = objects[objects.length - 1]!;
        return kit.push(
          [[ZERO, commit.id, "refs/heads/claude/twin-delta"]],
          kit.pack([
            old,
            ...objects.slice(0, -2),
            { delta: kit.delta(old.content.length, root.content), base: old.id },
            commit,
          ]),
        );
      }),
      "POST /acme/api.git/git-receive-pack",
    ),
    twin(
      "23.twin-same",
      "a branch at the tip of the default branch",
      200,
      push((kit) => kit.push([[ZERO, kit.main, "refs/heads/claude/twin-same"]])),
      "POST /acme/api.git/git-receive-pack",
    ),
    twin(
      "23.twin-probe",
      "git's empty question before a large push",
      200,
      push(() => FLUSH),
      null,
    ),
    twin(
      "23.twin-github-folder",
      "a harmless file in the folder of workflows",
      200,
      push((kit) => kit.pushChange("refs/heads/claude/twin-folder", { ".github/notes.md": "x\n" })),
      "POST /acme/api.git/git-receive-pack",
    ),
    twin(
      "23.twin-ls-refs",
      "the references by protocol 2",
      200,
      fetch("command=ls-refs\n", Buffer.from("0001"), "peel\n", "ref-prefix refs/heads/\n", FLUSH),
      "POST /acme/api.git/git-upload-pack",
    ),
    twin(
      "23.twin-fetch",
      "a shallow, partial fetch",
      200,
      {
        ...fetch(
          "command=fetch\n",
          Buffer.from("0001"),
          "want {main}\n",
          "deepen 1\n",
          "filter blob:none\n",
          "done\n",
          FLUSH,
        ),
        body: (kit) =>
          Buffer.concat([
            pkt("command=fetch\n"),
            Buffer.from("0001"),
            pkt(`want ${kit.main}\n`),
            pkt("deepen 1\n"),
            pkt("filter blob:none\n"),
            pkt("done\n"),
            FLUSH,
          ]),
      },
      "POST /acme/api.git/git-upload-pack",
    ),
  ],
};
