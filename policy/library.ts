/** The rules that no stack of Gatehouse may break, judged by the engine, by `gatehouse report --policy`, or by a test. Pure but for `pack.ts`. */
export { evaluate, withUnknowns, type PolicyFinding } from "./evaluate";
export { enforcementOf, type Enforcement } from "./enforcement";
export { ExceptionsError, pulumiConfig, readExceptions, type PolicyException } from "./exceptions";
export { RULES } from "./rules";
export { SECRET, UNKNOWN, type DeclaredResource, type Rule, type Severity } from "./rule";
