import type { SandboxProvider } from "../providers/types";
import { EngineError, messageOf } from "./errors";
import type { ProviderRegistry } from "./registry";
import type { PendingOperation, ResourceState, Snapshot } from "./state";
import { toOutputs } from "./steps";
import { isProviderType, parseProviderRef } from "./urns";
import { containsUnknown, fromPlainBag, markBagLike, toPlainBag } from "./values";

/** What an interrupted run left, made whole: the resources as they really are, and a line about each operation. */
export interface Recovered {
  readonly resources: ResourceState[];
  readonly notes: string[];
}

/**
 * Resolves the operations that a killed run left pending. Pulumi itself asks a person here. This engine looks:
 * a resource that may have been made is searched for by its natural key and adopted when found, one that may have
 * been changed or deleted is read. So the next run makes nothing twice and loses nothing.
 */
export async function recover(snapshot: Snapshot, registry: ProviderRegistry): Promise<Recovered> {
  let resources = [...snapshot.resources];
  const notes: string[] = [];
  for (const operation of snapshot.pending) {
    const { resource, type } = operation;
    const note = (what: string): void => {
      notes.push(`${type} ${resource.urn}: ${what}`);
    };
    if (!resource.custom || isProviderType(resource.type) || type === "reading" || type === "importing") continue;
    const provider = await ownerOf(resource, resources, registry);
    if (!provider) continue;
    try {
      resources =
        type === "creating"
          ? await settleCreate(operation, provider, resources, note)
          : await settleChange(operation, provider, resources, note);
    } catch (error) {
      throw new EngineError(
        `an earlier run was interrupted while ${type} ${resource.urn}, and what became of it cannot be read: ${messageOf(error)}`,
      );
    }
  }
  return { resources, notes };
}

/** What Pulumi says before an update when an earlier one was killed. */
export function pendingWarning(pending: readonly PendingOperation[]): string {
  return [
    `Attempting to deploy or update resources with ${pending.length} pending operations from previous deployment.`,
    ...pending.map(({ resource, type }) => `  * ${resource.urn}, interrupted while ${type}`),
    "These resources are in an unknown state because the Pulumi CLI was interrupted while waiting for changes to these resources to complete. You should confirm whether or not the operations listed completed successfully by checking the state of the appropriate provider. For example, if you are using AWS, you can confirm using the AWS Console.",
    "",
    "Once you have confirmed the status of the interrupted operations, you can repair your stack using `pulumi refresh` which will refresh the state from the provider you are using and clear the pending operations if there are any.",
    "",
    "Note that `pulumi refresh` will need to be run interactively to clear pending CREATE operations.",
  ].join("\n");
}

async function ownerOf(
  resource: ResourceState,
  resources: readonly ResourceState[],
  registry: ProviderRegistry,
): Promise<SandboxProvider | undefined> {
  const ref = resource.provider ?? "";
  const owner = resources.find((state) => state.urn === parseProviderRef(ref).urn && !state.delete);
  return owner ? registry.provider(ref, owner.type.slice("pulumi:providers:".length), owner.inputs) : undefined;
}

async function settleCreate(
  { resource }: PendingOperation,
  provider: SandboxProvider,
  resources: ResourceState[],
  note: (what: string) => void,
): Promise<ResourceState[]> {
  const found = containsUnknown(resource.inputs)
    ? undefined
    : await provider.find?.(resource.type, toPlainBag(resource.inputs), resource.urn);
  const others = resources.filter((state) => state.urn === resource.urn && !state.delete);
  // The one that was to be replaced answers to the same key; then nothing new was made.
  if (!found || others.some((state) => state.id === found.id && !state.pendingReplacement)) {
    note("it was not made; it will be made now");
    return resources;
  }
  const read = await provider.read(found.id, resource.urn, {}, toPlainBag(resource.inputs));
  if (!read.id) {
    note("it was not made; it will be made now");
    return resources;
  }
  const now = new Date().toISOString();
  const adopted: ResourceState = {
    ...resource,
    id: read.id,
    outputs: toOutputs(read.props ?? {}, resource, read.id, provider),
    created: now,
    modified: now,
  };
  note(`it was made (${read.id}) and is taken over`);
  for (const state of others) if (!state.pendingReplacement) state.delete = true;
  return [...resources.filter((state) => !(others.includes(state) && state.pendingReplacement)), adopted];
}

async function settleChange(
  { resource, type }: PendingOperation,
  provider: SandboxProvider,
  resources: ResourceState[],
  note: (what: string) => void,
): Promise<ResourceState[]> {
  const state =
    resources.find(
      (one) => one.urn === resource.urn && one.id === resource.id && Boolean(one.delete) === Boolean(resource.delete),
    ) ?? resources.find((one) => one.urn === resource.urn && one.id === resource.id);
  if (!state || state.external) return resources;
  const read = await provider.read(
    state.id ?? "",
    state.urn,
    toPlainBag(state.outputs ?? {}),
    toPlainBag(state.inputs),
  );
  if (!read.id) {
    note("it is gone");
    return resources.filter((one) => one !== state);
  }
  if (type === "deleting") {
    note("it is still there; it will be deleted now if nothing asks for it");
    return resources;
  }
  const fresh: ResourceState = {
    ...state,
    id: read.id,
    inputs: read.inputs ? markBagLike(fromPlainBag(read.inputs), state.inputs) : state.inputs,
    outputs: read.props ? toOutputs(read.props, state, read.id, provider) : state.outputs,
  };
  note("its present state was read");
  return resources.map((one) => (one === state ? fresh : one));
}
