import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findAlerts } from "../../../../cli/audit/alerts/rules";
import { findAround } from "../../../../cli/audit/completeness";
import { githubEvents, happening } from "../../../../cli/audit/github";
import { gitHubEvent } from "../../../../cli/audit/ocsf";
import { pullGitHub } from "../../../../cli/audit/pull/github";
import {
  bucketDeliveries,
  directoryDeliveries,
  readDeliveries,
  type Deliveries,
} from "../../../../cli/audit/pull/webhooks";
import { readState } from "../../../../cli/audit/trail";
import type { Access, Context } from "../../../../cli/live/context";
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
  const first = await pullGitHub(context, files, readState(files));
  expect([first.events, first.state?.missing.filter((one) => one.includes("webhooks"))]).toEqual([2, []]);
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

describe("what a gate kept of GitHub's webhooks", () => {
  const added = async (deliveries: Access<Deliveries>): Promise<readonly [string[], string[]]> => {
    const ids: string[] = [];
    const missing = await readDeliveries(
      deliveries,
      () => false,
      (_at, delivery) => void ids.push(delivery),
    );
    return [ids, missing];
  };
  const archive = (): string => mkdtempSync(join(tmpdir(), "gatehouse-archive-"));

  it("is read from the archive folder of a gate of one's own, as from the bucket", async () => {
    const dir = archive();
    // Before the first delivery there is no folder.
    expect(await added({ client: directoryDeliveries(dir) })).toEqual([[], []]);
    mkdirSync(join(dir, "webhooks"));
    for (const [name, event] of Object.entries(OBJECTS)) writeFileSync(join(dir, name), JSON.stringify(event));
    expect(await added({ client: directoryDeliveries(dir) })).toEqual([DELIVERIES, []]);
  });

  it("is read without a token for GitHub too, and the log is read from its start when there is one", async () => {
    const dir = archive();
    mkdirSync(join(dir, "webhooks"));
    for (const [name, event] of Object.entries(OBJECTS)) writeFileSync(join(dir, name), JSON.stringify(event));
    const context = {
      environment: environment({ "audit.githubEvents": true }),
      now: Date.parse(at(60)),
      github: { missing: "GITHUB_TOKEN is not set" },
      cloudflare: { missing: "" },
      grants: { missing: "" },
    } as unknown as Context;
    const files = pulled([]);
    const state = readState(files);
    expect(await pullGitHub(context, files, state, { deliveries: { client: directoryDeliveries(dir) } })).toEqual({
      events: 2,
      state: { source: "events", until: new Date(0).toISOString(), missing: ["GITHUB_TOKEN is not set"] },
    });
  });

  it("names what cannot be read, and reads the rest", async () => {
    const dir = archive();
    mkdirSync(join(dir, "webhooks"));
    const [broken, whole] = DELIVERIES.map((id, i) => join(dir, "webhooks", `00178000000000${i}-${id}.json`));
    writeFileSync(broken!, '{"delivery":');
    writeFileSync(whole!, JSON.stringify({ delivery: DELIVERIES[1], ...push(0) }));
    expect(await added({ client: directoryDeliveries(dir) })).toEqual([
      [DELIVERIES[1]],
      [expect.stringMatching(/webhooks\/00178.*\.json is not what the gate writes, and was left out$/)],
    ]);
    writeFileSync(join(dir, "file"), "");
    expect(await added({ client: directoryDeliveries(join(dir, "file")) })).toEqual([
      [],
      [expect.stringMatching(/^webhooks that the gate keeps: .*file\/webhooks\/: no such file or folder$/)],
    ]);
    server.handler = () => ({ status: 403 });
    const bucket = bucketDeliveries(cloudflareReader(ambientEffects(), server.url, "t"), environment({}));
    expect(await added({ client: bucket })).toEqual([[], ["webhooks that the gate keeps: answer 403"]]);
    expect(await added({ missing: "no token" })).toEqual([[], ["webhooks that the gate keeps: no token"]]);
  });
});

describe("a pull that was killed while it wrote", () => {
  it("leaves a piece of a line, which the next one takes off again", async () => {
    server.handler = ({ url }) => ({ ...(url.includes("audit-log") ? { status: 404 } : { body: "[]" }) });
    const context = {
      environment: environment({}),
      now: Date.parse(at(60)),
      github: { client: gitHubReader(ambientEffects(), { api: `${server.url}/github`, graphql: "" }, "t") },
      cloudflare: { missing: "" },
      grants: { missing: "" },
    } as unknown as Context;
    const line = { source: "events", at: at(1), id: "events:1", event: {} };
    const files = pulled([], { github: [line] });
    appendFileSync(files.github, '{"source":"eve');
    await pullGitHub(context, files, readState(files));
    expect(githubEvents(files.github)).toEqual([line]);
  });
});

it("asks the audit log for everything by which the rule posture-changed is raised", async () => {
  const asked: string[] = [];
  server.handler = ({ url }) => {
    const phrase = new URL(url, "http://x").searchParams.get("phrase");
    if (phrase !== null) asked.push(phrase.replace(/ created:.*/, ""));
    return { body: "[]" };
  };
  const context = {
    environment: environment({}),
    now: Date.parse(at(60)),
    github: { client: gitHubReader(ambientEffects(), { api: `${server.url}/github`, graphql: "" }, "t") },
    cloudflare: { missing: "" },
    grants: { missing: "" },
  } as unknown as Context;
  const files = pulled([]);
  await pullGitHub(context, files, readState(files));
  for (const action of [
    "repository_ruleset.update",
    "protected_branch.destroy",
    "hook.config_changed",
    "integration_installation.create",
    "org.add_member",
    "team.add_repository",
    "team.add_member",
    "repo.access",
    "repo.add_member",
  ]) {
    const event = { source: "audit-log", at: at(1), id: action, event: { action, actor: "eve" } } as const;
    const evidence = {
      github: [event],
      around: [],
      problems: [],
      sessions: [],
      pulledAt: 0,
      live: false,
      machineUser: "",
    };
    expect([action, findAlerts([], evidence).map(({ rule }) => rule)]).toEqual([action, ["posture-changed"]]);
    expect(asked.some((one) => action === one.slice(7) || action.startsWith(`${one.slice(7)}.`))).toBe(true);
  }
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
