import { fieldsOf, isObject, type Fields, type Json, type ResourceModel } from "../model/field";
import { marked } from "./mark";
import { metadataOf } from "./live";
import { toWire } from "./wire";

/** The body of a create. `inputs` hold the secrets themselves. */
export function createBody(model: ResourceModel, urn: string, inputs: Json): Json {
  const { vault_id: _, ...body } = toWire(model.inputs, inputs);
  return { ...body, metadata: marked(inputs.metadata, urn) };
}

/**
 * The body of an update. The service keeps what a body leaves out, so everything is said: what was taken out of the
 * program as null or as an empty list. `live`: the present answer, whose metadata the update patches.
 */
export function updateBody(model: ResourceModel, urn: string, olds: Json, news: Json, live: Json): Json {
  const { vault_id: _, ...wanted } = toWire(model.inputs, news);
  const before = toWire(model.inputs, olds);
  const gone = Object.keys(before).filter((name) => !(name in wanted) && name !== "metadata" && name !== "vault_id");
  const metadata = marked(news.metadata, urn);
  const body = {
    ...wanted,
    ...Object.fromEntries(gone.map((name) => [name, null])),
    metadata: { ...Object.fromEntries(Object.keys(metadataOf(live)).map((key) => [key, null])), ...metadata },
  };
  return MORE[model.name]?.(body, olds, news) ?? body;
}

const MORE: Readonly<Record<string, (body: Json, olds: Json, news: Json) => Json>> = {
  Agent: (body, olds, news) => {
    // The service keeps an effort that is left out of a new model.
    const had = isObject(olds.model) && olds.model.effort !== undefined;
    const has = isObject(news.model) && news.model.effort !== undefined;
    return had && !has && isObject(body.model) ? { ...body, model: { ...body.model, effort: null } } : body;
  },
  Environment: (body) => {
    if (!isObject(body.config) || body.config.type !== "cloud") return body;
    const none = { apt: [], cargo: [], gem: [], go: [], npm: [], pip: [] };
    const packages = { ...none, ...(isObject(body.config.packages) ? body.config.packages : {}) };
    return { ...body, config: { ...body.config, packages } };
  },
};

/**
 * The credential's inputs without what an update cannot say: what is fixed when it is made, and secrets that stay as
 * they are, of which the provider has a fingerprint only.
 */
export function changeableAuth(fields: Fields, olds: Json, news: Json): Json {
  const result: Json = {};
  for (const [name, field] of Object.entries(fields)) {
    const [old, next] = [olds[name], news[name]];
    if (next === undefined && old !== undefined && !field.replace && !field.required) result[name] = null;
    if (next === undefined || field.replace || (field.kind === "string" && field.secret && old === next)) continue;
    const own = isObject(next) ? fieldsOf(field, next) : undefined;
    if (!own || !isObject(next)) result[name] = next;
    else {
      const inner = changeableAuth(own, isObject(old) ? old : {}, next);
      result[name] = field.kind === "variants" ? { type: next.type, ...inner } : inner;
    }
  }
  return result;
}
