import fc from "fast-check";
import { scheduleProblems } from "../../../cli/assess/cloudflare";

describe("the schedules of a script", () => {
  it("names what is missing and what nobody declared, each with its remedy", () => {
    const again =
      "`pulumi up --target-replace` with the URN of its cron trigger (`pulumi stack --show-urns`) sets its schedules again";
    expect(scheduleProblems(["*/5 * * * *"], [])).toEqual([`*/5 * * * * does not start it; ${again}`]);
    expect(scheduleProblems(["*/5 * * * *"], ["0 3 * * *"])).toEqual([
      `*/5 * * * * does not start it; ${again}`,
      `0 3 * * * starts it, which is not declared; ${again}`,
    ]);
    expect(scheduleProblems([], ["0 3 * * *"])).toEqual([
      "0 3 * * * starts it, which is not declared; no resource declares one: delete it at Cloudflare",
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
