import { onboard, standIn, type Answer, type Caller, type StandIn } from "../github/support/standin";

/** Merging in the background and stacks: accepted by the pull request's state alone, decided by the rules later. */

let s: StandIn;
let bot: Caller;
beforeAll(async () => {
  s = await standIn();
  ({ bot } = await onboard(s));
}, 60_000);
afterAll(() => s.stop());

let made = 0;
/** Opens pull requests that lie on one another, and gives their numbers from the bottom up. */
async function pile(height: number, draft = false): Promise<number[]> {
  const numbers: number[] = [];
  let below = "main";
  for (let i = 0; i < height; i++) {
    const branch = `claude/pile-${made++}`;
    const { sha } = (await s.admin("GET", `/repos/acme/api/git/ref/heads/${below}`)).body.object as { sha: string };
    await s.admin("POST", "/repos/acme/api/git/refs", { ref: `refs/heads/${branch}`, sha });
    await s.admin("PUT", `/repos/acme/api/contents/${made}.md`, { message: branch, content: "eA==", branch });
    const opened = await s.admin("POST", "/repos/acme/api/pulls", { title: branch, head: branch, base: below, draft });
    numbers.push(opened.body.number as number);
    below = branch;
  }
  return numbers;
}
const pulls = "/repos/acme/api/pulls";
const result = async (number: number, accepted: Answer): Promise<unknown> =>
  (await s.admin("GET", `${pulls}/${number}/merge-async/${accepted.body.details.uuid}`)).body;
const merged = async (numbers: readonly number[]): Promise<boolean[]> =>
  Promise.all(numbers.map(async (number) => (await s.admin("GET", `${pulls}/${number}`)).body.merged as boolean));

it("merges a pull request with all that lies below it in its stack, and nothing above", async () => {
  const numbers = await pile(3);
  const stack = await s.admin("POST", "/repos/acme/api/stacks", { pull_requests: numbers });
  expect([stack.status, stack.body.base.ref, stack.body.open]).toEqual([201, "main", true]);
  const accepted = await s.admin("PUT", `${pulls}/${numbers[1]}/merge-async`, {});
  expect([accepted.status, accepted.body.status]).toEqual([202, "pending"]);
  expect(await result(numbers[1] ?? 0, accepted)).toMatchObject({ status: "merged" });
  expect(await merged(numbers)).toEqual([true, true, false]);
});

it("merges one alone that is in no stack, once", async () => {
  const [number = 0] = await pile(1);
  expect((await s.admin("PUT", `${pulls}/${number}/merge-async`, {})).status).toBe(202);
  expect(await s.admin("PUT", `${pulls}/${number}/merge-async`, {})).toMatchObject({
    status: 200,
    body: { status: "merged" },
  });
});

it("accepts what a rule forbids, and fails it later; a draft it does not accept", async () => {
  const [number = 0] = await pile(1);
  await s.admin("POST", "/repos/acme/api/rulesets", {
    name: "two people",
    target: "branch",
    enforcement: "active",
    conditions: { ref_name: { include: ["refs/heads/main"], exclude: [] } },
    rules: [{ type: "update" }],
  });
  const accepted = await bot("PUT", `${pulls}/${number}/merge-async`, { merge_action: "direct_merge" });
  expect(accepted.status).toBe(202);
  expect(await result(number, accepted)).toMatchObject({
    status: "failed",
    details: { message: expect.stringContaining("Cannot update this protected ref") as string },
  });
  expect(await merged([number])).toEqual([false]);
  const [draft = 0] = await pile(1, true);
  expect((await s.admin("PUT", `${pulls}/${draft}/merge-async`, {})).status).toBe(400);
});

it("stacks only what lies on one another", async () => {
  const [a = 0, b = 0] = await pile(2);
  const [c = 0] = await pile(1);
  const stack = (pull_requests: unknown): Promise<Answer> =>
    s.admin("POST", "/repos/acme/api/stacks", { pull_requests });
  for (const wrong of [[a], [b, a], [a, c], [a, 9999], "1,2", undefined]) expect((await stack(wrong)).status).toBe(422);
  expect((await stack([a, b])).status).toBe(201);
  expect((await bot("POST", "/repos/acme/docs/stacks", { pull_requests: [a, b] })).status).toBe(403);
});
