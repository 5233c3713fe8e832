import { rotationDeclared } from "../../../policy/rules/rotationDeclared";
import { agentPolicy } from "../support/gatePolicy";
import { declare, said, worker } from "../support/declare";

const gate = worker("GATEHOUSE_POLICY", agentPolicy());
const rotator = worker("GATEHOUSE_ROTATION", { everyDays: 20 }, { scriptName: "rotator" });
const cron = (scriptName: string, ...schedules: object[]) =>
  declare("cloudflare:index/workersCronTrigger:WorkersCronTrigger", { scriptName, schedules });

describe("rotation-declared", () => {
  it("holds with a rotator and its schedule, and asks nothing where there is no gate", () => {
    expect(said(rotationDeclared, gate, rotator, cron("rotator", { cron: "*/5 * * * *" }))).toEqual([]);
    expect(said(rotationDeclared)).toEqual([]);
  });

  it("refuses a gate without a rotator", () => {
    expect(said(rotationDeclared, gate)).toEqual(["No rotator replaces the token."]);
  });

  it.each([[cron("rotator")], [cron("another", { cron: "* * * * *" })]])(
    "refuses a rotator that nothing wakes",
    (one) => {
      expect(said(rotationDeclared, gate, rotator, one)).toEqual(["The rotator has no schedule: nothing wakes it."]);
    },
  );
});
