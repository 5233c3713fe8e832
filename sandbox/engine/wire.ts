import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import type * as resourceProto from "@pulumi/pulumi/proto/resource_pb";
import type * as sourceProto from "@pulumi/pulumi/proto/source_pb";
import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { UnsupportedError, UsageError } from "./errors";
import type { AliasSpec, Goal, ReadGoal } from "./goal";
import type { CustomTimeouts, StackFrame } from "./state";
import { fromWire, fromWireBag, toWire, type Values } from "./values";

const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;
/** How long a message of the engine's gRPC may be, as in Pulumi itself. */
export const MESSAGE_LIMITS = {
  "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
  "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
};

/** A whole bag of properties as a message has it. */
export const struct = (values: Values): Struct =>
  Struct.fromJavaScript(toWire(values) as { [key: string]: JavaScriptValue });

/** A place in the program, written relative to the project: `project:///stacks/index.ts#18,15`. */
function positionOf(position: sourceProto.SourcePosition | undefined, projectDir: string): string | undefined {
  const uri = position?.getUri() ?? "";
  if (!uri.startsWith("file://")) return undefined;
  const path = relative(projectDir, fileURLToPath(uri)).split(sep).join("/");
  const line = position!.getLine();
  return `project:///${path}${line > 0 ? `#${line}${position!.getColumn() > 0 ? `,${position!.getColumn()}` : ""}` : ""}`;
}

function traceOf(trace: sourceProto.StackTrace | undefined, projectDir: string): StackFrame[] | undefined {
  return trace?.getFramesList().map((frame) => {
    const sourcePosition = positionOf(frame.getPc(), projectDir);
    return sourcePosition ? { sourcePosition } : {};
  });
}

const UNIT_SECONDS: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001, us: 0.000001, ns: 0.000000001 };

/** A duration as Go writes it (`1h30m`, `45s`), in seconds. */
export function seconds(duration: string): number | undefined {
  if (duration === "") return undefined;
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(ms|us|ns|h|m|s)/g)];
  if (parts.map(([part]) => part).join("") !== duration)
    throw new UsageError(`customTimeouts: "${duration}" is not a duration such as 30s or 5m`);
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * UNIT_SECONDS[unit!]!, 0);
}

function timeoutsOf(
  timeouts: resourceProto.RegisterResourceRequest.CustomTimeouts | undefined,
): CustomTimeouts | undefined {
  const entries = Object.entries({
    create: timeouts?.getCreate(),
    update: timeouts?.getUpdate(),
    delete: timeouts?.getDelete(),
    read: timeouts?.getRead(),
  })
    .map(([name, text]) => [name, seconds(text ?? "")] as const)
    .filter(([, value]) => value !== undefined);
  return entries.length > 0 ? (Object.fromEntries(entries) as CustomTimeouts) : undefined;
}

function aliasesOf(request: resourceProto.RegisterResourceRequest): AliasSpec[] {
  const structured = request.getAliasesList().map((alias): AliasSpec => {
    const spec = alias.getSpec();
    if (!spec) return { urn: alias.getUrn() };
    return {
      name: spec.getName(),
      type: spec.getType(),
      stack: spec.getStack(),
      project: spec.getProject(),
      parent: spec.getParenturn(),
      noParent: spec.getNoparent(),
    };
  });
  return [...structured, ...request.getAliasurnsList().map((urn) => ({ urn }))];
}

/** What the engine does not do, by the name under which the program asked for it. */
function refuseUnsupported(request: resourceProto.RegisterResourceRequest): void {
  const what = `${request.getType()} "${request.getName()}"`;
  if (request.getRemote()) throw new UnsupportedError(`remote component ${what} (construct)`);
  if (request.getTransformsList().length > 0) throw new UnsupportedError(`option "transforms" of ${what}`);
  const hooks = request.getHooks();
  if (hooks && Object.values(hooks.toObject()).some((list) => Array.isArray(list) && list.length > 0))
    throw new UnsupportedError(`option "hooks" of ${what}`);
  if (request.getType().startsWith("pulumi-nodejs:dynamic"))
    throw new UnsupportedError(`dynamic provider resource ${what}`);
  if (/^pulumi:pulumi:(StackReference|Stash)$/.test(request.getType()))
    throw new UnsupportedError(`${request.getType()} "${request.getName()}"`);
}

/** A registration, checked for what the engine cannot do. */
export function goalOf(request: resourceProto.RegisterResourceRequest, projectDir: string): Goal {
  refuseUnsupported(request);
  const optional = <T>(has: boolean, value: T | undefined): T | undefined => (has ? value : undefined);
  const propertyDependencies: Record<string, string[]> = {};
  for (const [key, urns] of request.getPropertydependenciesMap().entries() as unknown as Iterable<
    [string, { getUrnsList(): string[] }]
  >)
    propertyDependencies[key] = urns.getUrnsList();
  const trigger = request.getReplacementTrigger();
  return {
    type: request.getType(),
    name: request.getName(),
    custom: request.getCustom(),
    parent: request.getParent(),
    inputs: fromWireBag(request.getObject()?.toJavaScript()),
    ...(request.hasProtect() ? { protect: request.getProtect() } : {}),
    dependencies: request.getDependenciesList(),
    propertyDependencies,
    provider: request.getProvider(),
    version: request.getVersion(),
    pluginDownloadURL: request.getPlugindownloadurl(),
    deleteBeforeReplace: optional(request.getDeletebeforereplacedefined(), request.getDeletebeforereplace()),
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    aliases: aliasesOf(request),
    importId: request.getImportid(),
    customTimeouts: timeoutsOf(request.getCustomtimeouts()),
    ...(request.hasRetainondelete() ? { retainOnDelete: request.getRetainondelete() } : {}),
    deletedWith: request.getDeletedwith(),
    replaceWith: request.getReplaceWithList(),
    ...(trigger ? { replacementTrigger: fromWire(trigger.toJavaScript()) } : {}),
    hideDiffs: request.getHidediffsList(),
    sourcePosition: positionOf(request.getSourceposition(), projectDir),
    stackTrace: traceOf(request.getStacktrace(), projectDir),
  };
}

export function readGoalOf(request: resourceProto.ReadResourceRequest, projectDir: string): ReadGoal {
  if (request.getType() === "pulumi:pulumi:Stash")
    throw new UnsupportedError(`${request.getType()} "${request.getName()}"`);
  return {
    id: request.getId(),
    type: request.getType(),
    name: request.getName(),
    parent: request.getParent(),
    inputs: fromWireBag(request.getProperties()?.toJavaScript()),
    dependencies: request.getDependenciesList(),
    provider: request.getProvider(),
    version: request.getVersion(),
    pluginDownloadURL: request.getPlugindownloadurl(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    sourcePosition: positionOf(request.getSourceposition(), projectDir),
    stackTrace: traceOf(request.getStacktrace(), projectDir),
  };
}
