import fc from "fast-check";
import {
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
} from "graphql";
import { MUTATIONS } from "../../gate/policy/graphql/mutations";
import { conditionOn, openType, type OpenType } from "../../gate/policy/graphql/types";
import { answersHoldListedRepositories, type Asked } from "./oracles/graphql";
import { fuzz, literal } from "./support/fuzz";
import { githubSchema, PLACES } from "./support/universe";

const schema = githubSchema();
const SHA = "0123456789abcdef0123456789abcdef01234567";

const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  owner: ["acme", "acme", "acme", "ACME", "other-org", "acme/api"],
  name: ["api", "api", "docs", "API", "secrets", "api.git", "bug"],
  query: [
    "repo:acme/api x",
    "repo:acme/docs is:open",
    "repo:acme/secrets",
    "x",
    "repo:acme/api OR x",
    "x\u00a0repo:acme/api",
    "repo:acme/api org:acme",
    '"repo:acme/api"',
    "repo:acme/api\nuser:x",
  ],
  headRef: ["main", "claude/x", "evil:main", "refs/heads/main"],
  id: Object.keys(PLACES),
  ids: Object.keys(PLACES),
  first: [1, 2, 100, 101, 0],
  last: [1],
  followRenames: [false, false, true],
  size: [10],
  qualifiedName: ["refs/heads/main"],
  expression: ["HEAD:README.md", "main"],
  number: [1],
  refPrefix: ["refs/heads/"],
  url: ["https://github.com/acme/secrets"],
  login: ["acme", "other-org"],
  type: ["ISSUE", "REPOSITORY", "USER", "DISCUSSION"],
  repositoryId: ["R_kgDOapi", "R_kgDOapi", "R_kgDOdocs", "R_foreign"],
  headRepositoryId: ["R_kgDOapi", "R_foreign"],
  pullRequestId: ["PR_api1", "PR_foreign1"],
  issueId: ["I_api1", "I_docs1", "I_foreign1"],
  subjectId: ["I_api1", "PR_api1", "I_foreign1", "IC_foreign1"],
  labelableId: ["I_api1", "I_foreign1"],
  assignableId: ["I_api1", "I_foreign1"],
  threadId: ["PR_api1", "PR_foreign1"],
  headRefName: ["claude/x", "acme:claude/x", "evil:claude/x", "main"],
  baseRefName: ["main"],
  draft: [false, true],
  event: ["COMMENT", "APPROVE", "REQUEST_CHANGES"],
  branch: [
    { repositoryNameWithOwner: "acme/api", branchName: "claude/x" },
    { repositoryNameWithOwner: "acme/secrets", branchName: "claude/x" },
    { repositoryNameWithOwner: "acme/api", branchName: "main" },
  ],
  oid: [SHA],
  expectedHeadOid: [SHA],
  title: ["t"],
  body: ["b"],
};

/**
 * Makes a document out of a list of decisions, so that a shorter list is a simpler document; when the list is over,
 * every choice is the first.
 */
class Writer {
  private at = 0;
  private readonly definitions: string[] = [];
  private readonly fragments: string[] = [];
  readonly variables: Record<string, unknown> = {};

  constructor(private readonly decisions: readonly number[]) {}

  private choose(n: number): number {
    return (this.decisions[this.at++] ?? 0) % n;
  }

  private one<T>(list: readonly T[]): T | undefined {
    return list[this.choose(list.length)];
  }

  document(): Asked {
    const mutation = this.choose(6) === 5;
    const body = mutation
      ? this.mutation()
      : this.selection(schema.getQueryType() as GraphQLNamedType, openType("Query"), 0);
    const head = this.definitions.length === 0 ? "" : `(${this.definitions.join(" ")})`;
    const second = this.choose(30) === 29 ? " query Second { viewer { login } }" : "";
    const named = this.choose(4);
    const query = `${mutation ? "mutation" : "query"}${named > 1 ? " Main" : ""}${head} ${body}${this.fragments.map((f) => ` ${f}`).join("")}${second}`;
    return {
      query,
      ...(Object.keys(this.variables).length > 0 ? { variables: this.variables } : {}),
      ...(named === 3 ? { operationName: this.one(["Main", "Second", ""]) } : {}),
    };
  }

  private mutation(): string {
    const fields = schema.getMutationType()?.getFields() ?? {};
    const name = this.choose(8) < 7 ? this.one([...MUTATIONS.keys()]) : this.one(Object.keys(fields));
    const field = fields[name ?? ""];
    if (field === undefined) return "{ __typename }";
    return `{ ${field.name}(input: ${this.argument("input", field.args[0]?.type as GraphQLInputType)}) ${this.selection(getNamedType(field.type), openType("Payload"), 3)} }`;
  }

  private selection(type: GraphQLNamedType, open: OpenType | undefined, depth: number): string {
    const parts: string[] = [];
    const count = 1 + this.choose(depth > 5 ? 2 : 3);
    for (let i = 0; i < count; i++) parts.push(this.part(type, open, depth));
    // Where objects of other repositories may stand, a client may try to answer for the gate.
    if (open?.home !== undefined && this.choose(8) === 7)
      parts.push(this.one(["gatehouseHome: id", "gatehouseHome: __typename", "id: url"]) ?? "id");
    return `{ ${parts.join(" ")} }`;
  }

  private part(type: GraphQLNamedType, open: OpenType | undefined, depth: number): string {
    const kind = this.choose(12);
    if (kind === 11 || (isAbstractType(type) && kind > 3)) {
      const possible = isAbstractType(type)
        ? schema.getPossibleTypes(type).map((t) => t.name)
        : [type.name, type.name, "Node", "Repository"];
      const wanted = possible.filter((name) => open !== undefined && conditionOn(open, name) !== undefined);
      const on = this.choose(6) < 5 && wanted.length > 0 ? this.one(wanted) : this.one(possible);
      const inner = schema.getType(on ?? type.name) as GraphQLNamedType;
      const body =
        depth > 8
          ? "{ __typename }"
          : this.selection(inner, open && on !== undefined ? conditionOn(open, on) : undefined, depth + 1);
      if (this.choose(3) < 2) return `... on ${on}${this.directive()} ${body}`;
      const name = `F${this.fragments.length}`;
      this.fragments.push(`fragment ${name} on ${on} ${body}`);
      return `...${name}${this.directive()}`;
    }
    if (!isObjectType(type) && !isAbstractType(type)) return "__typename";
    const fields = "getFields" in type ? (type.getFields() as Record<string, GraphQLField<unknown, unknown>>) : {};
    const leaves = depth > 6;
    const known = [...(open?.fields.keys() ?? [])].filter(
      (name) => fields[name] !== undefined && (!leaves || isLeafType(getNamedType(fields[name]?.type))),
    );
    // The ways onwards are few among many leaves, and are what this is about.
    const onwards = known.filter((name) => !isLeafType(getNamedType(fields[name]?.type)));
    if (depth < 5 && onwards.length > 0 && this.choose(3) > 0) known.splice(0, known.length, ...onwards);
    const name = kind < 10 && known.length > 0 ? this.one(known) : this.one(Object.keys(fields));
    const field = name === undefined ? undefined : fields[name];
    if (field === undefined) return "__typename";
    const alias = this.choose(5) === 4 ? `${this.one(["a", "b", "id", "nodes", "parent", "gatehouseHome"])}: ` : "";
    const target = getNamedType(field.type);
    const below = isLeafType(target)
      ? ""
      : ` ${depth > 9 ? "{ __typename }" : this.selection(target, open?.fields.get(field.name)?.target, depth + 1)}`;
    return `${alias}${field.name}${this.arguments(field)}${this.directive()}${below}`;
  }

  private directive(): string {
    const kind = this.choose(14);
    return kind < 12 ? "" : kind === 12 ? " @include(if: true)" : ` @skip(if: ${this.variable("Boolean!", false)})`;
  }

  private arguments(field: GraphQLField<unknown, unknown>): string {
    const page = field.args.some((a) => a.name === "first");
    const given = field.args.filter(
      (a) =>
        (isNonNullType(a.type) && a.defaultValue === undefined) ||
        (page && a.name === "first") ||
        this.choose(12) === 11,
    );
    return given.length === 0 ? "" : `(${given.map((a) => `${a.name}: ${this.argument(a.name, a.type)}`).join(", ")})`;
  }

  private argument(name: string, type: GraphQLInputType): string {
    const value = this.value(name, type, 0);
    if (this.choose(4) < 3 && name !== "input") return this.text(value, type);
    if (name === "input" && this.choose(2) === 0) return this.text(value, type);
    return this.variable(String(type), value, type);
  }

  private variable(type: string, value: unknown, input?: GraphQLInputType): string {
    const name = `v${this.definitions.length}`;
    const how = this.choose(4);
    const declared =
      input !== undefined && how === 3
        ? `${type.replace(/!$/, "")}${type.endsWith("!") ? "!" : ""} = ${this.text(value, input)}`
        : type;
    this.definitions.push(`$${name}: ${declared}`);
    if (how !== 3 || input === undefined) this.variables[name] = value;
    return `$${name}`;
  }

  private value(name: string, type: GraphQLInputType, depth: number): unknown {
    if (isNonNullType(type)) return this.value(name, type.ofType as GraphQLInputType, depth);
    const known = VALUES[name];
    if (isListType(type))
      return Array.from({ length: 1 + this.choose(2) }, () =>
        this.value(name, type.ofType as GraphQLInputType, depth + 1),
      );
    if (isInputObjectType(type) && (known === undefined || typeof known[0] !== "object")) {
      const fields = Object.values(type.getFields()).filter(
        (f) => isNonNullType(f.type) || (depth < 2 && this.choose(5) === 4 && f.name in VALUES),
      );
      return Object.fromEntries(fields.map((f) => [f.name, this.value(f.name, f.type, depth + 1)]));
    }
    if (known !== undefined) return this.one(known);
    if (isEnumType(type)) return this.one(type.getValues().map((v) => v.name));
    return (
      { Int: 1, Float: 1, Boolean: true, ID: "I_api1", Base64String: "eA==", GitObjectID: SHA }[
        getNamedType(type).name
      ] ?? "x"
    );
  }

  private text(value: unknown, type: GraphQLInputType): string {
    if (isNonNullType(type)) return this.text(value, type.ofType as GraphQLInputType);
    if (isListType(type))
      return `[${(value as readonly unknown[]).map((v) => this.text(v, type.ofType as GraphQLInputType)).join(", ")}]`;
    if (isInputObjectType(type))
      return `{ ${Object.entries(value as object)
        .map(([k, v]) => `${k}: ${this.text(v, type.getFields()[k]?.type as GraphQLInputType)}`)
        .join(", ")} }`;
    if (isEnumType(type)) return String(value);
    return typeof value === "string" && this.choose(10) === 9 && !value.includes('"')
      ? `"""${value}"""`
      : JSON.stringify(value);
  }
}

const documents = fc
  .array(fc.nat({ max: 5039 }), { minLength: 5, maxLength: 200, size: "max" })
  .map((decisions) => new Writer(decisions).document());

describe("GraphQL documents", () => {
  fuzz("answer with what is in listed repositories, or are refused", {
    cost: 4,
    values: documents,
    holds: answersHoldListedRepositories,
    accepted: 0.05,
    regression: { from: "graphql", call: (d) => `answersHoldListedRepositories(${literal(d)})` },
  });
});
