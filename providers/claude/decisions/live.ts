import { fieldsOf, isObject, type Field, type Fields, type Json, type ResourceModel } from "../model/field";
import { normalised, withToolsetDefaults } from "./normalise";
import { fromWire } from "./wire";

/**
 * The inputs that would lead to what the service answers. `given`: the inputs of the state, undefined for an import.
 * What the service never answers (secrets), changes by itself, or chose because nobody did, stays as it was given.
 */
export function inputsOf(model: ResourceModel, answer: Json, given: Json | undefined): Json {
  const live = normalised(model.inputs, withToolsetDefaults(fromWire(model.inputs, withSelf(answer))));
  return given ? settled(model.inputs, live, given) : withoutChosen(model.inputs, live);
}

/** What nobody need have said: an import takes it for the service's own choice, as a program that is silent about it. */
function withoutChosen(fields: Fields, live: Json): Json {
  return Object.fromEntries(
    Object.entries(live).flatMap(([name, value]) => {
      const field = fields[name];
      if (field?.chosenByService) return [];
      const own = field && isObject(value) ? fieldsOf(field, value) : undefined;
      return [[name, own && isObject(value) ? withoutChosen(own, value) : value]];
    }),
  );
}

/** The service answers `self` as the agent's own id, at version 1. */
function withSelf(answer: Json): Json {
  if (!isObject(answer.multiagent)) return answer;
  const multiagent = Object.fromEntries(
    Object.entries(answer.multiagent).map(([name, member]) => {
      if (!isObject(member) || !Array.isArray(member.predefined_agents)) return [name, member];
      const named = member.predefined_agents.map((agent: unknown) =>
        isObject(agent) && agent.id === answer.id ? { type: "self" } : agent,
      );
      return [name, { ...member, predefined_agents: named }];
    }),
  );
  return { ...answer, multiagent };
}

function settled(fields: Fields, live: Json, given: Json): Json {
  const result: Json = {};
  for (const [name, field] of Object.entries(fields)) {
    const value = settledValue(field, live[name], given[name]);
    if (value !== undefined) result[name] = value;
  }
  return result;
}

function settledValue(field: Field, live: unknown, given: unknown): unknown {
  if (field.kind === "string" && field.secret) return given;
  if (field.chosenByService && given === undefined) return undefined;
  if (field.volatile && given !== undefined) return given;
  if (field.kind === "list" && Array.isArray(live) && Array.isArray(given))
    return live.map((item: unknown, index) => settledValue(field.items, item, given[index] ?? item));
  if (!isObject(live) || !isObject(given)) return live;
  const own = fieldsOf(field, live);
  if (!own || (field.kind === "variants" && live.type !== given.type)) return live;
  return { ...(field.kind === "variants" ? { type: live.type } : {}), ...settled(own, live, given) };
}

/** The service's word that a resource is no more in use: then it counts as gone. */
export const isArchived = ({ archived_at: at }: Json): boolean => typeof at === "string" && at !== "";

/** What the outputs say beyond the inputs. */
export function outputsOf(answer: Json): Json {
  const { created_at: createdAt, version } = answer;
  return { createdAt, ...(version === undefined ? {} : { version }) };
}

export const metadataOf = ({ metadata }: Json): Json => (isObject(metadata) ? metadata : {});
