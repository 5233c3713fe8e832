import { ROUTES, CLOSED } from "../../../gate/policy";
import { MUTATIONS } from "../../../gate/policy/graphql/mutations";
import { action, type Place } from "../../../infra/model";
import { CLASSES, differences, mutations, readClasses, restOperations, type Class } from "./support/operations";
import { judge, judgeMutation } from "./support/samples";

/**
 * Every operation of GitHub's API is open, closed by a rule of its own, or closed by default for a reason that somebody
 * wrote down (tests/fixtures/github/operations.txt). A newer package with an operation that nobody has looked at fails
 * here.
 */

const REST = restOperations();
const GRAPHQL = mutations();
const ALL = [...REST, ...GRAPHQL];
const of = (standing: Class["standing"], operations: readonly string[]): [string, Class][] =>
  operations.flatMap((operation): [string, Class][] => {
    const known = CLASSES.get(operation);
    return known?.standing === standing ? [[operation, known]] : [];
  });
const nameOf = (operation: string): string => operation.split(" ")[1] ?? "";

/** A word of GitHub's where an open route takes a number: the route's own guard refuses it. */
const BY_PARAMETER = new Map([["GET /repos/{owner}/{repo}/issues/events", "parameter-value"]]);

describe("the packages", () => {
  it("are read whole", () => {
    expect(REST.length).toBeGreaterThan(1_200);
    expect(GRAPHQL.length).toBeGreaterThan(240);
    for (const known of [
      "PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge-async",
      "GET /",
      "MUTATION mergePullRequest",
    ])
      expect(ALL).toContain(known);
  });

  it("have no operation that nobody has classified, and the classification none that is gone", () => {
    const { unclassified, gone } = differences(CLASSES, ALL);
    if (unclassified.length + gone.length > 0)
      throw new Error(
        [
          "tests/fixtures/github/operations.txt and GitHub's API differ.",
          ...unclassified.map((operation) => `  new, put it below the heading that is true of it: ${operation}`),
          ...gone.map((operation) => `  gone, take it out: ${operation}`),
        ].join("\n"),
      );
  });
});

describe("the comparison", () => {
  const types = (more: string): string =>
    `export interface paths {\n  "/a/{b}": {\n    get: operations["a"];\n    put?: never;\n  };\n${more}}\nexport interface webhooks`;
  const classes = readClasses("== open\nread-service:\n  GET /a/{b}\n  MUTATION one two\n");

  it("names what is new and what is gone", () => {
    const newer = restOperations(
      types('  "/a/{b}/merge-later": {\n    parameters: {};\n    put: operations["x"];\n  };\n'),
    );
    const schema = mutations("type Mutation { one(input: I!): P  three(input: I!): P } type Query { four: P }");
    expect(differences(classes, [...newer, ...schema])).toEqual({
      unclassified: ["PUT /a/{b}/merge-later", "MUTATION three"],
      gone: ["MUTATION two"],
    });
    expect(differences(classes, [...restOperations(types("")), "MUTATION one", "MUTATION two"])).toEqual({
      unclassified: [],
      gone: [],
    });
  });

  it("takes no operation twice, and no line that it does not know", () => {
    const twice = "== open\na:\n  GET /x\n== closed by default\nb: why\n  PUT GET /x\n";
    expect(() => readClasses(twice)).toThrow("classified twice: GET /x");
    expect(() => readClasses("== open\n  GET /x\n")).toThrow("no operation:   GET /x");
    expect(() => readClasses("== open\na:\n  /x\n")).toThrow("no operation");
  });
});

describe("the gate decides as the classification says", () => {
  it("about what is open", () => {
    const open = of("open", REST);
    expect(
      open.map(([operation]) => [operation, judge(operation)] as const).map(([o, d]) => [o, d.allow, d.action]),
    ).toEqual(open.map(([operation, { name }]) => [operation, true, name]));
    for (const [operation, { name }] of of("open", GRAPHQL)) {
      expect([operation, MUTATIONS.get(nameOf(operation))?.action]).toEqual([operation, name]);
      expect(judgeMutation(nameOf(operation)).rule).not.toBe("graphql-field");
    }
  });

  it("about what a rule closes, and the rule names its action", () => {
    const closed = of("closed by rule", REST);
    expect(
      closed
        .map(([operation]) => [operation, judge(operation)] as const)
        .map(([o, d]) => [o, d.allow, d.action, d.rule]),
    ).toEqual(closed.map(([operation, { name, text }]) => [operation, false, name, text]));
    const mutated = of("closed by rule", GRAPHQL);
    expect(
      mutated
        .map(([operation]) => [operation, judgeMutation(nameOf(operation))] as const)
        .map(([o, d]) => [o, d.rule, d.at]),
    ).toEqual(mutated.map(([operation, { name, text }]) => [operation, text, name]));
    for (const { name } of new Set([...closed, ...mutated].map(([, known]) => known)))
      expect([
        name,
        (Object.keys(action(name).at) as Place[]).filter((place) => action(name).at[place] === "allowed"),
      ]).toEqual([name, []]);
  });

  it("about what is closed by default, each for a reason", () => {
    const rest = of("closed by default", REST);
    expect(rest.map(([operation]) => [operation, judge(operation).rule])).toEqual(
      rest.map(([operation]) => [operation, BY_PARAMETER.get(operation) ?? "route-not-allowed"]),
    );
    const mutated = of("closed by default", GRAPHQL);
    expect(mutated.map(([operation]) => [operation, judgeMutation(nameOf(operation)).rule])).toEqual(
      mutated.map(([operation]) => [operation, "graphql-field"]),
    );
    for (const [, { name, text }] of [...rest, ...mutated])
      expect([name, /^[A-Z].{30,}\.$/.test(text)]).toEqual([name, true]);
  });
});

describe("the gate's own tables", () => {
  /**
   * Routes that GitHub serves and its description leaves out: the root of a repository's files, and archives of the
   * default branch.
   */
  const UNDESCRIBED = ["contents.root", "archive.tarball-default", "archive.zipball-default"];

  it("open nothing that GitHub does not describe", () => {
    const reached = new Set(REST.map((operation) => judge(operation).route));
    expect(ROUTES.filter(({ id, path }) => path !== "" && !reached.has(id)).map(({ id }) => id)).toEqual(UNDESCRIBED);
    expect([...MUTATIONS.keys()].filter((name) => !GRAPHQL.includes(`MUTATION ${name}`))).toEqual([]);
  });

  it("close by name what GitHub has, so that no rule is written for an address that does not exist", () => {
    const closedActions = new Set(of("closed by rule", ALL).map(([, { name }]) => name));
    expect([...new Set(CLOSED.map((closed) => closed.action))].filter((name) => !closedActions.has(name))).toEqual([]);
  });
});
