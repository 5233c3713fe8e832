/**
 * What the GitHub stand-in remembers. Plain data: behaviour lives in `domain/`, shapes of the REST API in `present/`.
 * Times are ISO 8601 in UTC without milliseconds, as GitHub prints them; ids are GitHub's integers.
 */
export * from "./state/accounts";
export * from "./state/checks";
export * from "./state/issues";
export * from "./state/repository";
export * from "./state/roles";
export * from "./state/rules";
export * from "./state/settings";
