/** Reading an environment: from a stack file or a Pulumi configuration to one checked value, with every mistake said at once. */
export { parseEnvironment, type ParseContext } from "./parse";
export { applyOverride, parseStackFile, rawFromConfig, readStackFile } from "./stackFile";
