import { readFileSync } from "node:fs";
import { findAround } from "../../../../cli/audit/completeness";
import { githubEvents, happening } from "../../../../cli/audit/github";
import { gitHubEvent } from "../../../../cli/audit/ocsf";
import { pullGitHub } from "../../../../cli/audit/pull/github";
import { readState } from "../../../../cli/audit/trail";
import type { Context } from "../../../../cli/live/context";
import { cloudflareReader, gitHubReader } from "../../../../cli/live/reader";
import type { AuditRecord } from "../../../../gate/policy/audit";
import { ambientEffects } from "../../../../rotation/effects";
import { Upstream } from "../../../gate/support/upstream";
import { environment } from "../../../support/environment";
import { ocsfProblems } from "../support/schema";
import { at, entry, pulled } from "../support/trail";

const DELIVERIES = ["0b9fc3a0-0000-11ee-8000-00000000000a", "0b9fc3a0-0000-11ee-8000-00000000000b"];
const push = (second: number): object => ({
  event: "push",
  at: at(second + 40),
  payload: {
    ref: "refs/heads/claude/x",
    sender: { login: "claude-bot" },
    repository: { full_name: "acme/api", pushed_at: Date.parse(at(second)) / 1000 },
  },
});
const OBJECTS: Readonly<Record<string, object>> = {
  [`webhooks/1-${DELIVERIES[0]!}.json`]: {},
  [`webhooks/001780000000001-${DELIVERIES[0]!}.json`]: { delivery: DELIVERIES[0], ...push(0) },
  [`webhooks/001780000000002-${DELIVERIES[1]!}.json`]: {
    delivery: DELIVERIES[1],
    event: "repository_ruleset",
    at: at(5),
    payload: { action: "edited", sender: { login: "eve" }, repository: { full_name: "acme/api" } },
  },
};

let server: Upstream;
beforeAll(async () => {
  server = await Upstream.start();
});
afterAll(() => server.stop());

it("brings what the gate kept of GitHub's webhook, each delivery once and without asking for it again", async () => {
  let asked = 0;
  server.handler = ({ url }) => {
    if (url.startsWith("/github/")) return url.includes("audit-log") ? { status: 404 } : { body: "[]" };
    const key = /\/objects\/(webhooks\/.*)$/.exec(url)?.[1];
    if (key === undefined)
      return { body: JSON.stringify({ result: Object.keys(OBJECTS).map((key) => ({ key })), result_info: {} }) };
    asked++;
    return { body: JSON.stringify(OBJECTS[decodeURIComponent(key)]) };
  };
  const effects = ambientEffects();
  const base = {
    environment: environment({ "audit.githubEvents": true }),
    now: Date.parse(at(60)),
    grants: { missing: "" },
  };
  const context = {
    ...base,
    github: { client: gitHubReader(effects, { api: `${server.url}/github`, graphql: "" }, "t") },
    cloudflare: { client: cloudflareReader(effects, server.url, "t") },
  } as unknown as Context;
  const files = pulled([]);
  expect((await pullGitHub(context, files, readState(files))).events).toBe(2);
  expect((await pullGitHub(context, files, readState(files))).events).toBe(0);
  expect(asked).toBe(2);
  expect(readFileSync(files.github, "utf8").trimEnd().split("\n")).toHaveLength(2);
  const lines = githubEvents(files.github);
  expect(lines.map((line) => happening(line))).toMatchObject([
    { action: "webhook push", actor: "claude-bot", repository: "acme/api", at: at(0) },
    { action: "webhook repository_ruleset.edited", actor: "eve", at: at(5) },
  ]);
  for (const line of lines) expect(ocsfProblems(gitHubEvent(line)!)).toEqual([]);
});

describe("a push that GitHub's webhook tells", () => {
  const around = (records: readonly object[], event: object, name = "push"): number => {
    const line = { source: "webhooks", at: at(40), id: "x", event: { ...event, event: name } } as const;
    return findAround([happening(line)!], records as AuditRecord[], { machineUser: "claude-bot", live: true }).length;
  };
  const record = (second: number): object =>
    entry({ ts: at(second), method: "POST", path: "/acme/api.git/git-receive-pack", repository: "acme/api" });
  it("has its request at the gate by the time of the push, however late the delivery came", () => {
    expect(around([record(-1)], push(0))).toBe(0);
  });
  it("is an alarm without one", () => {
    expect(around([record(-60), record(60)], push(0))).toBe(1);
  });
  it("is not counted again by the events that follow from it", () => {
    expect(around([record(-60), record(60)], push(0), "workflow_run")).toBe(0);
  });
});
