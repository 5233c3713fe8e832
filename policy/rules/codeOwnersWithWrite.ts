import { REPOSITORY_FILE, agentOf, known, text } from "../read";
import { stackRule } from "../rule";

const PLACES = new Set([".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"]);

/** GitHub: "About code owners"; a path that no line names has no owner, so nobody's review is asked for. */
export const codeOwnersWithWrite = stackRule({
  id: "code-owners-with-write",
  severity: "high",
  description: "Where the agent may write, CODEOWNERS gives every path an owner.",
  remediation: "Name reviewers of the repository in the environment file; the stack writes the line for all paths.",
  controls: ["CIS 1.1.6", "NIST SP 800-53 CM-3(2)"],
  check: (resources) => {
    const files = new Map(
      resources
        .filter(({ type, inputs }) => type === REPOSITORY_FILE && PLACES.has(text(inputs.file)))
        .map((file) => [text(file.inputs.repository), file]),
    );
    return [...agentOf(resources).writable].flatMap((repository) => {
      const file = files.get(repository);
      if (file === undefined)
        return [{ message: `${repository}: the agent may write, and the stack declares no CODEOWNERS.` }];
      if (!known(file.inputs.content) || ownsAll(text(file.inputs.content))) return [];
      return [{ urn: file.urn, message: `${repository}: no line of CODEOWNERS gives all paths an owner.` }];
    });
  },
});

const ownsAll = (content: string): boolean =>
  content.split("\n").some((line) => /^\s*(?:\*|\*\*|\/\*\*)[ \t]+[^#\s]/.test(line));
