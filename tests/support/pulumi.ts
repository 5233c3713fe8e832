import * as pulumi from "@pulumi/pulumi";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

type Inputs = Record<string, unknown>;

// Programs under mocks reach no GitHub, whatever token the person who tests has at hand.
delete process.env.GITHUB_TOKEN;

/** One resource that a program registered. */
interface Registered {
  readonly type: string;
  readonly name: string;
  /** Inputs with secrets unwrapped. */
  readonly inputs: Inputs;
  /** Top-level inputs that were marked secret. */
  readonly secrets: readonly string[];
  readonly options: pulumi.CustomResourceOptions;
  /** URN and id of the provider that the program names; "" where it names none. */
  readonly provider: string;
}

/** What a program did under mocks. */
export interface Deployment<T> {
  readonly value: T;
  readonly resources: readonly Registered[];
  /** The one resource of a name; throws when there is none or more. */
  one(name: string): Registered;
}

export interface Mocks {
  /**
   * Outputs by resource type beyond the inputs; a type that is not listed is refused, so that nothing is registered
   * unseen.
   */
  readonly types: Readonly<Record<string, (inputs: Inputs, name: string) => Inputs>>;
  readonly calls?: Readonly<Record<string, (inputs: Inputs) => Inputs>>;
  readonly preview?: boolean;
}

/**
 * Runs a program under strict mocks and waits for every resource it registered.
 * @param build Given the options that the topmost component must take, so that children's options are seen.
 */
export async function deploy<T>(
  mocks: Mocks,
  build: (options: pulumi.ComponentResourceOptions) => T | Promise<T>,
): Promise<Deployment<T>> {
  const seen: { type: string; name: string; inputs: Inputs; provider: string }[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource({ type, name, inputs, provider }) {
        const outputs = mocks.types[type];
        if (!outputs && !type.startsWith("gatehouse:")) throw new Error(`the test expects no ${type} (${name})`);
        seen.push({ type, name, inputs: inputs as Inputs, provider: provider ?? "" });
        const plain = unwrap(inputs) as Inputs;
        return {
          id: String(outputs?.(plain, name).id ?? `${name}-id`),
          state: { ...plain, ...outputs?.(plain, name) },
        };
      },
      call({ token, inputs }) {
        const answer = mocks.calls?.[token];
        if (!answer) throw new Error(`the test expects no call of ${token}`);
        return answer(inputs as Inputs);
      },
    },
    "gatehouse",
    "test",
    mocks.preview ?? false,
  );
  const registered: { resource: pulumi.Resource; name: string; type: string; options: pulumi.CustomResourceOptions }[] =
    [];
  const capture: pulumi.ResourceTransformation = ({ resource, name, type, opts }) => {
    registered.push({
      resource: resource as pulumi.Resource,
      name,
      type,
      options: opts as pulumi.CustomResourceOptions,
    });
    return undefined;
  };
  const value = await build({ transformations: [capture] });
  await Promise.all(registered.map(({ resource }) => known(resource.urn)));
  const resources = seen.map(({ type, name, inputs, provider }): Registered => ({
    type,
    name,
    provider,
    inputs: unwrap(inputs) as Inputs,
    secrets: Object.keys(inputs).filter((key) => isSecret(inputs[key])),
    options: registered.find((entry) => entry.name === name && entry.type === type)?.options ?? {},
  }));
  return {
    value,
    resources,
    one(name) {
      const found = resources.filter((resource) => resource.name === name);
      if (found.length !== 1)
        throw new Error(
          `${found.length} resources are named ${name}; there are ${resources.map((r) => r.name).join(", ")}`,
        );
      return found[0]!;
    },
  };
}

/** The value of an output. */
export function known<T>(output: pulumi.Input<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    pulumi.output(output).apply((value) => {
      resolve(value as T);
    });
    (pulumi.output(output) as unknown as { promise(): Promise<unknown> }).promise().catch(reject);
  });
}

function isSecret(value: unknown): value is { value: unknown } {
  return typeof value === "object" && value !== null && (value as Inputs)[SIGNATURE] === SECRET;
}

function unwrap(value: unknown): unknown {
  if (isSecret(value)) return unwrap(value.value);
  if (Array.isArray(value)) return value.map(unwrap);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, unwrap(part)]));
  return value;
}

/** The top-level inputs of all resources in which `text` stands without being marked secret, as `name.input`. */
export function inClear(deployment: Deployment<unknown>, text: string): string[] {
  return deployment.resources.flatMap(({ name, inputs, secrets }) =>
    Object.entries(inputs)
      .filter(([key, value]) => !secrets.includes(key) && JSON.stringify(value ?? null).includes(text))
      .map(([key]) => `${name}.${key}`),
  );
}
