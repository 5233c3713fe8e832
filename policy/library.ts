/**
 * The rules that no stack of Gatehouse may break, judged by the engine, by `gatehouse report --policy`, or by a test.
 * Pure but for `pack.ts`.
 */
export { evaluate, withUnknowns, type PolicyFinding } from "./evaluate";
export { enforcementOf } from "./enforcement";
export { ExceptionsError, pulumiConfig, readExceptions, type PolicyException } from "./exceptions";
export { RULES } from "./rules";
export { SECRET, UNKNOWN, type DeclaredResource, type Rule } from "./rule";
