import { createHash } from "node:crypto";
import { EventHooks } from "../../../infra";
import { ORGANIZATION_EVENTS } from "../../../infra/plans";
import { deploy, inClear } from "../../support/pulumi";
import { PASSWORD, types } from "./support/mocks";

const HEX = createHash("sha256").update(PASSWORD).digest("hex");

describe("EventHooks", () => {
  it("signs with a secret that is never in clear", async () => {
    const run = await deploy(
      { types },
      (opts) => new EventHooks("events", { url: "https://alerts.acme.dev/hook", events: ORGANIZATION_EVENTS }, opts),
    );
    const hook = run.one("events-organization");
    expect(hook.inputs).toEqual({
      active: true,
      events: [...ORGANIZATION_EVENTS],
      configuration: { url: "https://alerts.acme.dev/hook", contentType: "json", insecureSsl: false, secret: HEX },
    });
    expect(hook.secrets).toEqual(["configuration"]);
    expect(inClear(run, HEX)).toEqual([]);
  });
});
