import { EMBEDDED_POLICY } from "../../gate/policy/embed";
import { WORKER, embedded, object, text } from "../read";
import { resourceRule } from "../rule";

/**
 * The token goes where the policy says: a constant https address, the same host for all three interfaces but for
 * GitHub's own pair.
 */
export const gateConstantUpstream = resourceRule({
  id: "gate-constant-upstream",
  severity: "critical",
  description: "The gate sends the token to one GitHub over https, at addresses that stand in its policy.",
  remediation: "Set githubUrl in the environment file to your GitHub's https address, or leave it out for github.com.",
  controls: ["NIST SP 800-53 SC-7", "NIST SP 800-53 SC-8(1)"],
  types: [WORKER],
  check: ({ inputs }) => {
    const policy = embedded(inputs.content, EMBEDDED_POLICY);
    if (policy === undefined) return [];
    const upstream = object(policy.upstream);
    const hosts = new Set<string>();
    const problems = ["api", "graphql", "git"].flatMap((name) => {
      const url = URL.canParse(text(upstream[name])) ? new URL(text(upstream[name])) : undefined;
      if (url === undefined) return [`The upstream ${name} is no address.`];
      hosts.add(url.hostname.replace(/^api\./, ""));
      const local = ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
      return [
        ...(url.protocol === "https:" || local ? [] : [`The upstream ${name} is not https.`]),
        ...(url.username === "" && url.password === "" ? [] : [`The upstream ${name} carries a user name.`]),
      ];
    });
    return hosts.size > 1 ? [...problems, "The upstreams are on different hosts."] : problems;
  },
});
