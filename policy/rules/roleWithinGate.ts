import { EMBEDDED_POLICY } from "../../gate/policy/embed";
import { WORKER, agentOf, embedded, isGrant, known, list, object, text } from "../read";
import { stackRule } from "../rule";

/** Roles at GitHub that only let their holder read. */
const READING = new Set(["pull", "triage"]);

/**
 * Two locks stop what is forbidden: the gate refuses it, and so does GitHub. Where GitHub allows more than the gate
 * does, the gate is the only lock.
 */
export const roleWithinGate = stackRule({
  id: "role-within-gate",
  severity: "high",
  description: "GitHub lets the machine user do no more in a repository than the gate does, so that two locks hold.",
  remediation: "Declare the repository in the environment file with the access it needs; the gate and the role follow.",
  controls: ["NIST SP 800-53 AC-3", "NIST SP 800-53 AC-6"],
  check: (resources) => {
    const policy = resources
      .filter(({ type }) => type === WORKER)
      .map(({ inputs }) => embedded(inputs.content, EMBEDDED_POLICY))
      .find((found) => found !== undefined);
    if (policy === undefined) return [];
    const opened = new Map(
      list(policy.repositories)
        .map(object)
        .map(({ name, access }) => [text(name).toLowerCase(), text(access)]),
    );
    const agent = agentOf(resources);
    return resources.flatMap((resource) => {
      const { urn, inputs } = resource;
      if (!isGrant(resource, agent) || !known(inputs.repository) || !known(inputs.permission)) return [];
      const repository = text(inputs.repository);
      const access = opened.get(repository.toLowerCase());
      if (access === undefined)
        return [{ urn, message: `GitHub lets the machine user into ${repository}, which the gate does not open.` }];
      return access === "write" || READING.has(text(inputs.permission))
        ? []
        : [{ urn, message: `GitHub lets the machine user write to ${repository}, which the gate opens for reading.` }];
    });
  },
});
