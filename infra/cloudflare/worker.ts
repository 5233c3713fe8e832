import * as cloudflare from "@pulumi/cloudflare";
import type * as pulumi from "@pulumi/pulumi";

/** Starts a Worker by its schedule, in UTC. */
export function schedule(
  name: string,
  { accountId, script, cron }: { accountId: string; script: cloudflare.WorkersScript; cron: string },
  parent: pulumi.Resource,
): void {
  new cloudflare.WorkersCronTrigger(
    `${name}-cron`,
    { accountId, scriptName: script.scriptName, schedules: [{ cron }] },
    { parent },
  );
}

/** Closes a Worker's address on workers.dev, previews included: nobody calls it but by a binding or its schedule. */
export function closeAddress(
  name: string,
  { accountId, script }: { accountId: string; script: cloudflare.WorkersScript },
  parent: pulumi.Resource,
): void {
  new cloudflare.WorkersScriptSubdomain(
    `${name}-subdomain`,
    { accountId, scriptName: script.scriptName, enabled: false, previewsEnabled: false },
    { parent },
  );
}
