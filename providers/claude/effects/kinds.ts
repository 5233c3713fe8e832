import type Anthropic from "@anthropic-ai/sdk";
import type { Json } from "../model/field";
import type { Service } from "./service";

type Beta = Anthropic["beta"];

/** The calls of one resource type. `id` is Pulumi's id; `inputs` those of the resource. */
export interface Kind {
  /** Pulumi's id of an answer. */
  idOf(answer: Json): string;
  /** What is wrong with an id, for an import; undefined: nothing. */
  idProblem(id: string): string | undefined;
  create(beta: Beta, body: Json, inputs: Json): PromiseLike<unknown>;
  retrieve(beta: Beta, id: string): PromiseLike<unknown>;
  update(beta: Beta, id: string, body: Json): PromiseLike<unknown>;
  /** Deletes, or archives where the service has no delete. */
  remove(beta: Beta, id: string): PromiseLike<unknown>;
  /** All that stand beside a resource with these inputs, archived ones left out. */
  list(beta: Beta, inputs: Json): AsyncIterable<unknown>;
}

const PAGE = { limit: 100 };

/** The calls by the name of the resource type. `common`: what every call takes. */
export function kindsOf(service: Service): Readonly<Record<string, Kind>> {
  const { common } = service;
  const body = (of: Json): never => ({ ...of, ...common }) as never;
  const simple = { idOf: (answer: Json) => String(answer.id) };
  return {
    Agent: {
      ...simple,
      idProblem: idProblem("agent_"),
      create: (beta, of) => beta.agents.create(body(of)),
      retrieve: (beta, id) => beta.agents.retrieve(id, common),
      update: (beta, id, of) => beta.agents.update(id, body(of)),
      remove: (beta, id) => beta.agents.archive(id, common),
      list: (beta) => beta.agents.list({ ...PAGE, ...common }),
    },
    Environment: {
      ...simple,
      idProblem: idProblem("env_"),
      create: (beta, of) => beta.environments.create(body(of)),
      retrieve: (beta, id) => beta.environments.retrieve(id, common),
      update: (beta, id, of) => beta.environments.update(id, body(of)),
      remove: (beta, id) => beta.environments.delete(id, common),
      list: (beta) => beta.environments.list({ ...PAGE, ...common }),
    },
    Vault: {
      ...simple,
      idProblem: idProblem("vlt_"),
      create: (beta, of) => beta.vaults.create(body(of)),
      retrieve: (beta, id) => beta.vaults.retrieve(id, common),
      update: (beta, id, of) => beta.vaults.update(id, body(of)),
      remove: (beta, id) => beta.vaults.delete(id, common),
      list: (beta) => beta.vaults.list({ ...PAGE, ...common }),
    },
    VaultCredential: {
      idOf: (answer) => `${String(answer.vault_id)}/${String(answer.id)}`,
      idProblem: (id) =>
        /^[^/]+\/[^/]+$/.test(id) ? undefined : `${JSON.stringify(id)} is no id of a credential; write vlt_…/vcrd_…`,
      create: (beta, of, inputs) => beta.vaults.credentials.create(String(inputs.vaultId), body(of)),
      retrieve: (beta, id) => beta.vaults.credentials.retrieve(...within(id, common)),
      update: (beta, id, of) => {
        const [credential, vault] = within(id, common);
        return beta.vaults.credentials.update(credential, body({ ...of, ...vault }));
      },
      remove: (beta, id) => beta.vaults.credentials.delete(...within(id, common)),
      list: (beta, inputs) => beta.vaults.credentials.list(String(inputs.vaultId), { ...PAGE, ...common }),
    },
  };
}

const idProblem =
  (prefix: string) =>
  (id: string): string | undefined =>
    /^[A-Za-z0-9_-]+$/.test(id) ? undefined : `${JSON.stringify(id)} is no id; write ${prefix}…`;

function within<C extends object>(id: string, common: C): [string, C & { vault_id: string }] {
  const [vault = "", credential = ""] = id.split("/");
  return [credential, { ...common, vault_id: vault }];
}
