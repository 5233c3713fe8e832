import { Refusal, type RuleId } from "../refusals";
import { decodeCanonical } from "../text/canonical";
import {
  agentBranchOf,
  comparisonEnds,
  isFilePath,
  isLine,
  isLogin,
  isNumber,
  isObjectId,
  isRefName,
  isWord,
} from "../text/values";

/** Parameters that take an encoded slash, because GitHub reads one value there and clients encode it whole. */
const MAY_HOLD_SLASH = new Set(["ref", "branch", "path", "basehead", "label", "environment", "agentRef"]);

const TESTS: Readonly<Record<string, (value: string) => boolean>> = {
  number: isNumber,
  id: isNumber,
  sha: isObjectId,
  ref: isRefName,
  branch: isRefName,
  path: isFilePath,
  basehead: (v) => comparisonEnds(v) !== undefined,
  // A reader that decodes before it resolves dots must not leave the route.
  label: (v) => isLine(v, 100) && v.split("/").every((part) => part !== "" && part !== "." && part !== ".."),
  workflow: isWord,
  environment: (v) => isLine(v, 255),
  login: isLogin,
};

/**
 * Judges one raw path parameter by its name and returns its decoded value. `owner` and `repo` are judged by the caller.
 * `agentRef` is a reference below `refs/`, and must be an agent branch.
 */
export function judgeParameter(name: string, raw: string, branchPrefix: string): string | Refusal {
  const value = decodeCanonical(raw);
  if (value === undefined) return new Refusal("path-encoding", name);
  if (!MAY_HOLD_SLASH.has(name) && value.includes("/")) return new Refusal("path-encoded-slash", name);
  if (name === "agentRef") {
    if (!isRefName(value)) return new Refusal("parameter-value", "ref");
    return agentBranchOf(`refs/${value}`, branchPrefix) !== undefined
      ? value
      : new Refusal("ref-outside-agent-space", `refs/${value}`);
  }
  if (TESTS[name]?.(value) === true) return value;
  const rule: RuleId = name === "basehead" && value.includes(":") ? "fork-not-allowed" : "parameter-value";
  return new Refusal(rule, name);
}

/** Names a template may use, for the test that keeps table and types together. */
export const PARAMETER_NAMES: readonly string[] = ["owner", "repo", "agentRef", ...Object.keys(TESTS)];
