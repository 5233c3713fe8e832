import { attemptsAsDeployed, drillAsDeployed, isRefusedAlone } from "../../drill/asDeployed";
import { attemptsFor, canBeTried } from "../../drill/attempts";
import type { Harness } from "../../drill/fixture";
import { claimsOf } from "../../drill/pairs";
import { UNLOCK } from "../../drill/unlock";
import { CATALOGUE, lock as lockOf } from "../../../infra/model";
import { environment } from "../../../tests/support/environment";

const claims = claimsOf(environment());
const called = ({ action, place }: (typeof claims)[number]): string => `${action.id} at ${place}`;

it("tries every action of the catalogue, wherever it applies", () => {
  expect(claims.filter((claim) => attemptsAsDeployed(claim).length === 0).map(called)).toEqual([]);
  expect(new Set(claims.map(({ action }) => action.id))).toEqual(new Set(CATALOGUE.map(({ id }) => id)));
});

it("expects what the model says: allowed, or a refusal in the words of a lock of the gate", () => {
  const forbidden = claims.filter(({ allowed }) => !allowed);
  expect(forbidden.filter(({ locks }) => !locks.some((lock) => lockOf(lock).enforcer === "gate")).map(called)).toEqual(
    [],
  );
  expect(claims.length - forbidden.length).toBeGreaterThan(15);
});

it("tries without the gate too where another lock stands, except where that lock has attempts of its own", () => {
  expect(
    claims
      .filter(
        (claim) =>
          claim.locks.some((lock) => lockOf(lock).enforcer !== "gate") &&
          !attemptsAsDeployed(claim).some((one) => isRefusedAlone(claim, one)),
      )
      .map(called),
  ).toEqual(["learn-token at account", "change-audit at account", "reach-other-host at account"]);
});

it("tries tools of MCP where the gate has them: to read, to propose, to write, and what no agent may do", () => {
  const tried = (changes: Record<string, unknown>): string[] =>
    claimsOf(environment(changes)).flatMap((claim) =>
      attemptsAsDeployed(claim)
        .filter((one) => one.client === "mcp" && canBeTried(environment(changes), one))
        .map(() => `${called(claim)}: ${claim.allowed ? "allowed" : "refused"}`),
    );
  expect(tried({})).toEqual([]);
  expect(tried({ "gate.mcp": true })).toEqual(
    expect.arrayContaining([
      "read-repository at read: allowed",
      "write-agent-branch at write: allowed",
      "open-draft-pull-request at write: allowed",
      "merge-pull-request at write: refused",
      "edit-workflow at write: refused",
    ]),
  );
});

it("tries no lock of GitHub's by a tool, which only the gate has", () => {
  const merge = claims.find(({ action }) => action.id === "merge-pull-request");
  if (merge === undefined) throw new Error("no such claim");
  const clients = (lock: "protection-push" | "gate-route"): string[] =>
    attemptsFor({ action: merge.action, lock }).map(({ client }) => client);
  expect([clients("protection-push").includes("mcp"), clients("gate-route").includes("mcp")]).toEqual([false, true]);
});

it("leaves every lock that can be opened an attempt with a counterproof", () => {
  expect(
    claims.flatMap((claim) =>
      claim.locks
        .filter(
          (lock) =>
            "open" in UNLOCK[lock] &&
            attemptsFor({ action: claim.action, lock }).every(({ noCounterproof }) => noCounterproof !== undefined),
        )
        .map((lock) => `${called(claim)} by ${lock}`),
    ),
  ).toEqual([]);
});

it("holds nothing when nothing answers: silence is no refusal", async () => {
  const dead = {
    rest: "http://127.0.0.1:9",
    graphql: "http://127.0.0.1:9/graphql",
    git: "http://127.0.0.1:9",
    credential: "x",
  };
  const harness = {
    environment: environment(),
    gate: { kind: "gate", ...dead },
    github: { kind: "github", ...dead },
    owner: { kind: "github", ...dead },
    person: { kind: "github", ...dead, login: "someone" },
    tokens: { of: () => Promise.resolve("x") },
    stored: "x",
    trail: { position: () => Promise.resolve(0), after: () => Promise.resolve([]) },
    workingCopy: () => Promise.resolve({ base: "0".repeat(40) }),
    control: () => Promise.reject(new Error("nothing answers")),
    restore: () => Promise.resolve(),
  } as unknown as Harness;
  const rows = await drillAsDeployed(harness, () => undefined);
  expect(rows.length).toBeGreaterThan(100);
  expect(rows.filter(({ holds }) => holds)).toEqual([]);
});
