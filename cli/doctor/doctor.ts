import { cloudflareFindings } from "./cloudflare";
import type { DoctorContext } from "./context";
import { linesOf, type Finding, type System } from "./finding";
import { gitHubFindings } from "./github";
import { judgeMachine, type Machine } from "./machine";
import { vaultFindings } from "./vault";

export interface Diagnosis {
  readonly stack: string;
  readonly organization: string;
  /** Whether nothing stands against a deployment. */
  readonly holds: boolean;
  readonly findings: readonly Finding[];
}

/** Looks at this machine and asks each system, and changes nothing. A system that breaks says so as its own line. */
export async function diagnose(context: DoctorContext, machine: Machine): Promise<Diagnosis> {
  const asked = (system: System, ask: Promise<Finding[]>): Promise<Finding[]> =>
    ask.catch((error: unknown) => [
      linesOf(system).problem(
        "questions",
        `could not be asked: ${error instanceof Error ? error.message : String(error)}`,
        "report this as a defect of Gatehouse",
      ),
    ]);
  const findings = [
    ...judgeMachine(machine),
    ...(
      await Promise.all([
        asked("GitHub", gitHubFindings(context)),
        asked("Cloudflare", cloudflareFindings(context)),
        asked("Vault", vaultFindings(context)),
      ])
    ).flat(),
  ];
  return {
    stack: context.stack,
    organization: context.environment.organization,
    holds: findings.every(({ result }) => result !== "problem"),
    findings,
  };
}
