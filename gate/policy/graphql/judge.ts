import {
  Kind,
  parse,
  valueFromASTUntyped,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from "graphql";
import { listedRepository, type CompiledPolicy, type CompiledRepository } from "../compiled";
import { decodedFile, judgeFile } from "../fileContent";
import { directoryLookup, type Lookup, type Standing } from "../lookups";
import { tooLong, withTrailer } from "../pullRequest/trailer";
import { Refusal } from "../refusals";
import { judgeSearch } from "../rest/query";
import { withoutNulls } from "../rest/shape";
import { parseStrictJson, type Json } from "../text/json";
import { findSecrets, refusing, textsIn, type Finding } from "../text/secrets";
import { isRefName } from "../text/values";
import { SecretRefusal } from "../verdict";
import { ARGUMENT, ask, FIELD, HOME, isOwn, KIND, OPENED, ownField, TYPE } from "./gateFields";
import { CLOSED_MUTATIONS, MUTATIONS, type Mutation } from "./mutations";
import { printDefinition, printDocument, printSelections } from "./print";
import { conditionOn, openType, type OpenType } from "./types";
import { deferredOf } from "./updates";

const MAX_TOKENS = 4000;
/** Files of a commit with something in them of which is asked what stood there before. */
const MAX_STANDING = 5;
const MAX_DEPTH = 20;
/** Nodes a query may ask for, as GitHub counts them: the product of page sizes along each path. */
const MAX_NODES = 50_000;
/** Selections looked at in all, fragments counted at each use. */
const MAX_SELECTIONS = 5000;

/** A GraphQL request that may pass. */
export interface JudgedGraphql {
  readonly write: boolean;
  readonly action: string;
  readonly repository: CompiledRepository | undefined;
  /** The JSON body that is sent. */
  readonly text: string;
  /**
   * Node ids that must turn out to belong to listed repositories; those of a mutation to repositories that may be
   * written.
   */
  readonly ids: readonly string[];
  readonly lookups: readonly Lookup[];
  /** Allowed findings, for the record. */
  readonly findings: readonly Finding[];
  /**
   * Where in the answer objects of other repositories may stand: response keys from `data` down. They are emptied
   * unless listed.
   */
  readonly foreign: readonly (readonly string[])[];
  /** Response keys of `__type` and `__schema`, of whose answers only what is open passes. */
  readonly introspected: readonly string[];
  /**
   * Set when the text depends on what an issue, a pull request or a label has now: the last resolved nodes are given to
   * it.
   */
  readonly deferred?: (nodes: readonly unknown[]) => string | Refusal;
  /** Response key of a pull request that is opened; below it stands, under `OPENED`, what the gate asked for itself. */
  readonly opens?: string;
}

/**
 * Judges the JSON body of a GraphQL request: parsed by graphql-js, exactly one operation, open fields only, every
 * repository in it listed. `requestId` goes into the trailer of a pull request that is opened. `now` (milliseconds):
 * exceptions of the posture count until their day; without it none does.
 */
export function judgeGraphql(
  policy: CompiledPolicy,
  text: string,
  requestId = "",
  now = Infinity,
): JudgedGraphql | Refusal {
  const body = parseStrictJson(text);
  if (body instanceof Refusal) return body;
  const { value } = body;
  if (value === null || typeof value !== "object" || Array.isArray(value))
    return new Refusal("graphql-malformed", "one request, not a list");
  for (const key of Object.keys(value))
    if (key !== "query" && key !== "variables" && key !== "operationName") return new Refusal("graphql-malformed", key);
  const { query, variables = {}, operationName = null } = value;
  if (typeof query !== "string" || query.length > 100_000) return new Refusal("graphql-malformed", "query");
  if (variables !== null && (typeof variables !== "object" || Array.isArray(variables)))
    return new Refusal("graphql-malformed", "variables");
  let document: DocumentNode;
  try {
    document = parse(query, { noLocation: true, maxTokens: MAX_TOKENS });
  } catch {
    return new Refusal("graphql-malformed", "query");
  }
  return new Judge(policy, document, variables ?? {}, operationName, requestId, now).judge();
}

/** A refusal on its way out of the walk. */
class Stop extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.rule);
  }
}

class Judge {
  private readonly fragments = new Map<string, FragmentDefinitionNode>();
  private operation: OperationDefinitionNode | undefined;
  private selections = 0;
  private nodes = 0;
  private repository: CompiledRepository | undefined;
  private readonly ids: string[] = [];
  /** By the path itself: the same place may be selected more than once. */
  private readonly foreign = new Map<string, readonly string[]>();
  private readonly introspected = new Set<string>();
  private readonly spreading = new Set<string>();
  private readonly own = new Set<FieldNode>();

  constructor(
    private readonly policy: CompiledPolicy,
    private readonly document: DocumentNode,
    private readonly variables: Record<string, Json>,
    private readonly operationName: Json,
    private readonly requestId: string,
    private readonly now: number,
  ) {}

  judge(): JudgedGraphql | Refusal {
    try {
      this.collect();
      const operation = this.operation;
      if (operation === undefined || operation.operation === "subscription") return new Refusal("graphql-operations");
      if (this.operationName !== null && this.operationName !== "" && this.operationName !== operation.name?.value)
        return new Refusal("graphql-operations", "operationName");
      if (operation.directives !== undefined && operation.directives.length > 0)
        return new Refusal("graphql-directive");
      return operation.operation === "mutation" ? this.mutation(operation) : this.query(operation);
    } catch (error) {
      if (error instanceof Stop) return error.refusal;
      throw error;
    }
  }

  /** Guard `graphql-one-operation`. */
  private collect(): void {
    for (const definition of this.document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) {
        if (this.fragments.has(definition.name.value)) stop("graphql-malformed", definition.name.value);
        this.fragments.set(definition.name.value, definition);
      } else if (definition.kind === Kind.OPERATION_DEFINITION && this.operation === undefined)
        this.operation = definition;
      else stop("graphql-operations");
    }
    for (const variable of this.operation?.variableDefinitions ?? [])
      if (variable.directives !== undefined && variable.directives.length > 0) stop("graphql-directive");
  }

  /** What is sent is written from the document that was judged, so that no other reading of the text exists. */
  private query(operation: OperationDefinitionNode): JudgedGraphql {
    this.walk(operation.selectionSet, openType("Query"), [], 1, 1);
    const text = JSON.stringify({
      query: printDocument(this.document),
      variables: this.variables,
      ...(this.operationName === null ? {} : { operationName: this.operationName }),
    });
    return {
      write: false,
      action: "read-repository",
      repository: this.repository,
      text,
      ids: this.ids,
      lookups: [],
      findings: [],
      foreign: [...this.foreign.values()],
      introspected: [...this.introspected],
    };
  }

  private walk(
    set: SelectionSetNode,
    type: OpenType,
    path: readonly string[],
    depth: number,
    multiplier: number,
  ): void {
    if (depth > MAX_DEPTH) stop("graphql-depth");
    for (const selection of set.selections) {
      if (++this.selections > MAX_SELECTIONS) stop("graphql-cost");
      for (const directive of selection.directives ?? [])
        if (directive.name.value !== "include" && directive.name.value !== "skip")
          stop("graphql-directive", directive.name.value);
      if (selection.kind === Kind.FIELD) {
        this.field(selection, type, path, depth, multiplier);
        continue;
      }
      const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? this.fragments.get(selection.name.value) : selection;
      if (fragment === undefined) return stop("graphql-malformed", "an unknown fragment");
      const on = fragment.typeCondition?.name.value;
      const inner = on === undefined ? type : conditionOn(type, on);
      if (inner === undefined) return stop("graphql-field", `... on ${on}`);
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const { value } = selection.name;
        if (this.spreading.has(value)) stop("graphql-malformed", "a fragment that contains itself");
        this.spreading.add(value);
        this.walk(fragment.selectionSet, inner, path, depth + 1, multiplier);
        this.spreading.delete(value);
      } else this.walk(fragment.selectionSet, inner, path, depth + 1, multiplier);
    }
  }

  private field(field: FieldNode, type: OpenType, path: readonly string[], depth: number, multiplier: number): void {
    const name = field.name.value;
    const alias = field.alias?.value ?? name;
    // The gate's own selections are there already where a fragment is looked at again.
    if (this.own.has(field)) return;
    if (isOwn(alias)) stop("graphql-field", "an alias that is reserved for the gate");
    if (name === "__typename") return;
    const open = type.fields.get(name);
    if (open === undefined) return stop("graphql-field", `${type.github}.${name}`);
    for (const argument of field.arguments ?? [])
      if (!open.arguments.has(argument.name.value)) stop("graphql-argument", `${name}.${argument.name.value}`);
    if (type.name === "Query") this.root(field);
    if (type.name === "Ref" && name === "compare") {
      // Guard `graphql-fork`: `owner:branch` would compare with a fork, as in REST.
      const head = this.argument(field, "headRef");
      if (typeof head !== "string" || !isRefName(head)) stop("fork-not-allowed", "compare.headRef");
    }
    // Guard `graphql-argument-id`: the only open argument of a query, beside the root's, that names something of
    // another repository.
    const proposal = name === "isRequired" ? this.argument(field, "pullRequestId") : undefined;
    if (proposal !== undefined && proposal !== null) this.mustResolve(proposal, "isRequired.pullRequestId");
    const target = open.target;
    if (target === undefined) {
      if (field.selectionSet !== undefined) stop("graphql-malformed", name);
      return;
    }
    if (field.selectionSet === undefined) return stop("graphql-malformed", name);
    const here = [...path, alias];
    let below = multiplier;
    if (target.connection || target.name === "SearchConnection") {
      // Without a size GitHub gives the total and no nodes: `reviews { totalCount }`.
      const size = this.argument(field, "first") ?? this.argument(field, "last") ?? 1;
      if (typeof size !== "number" || !Number.isInteger(size) || size < 0 || size > 100)
        return stop("graphql-argument", `${name}.first`);
      below = multiplier * Math.max(1, size);
      this.nodes += below;
      if (this.nodes > MAX_NODES) stop("graphql-cost");
    }
    this.walk(field.selectionSet, target, here, depth + 1, below);
    this.askFor(field.selectionSet, target, here);
  }

  /** What the gate must know of an answer it asks for itself, so that no client has to. */
  private askFor(set: SelectionSetNode, { name, home }: OpenType, here: readonly string[]): void {
    const add = (alias: string, field: string, inner?: string): void => {
      const own = ownField(alias, field, inner);
      if (ask(set, own)) this.own.add(own);
    };
    if (home !== undefined) {
      this.foreign.set(here.join("."), here);
      add(HOME, ...home);
    } else if (name === "__Type") {
      add(TYPE, "name");
      add(KIND, "kind");
    } else if (name === "__Field") add(FIELD, "name");
    else if (name === "__InputValue") add(ARGUMENT, "name");
    if (here.length === 1 && (name === "__Type" || name === "__Schema")) this.introspected.add(here[0] ?? "");
  }

  /** Guard `graphql-scope`: the ways into repositories. */
  private root(field: FieldNode): void {
    const name = field.name.value;
    if (name === "repository") {
      const [owner, repo] = [this.argument(field, "owner"), this.argument(field, "name")];
      if (typeof owner !== "string" || typeof repo !== "string") return stop("graphql-argument", "repository");
      this.repository =
        listedRepository(this.policy, `${owner}/${repo}`) ??
        stop(
          owner.toLowerCase() === this.policy.owner ? "repository-not-listed" : "owner-not-allowed",
          `${owner}/${repo}`,
        );
      // A renamed repository could lead to another one.
      if (this.argument(field, "followRenames") === true) stop("graphql-argument", "followRenames");
    } else if (name === "organization") {
      const login = this.argument(field, "login");
      if (typeof login !== "string" || login.toLowerCase() !== this.policy.owner)
        stop("owner-not-allowed", typeof login === "string" ? login : "organization");
    } else if (name === "search") {
      const query = this.argument(field, "query");
      const scope =
        typeof query === "string"
          ? judgeSearch(query, (full) => listedRepository(this.policy, full) !== undefined)
          : stop("search-not-scoped");
      if (scope instanceof Refusal) throw new Stop(scope);
      this.repository = listedRepository(this.policy, scope);
    } else if (name === "node" || name === "nodes") {
      const value = this.argument(field, name === "node" ? "id" : "ids");
      for (const id of Array.isArray(value) ? value : [value]) this.mustResolve(id, name);
    }
  }

  private mustResolve(id: Json | undefined, at: string): void {
    if (typeof id !== "string" || !/^[A-Za-z0-9_=+/-]{4,200}$/.test(id)) return stop("graphql-id", at);
    if (this.ids.length >= 50) stop("graphql-id", "too many ids");
    this.ids.push(id);
  }

  /** An argument's value, variables resolved; undefined when it is not given. */
  private argument(field: FieldNode, name: string): Json | undefined {
    const node = field.arguments?.filter((a) => a.name.value === name) ?? [];
    if (node.length > 1) return stop("graphql-malformed", name);
    return node[0] === undefined ? undefined : this.value(node[0].value);
  }

  private value(node: ValueNode): Json | undefined {
    // Without a prototype: a variable named `__proto__` would otherwise give values to others.
    const all = Object.create(null) as Record<string, Json>;
    for (const definition of this.operation?.variableDefinitions ?? []) {
      const name = definition.variable.name.value;
      if (Object.hasOwn(this.variables, name)) all[name] = this.variables[name] ?? null;
      else if (definition.defaultValue !== undefined) all[name] = valueFromASTUntyped(definition.defaultValue) as Json;
    }
    return valueFromASTUntyped(node, all) as Json | undefined;
  }

  /** One mutation a request, its input judged as a value and sent as that value. */
  private mutation(operation: OperationDefinitionNode): JudgedGraphql | Refusal {
    const [field, ...others] = operation.selectionSet.selections;
    if (field?.kind !== Kind.FIELD || others.length > 0) return new Refusal("graphql-operations", "one mutation");
    const name = field.name.value;
    if (field.directives !== undefined && field.directives.length > 0) return new Refusal("graphql-directive");
    const mutation = MUTATIONS.get(name);
    if (mutation === undefined) {
      const [action, rule] = CLOSED_MUTATIONS.get(name) ?? [`Mutation.${name}`, "graphql-field" as const];
      return new Refusal(rule, action);
    }
    if (!this.policy.open.has("graphql.mutation")) return new Refusal("access-read-only");
    if (field.arguments?.length !== 1 || field.arguments[0]?.name.value !== "input" || field.selectionSet === undefined)
      return new Refusal("graphql-argument", name);
    const value = this.value(field.arguments[0].value);
    if (value === undefined || value === null || typeof value !== "object" || Array.isArray(value))
      return new Refusal("graphql-argument", "input");
    const given = withoutNulls(value, mutation.input) as Record<string, Json>;
    this.repository = this.repositoryOf(given);
    const refused = mutation.input(given, "input", {
      organization: this.policy.owner,
      branchPrefix: this.policy.branchPrefix,
      guarded: this.repository?.guarded,
    });
    if (refused !== undefined) return refused;
    for (const key of mutation.owned)
      for (const id of Array.isArray(given[key]) ? given[key] : [given[key]]) this.owned(key, id);
    if (this.repository === undefined && this.ids.length === 0) return new Refusal("graphql-id", name);
    const input: Record<string, Json> = { ...given, ...mutation.force };
    const opens = name === "createPullRequest";
    if (opens && this.requestId !== "") {
      const body = typeof given["body"] === "string" ? given["body"] : "";
      const sent = withTrailer(body, this.requestId);
      const long = tooLong(body, sent);
      if (long !== undefined) return new Refusal("body-value", long);
      input["body"] = sent;
    }
    const findings = findSecrets(textsIn(withoutFiles(name, input)), 0, 20, this.policy.secretsAt(this.now));
    if (refusing(findings).length > 0) return new SecretRefusal(findings);
    const files = this.files(name, input);
    if (files instanceof Refusal) return files;
    const payload = { ...openType("Payload"), github: mutation.type.replace(/Input$/, "Payload") };
    this.walk(field.selectionSet, payload, [field.alias?.value ?? name], 2, 1);
    const write = (final: Record<string, Json>): string =>
      this.written(operation, opens ? withNumber(field) : field, mutation, final);
    const deferred = deferredOf(this.policy, name, input, write);
    return {
      write: true,
      action: mutation.action,
      repository: this.repository,
      text: write(input),
      ids: this.ids,
      lookups: [...this.lookups(name, input), ...files.standing],
      findings: [...findings, ...files.findings],
      foreign: [...this.foreign.values()],
      introspected: [],
      ...(deferred === undefined ? {} : { deferred }),
      ...(opens ? { opens: field.alias?.value ?? name } : {}),
    };
  }

  /**
   * Guard `graphql-repository`: the repository that a mutation names by its own id or name; it must be listed for
   * writing.
   */
  private repositoryOf(input: Record<string, Json>): CompiledRepository | undefined {
    const branch = input["branch"];
    const named =
      branch !== null && typeof branch === "object" && !Array.isArray(branch)
        ? branch["repositoryNameWithOwner"]
        : undefined;
    const id = input["repositoryId"];
    if (named === undefined && id === undefined) return undefined;
    const repository =
      typeof named === "string"
        ? listedRepository(this.policy, named)
        : typeof id === "string"
          ? this.policy.byNodeId.get(id)
          : undefined;
    if (repository === undefined) return stop("repository-not-listed", String(named ?? id));
    if (repository.access !== "write") return stop("access-read-only", repository.fullName);
    return repository;
  }

  private owned(key: string, id: Json | undefined): void {
    if (id === undefined || id === null) return;
    if (key === "repositoryId") return;
    if (key === "headRepositoryId") {
      if (typeof id !== "string" || this.policy.byNodeId.get(id) !== this.repository) stop("fork-not-allowed", key);
      return;
    }
    this.mustResolve(id, key);
  }

  private lookups(name: string, input: Record<string, Json>): readonly Lookup[] {
    const repository = this.repository;
    if (repository === undefined) return [];
    if (name === "createRef")
      return [{ kind: "compare", repository, base: repository.defaultBranch, head: String(input["oid"]) }];
    if (name === "createCommitOnBranch") {
      const { additions, deletions } = (input["fileChanges"] ?? {}) as {
        additions?: readonly { path: string }[] | null;
        deletions?: readonly { path: string }[] | null;
      };
      const { branchName } = input["branch"] as { branchName: string };
      const paths = [...(additions ?? []), ...(deletions ?? [])].map(({ path }) => path);
      return [
        { kind: "compare", repository, base: repository.defaultBranch, head: branchName, adds: paths },
        ...directoryLookup(repository, String(input["expectedHeadOid"]), paths),
      ];
    }
    if (name !== "createPullRequest") return [];
    const head = String(input["headRefName"]);
    return [
      { kind: "compare", repository, base: String(input["baseRefName"]), head: head.slice(head.indexOf(":") + 1) },
    ];
  }

  /** Files of a commit travel in base64; searched decoded, and refused when they are not plain base64. */
  private files(
    name: string,
    input: Record<string, Json>,
  ): Refusal | { readonly findings: readonly Finding[]; readonly standing: readonly Standing[] } {
    const findings: Finding[] = [];
    const standing: Standing[] = [];
    const { repository } = this;
    if (name !== "createCommitOnBranch" || repository === undefined) return { findings, standing };
    const changes = input["fileChanges"] as
      { additions?: readonly { path: string; contents: string }[] | null } | null | undefined;
    for (const { path, contents } of changes?.additions ?? []) {
      const file = decodedFile(contents);
      if (file === undefined) return new Refusal("body-value", "contents");
      const judged = judgeFile(this.policy, repository, path, file, this.now);
      if (judged instanceof Refusal) return judged;
      findings.push(...judged.findings);
      if (judged.judge === undefined) continue;
      standing.push({
        kind: "standing",
        repository,
        at: String(input["expectedHeadOid"]),
        path,
        findings: judged.stood ?? [],
        judge: judged.judge,
      });
      // Each costs a request of its own.
      if (standing.length > MAX_STANDING) return judged.judge(undefined) ?? new Refusal("secret-in-content");
    }
    return { findings, standing };
  }

  /** The request anew: the same selection, and the judged input as its only variable for it. */
  private written(
    operation: OperationDefinitionNode,
    field: FieldNode,
    mutation: Mutation,
    input: Record<string, Json>,
  ): string {
    const variable = { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: "gatehouseInput" } } as const;
    const others =
      operation.variableDefinitions?.filter(
        (d) => d.variable.name.value !== "gatehouseInput" && usesVariable(field, d.variable.name.value, this.document),
      ) ?? [];
    const operationNode: OperationDefinitionNode = {
      ...operation,
      variableDefinitions: [
        {
          kind: Kind.VARIABLE_DEFINITION,
          variable,
          type: {
            kind: Kind.NON_NULL_TYPE,
            type: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: mutation.type } },
          },
        },
        ...others,
      ],
      selectionSet: {
        ...operation.selectionSet,
        selections: [
          {
            ...field,
            arguments: [{ kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: "input" }, value: variable }],
          },
        ],
      },
    };
    const query = printDocument({
      ...this.document,
      definitions: this.document.definitions.map((d) => (d === operation ? operationNode : d)),
    });
    const variables: Record<string, Json> = { gatehouseInput: input };
    for (const {
      variable: {
        name: { value },
      },
    } of others)
      if (Object.hasOwn(this.variables, value)) variables[value] = this.variables[value] ?? null;
    return JSON.stringify({ query, variables });
  }
}

/** The input without its files, which are judged decoded and by their places. */
function withoutFiles(name: string, input: Record<string, Json>): Json {
  const changes = input["fileChanges"];
  if (name !== "createCommitOnBranch" || changes === null || typeof changes !== "object" || Array.isArray(changes))
    return input;
  const additions = changes["additions"];
  const bare = Array.isArray(additions)
    ? additions.map((one) =>
        one !== null && typeof one === "object" && !Array.isArray(one) ? { ...one, contents: "" } : one,
      )
    : null;
  return { ...input, fileChanges: { ...changes, additions: bare } };
}

function stop(rule: ConstructorParameters<typeof Refusal>[0], at = ""): never {
  throw new Stop(new Refusal(rule, at));
}

/** A payload's selection, and the gate's own in it. */
function withNumber(field: FieldNode): FieldNode {
  const own = ownField(OPENED, "pullRequest", "number");
  return {
    ...field,
    selectionSet: { kind: Kind.SELECTION_SET, selections: [...(field.selectionSet?.selections ?? []), own] },
  };
}

/** Whether the selection of a mutation, or a fragment, still uses a variable; the input does not any more. */
function usesVariable(field: FieldNode, name: string, document: DocumentNode): boolean {
  const texts = [
    field.selectionSet === undefined ? "" : printSelections(field.selectionSet),
    ...document.definitions.filter((d) => d.kind === Kind.FRAGMENT_DEFINITION).map(printDefinition),
  ];
  return texts.some((text) => new RegExp(`\\$${name}\\b`).test(text));
}
