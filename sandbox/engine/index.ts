export { display, renderDisplay, type DisplayOptions } from "./display";
export { EngineError, UnsupportedError, UsageError } from "./errors";
export type { ChangeSummary, Diagnostic, EngineEvent, Op, Operation, StepInfo } from "./events";
export { previewDigest } from "./display/digest";
export { openStack, type OpenStackOptions, type OperationOptions, type OperationResult, type Stack } from "./stack";
export type { Deployment as StackExport } from "./state";
