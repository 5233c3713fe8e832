import { DRILL, READ_ONLY_DRILL } from "../../drill/cases";
import { runDrill } from "../../drill/drill";
import { CATALOGUE } from "../../../infra/model";

const cases = [...DRILL, ...READ_ONLY_DRILL];

it("tries only actions of the catalogue", () => {
  const known = new Set(CATALOGUE.map((action) => action.id));
  expect(cases.map((attempt) => attempt.action).filter((id) => !known.has(id))).toEqual([]);
});

it("expects of each action what the catalogue says of a repository with write access", () => {
  for (const attempt of DRILL) {
    const action = CATALOGUE.find((one) => one.id === attempt.action);
    const standing = action?.at.write ?? action?.at.unlisted ?? action?.at.account;
    expect([attempt.title, standing === "allowed" ? "allowed" : "refused"]).toEqual([attempt.title, attempt.expect]);
  }
});

describe("a row holds", () => {
  const door = {
    kind: "gate",
    rest: "http://127.0.0.1:9",
    graphql: "http://127.0.0.1:9/graphql",
    git: "http://127.0.0.1:9",
    credential: "x",
  } as const;
  const ground = {
    organization: "acme",
    writable: "api",
    unlisted: "secrets",
    foreign: "other-org/vault",
    defaultBranch: "main",
    run: "r",
  };

  it("never when nothing answers: the drill fails instead of taking silence for a refusal", async () => {
    await expect(runDrill({ gate: door, ground })).rejects.toThrow();
  });
});
