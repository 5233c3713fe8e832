import { Forwarder } from "../../../infra";
import { forwardedSinks } from "../../../infra/plans";
import { environment } from "../../support/environment";
import { deploy, inClear, type Deployment } from "../../support/pulumi";
import { ACCOUNT, types } from "./support/mocks";

const SINKS = {
  "audit.sinks.1": {
    kind: "splunk-hec",
    url: "https://splunk.acme.dev:8088/services/collector",
    token: "raw-hec-token",
  },
  "audit.sinks.2": { kind: "https", name: "copy", url: "https://audit.acme.dev/in" },
  "audit.sinks.3": {
    kind: "s3",
    url: "https://acme.s3.example.dev",
    accessKeyId: "AKEXAMPLE123",
    secretAccessKey: "raw-secret-access-key",
  },
  "audit.sinks.4": { kind: "logpush", destination: "https://elsewhere.acme.dev" },
};

const forwarder = (): Promise<Deployment<Forwarder>> =>
  deploy(
    { types },
    (opts) =>
      new Forwarder(
        "forwarder",
        {
          environment: environment(SINKS),
          script: "export default {};",
          gate: { ledgerScript: "github-gate-ledger", alertSecret: "whsec_raw-alert-secret" },
          auditBucket: "acme-agent-audit",
        },
        opts,
      ),
  );

it("declares one Worker without an address, which its schedule starts", async () => {
  const run = await forwarder();
  expect(run.one("forwarder-script").inputs).toMatchObject({
    scriptName: "github-gate-forwarder",
    mainModule: "forwarder.js",
    compatibilityDate: "2026-03-01",
  });
  expect(run.one("forwarder-subdomain").inputs).toEqual({
    accountId: ACCOUNT,
    scriptName: "github-gate-forwarder",
    enabled: false,
    previewsEnabled: false,
  });
  expect(run.one("forwarder-cron").inputs).toEqual({
    accountId: ACCOUNT,
    scriptName: "github-gate-forwarder",
    schedules: [{ cron: "* * * * *" }],
  });
});

it("gives it the sinks in clear and their credentials as one secret binding", async () => {
  const run = await forwarder();
  const bindings = run.one("forwarder-script").inputs.bindings as {
    name: string;
    type: string;
    json?: string;
    text?: string;
  }[];
  const by = Object.fromEntries(bindings.map((one) => [one.name, one]));
  expect(bindings.map(({ name, type }) => [name, type])).toEqual([
    ["ALERTS", "json"],
    ["ALERT_SECRET", "secret_text"],
    ["AUDIT", "r2_bucket"],
    ["LEDGER", "durable_object_namespace"],
    ["SINKS", "json"],
    ["SINK_SECRETS", "secret_text"],
  ]);
  expect(JSON.parse(by.SINKS!.json!)).toEqual([
    { kind: "splunk-hec", name: "splunk-hec", url: "https://splunk.acme.dev:8088/services/collector" },
    { kind: "https", name: "copy", url: "https://audit.acme.dev/in" },
    { kind: "s3", name: "s3", url: "https://acme.s3.example.dev", region: "auto", accessKeyId: "AKEXAMPLE123" },
  ]);
  expect(JSON.parse(by.SINK_SECRETS!.text!)).toEqual({ "splunk-hec": "raw-hec-token", s3: "raw-secret-access-key" });
  for (const secret of ["raw-hec-token", "raw-secret-access-key", "raw-alert-secret"])
    expect(inClear(run, secret)).toEqual([]);
});

it("leaves bucket and Logpush to those that serve them", () => {
  expect(forwardedSinks(environment())).toEqual({ sinks: [], secrets: {} });
  expect(forwardedSinks(environment({ "audit.sinks.1": SINKS["audit.sinks.4"] })).sinks).toEqual([]);
});
