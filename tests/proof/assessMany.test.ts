import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assess, QUESTIONS, type Assessment } from "../../cli/assess/assess";
import { assessContext } from "../../cli/live/context";
import { ambientEffects, type Effects } from "../../rotation/effects";
import { standIn, type StandIn } from "../../sandbox/tests/github/support/standin";
import { environment } from "../support/environment";
import { until } from "../support/until";

jest.setTimeout(180_000);

/** What an assessment asks GitHub where many repositories are alike, and what it does when GitHub's limits are reached. */
const REPOSITORIES = Array.from({ length: 12 }, (_, at) => ({
  name: `repo-${at}`,
  access: "write",
  reviewers: ["backend"],
}));
const changes = { repositories: REPOSITORIES, rotation: { everyDays: 30 } };
const posture = environment(changes);
const OF_GITHUB = QUESTIONS.filter(({ section, id }) => ["scope", "review"].includes(section) && id !== "token-grant");

let github: StandIn;
beforeAll(async () => {
  github = await standIn(changes);
});
afterAll(() => github.stop());
afterEach(async () => {
  await github.sandbox("DELETE", "/limits");
  await github.sandbox("DELETE", "/faults");
});

/** A clock that the test turns: waiting for a limit takes no time, and many wait at the same time. */
function effectsOf(slept: number[] = []): Effects {
  const { clock } = github.gh.world;
  return {
    ...ambientEffects(),
    now: () => clock.now(),
    sleep: async (ms) => {
      slept.push(ms);
      const until = clock.now() + ms;
      await new Promise((resume) => {
        setTimeout(resume, 20);
      });
      clock.advance(Math.max(0, until - clock.now()));
    },
  };
}

const UNWATCHED = { asked: () => undefined, answered: () => undefined, waits: () => undefined };
const contextOf = (effects: Effects, resume?: string) =>
  assessContext(
    "prod",
    posture,
    { GITHUB_TOKEN: github.gh.adminToken, GITHUB_BASE_URL: github.gh.url },
    {
      effects,
      watch: UNWATCHED,
      resume,
    },
  );

async function asked(slept: number[] = [], resume?: string) {
  await github.sandbox("DELETE", "/requests");
  const context = await contextOf(effectsOf(slept), resume);
  const assessment = await assess(context, OF_GITHUB);
  context.complete();
  const { body } = await github.sandbox("GET", "/requests");
  const calls = (body as { path: string; method: string }[]).map(
    ({ method, path }) => `${method} ${path.replace("/api/v3", "")}`,
  );
  return { assessment, calls };
}
const answers = ({ answers }: Assessment) =>
  answers.map(({ question, subject, result, reason }) => `${question} ${subject} ${result} ${reason}`);

it("asks about many at once, and four questions of each repository that the same rulesets hold", async () => {
  const { calls } = await asked();
  const ofOne = (name: string): string[] =>
    calls.filter((call) => `${call}/`.includes(`/repos/acme/${name}/`)).map((call) => call.replace(`/${name}`, "/…"));
  for (const { name } of REPOSITORIES.slice(1))
    expect(ofOne(name).sort()).toEqual([
      "GET /repos/acme/…/actions/permissions/workflow",
      // GraphQL shows no branch protection: only this says that there is none.
      "GET /repos/acme/…/branches/main/protection",
      "GET /repos/acme/…/collaborators/claude-bot/permission",
      "GET /repos/acme/…/copilot/cloud-agent/configuration",
    ]);
  expect(calls.filter((call) => call === "POST /api/graphql").length).toBeLessThanOrEqual(4);
});

it("gives the same answers one by one, where GraphQL is not to be had", async () => {
  const many = await asked();
  await github.sandbox("POST", "/faults", { method: "POST", pathPrefix: "/api/graphql", status: 502, times: 100_000 });
  try {
    const single = await asked();
    const comparable = (assessment: Assessment) => answers(assessment).filter((line) => !line.startsWith("teams "));
    expect(comparable(single.assessment)).toEqual(comparable(many.assessment));
    expect(single.calls.length).toBeGreaterThan(many.calls.length);
  } finally {
    await github.sandbox("DELETE", "/faults");
  }
});

/** As GitHub words it ("Troubleshooting the REST API"). */
const SECONDARY_LIMIT = {
  pathPrefix: "/repos/acme",
  status: 403,
  times: 40,
  headers: { "retry-after": "30" },
  body: { message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again." },
};

it.each([
  ["the hourly limit", { core: 30 }],
  ["the hourly limit of GraphQL", { graphql: 1 }],
  ["a secondary limit", undefined],
])("waits for %s, and answers as without it", async (_what, limits) => {
  const free = await asked();
  await (limits ? github.sandbox("POST", "/limits", limits) : github.sandbox("POST", "/faults", SECONDARY_LIMIT));
  const slept: number[] = [];
  const limited = await asked(slept);
  expect(answers(limited.assessment)).toEqual(answers(free.assessment));
  expect(slept.length).toBeGreaterThan(0);
});

it("goes on where an interrupted run ended, asks only the rest, and leaves no file behind", async () => {
  const whole = await asked();
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-assess-"));
  const file = join(folder, "answers");
  let answered = 0;
  const interrupted = await contextOf(
    {
      ...effectsOf(),
      // After 40 answers nothing comes any more, as when the machine is switched off.
      fetch: async (url, init) => (answered++ < 40 ? fetch(url, init) : new Promise<never>(() => undefined)),
    },
    file,
  );
  void assess(interrupted, OF_GITHUB);
  await until("as many questions as are asked at once", () => answered > 45);
  const rest = await asked([], file);
  expect(answers(rest.assessment)).toEqual(answers(whole.assessment));
  expect(rest.calls.length).toBeLessThanOrEqual(whole.calls.length - 34);
  expect(existsSync(file)).toBe(false);
  rmSync(folder, { recursive: true });
});
