import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { GatehouseComponent } from "../component";
import { environmentOf } from "../environment";
import { names, type Environment, type EnvironmentInput } from "../model";
import { retention } from "../plans";

export interface AuditTrailArgs {
  /** The environment, in the shape of the environment file. */
  readonly environment: EnvironmentInput;
}

/**
 * The bucket for the gate's audit records, and the Logpush jobs that the environment asks for. Nobody can change or
 * delete a record before its retention is over.
 * @example
 * export const { bucket } = new AuditTrail("audit", { environment });
 */
export class AuditTrail extends GatehouseComponent {
  /** Name of the bucket. */
  readonly bucket: pulumi.Output<string>;

  constructor(name: string, args: AuditTrailArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:cloudflare:AuditTrail", name, opts);
    const environment = environmentOf(args.environment, name);
    const accountId = environment.gate.accountId;
    const { lockSeconds, deleteSeconds } = retention(environment);
    const bucket = new cloudflare.R2Bucket(
      `${name}-bucket`,
      { accountId, name: names(environment).auditBucket },
      { parent: this, protect: environment.protect },
    );
    new cloudflare.R2BucketLock(
      `${name}-lock`,
      {
        accountId,
        bucketName: bucket.name,
        rules: [{ id: "retention", enabled: true, prefix: "", condition: { type: "Age", maxAgeSeconds: lockSeconds } }],
      },
      { parent: this },
    );
    new cloudflare.R2BucketLifecycle(
      `${name}-lifecycle`,
      {
        accountId,
        bucketName: bucket.name,
        rules: [
          {
            id: "end-of-retention",
            enabled: true,
            conditions: { prefix: "" },
            deleteObjectsTransition: { condition: { type: "Age", maxAge: deleteSeconds } },
          },
        ],
      },
      { parent: this },
    );
    this.createCopies(name, environment);
    this.bucket = bucket.name;
    this.registerOutputs({ bucket: this.bucket });
  }

  private createCopies(name: string, { audit, gate }: Environment): void {
    const copies = audit.sinks.flatMap((sink) => (sink.kind === "logpush" ? [sink] : []));
    copies.forEach(
      (sink, index) =>
        new cloudflare.LogpushJob(
          `${name}-logpush-${index + 1}`,
          {
            accountId: gate.accountId,
            name: copies.length > 1 ? `${gate.name}-${index + 1}` : gate.name,
            dataset: "workers_trace_events",
            enabled: true,
            // May carry the receiver's credentials.
            destinationConf: pulumi.secret(sink.destination),
            ...(sink.ownershipChallenge ? { ownershipChallenge: pulumi.secret(sink.ownershipChallenge) } : {}),
            filter: JSON.stringify({ where: { key: "ScriptName", operator: "eq", value: gate.name } }),
            outputOptions: {
              outputType: "ndjson",
              timestampFormat: "rfc3339",
              fieldNames: [
                "Event",
                "EventTimestampMs",
                "EventType",
                "Exceptions",
                "Logs",
                "Outcome",
                "ScriptName",
                "ScriptVersion",
              ],
            },
          },
          { parent: this },
        ),
    );
  }
}
