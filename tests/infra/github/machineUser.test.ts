import { MachineUser } from "../../../infra";
import { deploy, inClear, known } from "../../support/pulumi";
import { PASSWORD, types } from "./support/mocks";

describe("MachineUser", () => {
  const up = (protect?: boolean) =>
    deploy(
      { types },
      (opts) => new MachineUser("user", { login: "claude-bot", team: "agents", agent: "agent", protect }, opts),
    );

  it("is a plain member, in one visible team", async () => {
    const run = await up();
    expect(run.one("user-membership").inputs).toEqual({ username: "claude-bot", role: "member" });
    expect(run.one("user-team").inputs).toEqual({
      name: "agents",
      description: 'Repository access of the agent "agent". Managed by Gatehouse; people do not belong here.',
      privacy: "closed",
      notificationSetting: "notifications_disabled",
    });
    expect(run.one("user-team-membership").inputs).toEqual({ teamId: "77", username: "claude-bot", role: "member" });
    expect(run.resources).toHaveLength(5);
  });

  it("has a password that is never in clear", async () => {
    const run = await up();
    expect(run.one("user-password").inputs).toMatchObject({ length: 48 });
    expect(await known((run.value.password as unknown as { isSecret: Promise<boolean> }).isSecret)).toBe(true);
    expect(inClear(run, PASSWORD)).toEqual([]);
  });

  it("keeps its membership when it is protected", async () => {
    expect((await up(true)).one("user-membership").options.protect).toBe(true);
    expect((await up()).one("user-membership").options.protect).toBeUndefined();
  });
});
