import { CodeOwners } from "../../../infra/github";
import { codeOwnersText, planOwners, type FoundOwners } from "../../../infra/plans";
import { environment } from "../../support/environment";
import { deploy } from "../../support/pulumi";
import { types } from "./support/mocks";

describe("CodeOwners", () => {
  const posture = environment();
  const api = posture.repositories[0]!;
  const content = codeOwnersText(posture, api);
  const up = (found?: FoundOwners, demanded = false) =>
    deploy(
      { types },
      (opts) =>
        new CodeOwners(
          "owners-api",
          { organization: "acme", repository: "api", branch: "main", plan: planOwners(posture, api, found, demanded) },
          opts,
        ),
    );
  const ours = (text: string): FoundOwners => ({ path: ".github/CODEOWNERS", text });

  it("writes the one file that outranks all others", async () => {
    const run = await up();
    expect(run.one("owners-api-file").inputs).toEqual({
      repository: "api",
      branch: "main",
      file: ".github/CODEOWNERS",
      content,
      commitMessage: "Set code owners (Gatehouse)",
      overwriteOnCreate: true,
    });
    expect(run.one("owners-api-file").options).toMatchObject({
      ignoreChanges: ["overwriteOnCreate"],
      retainOnDelete: false,
    });
    expect(run.resources).toHaveLength(2);
  });

  it("leaves a file alone that is as it should be, whatever the state remembers of it", async () => {
    expect((await up(ours(content))).one("owners-api-file").options.ignoreChanges).toEqual([
      "overwriteOnCreate",
      "content",
    ]);
  });

  it("outlives the stack where the repository has lines of its own in it", async () => {
    const run = await up(ours("/src/ @alice\n"));
    expect(run.one("owners-api-file").options).toMatchObject({
      ignoreChanges: ["overwriteOnCreate"],
      retainOnDelete: true,
    });
    expect(run.one("owners-api-file").inputs.content).toBe(
      codeOwnersText(posture, api, { text: "/src/ @alice", origin: ".github/CODEOWNERS" }),
    );
  });

  it("proposes a change where the rules demand a pull request, and keeps the file that it has", async () => {
    const run = await up(
      ours(
        codeOwnersText(environment({ "repositories.0.reviewers": ["security"] }), api).replace(
          "@acme/backend",
          "@acme/security",
        ),
      ),
      true,
    );
    expect(run.one("owners-api-file").options.ignoreChanges).toEqual(["overwriteOnCreate", "content"]);
    const branch = run.one("owners-api-proposal-branch");
    expect(branch.inputs).toEqual({
      repository: "api",
      sourceBranch: "main",
      branch: expect.stringMatching(/^gatehouse\/code-owners-[0-9a-f]{8}$/) as string,
    });
    expect(run.one("owners-api-proposal-file").inputs).toMatchObject({
      branch: branch.inputs.branch,
      file: ".github/CODEOWNERS",
      content,
    });
    expect(run.one("owners-api-proposal-pull-request").inputs).toMatchObject({
      owner: "acme",
      baseRepository: "api",
      baseRef: "main",
      headRef: branch.inputs.branch,
    });
    // The real plugin imports a pull request without its owner, and would then replace it.
    expect(run.one("owners-api-proposal-pull-request").options.ignoreChanges).toEqual(["owner"]);
    for (const name of ["branch", "file"])
      expect(run.one(`owners-api-proposal-${name}`).options.retainOnDelete).toBe(true);
  });

  it("never claims a file that came by pull request, neither before nor after it is merged", async () => {
    const proposed = await up(undefined, true);
    expect(proposed.resources.map(({ name }) => name).sort()).toEqual([
      "owners-api",
      "owners-api-proposal-branch",
      "owners-api-proposal-file",
      "owners-api-proposal-pull-request",
    ]);
    const merged = await up(ours(String(proposed.one("owners-api-proposal-file").inputs.content)));
    expect(merged.resources.map(({ name }) => name)).toEqual(["owners-api"]);
  });
});
