import { failuresOf, fieldFailures, type Failure } from "./decisions/check";
import { changesBetween, mustReplace, rootOf, type Changes } from "./decisions/diff";
import { inputsOf, isArchived, outputsOf } from "./decisions/live";
import { bears } from "./decisions/mark";
import { normalised, withToolsetDefaults } from "./decisions/normalise";
import { changeableAuth, createBody, updateBody } from "./decisions/requests";
import { Secrets } from "./decisions/secrets";
import { camelCased } from "./decisions/wire";
import { kindsOf, type Kind } from "./effects/kinds";
import { Service, ServiceError } from "./effects/service";
import { modelOf, tokenOf, typeOfUrn } from "./model";
import { isObject, UNKNOWN, type Json, type ResourceModel } from "./model/field";
import { FUNCTIONS } from "./model/functions";

/** What an operation refuses, in words for whoever deploys. */
export class ProviderError extends Error {
  override readonly name = "ProviderError";
}

/** What an engine does about a difference. */
export interface Difference {
  readonly changes: Changes;
  readonly replaces: readonly string[];
  readonly deleteBeforeReplace: boolean;
}

/** Tries of a create whose answer did not come, each after a look for what it may have made. */
const CREATE_TRIES = 3;

/**
 * The provider: what an engine asks, over the service. Values are plain; an unknown one is {@link UNKNOWN}; secrets are
 * fingerprints everywhere but in the inputs that `check` is given.
 */
export class ClaudeProvider {
  private readonly secrets = new Secrets();
  private readonly kinds: Readonly<Record<string, Kind>>;
  /** Ids that the engine knows by URN: what else bears the mark of that URN was left by a run that was cut off. */
  private readonly known = new Map<string, Set<string>>();

  constructor(private readonly service: Service) {
    this.kinds = kindsOf(service);
  }

  /** Fills in defaults, refuses what the service would refuse, and puts fingerprints in the place of secrets. */
  check(urn: string, news: Json): { inputs: Json; failures: Failure[] } {
    const model = modelNamed(typeOfUrn(urn));
    const inputs = withToolsetDefaults(normalised(model.inputs, withoutInternals(news)));
    const failures = failuresOf(model.name, model.inputs, inputs);
    return { inputs: this.secrets.conceal(model.inputs, inputs), failures };
  }

  /** Compares checked inputs. `ignored`: paths that are left alone. */
  diff(id: string, urn: string, olds: Json, news: Json, ignored: readonly string[] = []): Difference {
    this.remember(urn, id);
    const model = modelNamed(typeOfUrn(urn));
    const changes = Object.fromEntries(
      Object.entries(changesBetween(model.inputs, withoutInternals(olds), news)).filter(
        ([path]) =>
          !ignored.some(
            (one) => one === "*" || path === one || path.startsWith(`${one}.`) || path.startsWith(`${one}[`),
          ),
      ),
    );
    const replaces = [
      ...new Set(Object.entries(changes).flatMap(([path, kind]) => (kind.endsWith("-replace") ? [rootOf(path)] : []))),
    ];
    return { changes, replaces, deleteBeforeReplace: mustReplace(changes) && isUniqueBeside(model, olds, news) };
  }

  /** Makes it, once: what an earlier try may have made is looked for first. In a preview nothing is asked. */
  async create(urn: string, inputs: Json, preview: boolean): Promise<{ id: string; outs: Json }> {
    const model = modelNamed(typeOfUrn(urn));
    const unknown = Object.fromEntries(Object.keys(model.outputs).map((name) => [name, UNKNOWN]));
    if (preview) return { id: "", outs: { ...inputs, ...unknown } };
    const left = await this.marked(model, urn, inputs);
    if (left)
      throw new ProviderError(
        `an earlier run was cut off after it had made this ${model.name}, or another stack of the same name has one: ${left.id}. ` +
          `If it is yours: pulumi import ${tokenOf(model)} ${nameOf(urn)} ${left.id}. If not, give the project or the stack another name.`,
      );
    const answer = await this.make(model, urn, inputs);
    const id = this.kind(model).idOf(answer);
    this.remember(urn, id);
    return { id, outs: this.outs(model, inputs, answer) };
  }

  private async make(model: ResourceModel, urn: string, inputs: Json): Promise<Json> {
    const body = createBody(model, urn, this.secrets.reveal(model.inputs, inputs));
    for (let tries = 1; ; tries++) {
      try {
        return await this.send(`create ${model.name}`, (beta) => this.kind(model).create(beta, body, inputs), false);
      } catch (error) {
        if (!(error instanceof ServiceError) || !error.unclear) throw error;
        const made = await this.marked(model, urn, inputs);
        if (made) return made.answer;
        if (tries >= CREATE_TRIES) throw error;
        await this.service.wait(500 * 2 ** tries);
      }
    }
  }

  /**
   * Reads it. `inputs`: those of the state, undefined for an import. No id: it is gone, or archived, from which nothing
   * comes back.
   */
  async read(id: string, urn: string, inputs?: Json): Promise<{ id?: string; inputs?: Json; outs?: Json }> {
    const model = modelNamed(typeOfUrn(urn));
    const problem = this.kind(model).idProblem(id);
    if (problem) throw new ProviderError(problem);
    this.remember(urn, id);
    const answer = await this.retrieve(model, id);
    if (!answer || isArchived(answer)) return {};
    const given = inputs && Object.keys(withoutInternals(inputs)).length > 0 ? withoutInternals(inputs) : undefined;
    const own = inputsOf(model, answer, given);
    return { id, inputs: own, outs: this.outs(model, own, answer) };
  }

  /** Changes it in place, unless somebody else has changed it since the state was written. */
  async update(
    id: string,
    urn: string,
    { outs, olds, news, preview }: { outs: Json; olds: Json; news: Json; preview: boolean },
  ): Promise<Json> {
    const model = modelNamed(typeOfUrn(urn));
    const stays = Object.fromEntries(Object.keys(model.outputs).map((name) => [name, outs[name]]));
    if (preview) return { ...news, ...stays, ...("version" in model.outputs ? { version: UNKNOWN } : {}) };
    const live = await this.retrieve(model, id);
    if (!live || isArchived(live))
      throw new ProviderError(`${id} is gone or archived. Run pulumi refresh; the next up makes a new one.`);
    const locked = "version" in model.outputs;
    const others = locked ? live.version !== outs.version : this.differs(model, live, olds);
    if (others) {
      // An earlier run may have been cut off after this very update.
      if (!this.differs(model, live, news)) return this.outs(model, news, live);
      throw new ProviderError(this.lostUpdate(model, id, live, olds, outs));
    }
    const body = this.bodyOf(model, urn, olds, news, live);
    try {
      const answer = await this.send(
        `update ${model.name} ${id}`,
        (beta) => this.kind(model).update(beta, id, { ...body, ...(locked ? { version: outs.version } : {}) }),
        true,
      );
      return this.outs(model, news, answer);
    } catch (error) {
      if (!(error instanceof ServiceError) || error.status !== 409) throw error;
      const now = await this.retrieve(model, id);
      if (now && !this.differs(model, now, news)) return this.outs(model, news, now);
      throw new ProviderError(this.lostUpdate(model, id, now ?? live, olds, outs));
    }
  }

  private bodyOf(model: ResourceModel, urn: string, olds: Json, news: Json, live: Json): Json {
    if (model.name !== "VaultCredential")
      return updateBody(model, urn, olds, this.secrets.reveal(model.inputs, news), live);
    const { auth } = model.inputs;
    const changed = auth ? changeableAuth({ auth }, { auth: olds.auth }, { auth: news.auth }) : {};
    return updateBody(model, urn, olds, this.secrets.reveal(model.inputs, { ...news, ...changed }), live);
  }

  /** Whether what the service has is something else than these inputs say. */
  private differs(model: ResourceModel, live: Json, inputs: Json): boolean {
    return Object.keys(this.drift(model, live, inputs)).length > 0;
  }

  private drift(model: ResourceModel, live: Json, inputs: Json): Changes {
    const given = withoutInternals(inputs);
    return changesBetween(model.inputs, given, inputsOf(model, live, given));
  }

  private lostUpdate(model: ResourceModel, id: string, live: Json, olds: Json, outs: Json): string {
    const fields = Object.keys(this.drift(model, live, olds)).join(", ") || "and changed back";
    const versions =
      "version" in model.outputs ? ` (version ${String(outs.version)} became ${String(live.version)})` : "";
    return (
      `${id} was changed by somebody else${versions}: ${fields}. Nothing was overwritten. ` +
      `Run pulumi refresh, look at what it shows, and run pulumi up again.`
    );
  }

  /** Deletes it; an agent is archived. One that is gone already is no error. */
  async delete(id: string, urn: string): Promise<void> {
    const model = modelNamed(typeOfUrn(urn));
    this.remember(urn, id);
    try {
      await this.send(`delete ${model.name} ${id}`, (beta) => this.kind(model).remove(beta, id), true);
    } catch (error) {
      if (error instanceof ServiceError && error.status === 404) return;
      const live = await this.retrieve(model, id);
      if (live && !isArchived(live)) throw error;
    }
  }

  /** What bears the mark of this URN and is not known to the engine. An interrupted create is found so. */
  async find(urn: string, inputs: Json): Promise<{ id: string } | undefined> {
    const found = await this.marked(modelNamed(typeOfUrn(urn)), urn, inputs);
    return found && { id: found.id };
  }

  private async marked(
    model: ResourceModel,
    urn: string,
    inputs: Json,
  ): Promise<{ id: string; answer: Json } | undefined> {
    const kind = this.kind(model);
    const known = this.known.get(urn);
    return this.service.send(
      `look for ${model.name}`,
      async (beta) => {
        for await (const answer of kind.list(beta, inputs)) {
          if (!isObject(answer) || isArchived(answer) || !bears(answer, urn)) continue;
          const id = kind.idOf(answer);
          if (!known?.has(id)) return { id, answer };
        }
        return undefined;
      },
      true,
    );
  }

  /** Calls a function. */
  async invoke(token: string, args: Json): Promise<{ result: Json; failures: Failure[] }> {
    const name = token.split(":").at(-1) ?? "";
    const known = FUNCTIONS[name];
    if (!known) throw new ProviderError(`no function ${token}; there are ${Object.keys(FUNCTIONS).join(", ")}`);
    const inputs = normalised(known.inputs, args);
    const failures = fieldFailures(known.inputs, inputs, "");
    if (failures.length > 0) return { result: {}, failures };
    const { common } = this.service;
    if (name === "getSession") {
      const session = await this.send("getSession", (beta) => beta.sessions.retrieve(String(inputs.id), common), true);
      return { result: { session: camelCased(session) }, failures };
    }
    const agent = inputs.agentId === undefined ? {} : { agent_id: String(inputs.agentId) };
    const limit = Number(inputs.limit);
    const sessions = await this.service.send(
      "getSessions",
      async (beta) => {
        const found: unknown[] = [];
        for await (const session of beta.sessions.list({ ...agent, limit: Math.min(limit, 100), ...common })) {
          found.push(camelCased(session));
          if (found.length >= limit) break;
        }
        return found;
      },
      true,
    );
    return { result: { sessions }, failures };
  }

  private async retrieve(model: ResourceModel, id: string): Promise<Json | undefined> {
    try {
      return await this.send(`read ${model.name} ${id}`, (beta) => this.kind(model).retrieve(beta, id), true);
    } catch (error) {
      if (error instanceof ServiceError && error.status === 404) return undefined;
      throw error;
    }
  }

  private async send(what: string, request: Parameters<Service["send"]>[1], again: boolean): Promise<Json> {
    try {
      return (await this.service.send(what, request, again)) as Json;
    } catch (error) {
      if (error instanceof Error) error.message = this.secrets.redact(error.message);
      throw error;
    }
  }

  private outs(model: ResourceModel, inputs: Json, answer: Json): Json {
    const credential = model.name === "VaultCredential" ? { credentialId: answer.id } : {};
    return { ...inputs, ...outputsOf(answer), ...credential };
  }

  private remember(urn: string, id: string): void {
    if (id !== "") this.known.set(urn, (this.known.get(urn) ?? new Set()).add(id));
  }

  private kind(model: ResourceModel): Kind {
    const kind = this.kinds[model.name];
    if (!kind) throw new ProviderError(`no calls for ${model.name}`);
    return kind;
  }
}

function modelNamed(type: string): ResourceModel {
  const model = modelOf(type);
  if (!model) throw new ProviderError(`unknown type ${type}`);
  return model;
}

const withoutInternals = (inputs: Json): Json =>
  Object.fromEntries(Object.entries(inputs).filter(([name]) => !name.startsWith("__")));

const nameOf = (urn: string): string => urn.split("::").slice(3).join("::");

/** A vault takes one credential for one variable or one server: the old one has to go first. */
function isUniqueBeside(model: ResourceModel, olds: Json, news: Json): boolean {
  if (model.name !== "VaultCredential") return false;
  const key = ({ vaultId, auth }: Json): unknown[] =>
    isObject(auth) ? [vaultId, auth.secretName ?? auth.mcpServerUrl] : [vaultId];
  return JSON.stringify(key(olds)) === JSON.stringify(key(news));
}
