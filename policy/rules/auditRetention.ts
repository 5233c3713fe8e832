import { BUCKET, BUCKET_LIFECYCLE, BUCKET_LOCK, known, list, object, text } from "../read";
import { stackRule } from "../rule";

const DAY = 86_400;
/** A quarter of a year: the least that leaves room for an incident that is noticed late. */
const LEAST_DAYS = 90;

/** Cloudflare: R2 bucket locks. NIST SP 800-53 AU-9 and AU-11. */
export const auditRetention = stackRule({
  id: "audit-retention",
  severity: "high",
  description: "Audit records are locked for 90 days at least, and nothing deletes them before their lock ends.",
  remediation: "Set audit.retentionDays to 90 or more in the environment file.",
  controls: ["NIST SP 800-53 AU-9", "NIST SP 800-53 AU-11"],
  check: (resources) => {
    const locked = new Map<string, number>();
    for (const { type, inputs } of resources)
      if (type === BUCKET_LOCK)
        locked.set(
          text(inputs.bucketName),
          Math.max(
            0,
            ...list(inputs.rules)
              .map(object)
              .filter(({ enabled, prefix }) => enabled === true && text(prefix) === "")
              .map(({ condition }) =>
                object(condition).type === "Indefinite" ? Infinity : Number(object(condition).maxAgeSeconds ?? 0),
              ),
          ),
        );
    const buckets = resources
      .filter(({ type, inputs }) => type === BUCKET && known(inputs.name))
      .filter(({ inputs }) => (locked.get(text(inputs.name)) ?? 0) < LEAST_DAYS * DAY)
      .map(({ urn, inputs }) => ({
        urn,
        message: `Records in ${text(inputs.name)} can be deleted after ${Math.floor((locked.get(text(inputs.name)) ?? 0) / DAY)} days, not ${LEAST_DAYS}.`,
      }));
    const early = resources
      .filter(({ type }) => type === BUCKET_LIFECYCLE)
      .flatMap(({ urn, inputs }) =>
        list(inputs.rules)
          .map((rule) => object(object(object(rule).deleteObjectsTransition).condition))
          .filter(
            ({ maxAge }) =>
              Number(maxAge ?? Infinity) < Math.min(locked.get(text(inputs.bucketName)) ?? 0, Number.MAX_SAFE_INTEGER),
          )
          .map(() => ({
            urn,
            message: `The lifecycle of ${text(inputs.bucketName)} deletes records before their lock ends.`,
          })),
      );
    return [...buckets, ...early];
  },
});
