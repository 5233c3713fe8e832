import fc from "fast-check";
import { propertyChanges } from "../../../cli/report/properties";
import { embedPolicy, type GatePolicy } from "../../../gate/policy";
import { SECRET } from "../../../policy/library";

const changes = (before: object, after: object, type = "t") =>
  propertyChanges(
    { urn: "", type, name: "x", inputs: { ...before } },
    { urn: "", type, name: "x", inputs: { ...after } },
  );

it("compares lists as sets, and elements with a name with their namesakes", () => {
  expect(changes({ list: ["a", "b"] }, { list: ["b", "a"] })).toEqual([]);
  expect(changes({ list: ["a", "b"] }, { list: ["c", "b"] })).toEqual([
    { path: "list", before: "a" },
    { path: "list", after: "c" },
  ]);
  expect(
    changes(
      {
        bindings: [
          { name: "A", json: "1" },
          { name: "B", json: "2" },
        ],
      },
      {
        bindings: [
          { name: "B", json: "3" },
          { name: "A", json: "1" },
        ],
      },
    ),
  ).toEqual([{ path: "bindings[B].json", before: "2", after: "3" }]);
});

it("reads a Vault policy by capability", () => {
  const policy = (...some: string[]) => ({
    policy: `path "a/b" {\n capabilities = [${some.map((one) => `"${one}"`).join(",")}]\n}`,
  });
  expect(changes(policy("read"), policy("list", "read"), "vault:index/policy:Policy")).toEqual([
    { path: 'policy.path "a/b"', after: "list" },
  ]);
});

it("reads CODEOWNERS by pattern, and any other file as a text", () => {
  const type = "github:index/repositoryFile:RepositoryFile";
  const owners = (content: string) => ({ file: "CODEOWNERS", content });
  expect(changes(owners("* @a\n/x/ @b\n"), owners("# new\n* @a @c\n"), type)).toEqual([
    { path: "content.*", after: "@c" },
    { path: "content./x/", before: '["@b"]' },
  ]);
  expect(changes({ file: "README.md", content: "a" }, { file: "README.md", content: "b" }, type)).toEqual([
    { path: "content", before: "a", after: "b" },
  ]);
});

it("reads a ruleset rule by rule", () => {
  const rules = (count: number, ...paths: string[]) => ({
    rules: {
      pullRequest: { requiredApprovingReviewCount: count },
      filePathRestriction: { restrictedFilePaths: paths },
    },
  });
  expect(changes(rules(2, "a", "b"), rules(1, "b"))).toEqual([
    { path: "rules.filePathRestriction.restrictedFilePaths", before: "a" },
    { path: "rules.pullRequest.requiredApprovingReviewCount", before: "2", after: "1" },
  ]);
});

it("reads what a Worker carries, and shows code by size and hash", () => {
  const type = "cloudflare:index/workersScript:WorkersScript";
  const worker = (code: string, perMinute: number) => ({
    content: embedPolicy(code.repeat(5_000), { limits: { requestsPerMinute: perMinute } } as GatePolicy),
  });
  const limit = { path: "content: policy.limits.requestsPerMinute", before: "120", after: "240" };
  expect(changes(worker("x", 120), worker("x", 240), type)).toEqual([limit]);
  const sized = expect.stringMatching(/^\d+ characters, SHA-256 [0-9a-f]{16}…$/) as string;
  expect(changes(worker("x", 120), worker("y", 240), type)).toEqual([
    { path: "content", before: sized, after: sized },
    limit,
  ]);
});

it("hides what is a secret by its name", () => {
  const shown = changes({ password: "hunter2", many: [] }, { password: "hunter3", many: [{ token: "hunter4", a: 1 }] });
  expect(shown).toEqual([
    { path: "many", after: `{"a":1,"token":"${SECRET}"}` },
    { path: "password", before: SECRET, after: SECRET },
  ]);
});

it("finds nothing between equal inputs, and turns round with the sides", () => {
  const inputs = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(inputs, inputs, (a, b) => {
      expect(changes(a, structuredClone(a))).toEqual([]);
      const back = changes(b, a).map(({ path, before, after }) => JSON.stringify([path, after, before]));
      expect(
        changes(a, b)
          .map(({ path, before, after }) => JSON.stringify([path, before, after]))
          .sort(),
      ).toEqual(back.sort());
    }),
  );
});
