import { auditRetention } from "../../../policy/rules/auditRetention";
import { declare, said } from "../support/declare";

const DAY = 86_400;
const bucket = declare("cloudflare:index/r2Bucket:R2Bucket", { name: "audit" });
const lock = (rule: object) =>
  declare("cloudflare:index/r2BucketLock:R2BucketLock", {
    bucketName: "audit",
    rules: [{ enabled: true, prefix: "", ...rule }],
  });
const days = (n: number) => lock({ condition: { type: "Age", maxAgeSeconds: n * DAY } });
const lifecycle = (n: number) =>
  declare("cloudflare:index/r2BucketLifecycle:R2BucketLifecycle", {
    bucketName: "audit",
    rules: [{ deleteObjectsTransition: { condition: { type: "Age", maxAge: n * DAY } } }],
  });

describe("audit-retention", () => {
  it("holds from 90 days on, and for a lock without end", () => {
    expect(said(auditRetention, bucket, days(90), lifecycle(91))).toEqual([]);
    expect(said(auditRetention, bucket, lock({ condition: { type: "Indefinite" } }))).toEqual([]);
  });

  it.each([
    ["too short a lock", days(30), 30],
    ["a lock that is off", lock({ enabled: false, condition: { maxAgeSeconds: 400 * DAY } }), 0],
    ["a lock of a part alone", lock({ prefix: "a/", condition: { maxAgeSeconds: 400 * DAY } }), 0],
  ])("refuses %s", (_, rule, left) => {
    expect(said(auditRetention, bucket, rule)).toEqual([`Records in audit can be deleted after ${left} days, not 90.`]);
  });

  it("refuses none, and a lifecycle that deletes earlier", () => {
    expect(said(auditRetention, bucket)).toEqual(["Records in audit can be deleted after 0 days, not 90."]);
    expect(said(auditRetention, bucket, days(120), lifecycle(100))).toEqual([
      "The lifecycle of audit deletes records before their lock ends.",
    ]);
  });
});
