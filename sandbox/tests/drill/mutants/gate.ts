import { fileUnder, push } from "../../../drill/attempts/code";
import type { Pair } from "../../../drill/pairs";
import type { GatePolicy } from "../../../../gate/policy/policy";
import type { Mutant } from "./types";

/** The gate's policy, entry by entry. `unlisted` are the facts of a repository that the posture does not list. */
export function gateMutants(
  policy: GatePolicy,
  unlisted: { readonly name: string; readonly id: number; readonly nodeId: string },
): Mutant[] {
  const of =
    (...locks: readonly string[]) =>
    (pair: Pair): boolean =>
      locks.includes(pair.lock);
  const change = (
    what: string,
    next: Partial<GatePolicy>,
    concerns: Mutant["concerns"],
    attempts?: Mutant["attempts"],
  ): Mutant => ({
    what: `gate: ${what}`,
    policy: (before) => ({ ...before, ...next }),
    concerns,
    ...(attempts ? { attempts } : {}),
  });
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  return [
    change(
      "a repository more",
      {
        repositories: [
          ...policy.repositories,
          { ...unlisted, access: "read", defaultBranch: "main", protectedPaths: [], reviewers: [] },
        ],
      },
      of("gate-repository", "gate-graphql"),
    ),
    ...policy.repositories
      .filter(({ access }) => access === "read")
      .map(({ name }) =>
        change(
          `write access to ${name}`,
          {
            repositories: policy.repositories.map((one) =>
              one.name === name ? { ...one, access: "write" as const } : one,
            ),
          },
          of("gate-access"),
        ),
      ),
    change(
      "a shorter branch prefix",
      { branchPrefix: "people/" },
      (pair) => pair.lock === "gate-ref" && pair.action.id === "push-other-branch",
    ),
    ...policy.protectedPaths.map((pattern) =>
      change(
        `${pattern} is not protected`,
        { protectedPaths: policy.protectedPaths.filter((other) => other !== pattern) },
        (pair) => pair.lock === "gate-path" && pair.action.id === "edit-protected-path",
        [
          push(
            `push ${fileUnder(pattern)}`,
            (fixture) => `refs/heads/${fixture.fresh("claude/drill-")}`,
            () => fileUnder(pattern),
          ),
        ],
      ),
    ),
    change("it only observes", { mode: { kind: "observe", until: tomorrow } }, of("gate-repository", "gate-access")),
  ];
}
