import type { RuleId } from "../refusals";
import type { Route } from "./routes";

/** The end of a path template: for one method, an open route or a closed action. */
export interface Leaf {
  readonly route: Route | undefined;
  /** The action of a closed route. Empty for an open one. */
  readonly closed: string;
  /** The rule that refuses a closed route. */
  readonly rule: RuleId;
  readonly openQuery: ReadonlySet<string>;
  /** Names of the parameters, in the order of the path. */
  readonly names: readonly string[];
}

interface Node {
  readonly literals: Map<string, Node>;
  parameter: { readonly name: string; readonly node: Node } | undefined;
  rest: { readonly name: string; readonly node: Node } | undefined;
  leaves: Map<string, Leaf> | undefined;
}

const newNode = (): Node => ({ literals: new Map(), parameter: undefined, rest: undefined, leaves: undefined });

/** What a path matched: the leaves by method (empty if the path is unknown) and the raw values of its parameters. */
export interface PathMatch {
  readonly leaves: ReadonlyMap<string, Leaf>;
  readonly values: readonly string[];
}

const NOTHING: ReadonlyMap<string, Leaf> = new Map();

/**
 * Path templates as a tree of segments. A literal takes precedence over a parameter, a parameter over the rest of the
 * path, without backtracking. So each path has one reading, found in linear time.
 */
export class RouteTrie {
  private readonly root = newNode();

  add(method: string, path: string, leaf: Omit<Leaf, "names">): void {
    let node = this.root;
    const names: string[] = [];
    for (const segment of path === "/" ? [] : path.slice(1).split("/")) {
      const name = /^\{([A-Za-z]+)(\.\.\.)?\}$/.exec(segment);
      if (name?.[1] === undefined) {
        let next = node.literals.get(segment);
        if (next === undefined) node.literals.set(segment, (next = newNode()));
        node = next;
        continue;
      }
      const kind = name[2] === undefined ? "parameter" : "rest";
      const child = (node[kind] ??= { name: name[1], node: newNode() });
      names.push(name[1]);
      node = child.node;
    }
    node.leaves ??= new Map();
    if (node.leaves.has(method)) throw new Error(`two routes for ${method} ${path}`);
    node.leaves.set(method, { ...leaf, names });
  }

  /** Matches a canonical path. */
  match(path: string): PathMatch {
    let node = this.root;
    const values: string[] = [];
    let from = 1;
    while (from < path.length) {
      let to = path.indexOf("/", from);
      if (to < 0) to = path.length;
      const segment = path.slice(from, to);
      const literal = node.literals.get(segment);
      if (literal !== undefined) node = literal;
      else if (node.parameter !== undefined) {
        values.push(segment);
        node = node.parameter.node;
      } else if (node.rest !== undefined) {
        values.push(path.slice(from));
        node = node.rest.node;
        break;
      } else return { leaves: NOTHING, values };
      from = to + 1;
    }
    return { leaves: node.leaves ?? NOTHING, values };
  }
}
