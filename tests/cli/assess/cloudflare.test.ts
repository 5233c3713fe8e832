import fc from "fast-check";
import { scheduleProblems } from "../../../cli/assess/cloudflare";

describe("the schedules of a script", () => {
  it("names what is missing and what nobody declared, each with its remedy", () => {
    const again =
      "`pulumi up --target-replace` with the URN of its cron trigger (`pulumi stack --show-urns`) sets its schedules again";
    expect(scheduleProblems(["*/5 * * * *"], [])).toEqual([`the schedule */5 * * * * is missing; ${again}`]);
    expect(scheduleProblems(["*/5 * * * *"], ["0 3 * * *"])).toEqual([
      `the schedule */5 * * * * is missing; ${again}`,
      `the schedule 0 3 * * * is not declared; ${again}`,
    ]);
    expect(scheduleProblems([], ["0 3 * * *"])).toEqual([
      "the schedule 0 3 * * * is not declared; no resource declares one: delete it at Cloudflare",
    ]);
  });

  it("finds nothing exactly when both name the same", () => {
    const crons = fc.uniqueArray(fc.constantFrom("*/5 * * * *", "0 3 * * *", "17 * * * *", "* * * * *"));
    fc.assert(
      fc.property(crons, crons, (declared, standing) => {
        const same = [...declared].sort().join() === [...standing].sort().join();
        expect(scheduleProblems(declared, standing).length === 0).toBe(same);
      }),
    );
  });
});
