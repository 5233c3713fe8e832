/** All types with the functions that answer their fields. */
import { demandUser, repositoryNamed } from "./access";
import { FieldRefusal, unresolved } from "./errors";
import { nodeById } from "./nodes";
import {
  accountSource,
  organizationSource,
  repositorySource,
  type Args,
  type FieldResolver,
  type GraphqlContext,
  type Resolvers,
} from "./source";
import { accountTypes } from "./types/accounts";
import { checkTypes } from "./types/checks";
import { gitTypes } from "./types/git";
import { issueTypes } from "./types/issues";
import { protectionTypes } from "./types/protection";
import { pullTypes } from "./types/pulls";
import { repositoryTypes } from "./types/repository";
import { search } from "./types/search";

/** What a page's address stands for: a repository, an account, an issue or a pull request. */
function resource(context: GraphqlContext, url: string): unknown {
  const path = url.startsWith(context.world.origin)
    ? url.slice(context.world.origin.length)
    : url.replace(/^https?:\/\/[^/]+/, "");
  const [owner = "", name, kind, number] = path.split("/").filter(Boolean);
  if (name === undefined) {
    const org = context.world.orgByLogin(owner);
    const user = context.world.userByLogin(owner);
    return org ? organizationSource(org) : user ? accountSource(user) : null;
  }
  const repo = repositoryNamed(context, owner, name);
  if (kind === undefined) return repositorySource(repo);
  const issue = (kind === "pull" || kind === "issues") && number ? repo.issues.get(Number(number)) : undefined;
  return issue ? { type: issue.pull ? "PullRequest" : "Issue", repo, issue } : null;
}

function owner(context: GraphqlContext, login: string): unknown {
  const org = context.world.orgByLogin(login);
  const user = context.world.userByLogin(login);
  return org ? organizationSource(org) : user ? accountSource(user) : null;
}

const query: Resolvers<unknown> = {
  viewer: (_source, _args, context) => accountSource(demandUser(context)),
  repository: (_source, args, context) => repositorySource(repositoryNamed(context, args.owner, args.name)),
  repositoryOwner: (_source, args, context) => owner(context, args.login),
  organization: (_source, args, context) => {
    const org = context.world.orgByLogin(args.login);
    if (!org) throw unresolved(`an Organization with the login of '${String(args.login)}'`);
    return organizationSource(org);
  },
  user: (_source, args, context) => {
    const user = context.world.userByLogin(args.login);
    if (!user || user.type === "Bot") throw unresolved(`a User with the login of '${String(args.login)}'`);
    return accountSource(user);
  },
  node: (_source, args, context) => nodeById(context, args.id),
  nodes: (_source, args, context) => {
    if (args.ids.length > 100)
      throw new FieldRefusal(
        "EXCESSIVE_PAGINATION",
        "You may not provide more than 100 node ids; you provided " + String(args.ids.length) + ".",
      );
    return args.ids.map((id: string) => nodeById(context, id));
  },
  resource: (_source, args, context) => resource(context, String(args.url)),
  search: (_source, args, context) => search(context, args),
  rateLimit: (_source, _args, { world, rate, measured = { nodes: 0, cost: 1 } }) => {
    const { limit, used, resetAt } = rate ?? {
      limit: world.limits.graphql,
      used: 0,
      resetAt: world.clock.now() + 3_600_000,
    };
    return {
      limit,
      used,
      cost: measured.cost,
      nodeCount: measured.nodes,
      remaining: Math.max(0, limit - used),
      resetAt: new Date(resetAt).toISOString().replace(/\.\d+Z$/, "Z"),
    };
  },
  meta: (_source, _args, { world }) => ({
    gitHubServicesSha: "0".repeat(40),
    isPasswordAuthenticationVerifiable: false,
    gitIpAddresses: [],
    hookIpAddresses: [],
    installedVersion: world.origin,
  }),
};

/** By type, then by field. A source is what the resolver of its parent made, so each resolver knows its own. */
export const objectResolvers: Readonly<Record<string, Readonly<Record<string, FieldResolver<unknown>>>>> = {
  Query: query,
  ...accountTypes,
  ...checkTypes,
  ...gitTypes,
  ...issueTypes,
  ...protectionTypes,
  ...pullTypes,
  ...repositoryTypes,
} as Record<string, Record<string, (source: unknown, args: Args, context: GraphqlContext) => unknown>>;
