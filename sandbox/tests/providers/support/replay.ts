import type { DiffResult, Props, SandboxProvider } from "../../../providers/types";
import { callsOf, withoutNumbers, type RecordedCall } from "./recording";
import type { ReplayServer, SeenCall } from "./replayServer";

/** A resource as a program would declare it. `inputs` may use what was made before it. */
export interface Declared {
  type: string;
  name: string;
  inputs: Props | ((made: Made) => Props);
  /** The inputs after the change; absent: it does not change. */
  changed?: Props;
  /** The inputs after the second change. */
  changedAgain?: Props;
}

/** What was made, by name. */
type Made = Readonly<Record<string, { id: string; inputs: Props; outs: Props }>>;

/** A case to replay. */
export interface ReplayCase {
  name: string;
  resources: Declared[];
  /**
   * Operations in which independent resources ran side by side, so that only the set of calls is compared. Refreshes
   * always are.
   */
  unordered?: readonly string[];
  /** Top-level properties that differ after an operation, by operation and resource; none by default. */
  differs?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** A diff seen on the way. */
interface SeenDiff {
  after: string;
  name: string;
  diff: DiffResult;
}

/** Replays cases against a server and says where calls or diffs part from the recording. */
export class Replayer {
  readonly diffs: SeenDiff[] = [];
  private made: Record<string, { id: string; inputs: Props; outs: Props }> = {};

  constructor(
    private readonly server: ReplayServer,
    private readonly recording: readonly RecordedCall[],
    /** A fresh provider for each operation, as each run of the engine has one. */
    private readonly provider: () => SandboxProvider,
    private readonly always: (call: SeenCall) => boolean = () => false,
  ) {}

  /** Runs create, refresh, the changes with their refreshes, and destroy, as far as the case was recorded. */
  async run(test: ReplayCase): Promise<void> {
    const recorded = (operation: string): boolean =>
      this.recording.some((call) => call.case === test.name && call.operation === operation);
    await this.step(test, "create", async (provider) => {
      for (const resource of test.resources) await this.create(provider, resource);
    });
    await this.noteDiffs(test, "create");
    if (recorded("refresh")) await this.refresh(test, "refresh");
    if (recorded("update")) await this.update(test, "update", (resource) => resource.changed);
    if (recorded("refresh-after-update")) await this.refresh(test, "refresh-after-update");
    if (recorded("update-2")) await this.update(test, "update-2", (resource) => resource.changedAgain);
    if (recorded("destroy")) {
      await this.step(test, "destroy", async (provider) => {
        for (const { type, name } of [...test.resources].reverse()) {
          const found = this.made[name];
          if (found) await provider.delete(found.id, urnOf(type, name), found.outs);
        }
      });
    }
  }

  /** Runs a create that is to fail and returns the error. */
  async fail(test: ReplayCase): Promise<Error> {
    let caught: unknown;
    await this.step(test, "create", async (provider) => {
      try {
        for (const resource of test.resources) await this.create(provider, resource);
      } catch (error) {
        caught = error;
      }
    });
    if (!(caught instanceof Error)) throw new Error(`${test.name} was to fail, and did not`);
    return caught;
  }

  private async create(provider: SandboxProvider, { type, name, inputs }: Declared): Promise<void> {
    const urn = urnOf(type, name);
    const given = typeof inputs === "function" ? inputs(this.made) : inputs;
    const checked = await provider.check(urn, {}, given);
    expect(checked.failures ?? []).toEqual([]);
    const { id, outs } = await provider.create(urn, checked.inputs, false);
    this.made[name] = { id, inputs: checked.inputs, outs };
  }

  private async refresh(test: ReplayCase, operation: string): Promise<void> {
    await this.step(
      test,
      operation,
      async (provider) => {
        for (const { type, name } of test.resources) {
          const before = this.made[name];
          if (!before) continue;
          const read = await provider.read(before.id, urnOf(type, name), before.outs, before.inputs);
          if (read.id === undefined) delete this.made[name];
          else this.made[name] = { id: read.id, inputs: read.inputs ?? before.inputs, outs: read.props ?? {} };
        }
      },
      true,
    );
    await this.noteDiffs(test, operation);
  }

  private async update(
    test: ReplayCase,
    operation: string,
    changedOf: (resource: Declared) => Props | undefined,
  ): Promise<void> {
    await this.step(test, operation, async (provider) => {
      for (const resource of test.resources) {
        const before = this.made[resource.name];
        const given = changedOf(resource);
        if (!given) continue;
        const urn = urnOf(resource.type, resource.name);
        if (!before) {
          await this.create(provider, { ...resource, inputs: given });
          continue;
        }
        const { inputs } = await provider.check(urn, before.inputs, given);
        const diff = await provider.diff(before.id, urn, before.outs, before.inputs, inputs);
        // A change that shows no diff is not carried out: so it is in the recording.
        if (!diff.changes) continue;
        if (diff.replaces.length > 0) {
          await this.create(provider, { ...resource, inputs: given });
          await provider.delete(before.id, urn, before.outs);
          continue;
        }
        const { outs } = await provider.update(before.id, urn, before.outs, before.inputs, inputs, false);
        this.made[resource.name] = { id: before.id, inputs, outs };
      }
    });
    await this.noteDiffs(test, operation, changedOf);
  }

  /** The inputs stay as the program has them: compared with the state, they show whether a second preview is empty. */
  private async noteDiffs(
    test: ReplayCase,
    after: string,
    changedOf: (resource: Declared) => Props | undefined = () => undefined,
  ): Promise<void> {
    for (const resource of test.resources) {
      const found = this.made[resource.name];
      if (!found) continue;
      const wanted = changedOf(resource);
      const urn = urnOf(resource.type, resource.name);
      const given =
        wanted ??
        (after.startsWith("refresh-after") ? resource.changed : undefined) ??
        (typeof resource.inputs === "function" ? resource.inputs(this.made) : resource.inputs);
      const { inputs } = await this.provider().check(urn, found.inputs, given);
      const diff = await this.provider().diff(found.id, urn, found.outs, found.inputs, inputs);
      this.diffs.push({ after, name: resource.name, diff });
      const changed = diff.changes ? (diff.diffs ?? []) : [];
      expect({ after, name: resource.name, changed }).toEqual({
        after,
        name: resource.name,
        changed: test.differs?.[after]?.[resource.name] ?? [],
      });
    }
  }

  private async step(
    test: ReplayCase,
    operation: string,
    run: (provider: SandboxProvider) => Promise<void>,
    anyOrder = false,
  ): Promise<void> {
    const expected = callsOf(this.recording, test.name, operation);
    this.server.expect([...callsOf(this.recording, "Mount", "configure"), ...expected]);
    await run(this.provider());
    const seen = this.server.take().filter((call) => !this.always(call));
    const sorted = anyOrder || (test.unordered ?? []).includes(operation);
    expect({
      operation,
      calls: inOrder(
        seen.map((call) => comparable(call)),
        sorted,
      ),
    }).toEqual({ operation, calls: inOrder(expected.map(comparable), sorted) });
    if (!sorted) seen.forEach((call, index) => expectHeaders(call, expected[index]));
  }
}

/** A URN of a test's resource. */
export function urnOf(type: string, name: string): string {
  return `urn:pulumi:dev::test::${type}::${name}`;
}

function comparable({ method, path, query, body }: Pick<SeenCall, "method" | "path" | "query" | "body">): unknown {
  return withoutNumbers({ method, path, query, body });
}

function inOrder(calls: unknown[], sorted: boolean): unknown[] {
  return sorted ? [...calls].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : calls;
}

function expectHeaders(seen: SeenCall, recorded: RecordedCall | undefined): void {
  if (!recorded) return;
  for (const [name, value] of Object.entries(recorded.headers)) {
    // Of a call that was repeated only the first count was recorded.
    if (name === "x-stainless-retry-count" && recorded.repeated !== undefined) continue;
    expect({ call: `${seen.method} ${seen.path}`, [name]: seen.headers[name] }).toEqual({
      call: `${seen.method} ${seen.path}`,
      [name]: value,
    });
  }
}
