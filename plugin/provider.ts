import type * as pulumi from "@pulumi/pulumi";
import { createPosture, postureOutputs, type DeepInput, type EnvironmentInput } from "../infra";
import { POSTURE_TYPE } from "./schema";
import schema from "./schema.json";

/**
 * Declares a `Posture` for a program in any of Pulumi's languages. Not `componentProviderHost`: it calls a constructor,
 * and a posture must look up repositories and teams before it declares anything.
 */
export class GatehouseProvider implements pulumi.provider.Provider {
  readonly version: string = schema.version;
  readonly schema: string = JSON.stringify(schema);

  /** @throws RunError with every mistake at once, one line each, before anything is declared */
  async construct(
    name: string,
    type: string,
    inputs: pulumi.Inputs,
    options: pulumi.ComponentResourceOptions,
  ): Promise<pulumi.provider.ConstructResult> {
    if (type !== POSTURE_TYPE) throw new Error(`unknown type ${type}; this package has ${POSTURE_TYPE}`);
    const posture = await createPosture(name, inputs as DeepInput<EnvironmentInput>, options);
    return { urn: posture.urn, state: postureOutputs(posture) };
  }
}
