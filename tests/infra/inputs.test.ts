import * as pulumi from "@pulumi/pulumi";
import { resolveInputs } from "../../infra/inputs";
import { deploy } from "../support/pulumi";

const inside = <T>(run: () => T | Promise<T>) => deploy({ types: {} }, run).then(({ value }) => value);
/** What a resource that is not yet made gives in a preview. */
const unknown = () =>
  new (pulumi.Output as unknown as new (...args: unknown[]) => pulumi.Output<string>)(
    [],
    Promise.resolve(undefined),
    Promise.resolve(false),
    Promise.resolve(false),
    Promise.resolve([]),
  );

it("waits for promises and outputs at any depth", async () => {
  const value = await inside(() =>
    resolveInputs<unknown>(
      {
        organization: pulumi.output("acme"),
        repositories: Promise.resolve([{ name: pulumi.output(Promise.resolve("api")), reviewers: ["backend"] }]),
        gate: pulumi.output({ hostname: pulumi.output("gate.acme.dev"), absent: undefined, no: null }),
      },
      "agents",
    ),
  );
  expect(value).toEqual({
    organization: "acme",
    repositories: [{ name: "api", reviewers: ["backend"] }],
    gate: { hostname: "gate.acme.dev", absent: undefined, no: null },
  });
});

it("names every value that nobody knows before the update", async () => {
  await expect(
    inside(() => resolveInputs<unknown>({ gate: { zoneId: unknown(), hostname: "a.b" }, list: [unknown()] }, "agents")),
  ).rejects.toThrow(
    /^agents: gatehouse:gate\.zoneId: known after the update only; .*\nagents: gatehouse:list\[0\]: known after/,
  );
});

describe("a secret", () => {
  it.each([
    ["gate.hostname", { gate: { hostname: pulumi.secret("gate.acme.dev") } }],
    ["audit.alertWebhook", { audit: { alertWebhook: pulumi.secret("https://alerts.acme.dev") } }],
    ["audit", { audit: pulumi.secret({ retentionDays: 90 }) }],
    ["rotation.notify[0]", { rotation: { notify: [pulumi.secret("https://hooks.acme.dev/s3cr3t")] } }],
  ])("is refused at %s, where it would stand in clear, without being told", async (path, value) => {
    const error = await inside(() => resolveInputs<unknown>(value, "agents")).then(
      () => undefined,
      (refused: unknown) => refused as Error,
    );
    expect(error?.message).toContain(`agents: gatehouse:${path}: a secret, which would stand in clear`);
    expect(error?.message).not.toMatch(/s3cr3t|gate\.acme\.dev/);
  });

  it("may be a Logpush destination, which is declared as one", async () => {
    const sinks = [{ kind: "logpush", destination: pulumi.secret("s3://bucket?key=s3cr3t") }];
    expect(await inside(() => resolveInputs<unknown>({ audit: { sinks } }, "agents"))).toEqual({
      audit: { sinks: [{ kind: "logpush", destination: "s3://bucket?key=s3cr3t" }] },
    });
  });
});
