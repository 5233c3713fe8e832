import type { Props, SandboxProvider } from "../../../providers/types";
import { urnOf } from "./replay";

/** A resource with the inputs of its life. */
export interface Life {
  type: string;
  inputs: Props;
  /** Inputs that it can be changed to in place. */
  changed?: Props;
  /** The real plugin leaves it in the service when it is deleted. */
  stays?: boolean;
  /** It has a natural key under which it is found. */
  found?: boolean;
}

/**
 * Leads a resource through preview, create, a second preview without changes, refresh, update, and deletion, and checks
 * each step against the service. Returns its outputs after the create.
 */
export async function live(
  provider: SandboxProvider,
  { type, inputs, changed, stays, found }: Life,
): Promise<{ id: string; outs: Props; remove: () => Promise<void> }> {
  const urn = urnOf(type, "it");
  const first = await provider.check(urn, {}, inputs);
  expect(first.failures ?? []).toEqual([]);
  await provider.create(urn, first.inputs, true);
  if (found) expect(await provider.find?.(type, first.inputs)).toBeUndefined();

  let { id, outs } = await provider.create(urn, first.inputs, false);
  const made = outs;
  let given = first.inputs;
  await expectUnchanged("after the create");
  if (found) expect(await provider.find?.(type, given)).toEqual({ id });
  await refresh("after a refresh");

  if (changed) {
    const second = await provider.check(urn, given, changed);
    expect(second.failures ?? []).toEqual([]);
    const diff = await provider.diff(id, urn, outs, given, second.inputs);
    expect(diff).toMatchObject({ changes: true, replaces: [] });
    outs = (await provider.update(id, urn, outs, given, second.inputs, false)).outs;
    given = second.inputs;
    id = String(outs.id);
    await expectUnchanged("after the update");
    await refresh("after the refresh of an update");
  }
  const remove = async (): Promise<void> => {
    await provider.delete(id, urn, outs);
    const read = await provider.read(id, urn, outs, given);
    if (!stays) expect(read.id).toBeUndefined();
    // Gone already is no error.
    await provider.delete(id, urn, outs);
  };
  return { id, outs: made, remove };

  async function expectUnchanged(when: string): Promise<void> {
    const { inputs: again } = await provider.check(urn, given, given);
    expect({ when, diff: await provider.diff(id, urn, outs, given, again) }).toMatchObject({
      when,
      diff: { changes: false },
    });
  }

  async function refresh(when: string): Promise<void> {
    const read = await provider.read(id, urn, outs, given);
    expect({ when, id: read.id, inputs: read.inputs }).toEqual({ when, id, inputs: given });
    outs = read.props ?? {};
    await expectUnchanged(when);
  }
}
