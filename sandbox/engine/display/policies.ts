import type { EngineEvent } from "../events";
import type { PolicyViolation } from "../policyPack";
import { displayType, parseUrn } from "../urns";
import type { Painter } from "./paint";

const SEVERITIES = ["critical", "high", "medium", "low"] as const;

/** What the policy packs said in one run, in the order in which Pulumi lists it. */
export class PolicyFindings {
  private readonly packs: { readonly name: string; readonly folder: string }[] = [];
  private readonly violations: PolicyViolation[] = [];

  handle(event: EngineEvent): void {
    if (event.kind === "policy-packs") this.packs.push(...event.packs);
    else if (event.kind === "policy") this.violations.push(event.violation);
  }

  /** Whether a policy forbids the update. Then Pulumi prints no summary. */
  get forbid(): boolean {
    return this.violations.some(({ enforcement }) => enforcement === "mandatory");
  }

  /**
   * `Policies:` with each pack and what it found; empty where no pack ran.
   * @param rootUrn what a violation without a resource is about
   */
  text(rootUrn: string, paint: Painter): string {
    if (this.packs.length === 0) return "";
    const lines = [paint.headline("Policies:")];
    for (const { name, folder } of this.packs) {
      const own = this.violations.filter(({ pack }) => pack === name).sort(inOrder);
      const mandatory = own.some(({ enforcement }) => enforcement === "mandatory");
      lines.push(`    ${mandatory ? "❌" : own.length > 0 ? "⚠️" : "✅"} ${name} (local: ${folder})`);
      for (const { policy, enforcement, severity, message, urn = rootUrn } of own) {
        const { type, name: resource } = parseUrn(urn);
        const weight = `[${enforcement}]${severity ? ` [severity: ${severity}]` : ""}`;
        lines.push(
          `        - ${paint.severity(enforcement === "mandatory" ? "error" : "warning", weight)}  ${policy}  (${displayType(type)}: ${resource})`,
          ...message
            .trimEnd()
            .split("\n")
            .map((line) => `          ${line}`),
        );
      }
    }
    return `${lines.join("\n")}\n`;
  }
}

function inOrder(one: PolicyViolation, other: PolicyViolation): number {
  const key = ({ enforcement, severity = "low", policy, urn = "" }: PolicyViolation): string =>
    [enforcement === "mandatory" ? 0 : 1, SEVERITIES.indexOf(severity), policy, urn].join(" ");
  return key(one) < key(other) ? -1 : 1;
}
