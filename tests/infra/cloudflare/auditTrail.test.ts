import { AuditTrail } from "../../../infra";
import { environment } from "../../support/environment";
import { deploy, inClear } from "../../support/pulumi";
import { ACCOUNT, types } from "./support/mocks";

const DESTINATION = "https://audit.acme.dev/in?header_Authorization=raw";

describe("AuditTrail", () => {
  const trail = (changes: Record<string, unknown> = {}) =>
    deploy({ types }, (opts) => new AuditTrail("audit", { environment: environment(changes) }, opts));

  it("locks records for the retention, and lets them go a day later", async () => {
    const run = await trail();
    expect(run.one("audit-bucket").inputs).toEqual({ accountId: ACCOUNT, name: "acme-agent-audit" });
    expect(run.one("audit-lock").inputs).toEqual({
      accountId: ACCOUNT,
      bucketName: "acme-agent-audit",
      rules: [{ id: "retention", enabled: true, prefix: "", condition: { type: "Age", maxAgeSeconds: 90 * 86_400 } }],
    });
    expect(run.one("audit-lifecycle").inputs).toEqual({
      accountId: ACCOUNT,
      bucketName: "acme-agent-audit",
      rules: [
        {
          id: "end-of-retention",
          enabled: true,
          conditions: { prefix: "" },
          deleteObjectsTransition: { condition: { type: "Age", maxAge: 91 * 86_400 } },
        },
      ],
    });
    expect(run.resources).toHaveLength(4);
  });

  it("sends copies where the environment asks for them, and keeps the destination secret", async () => {
    const run = await trail({
      "audit.sinks.1": { kind: "logpush", destination: DESTINATION },
      "audit.sinks.2": { kind: "logpush", destination: "s3://copies/x?region=eu", ownershipChallenge: "proof" },
    });
    const job = run.one("audit-logpush-1");
    expect(job.inputs).toMatchObject({
      accountId: ACCOUNT,
      name: "github-gate-1",
      dataset: "workers_trace_events",
      enabled: true,
      destinationConf: DESTINATION,
    });
    expect(JSON.parse(job.inputs.filter as string)).toEqual({
      where: { key: "ScriptName", operator: "eq", value: "github-gate" },
    });
    expect(job.secrets).toContain("destinationConf");
    expect(run.one("audit-logpush-2").secrets).toEqual(
      expect.arrayContaining(["destinationConf", "ownershipChallenge"]),
    );
    expect(inClear(run, "header_Authorization")).toEqual([]);
  });

  it("keeps the bucket when it is protected", async () => {
    expect((await trail({ protect: true })).one("audit-bucket").options.protect).toBe(true);
  });
});
