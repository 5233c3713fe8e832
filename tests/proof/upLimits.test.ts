import { gatehouse, type Ready, type Running, serve } from "../support/sandbox";

jest.setTimeout(300_000);

/** GitHub's limits in the middle of a first `up`: the look-ups and the provider wait as GitHub asks, and nothing fails. */
let ready: Ready;
let running: Running;
beforeAll(async () => {
  ({ ready, running } = await serve("--bare"));
});
afterAll(async () => {
  running.child.kill("SIGTERM");
  await running.exited;
});

const sandbox = async (method: string, path: string, body?: unknown): Promise<unknown> => {
  const answer = await fetch(`${ready.github.api}/_sandbox${path}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? undefined : answer.json();
};
const engine = async (...args: string[]) => {
  const run = gatehouse(["sandbox", ...args, "--stack", "dev"], { env: ready.env });
  return { code: await run.exited, said: `${run.stdout()}\n${run.stderr()}` };
};

it("are waited for, and the update ends as without them", async () => {
  const secondary = {
    status: 403,
    headers: { "retry-after": "1" },
    body: {
      message: "You have exceeded a secondary rate limit.",
      documentation_url:
        "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits",
    },
  };
  const primary = {
    status: 403,
    headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(Math.ceil(Date.now() / 1000)) },
    body: { message: "API rate limit exceeded", documentation_url: "https://docs.github.com/rest" },
  };
  await sandbox("POST", "/faults", [
    { ...secondary, method: "POST", pathPrefix: "/api/graphql", times: 2 },
    { ...secondary, method: "PUT", pathPrefix: "/repos/acme/api/contents", times: 2 },
    { ...secondary, method: "POST", pathPrefix: "/repos/acme/api/rulesets", times: 1 },
    { ...primary, pathPrefix: "/organizations", times: 2 },
    { ...primary, method: "PUT", pathPrefix: "/orgs/acme/memberships", times: 1 },
  ]);
  const up = await engine("up", "--yes");
  expect([up.code, up.said]).toEqual([0, expect.stringContaining("created")]);
  expect(await sandbox("GET", "/faults")).toEqual([]);
  const preview = await engine("preview", "--json");
  const { steps } = JSON.parse(preview.said.slice(preview.said.indexOf("{"), preview.said.lastIndexOf("}") + 1)) as {
    steps: { op: string }[];
  };
  expect(steps.filter(({ op }) => op !== "same")).toEqual([]);
});
