import type { Context, Access } from "../live/context";
import type { Response } from "../live/reader";
import { lookupFor, type PendingOutcome, type Lookup, type Pending } from "./pending";

const RULES = `query($id: ID!) { node(id: $id) { ... on Repository { name branchProtectionRules(first: 100) { nodes { id pattern } } } } }`;

/** Asks the live systems, with requests that only read, what became of each pending creation. */
export function findOutcomes(pending: readonly Pending[], context: Context): Promise<PendingOutcome[]> {
  return Promise.all(
    pending.map(async (one): Promise<PendingOutcome> => {
      const { urn, type, parent, provider } = one;
      const of = { urn, type, parent, provider };
      const how = lookupFor(one, context.environment);
      if (how.kind === "again") return { ...of, state: "made again" };
      const response = await ask(how, one, context);
      if ("missing" in response) return { ...of, state: "cannot tell", why: response.missing };
      const { status, system } = response.call;
      if (status === 404) return { ...of, state: "absent" };
      if (status !== 200)
        return {
          ...of,
          state: "cannot tell",
          why: response.failure || `${system} answered ${status} to ${response.call.path}`,
        };
      const id = how.id((response.json() ?? {}) as Record<string, unknown>);
      if (id === undefined) return { ...of, state: "absent" };
      return { ...of, state: "exists", id, ...(how.remove === undefined ? {} : { remove: how.remove }) };
    }),
  );
}

function ask(
  how: Extract<Lookup, { kind: "ask" }>,
  { inputs }: Pending,
  { github, vault, cloudflare }: Context,
): Promise<Response> | { readonly missing: string } {
  const through = <T>(way: Access<T>, use: (reader: T) => Promise<Response>) =>
    "missing" in way ? way : use(way.client);
  switch (how.system) {
    case "github":
      return through(github, (reader) =>
        how.path.startsWith("/graphql/")
          ? reader.graphql({ query: RULES, variables: { id: inputs.repositoryId } })
          : reader.get(how.path),
      );
    case "vault":
      return through(vault, (reader) => reader.get(how.path));
    case "cloudflare":
      return through(cloudflare, (reader) => reader.get(how.path));
  }
}
