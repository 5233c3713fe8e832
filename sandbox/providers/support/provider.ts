import {
  ProviderError,
  UNKNOWN,
  type CheckResult,
  type DetailedDiff,
  type DiffResult,
  type InvokeResult,
  type PartialResource,
  type Props,
  type ReadResult,
  type SandboxProvider,
} from "../types";
import { failuresOf, fillIn } from "./check";
import { compare, rootOf, type Flavour } from "./compare";
import {
  isComputed,
  isInput,
  isZero,
  secretPathsOf,
  withoutInternals,
  type Properties,
  type Property,
} from "./properties";
import type { Change, InvokeFunction, Live, ResourceType } from "./resource";

/** What a package consists of. `client` is made once, when first needed: a preview without reads makes no call. */
export interface PackageDescription<C> {
  name: string;
  flavour: Flavour;
  /**
   * Older SDK only: whether defaults that are "", 0 or false stand in the inputs too, as with bridges before 3.137.
   * Default: they do.
   */
  falsyDefaults?: boolean;
  types: Readonly<Record<string, ResourceType<C>>>;
  functions: Readonly<Record<string, InvokeFunction<C>>>;
  client: () => Promise<C>;
}

/** The type of a URN: the last part of its chain of parent types. */
export function typeOfUrn(urn: string): string {
  const chain = urn.split("::")[2] ?? "";
  return chain.split("$").at(-1) ?? chain;
}

/**
 * Makes a provider out of resource types and functions: checks, defaults, diffs and previews follow from the declared
 * properties.
 */
export class DeclarativeProvider<C> implements SandboxProvider {
  private made: Promise<C> | undefined;

  constructor(private readonly description: PackageDescription<C>) {}

  check(urn: string, olds: Props, news: Props): Promise<CheckResult> {
    const type = this.typeOf(typeOfUrn(urn));
    // The older SDK's bridge fills in defaults here; with the Plugin Framework they appear in the plan alone.
    const inputs =
      this.description.flavour === "sdk"
        ? fillIn(urn, type.properties, olds, news, this.description.falsyDefaults)
        : withoutNulls(news);
    const failures = [...failuresOf(type.properties, inputs), ...(type.check?.(withoutInternals(inputs)) ?? [])];
    return Promise.resolve(failures.length > 0 ? { inputs, failures } : { inputs });
  }

  diff(
    _id: string,
    urn: string,
    oldOutputs: Props,
    _oldInputs: Props,
    newInputs: Props,
    ignoreChanges: readonly string[] = [],
  ): Promise<DiffResult> {
    return Promise.resolve(this.compareWith(this.typeOf(typeOfUrn(urn)), oldOutputs, newInputs, ignoreChanges));
  }

  async create(urn: string, inputs: Props, preview: boolean): Promise<{ id: string; outs: Props }> {
    const type = this.typeOf(typeOfUrn(urn));
    const plan = this.planOf(type, {}, inputs, new Set());
    if (preview) return { id: "", outs: { ...unknownOutputs(type.properties, plan), id: UNKNOWN } };
    let partial: PartialResource | undefined;
    const exists = (live: Live): void => {
      partial = { id: live.id, outs: this.outputsOf(type, plan, live), inputs };
    };
    const change: Change = { plan, state: {}, changed: new Set(Object.keys(plan)) };
    const live = await withPartial(
      async () => type.create(await this.client(), change, exists),
      () => partial,
    );
    return { id: live.id, outs: this.outputsOf(type, plan, live) };
  }

  async read(id: string, urn: string, props: Props, inputs?: Props): Promise<ReadResult> {
    const type = this.typeOf(typeOfUrn(urn));
    // A resource adopted after a killed create has no state yet: its inputs tell where it is.
    const known = Object.keys(props).length > 0;
    const given = inputs !== undefined && Object.keys(inputs).length > 0;
    const state = withoutInternals(known ? props : given ? this.givenOf(type, inputs) : {});
    const live = await type.read(await this.client(), id, state);
    if (!live) return {};
    // What the service does not tell stays as it was.
    const outs = this.outputsOf(type, state, live, props, true);
    return {
      id: live.id,
      props: outs,
      inputs:
        inputs && Object.keys(inputs).length > 0
          ? this.refreshedInputs(type.properties, inputs, outs)
          : this.importedInputs(type.properties, outs),
    };
  }

  async update(
    id: string,
    urn: string,
    oldOutputs: Props,
    oldInputs: Props,
    newInputs: Props,
    preview: boolean,
  ): Promise<{ outs: Props }> {
    const type = this.typeOf(typeOfUrn(urn));
    const state = withoutInternals(oldOutputs);
    const { detailedDiff } = this.compareInternal(type, oldOutputs, newInputs, []);
    const changed = new Set(Object.keys(detailedDiff).map(rootOf));
    const plan = this.planOf(type, state, newInputs, changed);
    if (preview) return { outs: { ...state, ...unknownOutputs(type.properties, plan), id } };
    if (!type.update)
      throw new ProviderError(`${typeOfUrn(urn)} cannot be updated in place: every input forces a replacement`);
    const live = await type.update(await this.client(), id, { plan, state, changed });
    return { outs: this.outputsOf(type, plan, live, oldOutputs) };
  }

  async delete(id: string, urn: string, props: Props): Promise<void> {
    const type = this.typeOf(typeOfUrn(urn));
    if (type.delete) await type.delete(await this.client(), id, withoutInternals(props));
  }

  async invoke(token: string, args: Props): Promise<InvokeResult> {
    const run = this.description.functions[token];
    if (!run)
      throw new ProviderError(`the sandbox's ${this.description.name} provider does not know the function ${token}`);
    return { result: await run(await this.client(), withoutInternals(args)) };
  }

  secretOutputs(type: string): string[] {
    return [...new Set(this.secretPaths(type).map(rootOf))];
  }

  secretPaths(type: string): string[] {
    return secretPathsOf(this.typeOf(type).properties);
  }

  /** The bridge of the older SDK marks them when it checks. */
  secretInputs(type: string): string[] {
    return this.description.flavour === "sdk" ? secretPathsOf(this.typeOf(type).properties, isInput) : [];
  }

  creationWarnings(type: string): readonly string[] {
    return this.typeOf(type).creationWarnings ?? [];
  }

  async find(type: string, inputs: Props): Promise<{ id: string } | undefined> {
    const found = this.typeOf(type);
    if (!found.find) return undefined;
    const id = await found.find(await this.client(), this.planOf(found, {}, inputs, new Set()));
    return id === undefined ? undefined : { id };
  }

  private client(): Promise<C> {
    this.made ??= this.description.client().catch((error: unknown) => {
      // A failed start is tried again by the next call.
      this.made = undefined;
      throw error;
    });
    return this.made;
  }

  private typeOf(token: string): ResourceType<C> {
    const type = this.description.types[token];
    if (!type)
      throw new ProviderError(
        `the sandbox's ${this.description.name} provider does not know the resource type ${token}`,
      );
    return type;
  }

  private compareWith(
    type: ResourceType<C>,
    oldOutputs: Props,
    newInputs: Props,
    ignore: readonly string[],
  ): DiffResult {
    const { detailedDiff } = this.compareInternal(type, oldOutputs, newInputs, ignore);
    const paths = Object.keys(detailedDiff);
    const changed = [...new Set(paths.map(rootOf))];
    const replaces = [...new Set(paths.filter((path) => detailedDiff[path]?.kind.endsWith("-replace")).map(rootOf))];
    const base = { changes: paths.length > 0, replaces };
    if (this.description.flavour === "framework") {
      return {
        ...base,
        diffs: [...changed, ...(changed.length > 0 ? volatileOf(type.properties, newInputs) : [])]
          .filter(unique)
          .sort(),
        detailedDiff: {},
      };
    }
    const deleteBeforeReplace = replaces.length > 0 && namedByProgram(type.properties, newInputs);
    return { ...base, diffs: changed.sort(), ...(deleteBeforeReplace ? { deleteBeforeReplace } : {}), detailedDiff };
  }

  private compareInternal(
    type: ResourceType<C>,
    oldOutputs: Props,
    newInputs: Props,
    ignore: readonly string[],
  ): { detailedDiff: DetailedDiff } {
    const state = withoutInternals(oldOutputs);
    const given = this.givenOf(type, newInputs);
    const all = compare(type.properties, state, given, this.description.flavour);
    const also = new Set(type.replaceAlso?.(given) ?? []);
    const kept = Object.entries(all)
      .filter(([path]) => !ignore.some((ignored) => covers(ignored, path)))
      .map(
        ([path, entry]) =>
          [
            path,
            also.has(rootOf(path)) && !entry.kind.endsWith("-replace")
              ? { ...entry, kind: `${entry.kind}-replace` }
              : entry,
          ] as const,
      );
    return { detailedDiff: Object.fromEntries(kept) as DetailedDiff };
  }

  /** What the resource should be: inputs, defaults, and computed values that no update touches. */
  private planOf(type: ResourceType<C>, state: Props, inputs: Props, changed: ReadonlySet<string>): Props {
    const given = this.givenOf(type, inputs);
    const plan: Props = {};
    for (const [name, property] of Object.entries(type.properties)) {
      const value = isInput(property) ? (given[name] ?? undefined) : undefined;
      const kept =
        isComputed(property) && !(property.volatile && changed.size > 0) ? (state[name] ?? undefined) : undefined;
      const planned = value ?? kept;
      if (planned !== undefined) plan[name] = planned;
    }
    return plan;
  }

  /** Inputs, the defaults of the plan, and what follows from both. */
  private givenOf(type: ResourceType<C>, inputs: Props): Props {
    const given = withDefaults(type.properties, withoutInternals(inputs), this.description.flavour);
    return type.derive ? { ...given, ...type.derive(given) } : given;
  }

  private outputsOf(type: ResourceType<C>, base: Props, live: Live, before: Props = {}, wasRead = false): Props {
    const outs: Props = {};
    const sdk = this.description.flavour === "sdk";
    for (const [name, property] of Object.entries(type.properties)) {
      const told = property.writeOnly ? undefined : name in live.outs ? live.outs[name] : base[name];
      const value = sdk ? asOlderSdk(property, told, base[name], wasRead) : told;
      if (value !== undefined && value !== null) outs[name] = value;
      // The bridge of the older SDK keeps every property of the schema in the state, unset ones as null.
      else if (sdk) outs[name] = null;
    }
    const own =
      type.schemaVersion === undefined ? undefined : JSON.stringify({ schema_version: String(type.schemaVersion) });
    const meta = live.outs.__meta ?? own ?? before.__meta;
    return {
      ...(meta === undefined ? {} : { __meta: meta }),
      ...outs,
      id: "id" in live.outs && !("id" in type.properties) ? live.outs.id : live.id,
    };
  }

  /** The inputs of a refreshed resource: those given before, with the values that the service has now. */
  private refreshedInputs(properties: Properties, inputs: Props, outs: Props): Props {
    const refreshed: Props = {};
    for (const [name, value] of Object.entries(inputs)) {
      const property = properties[name];
      const now = outs[name];
      if (!property || property.writeOnly || name.startsWith("__")) refreshed[name] = value;
      else if (
        Object.keys(
          compare({ [name]: property }, { [name]: now }, { [name]: withoutInternals(value) }, this.description.flavour),
        ).length === 0
      )
        refreshed[name] = value;
      else if (now !== undefined && now !== null) refreshed[name] = now;
    }
    return refreshed;
  }

  /** The inputs of an imported resource: all that can be set and is set to something else than its default. */
  private importedInputs(properties: Properties, outs: Props): Props {
    const inputs: Props = {};
    for (const [name, property] of Object.entries(properties)) {
      const value = outs[name];
      if (
        !isInput(property) ||
        isZero(value) ||
        (property.computed && !property.required) ||
        value === property.default
      )
        continue;
      inputs[name] = value;
    }
    return inputs;
  }
}

function withoutNulls(news: Props): Props {
  return Object.fromEntries(Object.entries(news).filter(([, value]) => value !== undefined && value !== null));
}

/**
 * A value as Terraform's older SDK keeps it: after a write a list or map that nobody gave is null where the service
 * answers with an empty one (after a read it is empty), and inside an object every block is there, null where it is
 * unset.
 */
function asOlderSdk(property: Property, value: unknown, given: unknown, wasRead: boolean): unknown {
  if (property.computed || property.output || value === undefined || value === null) return value;
  if (!property.fields) {
    const isCollection = property.kind === "list" || property.kind === "set" || property.kind === "map";
    return isCollection && !wasRead && isZero(value) && (given === undefined || given === null) ? null : value;
  }
  if (Array.isArray(value))
    return value.map((item: unknown, index) =>
      asOlderSdk({ ...property, kind: "object" }, item, Array.isArray(given) ? given[index] : undefined, wasRead),
    );
  if (typeof value !== "object") return value;
  const bag = value as Props;
  const before = (typeof given === "object" && given !== null ? given : {}) as Props;
  const kept: Props = { ...bag };
  for (const [name, field] of Object.entries(property.fields)) {
    const inner = asOlderSdk(field, bag[name], before[name], wasRead);
    if (inner !== undefined) kept[name] = inner;
    else if (field.kind === "object") kept[name] = null;
  }
  return kept;
}

/** The older SDK has its falsy defaults in the plan where the bridge has not put them into the inputs. */
function withFalsyDefaults(properties: Properties, inputs: Props): Props {
  const filled: Props = { ...inputs };
  for (const [name, property] of Object.entries(properties)) {
    if (!isInput(property)) continue;
    const value = filled[name];
    const fields = property.fields;
    if (value === undefined || value === null) {
      if (property.default !== undefined && isZero(property.default)) filled[name] = property.default;
    } else if (fields && Array.isArray(value))
      filled[name] = value.map((item: unknown) =>
        typeof item === "object" && item !== null ? withFalsyDefaults(fields, item as Props) : item,
      );
    else if (fields && typeof value === "object") filled[name] = withFalsyDefaults(fields, value as Props);
  }
  return filled;
}

function withDefaults(properties: Properties, inputs: Props, flavour: Flavour): Props {
  if (flavour === "sdk") return withFalsyDefaults(properties, inputs);
  const filled: Props = { ...inputs };
  for (const [name, property] of Object.entries(properties)) {
    if (!isInput(property)) continue;
    const value = filled[name];
    if (value === undefined || value === null) {
      if (property.default !== undefined) filled[name] = property.default;
    } else if (property.kind === "object" && property.fields && typeof value === "object" && value !== null) {
      filled[name] = withDefaults(property.fields, value as Props, flavour);
    }
  }
  return filled;
}

function unknownOutputs(properties: Properties, plan: Props): Props {
  const outs: Props = {};
  for (const [name, property] of Object.entries(properties)) {
    if (property.writeOnly) continue;
    const value = plan[name] ?? (isComputed(property) ? UNKNOWN : undefined);
    if (value !== undefined) outs[name] = value;
  }
  return outs;
}

function volatileOf(properties: Properties, inputs: Props): string[] {
  return Object.entries(properties)
    .filter(([name, property]) => {
      const given = inputs[name] ?? undefined;
      return given === undefined ? property.volatile === true : property.volatileWhen?.(given) === true;
    })
    .map(([name]) => name);
}

/** A name that the program chose is taken while the old resource lives, so the old one has to go first. */
function namedByProgram(properties: Properties, inputs: Props): boolean {
  const automatic = Array.isArray(inputs.__defaults) ? (inputs.__defaults as unknown[]) : undefined;
  return (
    automatic !== undefined &&
    Object.entries(properties).some(([name, property]) => property.autoname && !automatic.includes(name))
  );
}

function covers(ignored: string, path: string): boolean {
  return ignored === "*" || path === ignored || path.startsWith(`${ignored}.`) || path.startsWith(`${ignored}[`);
}

function unique(value: string, index: number, all: string[]): boolean {
  return all.indexOf(value) === index;
}

async function withPartial<T>(run: () => Promise<T>, partial: () => PartialResource | undefined): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const made = partial();
    if (!made || (error instanceof ProviderError && error.partial)) throw error;
    const reasons = error instanceof ProviderError ? error.reasons : undefined;
    throw new ProviderError(error instanceof Error ? error.message : String(error), reasons, made);
  }
}
