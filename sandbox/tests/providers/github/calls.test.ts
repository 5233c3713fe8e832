import { githubPackage } from "../../../providers/github";
import type { Props, SandboxProvider } from "../../../providers/types";
import { asCall, recordings, Replay } from "./replay";
import { cases, type Case } from "./cases";

const replay = new Replay();
beforeAll(() => replay.start());
afterAll(() => replay.stop());

/** Not real: what the provider shows is compared as `Bearer <token>`'s presence only. */
const TOKEN = ["test", "token", "0123456789"].join("-");

const connect = (): Promise<SandboxProvider> =>
  githubPackage.create(
    {},
    { GITHUB_BASE_URL: replay.url, GITHUB_OWNER: "acme", GITHUB_TOKEN: TOKEN, GITHUB_WRITE_DELAY_MS: "0" },
  );

/** Runs one step and holds its calls against the recorded ones. */
async function step<T>(name: string, operation: string, run: () => Promise<T>): Promise<T> {
  const expected = replay.expect(name, operation);
  expect(expected.length).toBeGreaterThan(0);
  const result = await run();
  expect(replay.calls()).toEqual(expected.map(asCall));
  return result;
}

const typeToken = (type: string): string => `github:index/${type.charAt(0).toLowerCase()}${type.slice(1)}:${type}`;
const recorded = (name: string, operation: string): boolean =>
  recordings.some((call) => call.case === name && call.operation === operation);

async function checked(provider: SandboxProvider, urn: string, olds: Props, news: Props): Promise<Props> {
  const { inputs, failures } = await provider.check(urn, olds, news);
  expect(failures ?? []).toEqual([]);
  return inputs;
}

async function live(
  name: string,
  { type, create, update, afterCreate = [], afterRefresh = [], replaced, gone }: Case,
): Promise<void> {
  const urn = `urn:pulumi:dev::test::${typeToken(type)}::thing`;
  const provider = await step(name, "configure", connect);
  let inputs = await checked(provider, urn, {}, create);
  const changes = async (outs: Props, news: Props): Promise<string[]> =>
    Object.keys((await provider.diff(id, urn, outs, inputs, news)).detailedDiff).sort();

  let { id, outs } = await step(name, "create", () => provider.create(urn, inputs, false));
  expect(id).not.toBe("");
  expect(await changes(outs, inputs)).toEqual(afterCreate);

  if (recorded(name, "refresh")) {
    const read = await step(name, "refresh", () => provider.read(id, urn, outs, inputs));
    if (gone) {
      expect(read.id).toBeUndefined();
      return;
    }
    outs = read.props ?? {};
    expect(await changes(outs, inputs)).toEqual(afterRefresh);
  }
  if (update && recorded(name, "update")) {
    const news = await checked(provider, urn, inputs, update);
    const diff = await provider.diff(id, urn, outs, inputs, news);
    expect(diff.changes).toBe(true);
    expect(diff.replaces.length > 0).toBe(replaced !== undefined);
    expect(diff.deleteBeforeReplace ?? false).toBe(replaced === "delete first");
    await step(name, "update", async () => {
      if (!replaced) return void ({ outs } = await provider.update(id, urn, outs, inputs, news, false));
      const old = { id, outs };
      if (replaced === "delete first") await provider.delete(old.id, urn, old.outs);
      ({ id, outs } = await provider.create(urn, news, false));
      if (replaced === "create first") await provider.delete(old.id, urn, old.outs);
    });
    inputs = news;
    expect(await changes(outs, inputs)).toEqual([]);
    if (recorded(name, "refresh-after-update")) {
      const read = await step(name, "refresh-after-update", () => provider.read(id, urn, outs, inputs));
      outs = read.props ?? {};
      expect(await changes(outs, inputs)).toEqual([]);
    }
  }
  await step(name, "destroy", () => provider.delete(id, urn, outs));
}

describe("the calls of each type are those of the real plugin, and no preview shows a change that is none", () => {
  it.each(Object.entries(cases))("%s", (name, what) => live(name, what));
});

describe("the functions make the calls of the real plugin", () => {
  const lookups: [string, string, Props, Props][] = [
    [
      "getRepository",
      "getRepository",
      { name: "api" },
      { id: "api", nodeId: "R_kgDOapi", repoId: 100, defaultBranch: "main", visibility: "public" },
    ],
    [
      "getTeam",
      "getTeam",
      { slug: "security", summaryOnly: true },
      { id: "21", nodeId: "T_kwDO21", members: [], privacy: "closed" },
    ],
    ["getTeam-full", "getTeam", { slug: "security" }, { id: "21", members: [], repositories: [] }],
    ["getTeam-immediate", "getTeam", { slug: "security", membershipType: "immediate" }, { id: "21", members: [] }],
    ["getUser", "getUser", { username: "claude-bot" }, { id: "42", login: "claude-bot", nodeId: "U_kgDOBot42" }],
    [
      "getMembership",
      "getMembership",
      { username: "octo-admin" },
      { id: "acme:octo-admin", role: "admin", state: "active" },
    ],
    ["getBranch", "getBranch", { repository: "api", branch: "main" }, { id: "api:main", ref: "refs/heads/main" }],
    [
      "getRestApi",
      "getRestApi",
      { endpoint: "repos/acme/api/codeowners/errors" },
      { code: 200, body: '{"errors":[]}' },
    ],
    ["getBranchProtectionRules", "getBranchProtectionRules", { repository: "api" }, { rules: [] }],
  ];
  it.each(lookups)("%s", async (name, lookup, args, shown) => {
    const provider = await step(name, "configure", connect);
    const { result } = await step(name, "create", () => provider.invoke(`github:index/${lookup}:${lookup}`, args));
    expect(result).toMatchObject(shown);
  });
});

describe("answers that the real plugin does not take", () => {
  const create = async (name: string, type: string, inputs: Props): Promise<void> => {
    const urn = `urn:pulumi:dev::test::${typeToken(type)}::thing`;
    const provider = await step(name, "configure", connect);
    const filled = await checked(provider, urn, {}, inputs);
    replay.expect(name, "create");
    await provider.create(urn, filled, false);
  };
  const file = { repository: "api", file: ".github/CODEOWNERS", content: "* @acme/security\n", branch: "main" };

  it("refuses to overwrite a file that it did not write", async () => {
    await expect(create("RepositoryFile-existing-refused", "RepositoryFile", file)).rejects.toThrow(
      "refusing to overwrite existing file",
    );
    expect(replay.calls().map((call) => call.method)).toEqual(["GET", "GET", "GET"]);
  });

  it("asks for a contents answer that names its ref", async () => {
    await expect(
      create("RepositoryFile-url-without-ref", "RepositoryFile", {
        ...file,
        file: "CODEOWNERS",
        content: "* @alice\n",
      }),
    ).rejects.toThrow('without "?ref="');
  });

  it("takes 202 for a failure", async () => {
    await expect(create("Membership-answer-202", "Membership", { username: "claude-bot" })).rejects.toThrow(
      "job scheduled on GitHub side; try again later",
    );
  });

  it("names the missing error beside node: null", async () => {
    await expect(
      create("BranchProtection-null-node-without-errors", "BranchProtection", { repositoryId: "api", pattern: "main" }),
    ).rejects.toThrow("node: null without an error");
  });

  it("refuses a GraphQL field that it did not ask for", async () => {
    const provider = await step("getTeam-immediate-extra-field", "configure", connect);
    replay.expect("getTeam-immediate-extra-field", "create");
    await expect(
      provider.invoke("github:index/getTeam:getTeam", { slug: "security", membershipType: "immediate" }),
    ).rejects.toThrow('"edges"');
  });

  it("says that an organization is needed where the owner is a user", async () => {
    const provider = await step("Membership-owner-is-not-an-organization", "configure", connect);
    const urn = `urn:pulumi:dev::test::${typeToken("Membership")}::thing`;
    await expect(provider.create(urn, { username: "claude-bot", role: "member" }, false)).rejects.toThrow(
      "can only be used in the context of an organization",
    );
    expect(replay.calls()).toHaveLength(1);
  });
});

it("makes no call for a preview", async () => {
  const provider = await step("Team", "configure", connect);
  const urn = `urn:pulumi:dev::test::${typeToken("Team")}::thing`;
  const { outs } = await provider.create(urn, await checked(provider, urn, {}, { name: "agents" }), true);
  await provider.update("31", urn, { name: "agents", slug: "agents" }, {}, { name: "bots" }, true);
  expect(outs.slug).toBe("04da6b54-80e4-46f7-96ec-b56ff0331ba9");
  expect(replay.calls()).toHaveLength(1);
});
