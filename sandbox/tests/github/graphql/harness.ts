/** The stand-in's state with real git repositories, asked through `executeGraphql` without a server between. */
import { mkdtemp, mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ActivityLog } from "../../../github/activity";
import type { Auth } from "../../../github/auth";
import { executeGraphql, type GraphqlAnswer } from "../../../github/graphql";
import { ALL_SCOPES } from "../../../github/permissions";
import { seed } from "../../../github/seed";
import type { Permissions, Repository, Role, User } from "../../../github/state";
import { WebhookSender } from "../../../github/webhooks";
import { World } from "../../../github/world";
import { environment } from "../../../../tests/support/environment";

export interface Scene {
  world: World;
  repo: (name: string, owner?: string) => Repository;
  /** Somebody with a classic token that may do everything they may. */
  as: (login: string) => Auth;
  /** A fine-grained token of the machine user on the named repositories. */
  withToken: (permissions: Permissions, repositories?: string[]) => Auth;
  /** Makes the machine user a member and gives it a role on a repository. */
  admit: (name: string, role: Role) => void;
  ask: (auth: Auth, query: string, variables?: Record<string, unknown>) => Promise<GraphqlAnswer>;
  stop: () => Promise<void>;
}

export const BOT = "claude-bot";

export async function scene(): Promise<Scene> {
  const dir = await mkdtemp(join(tmpdir(), "gatehouse-graphql-"));
  const gitRoot = join(dir, "repositories");
  await mkdir(gitRoot, { recursive: true });
  const world = new World("http://127.0.0.1:9", "http://127.0.0.1:9", gitRoot);
  world.webhooks = new WebhookSender(world);
  world.activity = new ActivityLog(world);
  await seed(world, environment(), dir);

  const user = (login: string): User => {
    const found = world.userByLogin(login);
    if (!found) throw new Error(`no user ${login}`);
    return found;
  };
  const repo = (name: string, owner = "acme"): Repository => {
    const found = world.repoByName(owner, name);
    if (!found) throw new Error(`no repository ${name}`);
    return found;
  };
  const authOf = (login: string, token: Auth["token"]): Auth => ({
    kind: "token",
    user: user(login),
    ...(token ? { token } : {}),
  });
  const organization = world.orgByLogin("acme");
  if (!organization) throw new Error("no organization");
  return {
    world,
    repo,
    as: (login) =>
      authOf(login, world.tokens.mint({ kind: "classic", userId: user(login).id, login, scopes: ALL_SCOPES }).record),
    withToken: (permissions, repositories = ["api"]) =>
      authOf(
        BOT,
        world.tokens.mint({
          kind: "personal-access-token",
          userId: user(BOT).id,
          login: BOT,
          permissions,
          resourceOwnerId: organization.id,
          repositories: repositories.map((name) => repo(name).id),
        }).record,
      ),
    admit: (name, role) => {
      const at = world.clock.iso();
      const id = user(BOT).id;
      organization.memberships.set(id, {
        userId: id,
        role: "member",
        state: "active",
        invitedBy: null,
        createdAt: at,
        updatedAt: at,
      });
      repo(name).collaborators.set(id, role);
    },
    ask: (auth, query, variables) => executeGraphql({ world, auth }, { query, ...(variables ? { variables } : {}) }),
    stop: async () => {
      await world.webhooks.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The data of an answer that must have no error. */
export function dataOf<T>(answer: GraphqlAnswer): T {
  if (answer.errors) throw new Error(`unexpected errors: ${JSON.stringify(answer.errors)}`);
  return answer.data as T;
}

/** `TYPE message` of each error. */
export const errorsOf = (answer: GraphqlAnswer): string[] =>
  (answer.errors ?? []).map((error) => `${error.type ? `${String(error.type)} ` : ""}${String(error.message)}`);
