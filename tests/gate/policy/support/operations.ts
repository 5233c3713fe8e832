import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Kind, parse } from "graphql";

const ROOT = join(__dirname, "..", "..", "..", "..");
const read = (...path: string[]): string => readFileSync(join(ROOT, ...path), "utf8");

/** How an operation stands for an agent. */
export interface Class {
  readonly standing: "open" | "closed by rule" | "closed by default";
  /** The action of the access model; of what is closed by default a word for the reason. */
  readonly name: string;
  /** The rule that refuses; of what is closed by default the reason. */
  readonly text: string;
}

/**
 * Reads a classification: `== standing`, then headings `name: text`, each with its operations indented below: methods
 * and a path, or `MUTATION` and names.
 * @throws Error for an operation that stands there twice, or a line that is none of these
 */
export function readClasses(text: string): ReadonlyMap<string, Class> {
  const classes = new Map<string, Class>();
  let standing: Class["standing"] | undefined;
  let heading: Class | undefined;
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    if (line.startsWith("== ")) {
      standing = line.slice(3) as Class["standing"];
      heading = undefined;
    } else if (!line.startsWith(" ") && standing !== undefined) {
      const [name = "", ...rest] = line.split(":");
      heading = { standing, name, text: rest.join(":").trim() };
    } else {
      const words = line.trim().split(/\s+/);
      if (heading === undefined || words.length < 2) throw new Error(`no operation: ${line}`);
      const mutations = words[0] === "MUTATION";
      for (const word of mutations ? words.slice(1) : words.slice(0, -1)) {
        const operation = mutations ? `MUTATION ${word}` : `${word} ${words.at(-1)}`;
        if (classes.has(operation)) throw new Error(`classified twice: ${operation}`);
        classes.set(operation, heading);
      }
    }
  }
  return classes;
}

/** The classification that is kept in the repository. */
export const CLASSES = readClasses(read("tests", "fixtures", "github", "operations.txt"));

/**
 * Every REST operation of the types that Octokit generates from GitHub's own OpenAPI description, as `METHOD /path`.
 */
export function restOperations(
  types = read("node_modules", "@octokit", "openapi-types", "types.d.ts"),
): readonly string[] {
  const paths = types.slice(types.indexOf("export interface paths {"), types.indexOf("\nexport interface webhooks"));
  const operations: string[] = [];
  let path = "";
  for (const line of paths.split("\n")) {
    path = /^ {2}"(\/[^"]*)": \{$/.exec(line)?.[1] ?? path;
    const method = /^ {4}(get|put|post|patch|delete): operations\[/.exec(line)?.[1];
    if (method !== undefined) operations.push(`${method.toUpperCase()} ${path}`);
  }
  return operations;
}

/** Every mutation of GitHub's public GraphQL schema, as `MUTATION name`. */
export function mutations(
  schema = read("node_modules", "@octokit", "graphql-schema", "schema.graphql"),
): readonly string[] {
  return parse(schema, { noLocation: true }).definitions.flatMap((definition) =>
    definition.kind === Kind.OBJECT_TYPE_DEFINITION && definition.name.value === "Mutation"
      ? (definition.fields ?? []).map((field) => `MUTATION ${field.name.value}`)
      : [],
  );
}

/** What a classification lacks, and what it has that GitHub no longer has. */
export function differences(
  classes: ReadonlyMap<string, Class>,
  operations: readonly string[],
): { readonly unclassified: readonly string[]; readonly gone: readonly string[] } {
  const known = new Set(operations);
  return {
    unclassified: operations.filter((operation) => !classes.has(operation)),
    gone: [...classes.keys()].filter((operation) => !known.has(operation)),
  };
}
