import type { Pair } from "../../../drill/pairs";
import type { Fixture } from "../../../drill/fixture";
import { type Environment } from "../../../../infra/model";
import { tokenPermissions } from "../../../../infra/plans";
import type { Mutant } from "./types";

/**
 * Permissions by which a token could do what the catalogue forbids. What the others open is no action of the catalogue,
 * and the rotator refuses them all.
 */
const GROWN: readonly (readonly [permission: string, level: "read" | "write"])[] = [
  ["administration", "write"],
  ["workflows", "write"],
  ["statuses", "write"],
  ["actions", "write"],
  ["secrets", "read"],
  ["variables", "read"],
  ["repository_hooks", "write"],
];

/** The declared token with one permission more, or on one repository more. */
export function tokenMutants(environment: Environment): Mutant[] {
  const declared = tokenPermissions(environment);
  const holding =
    (permissions: Readonly<Record<string, string>>, repositories?: "all") =>
    async (fixture: Fixture): Promise<void> =>
      fixture.setToken(await fixture.harness.tokens.with(permissions, repositories));
  const byToken = (pair: Pair): boolean => ["token-permission", "token-workflows", "token-scope"].includes(pair.lock);
  return [
    ...GROWN.map(([name, level]): Mutant => ({
      what: `token: ${name}: ${level}`,
      before: holding({ ...declared, [name]: level }),
      concerns: (pair) => byToken(pair) && pair.place !== "read",
    })),
    // Pages take both, as GitHub documents it.
    {
      what: "token: administration and pages",
      before: holding({ ...declared, administration: "write", pages: "write" }),
      concerns: (pair) => byToken(pair) && pair.action.id === "publish",
    },
    {
      what: "token: every repository",
      before: holding(declared, "all"),
      concerns: (pair) => pair.lock === "token-repositories",
    },
  ];
}
