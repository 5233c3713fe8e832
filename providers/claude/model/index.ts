import { AGENT } from "./agent";
import { ENVIRONMENT } from "./environment";
import type { ResourceModel } from "./field";
import { VAULT, VAULT_CREDENTIAL } from "./vault";

export const PACKAGE = "claude";
export const MODELS: readonly ResourceModel[] = [AGENT, ENVIRONMENT, VAULT, VAULT_CREDENTIAL];

export const tokenOf = (model: ResourceModel): string => `${PACKAGE}:index:${model.name}`;

/** The model of a type token; undefined: the package has no such type. */
export const modelOf = (token: string): ResourceModel | undefined => MODELS.find((model) => tokenOf(model) === token);

/** The type token at the end of a URN's types. */
export const typeOfUrn = (urn: string): string => urn.split("::")[2]?.split("$").at(-1) ?? "";
