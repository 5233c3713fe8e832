import { compilePolicy } from "../../../../infra/plans/gatePolicy";
import { environment } from "../../../support/environment";
import { onboard, standIn, type StandIn } from "../../../../sandbox/tests/github/support/standin";
import { ruleOf, startGate, type Gate } from "../../support/gate";

interface Logged {
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

/** The gate in front of the GitHub stand-in, which counts and refuses as GitHub does. */
describe("GitHub's own limits", () => {
  let github: StandIn;
  let gate: Gate;
  let hours = 0;

  beforeAll(async () => {
    github = await standIn({});
    const { bot } = await onboard(github);
    const { api, graphql, git, world } = github.gh;
    const repositories = ["api", "docs"].map((name) => {
      const repository = world.repoByName("acme", name);
      return { name, id: repository?.id ?? 0, nodeId: repository?.nodeId ?? "" };
    });
    const policy = compilePolicy(
      environment({
        "gate.requestsPerMinute": 100_000,
        "gate.requestsPerHour": 1_000_000,
        "gate.writesPerMinute": 10_000,
      }),
      { repositories, endpoints: { api, graphql, git } },
    );
    gate = await startGate({ policy: () => policy, disturbed: true });
    await gate.putToken(bot.token ?? "");
  }, 60_000);
  /** Every test begins an hour later, so that none of the gate's waits is left. */
  beforeEach(async () => {
    await github.sandbox("DELETE", "/limits");
    await github.sandbox("DELETE", "/faults");
    await gate.disturb({ clock: ++hours * 3_700_000 });
    await github.sandbox("POST", "/clock", { advanceSeconds: 3700 });
    await github.sandbox("DELETE", "/requests");
  });
  afterAll(async () => {
    await gate.stop();
    await github.stop();
  });

  const log = async (): Promise<readonly Logged[]> => (await github.sandbox("GET", "/requests")).body as Logged[];
  const issue = (title: string): Promise<Response> =>
    gate.ask("/repos/acme/api/issues", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ title }),
    });
  const refused = async (answer: Response): Promise<[number, string, boolean]> => [
    answer.status,
    await ruleOf(answer),
    Number(answer.headers.get("retry-after")) > 0,
  ];

  it("a used-up primary limit is not run into: the gate says when to come again, for that kind of request alone", async () => {
    await github.sandbox("POST", "/limits", { core: 5 });
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) statuses.push((await gate.ask("/repos/acme/api")).status);
    const late = await gate.ask("/repos/acme/api");
    const wait = Number(late.headers.get("retry-after"));
    expect([statuses, await refused(late)]).toEqual([Array(5).fill(200), [429, "github-limit", true]]);
    expect([wait > 60, wait <= 3600]).toEqual([true, true]);
    await Promise.all(Array.from({ length: 20 }, () => gate.ask("/repos/acme/docs")));
    expect((await log()).map(({ status }) => status)).toEqual(Array(5).fill(200));
    expect((await gate.ask("/search/issues?q=repo:acme/api+is:issue")).status).toBe(200);
    // When the window is over, both sides count anew.
    await gate.disturb({ clock: ++hours * 3_700_000 });
    await github.sandbox("POST", "/clock", { advanceSeconds: 3700 });
    expect((await gate.ask("/repos/acme/api")).status).toBe(200);
  }, 30_000);

  it("a used-up limit of searches leaves everything else alone", async () => {
    await github.sandbox("POST", "/limits", { search: 1 });
    expect((await gate.ask("/search/issues?q=repo:acme/api+is:issue")).status).toBe(200);
    expect(await refused(await gate.ask("/search/issues?q=repo:acme/api+is:issue"))).toEqual([
      429,
      "github-limit",
      true,
    ]);
    expect((await gate.ask("/repos/acme/api")).status).toBe(200);
    expect((await log()).map(({ status }) => status)).toEqual([200, 200]);
  }, 30_000);

  it("a secondary limit is heeded for as long as GitHub says, by reads too", async () => {
    await github.sandbox("POST", "/limits", { contentPerMinute: 2 });
    expect([(await issue("a")).status, (await issue("b")).status, (await issue("c")).status]).toEqual([201, 201, 403]);
    const before = (await log()).length;
    for (let i = 0; i < 5; i++) expect(await refused(await issue("d"))).toEqual([429, "github-limit", true]);
    expect(await refused(await gate.ask("/repos/acme/api"))).toEqual([429, "github-limit", true]);
    expect((await log()).length).toBe(before);
    await gate.disturb({ clock: hours * 3_700_000 + 61_000 });
    await github.sandbox("POST", "/clock", { advanceSeconds: 61 });
    expect((await issue("e")).status).toBe(201);
  }, 30_000);
});

describe("the queue before GitHub", () => {
  let gate: Gate;
  let atOnce = 0;
  let most = 0;
  let writesMayEnd: Promise<void> | undefined;
  beforeAll(async () => {
    gate = await startGate({});
    gate.upstream.handler = async ({ method }) => {
      most = Math.max(most, ++atOnce);
      if (method === "POST") await writesMayEnd;
      await new Promise((resolve) => setTimeout(resolve, 40));
      atOnce--;
      return {};
    };
  }, 60_000);
  beforeEach(() => {
    most = 0;
    gate.upstream.received.length = 0;
  });
  afterAll(() => gate.stop());
  const write = (i: number): Promise<Response> =>
    gate.ask("/repos/acme/api/issues", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: `{"title":"${i}"}`,
    });

  it("lets at most eight writes and 64 reads be at GitHub at once, and loses none", async () => {
    const writes = await Promise.all(Array.from({ length: 60 }, (_, i) => write(i)));
    expect([writes.filter(({ status }) => status === 200).length, most]).toEqual([60, 8]);
    most = 0;
    const reads = await Promise.all(Array.from({ length: 200 }, () => gate.ask("/repos/acme/api")));
    expect(reads.filter(({ status }) => status === 200)).toHaveLength(200);
    expect(most).toBeLessThanOrEqual(64);
    expect(most).toBeGreaterThan(16);
  }, 60_000);

  it("serves those that wait in the order in which they came, and does not let writes keep reads waiting", async () => {
    let end = (): void => undefined;
    writesMayEnd = new Promise((resolve) => (end = resolve));
    const writes: Promise<Response>[] = [];
    for (let i = 0; i < 40; i++) {
      writes.push(write(i));
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    // No write ends before this read has its answer.
    expect((await gate.ask("/repos/acme/api")).status).toBe(200);
    end();
    await Promise.all(writes);
    const order = gate.upstream.received
      .filter(({ method }) => method === "POST")
      .map(({ body }) => Number((JSON.parse(body.toString()) as { title: string }).title));
    // Those that are on their way at the same time may overtake each other.
    order.forEach((number, index) => expect(Math.abs(number - index)).toBeLessThan(9));
  }, 60_000);
});
