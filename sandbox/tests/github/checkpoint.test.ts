import { takeCheckpoint } from "../../github/checkpoint";
import { standIn, type StandIn } from "./support/standin";

let s: StandIn;
beforeAll(async () => {
  s = await standIn();
}, 60_000);
afterAll(() => s.stop());

const ask = async (method: string, path: string, body?: unknown): Promise<number> =>
  (await s.admin(method, path, body)).status;

it("puts back what was changed, made and deleted: settings, rules, members, references and whole repositories", async () => {
  const seen = async (): Promise<unknown> => ({
    repo: (await s.admin("GET", "/repos/acme/api")).body,
    branches: (await s.admin("GET", "/repos/acme/api/branches")).body,
    rules: (await s.admin("GET", "/repos/acme/api/rulesets")).body,
    repos: (await s.admin("GET", "/orgs/acme/repos")).body,
    release: (await s.admin("GET", "/repos/acme/api/releases")).body,
  });
  const before = await seen();
  const sha = (await s.admin("GET", "/repos/acme/api/git/ref/heads/main")).body.object.sha as string;
  const checkpoint = await takeCheckpoint(s.gh.world);

  expect(await ask("POST", "/repos/acme/api/git/refs", { ref: "refs/heads/other", sha })).toBe(201);
  expect(
    await ask("POST", "/repos/acme/api/rulesets", {
      name: "x",
      target: "branch",
      enforcement: "active",
      rules: [{ type: "deletion" }],
    }),
  ).toBe(201);
  expect(await ask("PATCH", "/repos/acme/api", { description: "changed", private: false })).toBe(200);
  expect(await ask("POST", "/orgs/acme/repos", { name: "new", auto_init: true })).toBe(201);
  await checkpoint.restore();
  expect(await seen()).toEqual(before);

  expect(await ask("DELETE", "/repos/acme/api")).toBe(204);
  await checkpoint.restore();
  expect(await seen()).toEqual(before);
  // Its objects are back too, not only its name.
  expect(await ask("GET", "/repos/acme/api/contents/README.md")).toBe(200);
  await checkpoint.drop();
});

it("gives assets back as the bytes they were", async () => {
  const checkpoint = await takeCheckpoint(s.gh.world);
  await checkpoint.restore();
  const content = [...s.gh.world.repoByName("acme", "api")!.releases.values()].flatMap((release) =>
    release.assets.map((asset) => asset.content),
  );
  expect(content.every((bytes) => Buffer.isBuffer(bytes)) && content.length > 0).toBe(true);
  await checkpoint.drop();
});
