/**
 * Reading an environment: from a stack file or a Pulumi configuration to one checked value, with every mistake said at
 * once.
 */
export { isParsed, parseEnvironment } from "./parse";
export type { ParseContext } from "./rules";
export { applyOverride, parseStackFile, rawFromConfig, readStackFile } from "./stackFile";
