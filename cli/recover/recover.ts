import type { Context, Way } from "../assess/context";
import type { Heard } from "../assess/reader";
import { look, type Became, type Look, type Pending } from "./pending";

const RULES = `query($id: ID!) { node(id: $id) { ... on Repository { name branchProtectionRules(first: 100) { nodes { id pattern } } } } }`;

/** Asks the live systems, with requests that only read, what became of each pending creation. */
export function becameOf(pending: readonly Pending[], context: Context): Promise<Became[]> {
  return Promise.all(
    pending.map(async (one): Promise<Became> => {
      const { urn, type, parent, provider } = one;
      const of = { urn, type, parent, provider };
      const how = look(one, context.environment);
      if (how.kind === "again") return { ...of, state: "made again" };
      const heard = await ask(how, one, context);
      if ("lack" in heard && !("call" in heard)) return { ...of, state: "cannot tell", why: heard.lack };
      const { status, system } = heard.call;
      if (status === 404) return { ...of, state: "absent" };
      if (status !== 200)
        return {
          ...of,
          state: "cannot tell",
          why: heard.lack || `${system} answered ${status} to ${heard.call.path}`,
        };
      const id = how.id((heard.json() ?? {}) as Record<string, unknown>);
      if (id === undefined) return { ...of, state: "absent" };
      return { ...of, state: "exists", id, ...(how.remove === undefined ? {} : { remove: how.remove }) };
    }),
  );
}

function ask(
  how: Extract<Look, { kind: "ask" }>,
  { inputs }: Pending,
  { github, vault, cloudflare }: Context,
): Promise<Heard> | { readonly lack: string } {
  const through = <T>(way: Way<T>, use: (reader: T) => Promise<Heard>) => ("lack" in way ? way : use(way.ask));
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
