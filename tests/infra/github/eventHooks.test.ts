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

  it("gives each repository one of its own in place of the organization's, under the same secret", async () => {
    const run = await deploy(
      { types },
      (opts) =>
        new EventHooks(
          "events",
          { url: "https://alerts.acme.dev/hook", events: ["push"], repositories: ["api", "docs"] },
          opts,
        ),
    );
    const hooks = run.resources.filter(({ type }) => /Webhook$/.test(type));
    expect(hooks.map(({ type, inputs }) => [type, inputs])).toEqual(
      ["api", "docs"].map((repository) => [
        "github:index/repositoryWebhook:RepositoryWebhook",
        {
          repository,
          active: true,
          events: ["push"],
          configuration: { url: "https://alerts.acme.dev/hook", contentType: "json", insecureSsl: false, secret: HEX },
        },
      ]),
    );
    for (const { secrets } of hooks) expect(secrets).toEqual(["configuration"]);
    expect(inClear(run, HEX)).toEqual([]);
  });
});
