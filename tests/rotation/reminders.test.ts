import { remind } from "../../rotation/reminders";
import { judge } from "../../rotation/status";
import type { Effects, Fetch } from "../../rotation/effects";
import { planFor } from "./support/world";
import { DAY, iso, now, record, rotatedAt } from "./support/notes";

describe("reminders", () => {
  const setUp = () => {
    const issues: { number: number; title: string; body: string; state: string; comments: number }[] = [];
    const told: unknown[] = [];
    const fetcher: Fetch = (url, init) => {
      const path = new URL(url).pathname;
      const body = init.body ? (JSON.parse(init.body) as Record<string, string>) : {};
      const reply = (status: number, value: unknown) =>
        Promise.resolve({ status, headers: new Headers(), text: () => Promise.resolve(JSON.stringify(value)) });
      if (init.method === "GET")
        return reply(
          200,
          issues.filter((i) => i.state === "open"),
        );
      if (path.endsWith("/comments")) {
        issues[0]!.comments += 1;
        return reply(201, {});
      }
      if (init.method === "PATCH") {
        issues[0]!.state = body.state ?? "";
        return reply(200, {});
      }
      issues.push({ number: 1, title: body.title ?? "", body: body.body ?? "", state: "open", comments: 0 });
      return reply(201, { number: 1 });
    };
    const effects: Effects = {
      fetch: fetcher,
      now: () => now,
      sleep: () => Promise.resolve(),
      report: () => undefined,
    };
    const plan = planFor("personal-access-token", { repository: "docs" });
    const deps = {
      effects,
      plan,
      issueToken: "model",
      adapters: [
        {
          name: "hook",
          deliver: (m: unknown) => {
            told.push(m);
            return Promise.resolve();
          },
        },
      ],
    };
    const at = (endsIn: number, stage: number) =>
      remind(deps, judge(record(iso(now + endsIn)), rotatedAt(now), plan, now), stage);
    return { issues, told, at };
  };
  it("open one issue, comment it once a stage, and close it when the token is replaced", async () => {
    const { issues, told, at } = setUp();
    let { stage } = await at(20 * DAY, 0);
    expect(issues).toHaveLength(0);
    ({ stage } = await at(6 * DAY, stage));
    ({ stage } = await at(5 * DAY, stage)); // the same stage says nothing again
    expect([issues.length, issues[0]?.comments, told.length]).toEqual([1, 0, 1]);
    ({ stage } = await at(1 * DAY, stage));
    ({ stage } = await at(-1, stage));
    expect([issues.length, issues[0]?.comments, told.length]).toEqual([1, 2, 3]);
    expect(issues[0]?.body).toContain("/settings/personal-access-tokens/new?");
    expect(issues[0]?.body).toContain("Never paste the token into this issue");
    ({ stage } = await at(30 * DAY, stage));
    expect([issues[0]?.state, stage]).toEqual(["closed", 0]);
  });
});
