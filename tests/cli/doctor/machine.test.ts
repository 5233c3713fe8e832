import { atLeast, installedPlugins, judgeMachine, type Machine, versionIn } from "../../../cli/doctor/machine";

const GOOD: Machine = {
  node: "22.11.0",
  git: "2.39.5",
  pulumi: "3.274.1",
  plugins: { github: ["6.14.0", "6.15.0"], vault: ["7.8.0"] },
  wanted: { github: "6.15.0", vault: "7.8.0" },
};
const notOk = (change: Partial<Machine>): string[] =>
  judgeMachine({ ...GOOD, ...change })
    .filter(({ result }) => result !== "ok")
    .map(({ check, result, found, wayOut }) => `${result} ${check}: ${found} → ${wayOut ?? ""}`);

it("finds nothing wrong where everything is there", () => {
  expect(notOk({})).toEqual([]);
});

it.each<[Partial<Machine>, RegExp]>([
  [{ node: "20.18.3" }, /^problem Node\.js: 20\.18\.3 is too old → install Node\.js 20\.19 or later$/],
  [{ node: "18.20.0" }, /^problem Node\.js/],
  [{ git: undefined }, /^problem git: not on PATH → install git$/],
  [{ git: "2.30.2" }, /^problem git: 2\.30\.2 is too old/],
  [{ pulumi: undefined }, /^problem Pulumi: the command is not on PATH → install it from https:/],
  [{ pulumi: "3.200.0" }, /^problem Pulumi: 3\.200\.0 is older than the SDK → install 3\./],
  [
    { plugins: { vault: ["7.8.0"] } },
    /^note plugins: not installed: github 6\.15\.0 → .*pulumi plugin install resource github 6\.15\.0/,
  ],
  [{ plugins: { github: ["6.14.0"], vault: ["7.8.0"] } }, /^note plugins: not installed: github 6\.15\.0/],
])("%j: one line with the way out", (change, line) => {
  expect(notOk(change)).toEqual([expect.stringMatching(line)]);
});

it.each([
  ["20.19.0", "20.19", true],
  ["20.19", "20.19.0", true],
  ["20.9.0", "20.19", false],
  ["3.248.0", "3.248.0", true],
  ["4.0.0", "3.248.0", true],
])("%s is at least %s: %s", (version, least, expected) => {
  expect(atLeast(version, least)).toBe(expected);
});

it("reads what the programs print", () => {
  expect(versionIn("git version 2.39.5 (Apple Git-154)\n")).toBe("2.39.5");
  expect(versionIn("v3.274.1\n")).toBe("3.274.1");
  expect(versionIn(undefined)).toBeUndefined();
  const listed = [
    { name: "github", kind: "resource", version: "6.15.0", size: 48300194 },
    { name: "github", kind: "resource", version: "v6.14.0" },
  ];
  expect(installedPlugins(JSON.stringify(listed))).toEqual({ github: ["6.15.0", "6.14.0"] });
  expect(installedPlugins("warning: something else")).toEqual({});
  expect(installedPlugins(undefined)).toEqual({});
});
